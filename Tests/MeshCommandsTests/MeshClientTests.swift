import MeshCommands
import MeshCore
import MeshEncoding
import MeshInMemory
import MeshPlatforms
import Testing

/// The tool as a person uses it: results on standard output, words on standard error, exit codes that mean something.
struct MeshClientTests {
    @Test func theWholeStory() async throws {
        let tool = Tool()
        #expect(await tool("device", "create", "--name", "desk").status == 0)
        let created = await tool("profile", "create", "--name", "alice")
        #expect(created.status == 0)
        let udf = try #require(created.lines.first)
        let shares = await tool("escrow", "alice", "--quorum", "2", "--shares", "3").lines
        #expect(shares.count == 3)

        let refused = await tool("delete", "--yes")
        #expect(refused.status == ToolStatus.refused.rawValue)
        #expect(refused.errors.contains("never tried"))

        #expect(await tool("rehearse", answers: [shares[0], shares[2]]).status == 0)
        #expect(await tool("delete", "alice", "--yes").output == "Deleted \(udf).\n")
        #expect(await tool("profile", "show").status == ToolStatus.notFound.rawValue)

        let recovered = await tool("recover", "--expect", udf, "--name", "alice", answers: [shares[2], shares[1]])
        #expect(recovered.status == 0 && recovered.lines == [udf])
        #expect(await tool("profile", "list").output == "\(udf)  (default)  alice\n")
    }

    @Test func everyCommandAnswersInJSON() async throws {
        let tool = Tool()
        func json(_ run: ToolRun) throws -> JSONValue {
            #expect(run.status == 0, "\(run.errors)")
            return try JSONValue(parsing: run.output)
        }
        #expect(try json(await tool("device", "create", "--json"))["default"] == true)
        let udf = try #require(try json(await tool("profile", "create", "--json"))["udf"]?.string)
        #expect(try json(await tool("profile", "list", "--json"))["profiles"]?.array?.count == 1)
        #expect(try json(await tool("device", "list", "--json"))["devices"]?.array?.count == 1)
        #expect(try json(await tool("profile", "show", "--json"))["recovery"] == "none")
        let escrow = try json(await tool("escrow", "--json", "--quorum", "1", "--shares", "2"))
        let shares = (escrow["shares"]?.array ?? []).compactMap(\.string)
        #expect(shares.count == 2 && escrow["profile"]?.string == udf)
        #expect(try json(await tool("rehearse", "--json", answers: [shares[1]]))["recovery"] == "proven")
        #expect(try json(await tool("keystore", "status", "--json"))["state"] == "ready")
        #expect(try json(await tool("keystore", "list", "--json"))["keys"]?.array?.count == 2)
        #expect(try json(await tool("doctor", "--json"))["findings"]?.array?.isEmpty == false)
        #expect(try json(await tool("delete", "--yes", "--json"))["deleted"]?.string == udf)
        #expect(try json(await tool("recover", "--json", answers: [shares[0]]))["udf"]?.string == udf)
        #expect(try json(await tool("erase-test", "--mode", "test:x", "--json"))["erased"] == "test-memory")
    }

    @Test func errorsAreJSONToo() async throws {
        let run = await Tool()("profile", "show", "nobody", "--json")
        #expect(run.status == ToolStatus.notFound.rawValue && run.output.isEmpty)
        let error = try #require(try JSONValue(parsing: run.errors)["error"])
        #expect(error["code"] == "not-found")
        #expect(error["remedy"]?.string?.isEmpty == false)
        let usage = await Tool()("profile", "sing", "--json")
        #expect(usage.status == ToolStatus.usage.rawValue)
        #expect(try JSONValue(parsing: usage.errors)["error"]?["code"] == "usage")
    }

    @Test func sharesAreNeverArguments() async throws {
        let tool = Tool()
        _ = await tool("profile", "create")
        let share = try #require(await tool("escrow", "--quorum", "1", "--shares", "1").lines.first)
        for command in ["recover", "rehearse"] {
            let run = await tool(command, share, share)
            #expect(run.status != 0)
        }
    }

    @Test func aMistypedShareIsAskedForAgain() async throws {
        let tool = Tool()
        let udf = try #require(await tool("profile", "create").lines.first)
        let shares = await tool("escrow", "--quorum", "2", "--shares", "2").lines
        var mistyped = Array(shares[0])
        mistyped[10] = mistyped[10] == "A" ? "B" : "A"
        let run = await tool(
            "rehearse", answers: [String(mistyped), shares[0], shares[0].lowercased(), shares[1]], interactive: true)
        #expect(run.status == 0, "\(run.errors)")
        #expect(run.output.contains(udf))
        #expect(run.errors.contains("try again"))
        #expect(run.errors.contains("given already"))
        #expect(run.prompts.count == 4)
        // A person who gives up is not an error of the shares.
        #expect(
            await tool("rehearse", answers: [shares[0]], interactive: true).status == ToolStatus.interrupted.rawValue)
    }

    @Test func damagedForeignAndMissingSharesAreNamed() async throws {
        let tool = Tool()
        _ = await tool("profile", "create")
        let first = await tool("escrow", "--quorum", "2", "--shares", "3").lines
        let second = await tool("escrow", "--quorum", "2", "--shares", "3").lines
        for answers in [
            [first[0]], [first[0], second[1]], [first[0], first[0]], [first[0], first[1].replacing("-", with: "Q")], [],
        ] {
            let run = await tool("recover", answers: answers)
            #expect(run.status == ToolStatus.shares.rawValue, "\(answers.count) shares: \(run.errors)")
        }
    }

    @Test func aProfileIsRepairedFromItsKey() async throws {
        let tool = Tool()
        let udf = try #require(await tool("profile", "create").lines.first)
        #expect(try await tool.machine.profiles.remove(try UDF(parsing: udf)))
        #expect(await tool("profile", "show").status == ToolStatus.damaged.rawValue)
        #expect(await tool("profile", "repair", String(udf.prefix(9))).lines == [udf])
        #expect(await tool("profile", "show").status == 0)
        let stranger = await tool("profile", "repair", "MBTF-EJOP-OAE4-NVGZ-XSAW-BTOI-R5FK")
        #expect(stranger.status == ToolStatus.notFound.rawValue)
    }

    @Test func deletingAsksFirst() async throws {
        let tool = Tool()
        _ = await tool("profile", "create")
        let shares = await tool("escrow", "--quorum", "1", "--shares", "1").lines
        _ = await tool("rehearse", answers: shares)
        #expect(await tool("delete").status == ToolStatus.usage.rawValue)
        #expect(await tool("delete", answers: ["no"], interactive: true).status == ToolStatus.interrupted.rawValue)
        #expect(await tool("profile", "list").lines.count == 1)
        let run = await tool("delete", answers: ["yes"], interactive: true)
        #expect(run.status == 0 && run.errors.contains("from which all its other keys come"))
    }

    @Test func keyStoreFailuresHaveTheirOwnExitCodes() async throws {
        let expected: [(ScriptedFault, ToolStatus)] = [
            (.locked, .locked), (.absent, .unavailable), (.dismissed, .prompt), (.promptImpossible, .prompt),
            (.corrupt, .damaged), (.full, .failed),
        ]
        for (fault, status) in expected {
            let machine = MeshMachineCached()
            machine.faults.always(fault, on: FaultScope(.keys, .store))
            let run = await Tool(machine)("profile", "create")
            #expect(run.status == status.rawValue, "\(fault): \(run.errors)")
            #expect(run.output.isEmpty)
        }
    }

    @Test func erasingProductionIsRefused() async {
        let run = await Tool()("erase-test")
        #expect(run.status == ToolStatus.refused.rawValue)
    }

    @Test func theDoctorChangesNothing() async throws {
        let tool = Tool()
        _ = await tool("profile", "create")
        let generation = try await tool.machine.registry.read { $0.generation }
        let run = await tool("doctor")
        #expect(run.status == 0, "\(run.output)")
        #expect(run.output.contains("There are no recovery shares"))
        #expect(try await tool.machine.registry.read { $0.generation } == generation)
        // A key that is gone is a problem, and the exit code says so.
        let udf = try await tool.machine.profiles.list()[0]
        #expect(try await tool.machine.keys.remove(udf))
        let sick = await tool("doctor")
        #expect(sick.errors.isEmpty)
        #expect(sick.status == ToolStatus.failed.rawValue && sick.output.contains("is not in the key store"))
    }

    @Test func theHelpTellsTheExitCodes() async {
        let run = await Tool()("--help")
        #expect(run.status == 0)
        for status in ToolStatus.allCases { #expect(run.output.contains("\(status.rawValue)")) }
        for command in [
            "device", "profile", "escrow", "rehearse", "delete", "recover", "keystore", "dare", "doctor", "erase-test",
            "account", "sync", "conflicts", "history", "portal", "MESH_PORTAL",
        ] {
            #expect(run.output.contains(command))
        }
        let dare = await Tool()("dare", "--help")
        for command in ["dump", "verify", "seal", "open", "archive", "log"] { #expect(dare.output.contains(command)) }
        let completion = await Tool()("--generate-completion-script", "bash").output
        #expect(completion.contains("meshclient") && completion.contains("extract"))
        #expect(await Tool()("--mode", "test").status == ToolStatus.usage.rawValue)
        #expect(await Tool()("profile", "list", "--mode", "sandbox").status == ToolStatus.usage.rawValue)
    }
}
