import Foundation
import MeshCommands
import MeshCore
import MeshEncoding
import MeshInMemory
import MeshPlatforms
import Testing

/// Taking a profile to a file and back, as a person does it, with the mistakes that people make.
struct TransferCommandTests {
    private func status(_ run: ToolRun, _ expected: ToolStatus) {
        #expect(run.status == expected.rawValue, "\(run.output)\(run.errors)")
    }

    /// A machine with an account, and another one.
    private func household() async throws -> (first: Tool, second: Tool, udf: String) {
        let portals = TestPortals()
        let first = Tool(portals: portals, portalVariable: "dir:/portal")
        try #require(await first("portal", "create", "/portal", "--domain", "example.com").status == 0)
        let made = await first("account", "create", "alice@example.com", "--name", "alice")
        try #require(made.status == 0, "\(made.errors)")
        return (
            first, Tool(portals: portals, portalVariable: "dir:/portal"), try #require(made.lines.first)
        )
    }

    @Test func aProfileMovesToAnotherMachine() async throws {
        let (first, second, udf) = try await household()
        let scratch = try Scratch()
        let file = scratch("alice.dare")
        let made = await first("profile", "export", file, "--with-keys")
        status(made, .done)
        let secret = try #require(made.lines.first)
        #expect(secret.hasPrefix("Z") && made.lines.count == 1 && !made.errors.contains(secret))
        let attributes = try FileManager.default.attributesOfItem(atPath: file)
        #expect(attributes[.posixPermissions] as? Int == 0o600)
        // Nothing is replaced, neither the file nor that of the secret, and nothing is left of the attempt.
        status(await first("profile", "export", file), .refused)
        status(await first("profile", "export", scratch("x"), "--secret-file", file), .refused)
        status(await first("profile", "export", scratch("none/x")), .notFound)
        status(await first("profile", "export", "-"), .usage)
        status(await first("profile", "export", scratch("y"), "--secret-file", scratch("y")), .usage)
        status(await first("profile", "export", scratch("x"), "--profile", "nobody"), .notFound)
        status(await first("profile", "export", scratch("x"), secret), .usage)
        #expect(scratch.names == ["alice.dare"])

        // What is in it shows without the secret; what it says does not.
        let list = await second("dare", "archive", "list", file)
        status(list, .done)
        #expect(list.output.contains("manifest.json") && list.output.contains("stores/MMM_Device.dcat"))
        status(await second("dare", "verify", file), .done)
        let key = try scratch.write(Array("\(secret)\n".utf8), to: "secret")
        status(await second("dare", "archive", "extract", file, "--key-file", key, "-o", scratch("out")), .done)
        #expect(scratch.read("out/manifest.json")?.isEmpty == false)

        status(await second("profile", "import", file), .usage)
        status(await second("profile", "import", "-"), .usage)
        status(await second("profile", "import", scratch("none"), answers: [secret]), .notFound)
        status(await second("profile", "import", file, answers: ["hello"]), .noKey)
        status(await second("profile", "import", file, answers: [String(secret.dropLast(4)) + "AAAA"]), .noKey)
        status(await second("profile", "import", key, answers: [secret]), .unverified)
        #expect(try await second.machine.profiles.list().isEmpty)

        let brought = await second("profile", "import", file, answers: [secret])
        status(brought, .done)
        #expect(!brought.output.contains(secret) && !brought.errors.contains(secret))
        #expect(brought.output.contains("profile \(udf): created") && brought.errors.contains("rest"))
        status(await second("sync"), .done)
        #expect(await second("account", "list").output.contains(udf))
        let again = await second("profile", "import", file, "--secret-file", key, "--json")
        status(again, .done)
        let value = try JSONValue(parsing: again.output)
        #expect(value["canRead"] == true && value["changes"]?.array?.isEmpty == true)
        #expect(value["keys"]?.array?.count == 2)
        // What is older replaces nothing.
        status(await first("device", "rename", "\(try await device(first))", "desk"), .done)
        status(await first("sync"), .done)
        status(await first("profile", "import", file, answers: [secret]), .refused)
    }

    private func device(_ tool: Tool) async throws -> String {
        let run = await tool("account", "status", "--json")
        return try #require(try JSONValue(parsing: run.output)["device"]?.string)
    }

    @Test func withoutKeysThePersonIsTold() async throws {
        let (first, second, udf) = try await household()
        let scratch = try Scratch()
        let (file, secret) = (scratch("a"), scratch("s"))
        let made = await first("profile", "export", file, "--secret-file", secret, "--json")
        status(made, .done)
        let value = try JSONValue(parsing: made.output)
        #expect(value["secret"] == nil && value["keys"] == [] && value["profile"]?.string == udf)
        let printed = await first("profile", "export", scratch("b"), "--json")
        #expect(try JSONValue(parsing: printed.output)["secret"]?.string?.hasPrefix("Z") == true)
        let brought = await second("profile", "import", file, "--secret-file", secret)
        status(brought, .done)
        #expect(brought.errors.contains("device request alice@example.com"))
        let octets = try #require(scratch.read("a"))
        try scratch.write(octets.dropLast(100), to: "cut")
        status(await first("profile", "import", scratch("cut"), "--secret-file", secret), .unverified)
        // Through a pipe.
        status(await second("profile", "import", "-", "--secret-file", secret, input: octets), .done)
        // Connected as a device of its own, it reads.
        let witness = try #require(await second("device", "request", "alice@example.com").lines.first)
        status(await first("device", "accept", "--witness", witness), .done)
        status(await second("device", "complete"), .done)
        status(await second("sync"), .done)
    }

    @Test func theKeyOfAProfileIsDeleted() async throws {
        let (first, _, udf) = try await household()
        status(await first("profile", "delete-key"), .usage)
        status(await first("profile", "delete-key", "--yes"), .refused)
        let asked = await first(
            "profile", "delete-key", "--even-if-unrecoverable", answers: ["no"], interactive: true)
        status(asked, .interrupted)
        #expect(asked.errors.contains("gone for good") && asked.errors.contains(udf))
        let shares = await first("escrow", "--quorum", "2", "--shares", "2").lines
        status(await first("profile", "delete-key", "--yes"), .refused)
        status(await first("rehearse", answers: shares), .done)
        let gone = await first("profile", "delete-key", answers: ["yes"], interactive: true)
        status(gone, .done)
        #expect(gone.output == "key \(udf): removed\n" && !gone.errors.contains("gone for good"))
        status(await first("profile", "delete-key", "--yes"), .done)
        status(await first("escrow"), .notFound)
        status(await first("sync"), .done)
        // The shares bring it back.
        status(await first("recover", answers: shares), .done)
        status(await first("escrow"), .done)
        // A profile without an account could do nothing without its key.
        status(await first("profile", "create", "--name", "bob"), .done)
        status(await first("profile", "delete-key", "bob", "--yes", "--even-if-unrecoverable"), .notFound)
    }

    @Test func anEscrowAtThePortal() async throws {
        let (first, second, udf) = try await household()
        let made = await first("escrow", "--at-portal", "--quorum", "2", "--shares", "3", "--json")
        status(made, .done)
        let value = try JSONValue(parsing: made.output)
        #expect(value["account"] == "alice@example.com")
        let shares = try #require(value["shares"]?.array).compactMap(\.string)
        try #require(shares.count == 3)
        let some = [shares[0], shares[2]]
        var offline = first
        offline.portalVariable = nil
        status(await offline("escrow", "--at-portal"), .portalUnreachable)
        status(await offline("rehearse", answers: some), .portalUnreachable)
        status(await first("rehearse", answers: some), .done)
        // New ones beside them, and then in their place.
        let beside = await first("escrow", "--at-portal", "--quorum", "1", "--shares", "1").lines
        status(await first("rehearse", answers: some), .done)
        status(await first("escrow", "--replacing"), .usage)
        let last = await first("escrow", "--at-portal", "--replacing", "--quorum", "2", "--shares", "3").lines
        status(await first("rehearse", answers: some), .notFound)
        status(await first("rehearse", answers: beside), .notFound)
        try #require(last.count == 3)
        status(await first("rehearse", answers: [last[0], last[2]]), .done)
        status(await first("delete", "--yes"), .done)
        var elsewhere = second
        elsewhere.portalVariable = nil
        status(
            await elsewhere("recover", "--account", "alice@example.com", answers: [last[1], last[0]]),
            .portalUnreachable)
        status(await second("recover", answers: [last[1], last[0]]), .usage)
        status(await second("recover", "--account", "alice@example.com", answers: [last[1]]), .shares)
        let run = await second("recover", "--account", "alice@example.com", answers: [last[1], last[0]])
        status(run, .done)
        #expect(run.lines == [udf])
        // Without an account there is no portal to put it at.
        status(await first("profile", "create", "--name", "bob"), .done)
        status(await first("escrow", "bob", "--at-portal"), .notFound)
    }
}
