import MeshCore
import MeshEncoding
import MeshInMemory
import MeshPlatforms
import Testing

@testable import MeshDARE

@Suite("Hostile archives")
struct HostileArchiveTests {
    private let directory = InMemoryContainerDirectory()

    /// An archive of such records, made without the code that checks names.
    private func make(_ names: [String?], _ change: (inout ContentMeta, Int) -> Void = { _, _ in }) throws -> Archive {
        let sequence = try DARESequence.create(
            "a", in: directory, SequenceOptions(.merkle, meta: ContentMeta(["cty": "mmm-tbs"])))
        for (number, name) in names.enumerated() {
            var meta = ContentMeta()
            meta.uniqueID = name
            meta.event = .new
            change(&meta, number)
            try sequence.append(FrameContent([UInt8(truncatingIfNeeded: number)], meta: meta), durability: .atClose)
        }
        return try #require(try Archive.open("a", in: directory))
    }

    private func fails(_ archive: Archive, _ error: ArchiveError, limits: ArchiveLimits = ArchiveLimits()) {
        let destination = MemoryDestination()
        #expect(throws: error) { try archive.extract(to: destination, limits: limits) }
        #expect(destination.isAbandoned && !destination.isCommitted && destination.files.isEmpty)
    }

    @Test(
        "Each hostile name stops the extraction, with its record; the good files can be had alone",
        arguments: ArchivePathTests.hostile)
    func names(_ name: String, _ code: ArchiveError.Code) throws {
        let archive = try make(["good", name, "fine"])
        #expect(try archive.problems == [ArchiveError(code, frame: 2, "")])
        #expect(try archive.files().map(\.path.text) == ["fine", "good"])
        fails(archive, ArchiveError(code, frame: 2, ""))
        let destination = MemoryDestination()
        #expect(
            try archive.extract(to: destination, [ArchivePath(recorded: "good"), ArchivePath(recorded: "fine")]) == 2)
    }

    @Test("The path that counts is the one that is checked: neither Filename nor FileEntry leads elsewhere")
    func otherMembers() throws {
        let archive = try make(["good"]) { meta, _ in
            meta.filename = "../../evil"
            meta.fileEntry = FileEntry(["Path": "/etc/passwd", "Attributes": 0xFFFF_FFEF])
            meta.members["Paths"] = ["../evil"]
        }
        let destination = MemoryDestination()
        try archive.extract(to: destination)
        #expect(Array(destination.files.keys) == ["good"])
        // Of all attributes, only those that are safe.
        #expect(destination.attributes["good"] == ArchiveFileAttributes(isReadOnly: true))
        // Without a UniqueId the others are looked at, and checked the same.
        let directory = InMemoryContainerDirectory()
        let sequence = try DARESequence.create("a", in: directory, SequenceOptions(.merkle))
        for members: JSONObject in [["Paths": ["../x"]], ["FileEntry": ["Path": "/x"]], ["Filename": "C:\\x"]] {
            try sequence.append(FrameContent([1], meta: ContentMeta(members)))
        }
        let other = try #require(try Archive.open("a", in: directory))
        #expect(
            try other.problems.map(\.code) == [.relativePart, .absoluteName, .driveLetter] && other.files().isEmpty)
    }

    @Test("Twins are refused unless they are allowed; files and directories of one name always")
    func conflicts() throws {
        let twins = try make(["a/File", "a/file"])
        fails(twins, ArchiveError(.twin, frame: 2, ""))
        var limits = ArchiveLimits()
        limits.allowsTwins = true
        let destination = MemoryDestination()
        #expect(try twins.extract(to: destination, limits: limits) == 2)
    }

    @Test("A file and what lies below it as a directory cannot both be extracted")
    func fileAndDirectory() throws {
        let archive = try make(["a", "a/b"])
        var limits = ArchiveLimits()
        limits.allowsTwins = true
        fails(archive, ArchiveError(.kindConflict, frame: 2, ""), limits: limits)
    }

    @Test("A name that was a file does not become a directory by a later record")
    func kindChange() throws {
        let archive = try make(["a", "a"]) { meta, number in
            if number == 1 { meta.fileEntry = FileEntry(["Attributes": 0x10]) }
        }
        #expect(try archive.problems == [ArchiveError(.kindConflict, frame: 2, "")])
        #expect(try archive.find(ArchivePath(recorded: "a"))?.isDirectory == false)
    }

    @Test("Of several records of one name the last counts, once")
    func duplicates() throws {
        let archive = try make(["a", "b", "a", "a"])
        let destination = MemoryDestination()
        #expect(try archive.extract(to: destination) == 2)
        #expect(destination.files == ["a": [3], "b": [1]])
    }

    @Test("Limits of count, size and total are kept")
    func limits() throws {
        _ = try make((0..<20).map { "f\($0)" })
        var limits = ArchiveLimits()
        limits.mostRecords = 19
        #expect(throws: ArchiveError(.tooManyFiles, frame: 20, "")) {
            try Archive.open("a", in: directory, limits: limits)
        }
        limits.mostRecords = 20
        let archive = try #require(try Archive.open("a", in: directory, limits: limits))
        limits.largestTotal = 19
        fails(archive, ArchiveError(.tooLarge, ""), limits: limits)
        limits.largestTotal = 20
        limits.largestFile = 0
        fails(archive, ArchiveError(.fileTooLarge, frame: 1, ""), limits: limits)
        limits.largestFile = 1
        #expect(try archive.extract(to: MemoryDestination(), limits: limits) == 20)
    }

    @Test("A change of any octet is found on opening or extracting, or changes nothing that is extracted")
    func tampering() throws {
        let archive = try Archive.create("a", in: directory)
        let tree = MemoryTree()
        tree.file("d/one", Array("first content".utf8))
        tree.file("two", Array("second content".utf8), ArchiveFileAttributes(isReadOnly: true))
        try archive.add(tree)
        let whole = try directory.octets("a")
        let expected = MemoryDestination()
        try archive.extract(to: expected)
        for place in whole.indices {
            var changed = whole
            changed[place] ^= 1 << UInt8(place % 8)
            let other = InMemoryContainerDirectory()
            try other.createFile("a", with: changed)
            let destination = MemoryDestination()
            do {
                try #require(try Archive.open("a", in: other, .read)).extract(to: destination)
                #expect(
                    destination.files == expected.files && destination.attributes == expected.attributes,
                    "octet \(place)")
            } catch is any MeshError {
                #expect(!destination.isCommitted)
            }
        }
    }

    @Test(
        "An archive of 2018 is read: a Tree sequence with flat headers and Paths from Windows",
        arguments: [true, false])
    func of2018(isNumbered: Bool) throws {
        let directory = InMemoryContainerDirectory()
        func frame(_ header: String, _ payload: String) -> [UInt8] {
            JBCDFrame.encode([Array(header.utf8), Array(payload.utf8)])
        }
        let first = frame(#"{"ContainerType":"Tree","Index":0,"DataEncoding":"JSON"}"#, "")
        let second = frame(
            #"{\#(isNumbered ? #""Index":1,"# : "")"ContentMeta":{"Paths":["TestDir1\\TestFile4.txt"]},"TreePosition":0}"#,
            "four")
        let third = frame(
            #"{\#(isNumbered ? #""Index":2,"# : "")"Paths":["TestFile1.txt"],"TreePosition":\#(first.count)}"#, "one")
        try directory.createFile("old", with: first + second + third)
        let archive = try #require(try Archive.open("old", in: directory, .read))
        #expect(try archive.files().map(\.path.text) == ["TestDir1/TestFile4.txt", "TestFile1.txt"])
        let destination = MemoryDestination()
        try archive.extract(to: destination)
        #expect(
            destination.files == ["TestDir1/TestFile4.txt": Array("four".utf8), "TestFile1.txt": Array("one".utf8)])
    }
}
