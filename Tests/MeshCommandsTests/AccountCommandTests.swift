import MeshCommands
import MeshCore
import MeshEncoding
import MeshInMemory
import MeshPlatforms
import Testing

/// Accounts and devices, as a person uses them: two machines and a portal.
struct AccountCommandTests {
    /// Two machines that reach one portal.
    private func household() async throws -> (first: Tool, second: Tool) {
        let portals = TestPortals()
        let first = Tool(portals: portals, portalVariable: "dir:/portal")
        let made = await first("portal", "create", "/portal", "--domain", "example.com")
        try #require(made.status == 0, "\(made.errors)")
        return (first, Tool(portals: portals, portalVariable: "dir:/portal"))
    }

    private func status(_ run: ToolRun, _ expected: ToolStatus) {
        #expect(run.status == expected.rawValue, "\(run.output)\(run.errors)")
    }

    private func json(_ run: ToolRun) throws -> JSONValue {
        try #require(run.status == 0, "\(run.errors)")
        return try JSONValue(parsing: run.output)
    }

    @Test func anAccountIsMadeAndShown() async throws {
        let (first, second) = try await household()
        status(await first("account", "validate", "alice@example.com"), .done)
        status(await first("account", "validate", "al.ice@example.com"), .portalRefused)
        status(await first("account", "validate", "alice"), .usage)
        let made = await first("account", "create", "alice@example.com", "--name", "alice")
        status(made, .done)
        let udf = try #require(made.lines.first)
        let taken = await second("account", "validate", "ALICE@example.com", "--json")
        status(taken, .portalRefused)
        #expect(try JSONValue(parsing: taken.output)["suggestions"]?.array?.isEmpty == false)
        status(await second("account", "create", "alice@example.com"), .portalRefused)
        status(await second("account", "create", "alice@example.org"), .portalUnreachable)
        #expect(await first("account", "list").output == "alice@example.com  \(udf)  (default)\n")
        #expect(try json(await first("account", "status", "--json"))["rights"] == ["administrator"])
        #expect(
            try json(await first("portal", "status", "--json"))["portals"]?.array?.first?["accounts"] == [
                "alice@example.com"
            ])
        status(await first("portal", "purge"), .done)
        // It asks before it deletes.
        status(await first("account", "delete"), .usage)
        status(await first("account", "delete", answers: ["no"], interactive: true), .interrupted)
        status(await first("account", "delete", answers: ["yes"], interactive: true), .done)
        #expect(await first("account", "list").output.isEmpty)
        status(await first("account", "validate", "alice@example.com"), .done)
    }

    @Test func withoutAPortalTheRemedyIsSaid() async throws {
        let tool = Tool()
        for command in [
            ["account", "validate", "a@example.com"], ["account", "create", "a@example.com"], ["sync"],
            ["device", "request", "a@example.com"], ["device", "pending"],
        ] {
            let run = await tool(command)
            status(run, .portalUnreachable)
            #expect(run.errors.contains("--portal") && run.errors.contains("MESH_PORTAL"))
        }
        status(await tool("sync", "--portal", "/nowhere"), .notFound)
        status(await Tool(portalVariable: "/portal")("sync"), .usage)
        #expect(try await tool.machine.profiles.list().isEmpty)
    }

    /// A device that asks, and its witness.
    private func asked(_ tool: Tool) async throws -> String {
        let run = await tool("device", "request", "alice@example.com")
        try #require(run.status == 0, "\(run.errors)")
        return try #require(run.lines.first)
    }

    @Test func onlyTheWholeWitnessLetsADeviceIn() async throws {
        let (first, second) = try await household()
        status(await first("account", "create", "alice@example.com"), .done)
        let witness = try await asked(second)
        #expect(witness.count == 34)
        status(await second("device", "complete"), .waiting)
        #expect(await first("device", "pending").output.contains(witness))
        // A part is none, another one is none, and where nobody is there to compare nothing is accepted.
        var other = Array(witness)
        other[0] = other[0] == "A" ? "B" : "A"
        for wrong in [String(witness.prefix(4)), String(witness.dropLast()), "", String(other), witness + "A"] {
            status(await first("device", "accept", "--witness", wrong), .refused)
        }
        status(await first("device", "accept"), .usage)
        status(await first("device", "accept", answers: ["y"], interactive: true), .interrupted)
        status(await second("device", "complete"), .waiting)

        let accepted = await first("device", "accept", "--witness", witness.lowercased().filter { $0 != "-" })
        status(accepted, .done)
        status(await second("device", "complete", "--wait", "--timeout", "1"), .done)
        status(await second("device", "complete"), .notFound)
        status(await first("device", "accept", "--witness", witness), .notConnected)
        #expect(
            try json(await second("account", "status", "--json"))["rights"] == [
                "member", "messages", "web", "ssh", "mail", "network",
            ])
        // A member administers nothing.
        status(await second("device", "pending"), .portalRefused)
    }

    @Test func rightsOfApplicationsAreGivenWhenTheyAreMeant() async throws {
        let (first, second) = try await household()
        status(await first("account", "create", "alice@example.com"), .done)
        let witness = try await asked(second)
        // A slip of the finger makes no right, and none of those that are there is made again.
        for wrong in [
            ["--right", "mails"], ["--right", "notes"], ["--own-right", "mail"], ["--own-right", "usual"],
            ["--own-right", "administrator"], ["--own-right", "threshold"], ["--own-right", "No"],
            ["--own-right", "a_b"],
            ["--own-right", ""], ["--own-right", String(repeating: "a", count: 65)],
            ["--administrator", "--own-right", "notes"],
        ] {
            for command in [["accept", "--witness", witness], ["pin"], ["claim"]] {
                let run = await first(["device"] + command + wrong)
                status(run, .usage)
                #expect(run.output.isEmpty, "\(run.output)")
            }
        }
        let made = await first(
            "device", "accept", "--witness", witness, "--right", "usual", "--own-right", "com.example.notes")
        status(made, .done)
        #expect(made.output.contains("key com.example.notes: created"), "\(made.output)")
        status(await second("device", "complete"), .done)
        #expect(
            try json(await second("account", "status", "--json"))["rights"] == [
                "member", "messages", "web", "ssh", "mail", "network", "com.example.notes",
            ])
        let device = try #require(try json(await second("account", "status", "--json"))["device"]?.string)
        status(await first("device", "rights", device, "mails"), .usage)
        status(await first("device", "rights", device, "member", "--own-right", "notes"), .done)
        #expect(await first("device", "rights", device).lines == ["member", "notes"])
        status(await first("device", "rights", device, "--own-right", "notes"), .done)
        #expect(await first("device", "rights", device).lines == ["notes"])
        status(await second("sync"), .done)
        // A PIN gives them, too.
        let third = Tool(portals: first.portals, portalVariable: "dir:/portal")
        let pin = try #require(await first("device", "pin", "--own-right", "photos").lines.first)
        status(await third("device", "request", "alice@example.com", "--pin", answers: [pin]), .done)
        status(await first("device", "accept", "--proven", "--own-right", "photos"), .usage)
        status(await first("device", "accept", "--proven"), .done)
        status(await third("device", "complete"), .done)
        #expect(try json(await third("account", "status", "--json"))["rights"] == ["photos"])
    }

    @Test func aPersonComparesAtATerminal() async throws {
        let (first, second) = try await household()
        status(await first("account", "create", "alice@example.com"), .done)
        let witness = try await asked(second)
        let run = await first("device", "accept", "--administrator", answers: ["yes"], interactive: true)
        status(run, .done)
        #expect(run.errors.contains(witness))
        status(await second("device", "complete"), .done)
        // With several that ask, the person types what the new device shows.
        let (third, fourth) = (
            Tool(portals: first.portals, portalVariable: "dir:/portal"),
            Tool(portals: first.portals, portalVariable: "dir:/portal")
        )
        _ = try await asked(third)
        let last = try await asked(fourth)
        status(await second("device", "accept", answers: ["yes"], interactive: true), .refused)
        status(await second("device", "accept", answers: [last], interactive: true), .done)
        status(await third("device", "complete"), .waiting)
        status(await fourth("device", "complete"), .done)
        status(await second("device", "reject", "--device", "MZZZ"), .notConnected)
        status(await second("device", "reject"), .done)
        status(await third("device", "complete"), .notConnected)
    }

    @Test func aPINIsNeverOnTheCommandLine() async throws {
        let (first, second) = try await household()
        status(await first("account", "create", "alice@example.com"), .done)
        let made = await first("device", "pin", "--minutes", "5")
        let pin = try #require(made.lines.first)
        #expect(!made.errors.contains(pin))
        #expect(await second("device", "request", "alice@example.com", pin).status != 0)
        status(await second("device", "request", "alice@example.com", "--pin"), .usage)
        status(await second("device", "request", "alice@example.com", "--pin", answers: ["hello"]), .usage)
        let request = await second("device", "request", "alice@example.com", "--pin", answers: [pin])
        status(request, .done)
        #expect(!request.output.contains(pin) && !request.errors.contains(pin))
        status(await first("device", "accept", "--proven"), .done)
        status(await second("device", "complete"), .done)
        #expect(try json(await first("device", "pin", "--json"))["pin"]?.string?.hasPrefix("A") == true)
    }

    @Test func devicesShareAndDisagree() async throws {
        let (first, second) = try await household()
        let udf = try #require(await first("account", "create", "alice@example.com").lines.first)
        let witness = try await asked(second)
        status(await first("device", "accept", "--witness", witness, "--administrator"), .done)
        #expect(await second("device", "complete").lines == [udf])
        let device = try #require(await second("device", "list").lines.first?.split(separator: " ").first)
        status(await first("device", "rename", String(device.prefix(14)), "laptop"), .done)
        status(await first("device", "rename", "nobody", "x"), .notFound)
        let report = try json(await second("sync", "--json"))
        #expect(report["received"]?["Device"] == 1)
        #expect(await second("device", "list", "--connected").output.contains("laptop"))
        #expect(await second("conflicts").output.isEmpty)
        status(await second("conflicts", "resolve", "x"), .usage)
        status(await second("conflicts", "resolve", "x", "--ours"), .notFound)

        let statement = await first("history", "show", "--json").octets
        status(await second("history", "check", input: statement), .done)
        status(await second("history", "check", input: Array("[]".utf8)), .unverified)
        status(await second("history", "check", input: Array("garbage".utf8)), .unverified)

        status(await second("device", "request", "bob@example.com"), .notFound)
        status(await second("device", "forget"), .notFound)
    }

    @Test func anAccountIsRecoveredFromShares() async throws {
        let (first, second) = try await household()
        let udf = try #require(await first("account", "create", "alice@example.com").lines.first)
        let shares = await first("escrow", "--quorum", "2", "--shares", "4").lines
        try #require(shares.count == 4)
        status(await first("rehearse", answers: [shares[1], shares[3]]), .done)
        status(await first("delete", "--yes"), .done)
        status(await second("recover", "--account", "bob@example.com", answers: [shares[0], shares[2]]), .notFound)
        let run = await second("recover", "--account", "alice@example.com", answers: [shares[0], shares[2]])
        status(run, .done)
        #expect(run.lines == [udf])
        #expect(try json(await second("account", "status", "--json"))["rights"] == ["administrator"])
        status(await second("sync"), .done)
    }
}
