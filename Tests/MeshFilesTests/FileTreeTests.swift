import Glibc
import MeshCore
import MeshFiles
import MeshPlatforms
import MeshTestSupport
import Testing

@Suite struct FileTreeTests {
    private func visit(_ tree: FileTree) throws -> [(name: String, kind: ArchiveSourceFile.Kind, octets: [UInt8])] {
        var found: [(name: String, kind: ArchiveSourceFile.Kind, octets: [UInt8])] = []
        try tree.visit { file in
            var octets = [UInt8](repeating: 0, count: file.size + 10)
            let count = try octets.withUnsafeMutableBytes { try file.read(at: 0, into: $0) }
            found.append((file.parts.joined(separator: "/"), file.kind, Array(octets.prefix(count))))
        }
        return found
    }

    @Test func `A tree is visited in order, directories first, and nothing but plain files is read`() throws {
        let scratch = try Scratch()
        mkdir("\(scratch.path)/d", 0o755)
        mkdir("\(scratch.path)/d/empty", 0o777)
        try scratch.put("d/b", "two", mode: 0o644)
        try scratch.put("d/a", "one", mode: 0o444)
        try scratch.put("d/run", "!", mode: 0o755)
        symlink("/etc/passwd", "\(scratch.path)/d/link")
        symlink("empty", "\(scratch.path)/d/linkdir")
        mkfifo("\(scratch.path)/d/pipe", 0o600)
        let found = try visit(FileTree("\(scratch.path)/d/"))
        #expect(found.map(\.name) == ["d", "d/a", "d/b", "d/empty", "d/link", "d/linkdir", "d/pipe", "d/run"])
        #expect(found.map(\.octets.count) == [0, 3, 3, 0, 0, 0, 0, 1])
        #expect(found[4].kind == .other("a symbolic link") && found[6].kind == .other("a FIFO"))
        var attributes: [String: ArchiveFileAttributes] = [:]
        try FileTree("\(scratch.path)/d", as: []).visit { attributes[$0.parts.joined(separator: "/")] = $0.attributes }
        #expect(attributes["a"]?.isReadOnly == true && attributes["b"]?.isReadOnly == false)
        #expect(attributes["run"]?.isExecutable == true && attributes["b"]?.isExecutable == false)
        #expect(attributes[""] == nil)
    }

    @Test func `A link at the top is visited as one, and a single file as itself`() throws {
        let scratch = try Scratch()
        try scratch.put("f", "x")
        symlink("f", "\(scratch.path)/l")
        #expect(try visit(FileTree("\(scratch.path)/l")).map(\.kind) == [.other("a symbolic link")])
        #expect(try visit(FileTree("\(scratch.path)/f", as: ["g", "h"])).map(\.name) == ["g/h"])
        #expect(code { _ = try visit(FileTree("\(scratch.path)/none")) } == .notFound)
        #expect(code { _ = try visit(FileTree("")) } == .invalidArgument)
    }

    private func extract(
        _ tree: ExtractedTree, _ parts: [String], _ text: String, _ attributes: ArchiveFileAttributes = .init()
    ) throws {
        try tree.makeFile(parts, attributes: attributes) { append in
            try Array(text.utf8).withUnsafeBytes { octets in
                try append(UnsafeRawBufferPointer(rebasing: octets.prefix(1)))
                try append(UnsafeRawBufferPointer(rebasing: octets.dropFirst(1)))
            }
        }
    }

    @Test func `Nothing is under the name before the end, and then everything is`() throws {
        let scratch = try Scratch()
        let parent = try scratch.open()
        let tree = try ExtractedTree("out", in: parent)
        try extract(tree, ["a", "b", "f"], "content")
        try extract(
            tree, ["a", "g"], "run",
            ArchiveFileAttributes(modified: Timestamp("2001-02-03T04:05:06Z"), isReadOnly: true, isExecutable: true))
        try tree.makeDirectory(["e"])
        #expect(try parent.names().isEmpty)
        // Somebody else cleaning up does not take what is being written.
        try parent.removeAbandonedFiles()
        try extract(tree, ["f"], "")
        try tree.commit()
        #expect(try parent.names() == ["out"])
        let found = try visit(FileTree("\(scratch.path)/out", as: []))
        #expect(found.map(\.name) == ["a", "a/b", "a/b/f", "a/g", "e", "f"])
        #expect(found[2].octets == Array("content".utf8) && found[5].octets.isEmpty)
        #expect(scratch.mode("out") == 0o700 && scratch.mode("out/a/b") == 0o700)
        #expect(scratch.mode("out/f") == 0o600 && scratch.mode("out/a/g") == 0o500)
        var times: [Timestamp?] = []
        try FileTree("\(scratch.path)/out/a/g").visit { times.append($0.attributes.modified) }
        #expect(times == [Timestamp("2001-02-03T04:05:06Z")])
    }

    @Test func `Given up, or killed half-way, it leaves nothing that lasts`() throws {
        let scratch = try Scratch()
        let parent = try scratch.open()
        do {
            let tree = try ExtractedTree("out", in: parent)
            try extract(tree, ["a", "f"], "content")
        }
        #expect(Glibc.access("\(scratch.path)/out", F_OK) != 0)
        #expect(try Listing.names(scratch.path).isEmpty)
        // As a killed process leaves it: the next extraction clears up.
        mkdir("\(scratch.path)/.new-0123456789abcdef01234567", 0o700)
        mkdir("\(scratch.path)/.new-0123456789abcdef01234567/d", 0o700)
        try ExtractedTree("out", in: parent).commit()
        #expect(try Listing.names(scratch.path) == ["out"])
    }

    @Test func `A name that is taken, in the tree or as the tree, is not replaced`() throws {
        let scratch = try Scratch()
        let parent = try scratch.open()
        try scratch.put("out", "mine")
        #expect(code { _ = try ExtractedTree("out", in: parent) } == .alreadyExists)
        let tree = try ExtractedTree("new", in: parent)
        try extract(tree, ["f"], "1")
        #expect(code { try extract(tree, ["f"], "2") } == .alreadyExists)
        #expect(code { try extract(tree, ["f", "g"], "2") } == .unexpectedFileType)
        #expect(code { try extract(tree, [], "2") } == .invalidArgument)
        for bad in ["", ".", "..", "a/b", "a\0b"] {
            #expect(code { try extract(tree, [bad], "2") } == .invalidArgument)
            #expect(code { try tree.makeDirectory([bad]) } == .invalidArgument)
        }
        // Taken while the tree was written.
        try scratch.put("new", "mine")
        #expect(code { try tree.commit() } == .alreadyExists)
        #expect(try parent.readFile("new", limit: 10) == Array("mine".utf8))
    }

    @Test func `A link that someone slips into the tree is not followed`() throws {
        let scratch = try Scratch()
        let parent = try scratch.open()
        mkdir("\(scratch.path)/outside", 0o700)
        let tree = try ExtractedTree("out", in: parent)
        let temporary = try #require(try Listing.names(scratch.path).first { $0.hasPrefix(".new-") })
        symlink("../outside", "\(scratch.path)/\(temporary)/d")
        symlink("../outside/f", "\(scratch.path)/\(temporary)/f")
        #expect(throws: PlatformError.self) { try extract(tree, ["d", "f"], "x") }
        #expect(throws: PlatformError.self) { try extract(tree, ["f"], "x") }
        #expect(try Listing.names("\(scratch.path)/outside").isEmpty)
    }
}

/// What is in a directory, without the code under test.
private enum Listing {
    static func names(_ path: String) throws -> [String] {
        let stream = try #require(opendir(path))
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }
}
