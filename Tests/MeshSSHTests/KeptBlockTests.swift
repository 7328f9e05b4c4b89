import MeshPlatforms
import MeshSSH
import MeshSSHTestSupport
import Testing

/// Our lines in somebody's file.
struct KeptBlockTests {
    private let block = KeptBlock("MAAA-BBBB")

    private func merged(_ lines: [String], _ text: String) throws -> String {
        String(decoding: try block.merged(lines, into: Array(text.utf8)), as: UTF8.self)
    }

    @Test(arguments: [
        "", "\n", "a\n", "a", "a\r\nb\r\n", "# BEGIN mmm MAAA-BBBBB\n", "# BEGIN mmm MOTHER\nx\n# END mmm MOTHER\n",
    ])
    func putInReplacedAndTakenOut(theirs: String) throws {
        let first = try merged(["one", "two"], theirs)
        let ended = theirs.isEmpty || theirs.hasSuffix("\n") || theirs.hasSuffix("\r\n") ? theirs : theirs + "\n"
        #expect(first.hasPrefix(ended))
        #expect(try block.lines(in: Array(first.utf8)) == ["one", "two"])
        #expect(try merged(["one", "two"], first) == first)
        // What was added after it stays after it.
        let more = first + "theirs again"
        let second = try merged(["three"], more)
        #expect(second.hasPrefix(ended) && second.hasSuffix("\ntheirs again"))
        #expect(try block.lines(in: Array(second.utf8)) == ["three"])
        #expect(try merged([], second) == ended + "theirs again")
        #expect(try merged([], first) == ended)
        #expect(try merged([], theirs) == theirs)
    }

    /// An editor may have changed ends of lines, blanks, and the note.
    @Test func marksAreFoundWhenTouched() throws {
        let text = "a\r\n  # BEGIN mmm MAAA-BBBB\t\r\nold\r\n# END mmm MAAA-BBBB \r\nb\r\n"
        #expect(try merged([], text) == "a\r\nb\r\n")
        #expect(try merged([], "# BEGIN mmm MAAA-BBBB cut\nx\n# END mmm MAAA-BBBB") == "")
    }

    @Test(arguments: [
        "# BEGIN mmm MAAA-BBBB\nx\n", "# END mmm MAAA-BBBB\n", "# END mmm MAAA-BBBB\n# BEGIN mmm MAAA-BBBB\n",
        "# BEGIN mmm MAAA-BBBB\n# BEGIN mmm MAAA-BBBB\n# END mmm MAAA-BBBB\n",
        "# BEGIN mmm MAAA-BBBB\n# END mmm MAAA-BBBB\n# END mmm MAAA-BBBB\n",
        "# BEGIN mmm MAAA-BBBB\n# END mmm MAAA-BBBB\n# BEGIN mmm MAAA-BBBB\n# END mmm MAAA-BBBB\n",
    ])
    func marksThatAreNotAPairAreRefused(text: String) {
        #expect(code { _ = try merged(["x"], text) } == .corrupt)
        #expect(code { _ = try merged([], text) } == .corrupt)
    }

    /// Files of any octets, and blocks of several owners put in, changed and taken out in any order.
    @Test func whateverIsDoneTheRestStays() throws {
        let seed = UInt64.random(in: 0 ... .max)
        print("blocks: seed \(seed)")
        var random = SeededGenerator(seed: seed)
        for _ in 0..<300 {
            let pieces: [[UInt8]] = [
                [0x0A], [0x0D, 0x0A], Array("Host x".utf8), Array("# BEGIN mmm".utf8), [0xFF, 0xFE], [0],
            ]
            var theirs: [UInt8] = []
            for _ in 0..<Int.random(in: 0...8, using: &random) { theirs += pieces.randomElement(using: &random) ?? [] }
            let owners = ["MA", "MB", "MA-A"]
            var file = theirs
            var expected: [String: [String]] = [:]
            for _ in 0..<6 {
                let owner = owners.randomElement(using: &random) ?? "MA"
                let lines = (0..<Int.random(in: 0...2, using: &random)).map { "line \($0) of \(owner)" }
                file = try KeptBlock(owner).merged(lines, into: file)
                expected[owner] = lines.isEmpty ? nil : lines
                for other in owners { #expect(try KeptBlock(other).lines(in: file) == expected[other], "seed \(seed)") }
            }
            for owner in owners { file = try KeptBlock(owner).merged([], into: file) }
            #expect(file == theirs || file == theirs + [0x0A], "seed \(seed)")
        }
    }

    @Test func largeFilesAreRefused() {
        let file = [UInt8](repeating: 0x0A, count: (16 << 20) + 1)
        #expect(code { _ = try block.merged(["x"], into: file) } == .tooLarge)
    }
}
