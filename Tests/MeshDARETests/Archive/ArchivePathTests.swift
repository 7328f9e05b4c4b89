import Testing

@testable import MeshDARE

@Suite("Names in archives")
struct ArchivePathTests {
    static let hostile: [(String, ArchiveError.Code)] = [
        ("", .emptyName), ("a//b", .emptyName), ("a/", .emptyName), ("a\\\\b", .emptyName),
        ("/etc/passwd", .absoluteName), ("\\Windows", .absoluteName), ("\\\\server\\share", .absoluteName),
        ("//a", .absoluteName),
        ("C:\\Windows", .driveLetter), ("c:x", .driveLetter), ("Z:/", .driveLetter),
        ("..", .relativePart), ("../x", .relativePart), ("a/../b", .relativePart), ("a\\..\\..\\b", .relativePart),
        ("a/..", .relativePart), (".", .relativePart), ("./a", .relativePart), ("a/./b", .relativePart),
        ("a\0b", .controlCharacter), ("a\nb", .controlCharacter), ("a\rb", .controlCharacter),
        ("\u{1B}[2J", .controlCharacter), ("a\u{7F}", .controlCharacter), ("a\u{9B}m", .controlCharacter),
        ("txt\u{202E}gnp.exe", .controlCharacter), ("a\u{2066}b", .controlCharacter),
        ("a\u{200F}b", .controlCharacter), ("a\u{2028}b", .controlCharacter), ("\u{FEFF}a", .controlCharacter),
        (String(repeating: "x", count: 256), .nameTooLong),
        (String(repeating: "ü", count: 128), .nameTooLong),
        (Array(repeating: "a", count: 61).joined(separator: "/"), .nameTooLong),
        (Array(repeating: String(repeating: "b", count: 200), count: 21).joined(separator: "/"), .nameTooLong),
    ]

    @Test("A hostile name is refused by its own case, with the record named", arguments: hostile)
    func refused(_ name: String, _ code: ArchiveError.Code) throws {
        let error = #expect(throws: ArchiveError.self) { try ArchivePath(recorded: name, frame: 17) }
        #expect(error?.code == code)
        #expect(error?.frame == 17)
        #expect(error?.message.contains("17") == true)
        // The message plays no tricks on a terminal.
        #expect(error?.message.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control } == true)
        #expect(error?.message.contains("\u{202E}") == false)
    }

    @Test("Names that only look odd are kept, and Windows' separators become slashes")
    func accepted() throws {
        for name in [
            "a", "a/b/c", "…", "..a", "a..", "a b", "-rf", "~", "$HOME", "12:30", "ä/ö", "👩‍💻", ".hidden", "ab:c",
        ] {
            #expect(try ArchivePath(recorded: name).text == name)
        }
        #expect(try ArchivePath(recorded: "TestDir1\\TestFile4.txt").parts == ["TestDir1", "TestFile4.txt"])
        #expect(try ArchivePath(recorded: String(repeating: "x", count: 255)).parts.count == 1)
        #expect(try ArchivePath(parts: ["a", "b"]).text == "a/b")
    }

    @Test("A file whose name has a separator in it cannot be recorded: a reader would see two parts")
    func separatorInPart() {
        #expect(throws: ArchiveError(.controlCharacter, "")) { try ArchivePath(parts: ["a\\b"]) }
        #expect(throws: ArchiveError(.controlCharacter, "")) { try ArchivePath(parts: ["a/b"]) }
        #expect(throws: ArchiveError(.relativePart, "")) { try ArchivePath(parts: ["..", "x"]) }
        #expect(throws: ArchiveError(.emptyName, "")) { try ArchivePath(parts: []) }
    }

    private func check(_ paths: [(String, Bool)], twins: Bool = false) throws {
        var check = ArchivePathCheck(allowsTwins: twins)
        for (number, (path, isDirectory)) in paths.enumerated() {
            try check.add(ArchivePath(recorded: path), isDirectory: isDirectory, frame: number + 1)
        }
    }

    @Test("Names that are one where case or composition do not count are twins, also as directories")
    func twins() throws {
        let composed = "\u{E9}"
        let decomposed = "e\u{301}"
        for (left, right) in [
            ("a.txt", "A.TXT"), (composed, decomposed), ("Dir/a", "dir/b"), ("straße", "STRASSE"),
            ("x/\(composed)/1", "x/\(decomposed)/2"),
        ] {
            #expect(throws: ArchiveError(.twin, frame: 2, "")) { try check([(left, false), (right, false)]) }
            try check([(left, false), (right, false)], twins: true)
        }
        try check([("Dir/a", false), ("Dir/b", false), ("Dir", true)])
    }

    @Test("A name cannot be a file and a directory")
    func kinds() throws {
        for twins in [false, true] {
            for paths in [
                [("a", false), ("a/b", false)], [("a/b", false), ("a", false)], [("a/b/c", false), ("a/b", false)],
            ] {
                #expect(throws: ArchiveError(.kindConflict, frame: 2, "")) { try check(paths, twins: twins) }
            }
            try check([("a", true), ("a/b", false)], twins: twins)
        }
    }
}
