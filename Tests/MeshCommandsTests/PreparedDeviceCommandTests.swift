import MeshCommands
import MeshCore
import MeshEncoding
import MeshInMemory
import Testing

/// Devices that are connected by the code on them: a maker, an owner and the device, each a machine of its own.
struct PreparedDeviceCommandTests {
    private let portals = TestPortals()
    private let scratch: Scratch
    private let maker: Tool
    private let owner: Tool
    private let device: Tool

    init() async throws {
        scratch = try Scratch()
        let portals = portals
        func tool() -> Tool { Tool(portals: portals, portalVariable: "dir:/portal") }
        (maker, owner, device) = (tool(), tool(), tool())
        try #require(await maker("portal", "create", "/portal", "--domain", "example.com").status == 0)
        try #require(await maker("account", "create", "maker@example.com").status == 0)
        try #require(await owner("account", "create", "alice@example.com").status == 0)
    }

    private func status(_ run: ToolRun, _ expected: ToolStatus) {
        #expect(run.status == expected.rawValue, "\(run.output)\(run.errors)")
    }

    @Test func aDeviceIsMadeClaimedAndConnected() async throws {
        let made = await maker("device", "prepare", scratch("lamp"), "--description", "lamp", "--days", "30")
        status(made, .done)
        let code = try #require(made.lines.first)
        #expect(code.hasPrefix("mcu://maker@example.com/E") && !made.errors.contains(code))

        status(await device("device", "complete"), .notFound)
        status(await device("device", "install", scratch("none")), .notFound)
        status(await device("device", "install", try scratch.write(Array("hello".utf8), to: "junk")), .unverified)
        let installed = await device("device", "install", scratch("lamp"), "--name", "lamp")
        status(installed, .done)
        let udf = try #require(installed.lines.first)
        status(await device("device", "complete"), .waiting)
        status(await device("device", "complete", "--wait", "--timeout", "1"), .waiting)

        // The code never is an argument, and one that is none opens nothing.
        #expect(await owner("device", "claim", code).status == ToolStatus.usage.rawValue)
        status(await owner("device", "claim"), .usage)
        status(await owner("device", "claim", answers: ["mcu://maker@example.com/ABCD"]), .unverified)
        let wrong = String(code.dropLast(4)) + (code.hasSuffix("AAAA") ? "BBBB" : "AAAA")
        let refused = await owner("device", "claim", answers: [wrong])
        #expect(refused.status != 0 && !refused.errors.contains(wrong))
        let claimed = await owner("device", "claim", answers: [code])
        status(claimed, .done)
        #expect(claimed.output.hasPrefix("\(udf)  lamp") && !claimed.errors.contains(code))
        // Done again it is the same claim; another one comes too late.
        status(await owner("device", "claim", "--json", answers: [code]), .done)
        status(await maker("device", "claim", answers: [code]), .notConnected)

        status(await device("device", "complete"), .waiting)
        status(await owner("device", "accept", "--proven"), .done)
        status(await device("device", "complete"), .done)
        status(await device("device", "complete"), .notFound)
        let listed = await owner("device", "list", "--connected").output
        // Nobody has described it: its fingerprint has to do, and no word that every such device has.
        #expect(listed.contains(udf) && !listed.contains("Unknown"))
        status(await device("sync"), .done)
        let again = await device("device", "request", "alice@example.com")
        status(again, .portalRefused)
        #expect(again.errors.contains("connected to alice@example.com already"))
    }

    @Test func whatWasPreparedIsTakenBack() async throws {
        let (file, code) = (scratch("lamp"), scratch("code"))
        let made = await maker("device", "prepare", file, "--code-file", code, "--json")
        status(made, .done)
        let value = try JSONValue(parsing: made.output)
        #expect(value["code"] == nil)
        let publication = try #require(value["publication"]?.string)
        status(await maker("device", "prepare", file), .refused)
        status(await maker("device", "prepare", scratch("other"), "--code-file", code), .refused)
        status(await maker("device", "prepare", scratch("x"), "--days", "0"), .usage)
        #expect(scratch.names == ["code", "lamp"])
        let printed = await maker("device", "prepare", scratch("other"), "--json")
        #expect(try JSONValue(parsing: printed.output)["code"]?.string?.hasPrefix("mcu://") == true)
        status(await owner("device", "prepare", scratch("none/x")), .notFound)
        status(await maker("device", "withdraw", "EBQX"), .notFound)
        status(await maker("device", "withdraw", publication), .done)
        status(await maker("device", "withdraw", publication), .notFound)
        status(await owner("device", "claim", "--code-file", code), .notFound)
        // A device that is no account's prepares nothing.
        status(await device("device", "prepare", scratch("x")), .notFound)
        #expect(scratch.read("x") == nil)
    }

    @Test func aDeviceThatIsConnectedIsToldSo() async throws {
        let run = await owner("device", "request", "alice@example.com")
        status(run, .portalRefused)
        #expect(run.errors.contains("connected to alice@example.com already"))
        #expect(await owner("device", "pending").output.isEmpty)
    }
}
