import MeshCommands
import MeshCore
import MeshEncoding
import MeshTestSupport
import Testing

/// Logs and archives on the command line.
struct SequenceCommandTests {
    private let scratch: Scratch
    private let tool = Tool()

    init() async throws {
        scratch = try Scratch()
        _ = await tool("profile", "create", "--name", "alice")
    }

    @Test(arguments: ["record", "grouped", "close"])
    func recordsAreAppendedAndListed(durability: String) async throws {
        let lines = (1...50).map { "record \($0)" }
        let made = await tool(
            "dare", "log", "append", scratch("log"), "--durability", durability, "--json",
            input: Array(lines.joined(separator: "\n").utf8))
        #expect(made.status == 0, "\(made.errors)")
        #expect(try JSONValue(parsing: made.output)["last"] == 50)
        #expect(await tool("dare", "log", "append", scratch("log"), "--whole", input: [0xFF, 0x0A, 0]).status == 0)
        let listed = await tool("dare", "log", "list", scratch("log"), "--count", "50")
        #expect(listed.lines == lines)
        let json = try JSONValue(
            parsing: await tool("dare", "log", "list", scratch("log"), "--start", "50", "--json").output)
        #expect(json["records"]?.array?.first?["text"] == "record 50")
        #expect(json["records"]?.array?.last?["octets"]?.binary == [0xFF, 0x0A, 0])
        // Nothing after the end, and standard input as well as a file.
        #expect(await tool("dare", "log", "list", scratch("log"), "--start", "99").output.isEmpty)
        let stream = await tool("dare", "log", "list", "-", "--count", "1", input: try #require(scratch.read("log")))
        #expect(stream.lines == ["record 1"], "\(stream.errors)")
    }

    @Test func logsAreSealedAndSigned() async throws {
        for type in ["list", "digest", "chain", "tree", "merkle"] {
            let log = scratch(type)
            let made = await tool(
                "dare", "log", "append", log, "--type", type, "--to", "alice", "--sign", "--encoding", "json-b",
                input: Array("one\ntwo\n".utf8))
            #expect(made.status == 0, "\(made.errors)")
            #expect(await tool("dare", "log", "append", log, input: Array("three\n".utf8)).status == 0)
            #expect(await tool("dare", "log", "list", log).lines == ["one", "two", "three"])
            #expect(await Tool()("dare", "log", "list", log).status == ToolStatus.noKey.rawValue)
            #expect(await Tool()("dare", "verify", log).status == 0)
        }
        // A signature for all frames before it is there where the type links frames.
        for type in ["chain", "merkle"] {
            let verified = await tool("dare", "verify", scratch(type), "--from", "alice", "--json")
            #expect(verified.status == 0, "\(verified.errors)")
            #expect(try JSONValue(parsing: verified.output)["signedThrough"] == 3)
        }
        _ = await tool("profile", "create", "--name", "bob")
        let other = await tool("dare", "verify", scratch("chain"), "--from", "bob")
        #expect(other.status == ToolStatus.unverified.rawValue && other.errors.contains("--from"))
        // What was decided when the log was made stays.
        let late = await tool("dare", "log", "append", scratch("chain"), "--to", "bob", input: [0x41])
        #expect(late.status == ToolStatus.usage.rawValue)
    }

    @Test func whatIsInTheWayOrHasNoRoomIsSaidWithWhatToDo() async throws {
        try scratch.write([UInt8](repeating: 1, count: 1 << 20), to: "content")
        _ = await tool("dare", "archive", "create", scratch("archive"), scratch("content"))
        try scratch.makeDirectory("taken")
        let taken = await tool("dare", "archive", "extract", scratch("archive"), "--output", scratch("taken"))
        #expect(taken.status != 0 && taken.errors.contains("Choose another name"), "\(taken.errors)")
        let missing = await tool("dare", "archive", "append", scratch("none"), scratch("content"))
        #expect(missing.status != 0 && missing.errors.contains("archive create"), "\(missing.errors)")
        try scratch.makeDirectory("full")
        let mount = try MeshTestSupport.Child.run(
            ["/bin/mount", "-t", "tmpfs", "-o", "size=64k,mode=700", "none", scratch("full")])
        guard mount.code == 0 else {
            print("no file system may be mounted here: the test of a full one does not run (\(mount.output))")
            return
        }
        defer { _ = try? MeshTestSupport.Child.run(["/bin/umount", scratch("full")]) }
        for words in [
            ["archive", "create", scratch("full/archive"), scratch("content")],
            ["seal", scratch("content"), "--output", scratch("full/envelope")],
        ] {
            let full = await tool(["dare"] + words)
            #expect(full.status != 0 && full.errors.contains("Free some space"), "\(full.errors)")
            #expect(scratch.read("full/archive") == nil && scratch.read("full/envelope") == nil)
        }
    }

    @Test func everyDamageIsNamed() async throws {
        _ = await tool("dare", "log", "append", scratch("log"), input: Array("one\ntwo\nthree\n".utf8))
        let whole = try #require(scratch.read("log"))
        for place in stride(from: 0, to: whole.count, by: 97) {
            var damaged = whole
            damaged[place] ^= 0x10
            try scratch.write(damaged, to: "damaged")
            let run = await tool("dare", "verify", scratch("damaged"), "--json")
            #expect(run.status == ToolStatus.unverified.rawValue, "octet \(place): \(run.output)")
            // A file whose first octet is no frame's is no sequence at all.
            guard place > 0 else { continue }
            let faults = try JSONValue(parsing: run.output)["faults"]?.array ?? []
            #expect(faults.first?["reason"]?.string?.hasPrefix("sequence-") == true)
        }
        try scratch.write(whole.dropLast(3), to: "damaged")
        let torn = await tool("dare", "verify", scratch("damaged"))
        #expect(torn.status == ToolStatus.unverified.rawValue && torn.output.contains("frame 3"), "\(torn.output)")
    }

    @Test func framesAreShown() async throws {
        _ = await tool("dare", "log", "append", scratch("log"), "--type", "merkle", input: Array("one\ntwo\n".utf8))
        let dump = try JSONValue(parsing: await tool("dare", "dump", scratch("log"), "--json").output)
        #expect(dump["type"] == "Merkle" && dump["count"] == 3)
        #expect(dump["frames"]?.array?.map { $0["index"] } == [0, 1, 2])
        let one = await tool("dare", "dump", scratch("log"), "--frame", "2")
        #expect(one.output.contains("frame 2 at") && !one.output.contains("frame 1 at"))
        #expect(await tool("dare", "dump", scratch("log"), "--frame", "7").status == ToolStatus.notFound.rawValue)
        let wrong = await tool("dare", "open", scratch("log"))
        #expect(wrong.status == ToolStatus.usage.rawValue && wrong.errors.contains("sequence"))
    }

    // MARK: Archives

    private func makeTree() throws {
        try scratch.write("content of a".utf8, to: "a")
        try scratch.makeDirectory("tree/below")
        try scratch.write((0..<200_000).map { UInt8(truncatingIfNeeded: $0 >> 3) }, to: "tree/below/large")
        try scratch.write([], to: "tree/empty")
    }

    @Test(arguments: [[], ["--to", "alice", "--sign"]])
    func whatIsArchivedIsExtracted(options: [String]) async throws {
        try makeTree()
        let made = await tool(["dare", "archive", "create", scratch("archive"), scratch("tree"), "--json"] + options)
        #expect(made.status == 0, "\(made.errors)")
        #expect(try JSONValue(parsing: made.output)["added"] == 4)
        #expect(await tool("dare", "archive", "append", scratch("archive"), scratch("a")).status == 0)
        let listed = try JSONValue(
            parsing: await Tool()("dare", "archive", "list", scratch("archive"), "--json").output)
        let paths = listed["files"]?.array?.compactMap { $0["path"]?.string }
        #expect(paths == ["a", "tree", "tree/below", "tree/below/large", "tree/empty"])
        let extracted = await tool("dare", "archive", "extract", scratch("archive"), "-o", scratch("out"))
        #expect(extracted.status == 0, "\(extracted.errors)")
        for name in ["a", "tree/below/large", "tree/empty"] {
            #expect(scratch.read("out/\(name)") == scratch.read(name))
        }
        #expect(await tool("dare", "verify", scratch("archive")).status == 0)
        // Only some, and out of a stream.
        let stream = try #require(scratch.read("archive"))
        let some = await tool("dare", "archive", "extract", "-", "tree/below", "-o", scratch("some"), input: stream)
        #expect(some.status == 0 && scratch.read("some/tree/below/large") != nil && scratch.read("some/a") == nil)
    }

    @Test func nothingIsLeftOfWhatFails() async throws {
        try makeTree()
        try scratch.makeLink("tree/link", to: "/etc/passwd")
        let before = scratch.names
        let refused = await tool("dare", "archive", "create", scratch("archive"), scratch("tree"))
        #expect(refused.status == ToolStatus.refused.rawValue && refused.errors.contains("symbolic link"))
        #expect(scratch.names == before)
        let skipped = await tool("dare", "archive", "create", scratch("archive"), scratch("tree"), "--skip-others")
        #expect(skipped.status == 0 && skipped.errors.contains("Left out: tree/link"), "\(skipped.errors)")
        var octets = try #require(scratch.read("archive"))
        octets[octets.count / 2] ^= 1
        try scratch.write(octets, to: "archive")
        let names = scratch.names
        let damaged = await tool("dare", "archive", "extract", scratch("archive"), "-o", scratch("out"))
        #expect(damaged.status == ToolStatus.unverified.rawValue && scratch.names == names, "\(damaged.errors)")
        let bomb = await tool("dare", "archive", "extract", scratch("archive"), "-o", scratch("out"), "--most", "100")
        #expect(bomb.status == ToolStatus.unverified.rawValue && scratch.names == names, "\(bomb.errors)")
        let missing = await tool("dare", "archive", "extract", scratch("archive"), "no/such", "-o", scratch("out"))
        #expect(missing.status == ToolStatus.notFound.rawValue && scratch.names == names)
        #expect(await tool("dare", "archive", "list", scratch("a")).status == ToolStatus.unverified.rawValue)
    }
}
