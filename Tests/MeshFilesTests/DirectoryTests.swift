import Glibc
import MeshCore
import MeshFiles
import MeshPlatforms
import MeshTestSupport
import Testing

@Suite struct DirectoryTests {
    @Test func `A file comes back octet for octet, with mode 0600 and no temporary file beside it`() throws {
        let scratch = try Scratch()
        let directory = try scratch.open()
        let contents = (0..<70_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        for octets in [contents, [], [0]] {
            try directory.replaceFile("a", with: octets)
            #expect(try directory.readFile("a", limit: 100_000) == octets)
            #expect(scratch.mode("a") == 0o600)
        }
        #expect(try directory.names() == ["a"])
        #expect(try directory.readFile("b", limit: 10) == nil)
        #expect(try directory.removeFile("a"))
        #expect(try !directory.removeFile("a"))
    }

    @Test func `A secret goes to the file and back without leaving locked memory`() throws {
        let scratch = try Scratch()
        let directory = try scratch.open()
        let secret = SecretBytes(copying: Array("a secret".utf8))
        try secret.withUnsafeBytes { try directory.createFile("key", with: $0) }
        var isEqual = false
        if let read = try directory.readSecret("key", limit: 100) { isEqual = read.isEqual(to: secret) }
        #expect(isEqual)
        #expect(code { _ = try directory.readSecret("key", limit: 7) } == .tooLarge)
    }

    @Test func `Creating a file that is there fails and leaves it`() throws {
        let scratch = try Scratch()
        let directory = try scratch.open()
        try directory.createFile("a", with: [1])
        #expect(code { try directory.createFile("a", with: [2]) } == .alreadyExists)
        #expect(try directory.readFile("a", limit: 1) == [1])
        #expect(try directory.names() == ["a"])
    }

    @Test func `Of many threads that create one name, one succeeds`() async throws {
        let scratch = try Scratch()
        let directory = try scratch.open()
        let winners = await withTaskGroup(of: Int.self) { group in
            for index in 0..<16 {
                group.addTask { code { try directory.createFile("a", with: [UInt8(index)]) } == nil ? 1 : 0 }
            }
            return await group.reduce(0, +)
        }
        #expect(winners == 1)
    }

    @Test func `Files larger than the limit are refused`() throws {
        let scratch = try Scratch()
        try scratch.put("a", "12345678901")
        let directory = try scratch.open()
        #expect(code { _ = try directory.readFile("a", limit: 10) } == .tooLarge)
        #expect(try directory.readFile("a", limit: 11)?.count == 11)
    }

    @Test(arguments: [
        "", ".", "..", "a/b", "/etc/passwd", "../a", "a\u{0}b", "a\nb", "a\u{1B}b",
        String(repeating: "n", count: 256), ".new-000000000000000000000000",
    ])
    func `A name that is not one name inside the directory is refused`(name: String) throws {
        let scratch = try Scratch()
        let directory = try scratch.open()
        #expect(code { try directory.replaceFile(name, with: [1]) } == .invalidArgument)
        #expect(code { try directory.createFile(name, with: [1]) } == .invalidArgument)
        #expect(code { _ = try directory.readFile(name, limit: 1) } == .invalidArgument)
        #expect(code { _ = try directory.removeFile(name) } == .invalidArgument)
        #expect(code { _ = try directory.subdirectory(name, create: true) } == .invalidArgument)
        #expect(code { _ = try directory.openFile(name, create: true) } == .invalidArgument)
        #expect(code { _ = try directory.removeDirectory(name) } == .invalidArgument)
    }

    @Test func `Odd but allowed names stay inside and come back`() throws {
        let scratch = try Scratch()
        let directory = try scratch.open()
        let names = ["...", "-rf", "a b", "\u{202E}txt", "é", "~", "$HOME", "*"]
        for name in names { try directory.createFile(name, with: Array(name.utf8)) }
        #expect(Set(try directory.names()) == Set(names))
        for name in names { #expect(try directory.readFile(name, limit: 100) == Array(name.utf8)) }
    }

    @Test func `Nested directories are made with mode 0700`() throws {
        let scratch = try Scratch()
        #expect(try Directory.open("\(scratch.path)/x/y/z", create: false) == nil)
        let deep = try #require(try Directory.open("\(scratch.path)/x/y/z", create: true))
        try deep.createFile("a", with: [])
        #expect(["x", "x/y", "x/y/z"].map(scratch.mode) == [0o700, 0o700, 0o700])
        #expect(try scratch.open().subdirectory("q", create: false) == nil)
        _ = try scratch.open().subdirectory("q", create: true)
        #expect(scratch.mode("q") == 0o700)
    }

    @Test func `A file that a killed writer left is swept, one being written is not`() throws {
        let scratch = try Scratch()
        let orphan = ".new-00112233445566778899aabb"
        let busy = ".new-ffffffffffffffffffffffff"
        try scratch.put(orphan, "half")
        try scratch.put(busy, "half")
        let writer = Glibc.open("\(scratch.path)/\(busy)", O_RDWR)
        defer { close(writer) }
        #expect(flock(writer, LOCK_EX | LOCK_NB) == 0)
        let directory = try scratch.open()
        try directory.removeAbandonedFiles()
        #expect(scratch.mode(orphan) == 0)
        #expect(scratch.mode(busy) == 0o600)
    }

    @Test func `Removal takes everything inside and nothing outside`() throws {
        let scratch = try Scratch()
        let outside = try Scratch()
        try outside.put("keep", "me")
        let inside = try #require(try Directory.open("\(scratch.path)/in/a/b", create: true))
        try inside.createFile("f", with: [1])
        #expect(symlink(outside.path, "\(scratch.path)/in/link") == 0)
        #expect(symlink("\(outside.path)/keep", "\(scratch.path)/in/a/link") == 0)
        #expect(mkfifo("\(scratch.path)/in/fifo", 0o600) == 0)
        #expect(link("\(outside.path)/keep", "\(scratch.path)/in/hard") == 0)
        #expect(mkdir("\(scratch.path)/in/\u{1}", 0o700) == 0)
        #expect(try scratch.open().removeDirectory("in"))
        #expect(try !scratch.open().removeDirectory("in"))
        #expect(try scratch.open().names() == [])
        #expect(try outside.open().readFile("keep", limit: 10) == Array("me".utf8))
        #expect(symlink(outside.path, "\(scratch.path)/link") == 0)
        #expect(code { _ = try scratch.open().removeDirectory("link") } == .unexpectedFileType)
        #expect(try outside.open().names() == ["keep"])
    }
}
