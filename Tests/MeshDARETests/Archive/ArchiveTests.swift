import MeshCore
import MeshCryptography
import MeshEncoding
import MeshInMemory
import MeshPlatforms
import Testing

@testable import MeshDARE

@Suite("Archives")
struct ArchiveTests {
    private let directory = InMemoryContainerDirectory()
    private let keys: TestKeys

    init() throws { keys = try TestKeys() }

    static let protections: [(SequencePolicy.Encryption, Bool)] = SequencePolicy.Encryption.allCases.flatMap {
        [($0, false), ($0, true)]
    }

    private func tree() -> MemoryTree {
        let tree = MemoryTree()
        tree.other("d", .directory)
        tree.file("d/empty", [])
        tree.file("d/one", [1], ArchiveFileAttributes(modified: Timestamp("2001-02-03T04:05:06Z"), isReadOnly: true))
        tree.file("d/sub/run", [2, 3], ArchiveFileAttributes(isExecutable: true))
        for size in [15, 16, 17, 131_071, 131_072, 131_073, 300_000] {
            tree.file("big \(size)", (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ size) })
        }
        return tree
    }

    private func make(_ policy: SequencePolicy = .plain, keys: SequenceKeys = .none) throws -> Archive {
        let archive = try Archive.create("a", in: directory, policy: policy, keys: keys)
        try archive.add(tree())
        return archive
    }

    @Test("What is put in comes out, encrypted and signed or not", arguments: protections)
    func roundTrip(_ encryption: SequencePolicy.Encryption, _ isSigned: Bool) throws {
        let policy = SequencePolicy(
            encryption: encryption, recipients: encryption == .none ? [] : [keys.alice.publicKey],
            signature: isSigned ? .isolated : .none, signers: isSigned ? [keys.signer.publicKey] : [])
        let own = SequenceKeys(DecryptionKeys([keys.alice]), signer: keys.signer)
        let archive = try make(policy, keys: own)
        let reader = try #require(try Archive.open("a", in: directory, .read, keys: own))
        for archive in [archive, reader] {
            let destination = MemoryDestination()
            #expect(try archive.extract(to: destination) == 10)
            #expect(destination.isCommitted && !destination.isAbandoned && destination.directories == ["d"])
            #expect(destination.files.count == 10)
            for entry in tree().entries where entry.kind == .file {
                let path = entry.parts.joined(separator: "/")
                #expect(destination.files[path] == entry.content, "\(path)")
                #expect(destination.attributes[path] == entry.attributes)
            }
            // In pieces, whatever the size.
            #expect(destination.largestPiece <= 131_072 + 16)
        }
        let verification = try archive.sequence.verify(SequenceVerificationOptions(signers: [keys.signer.publicKey]))
        #expect(verification.isIntact && verification.coversHeaders && verification.coversOrder)
        #expect(verification.validSignatures == (isSigned ? archive.sequence.count : 0))
        if encryption != .none {
            let stranger = try #require(
                try Archive.open("a", in: directory, .read, keys: SequenceKeys(DecryptionKeys([keys.bob]))))
            // Listing needs no key, reading does.
            #expect(try stranger.files().count == 11)
            let destination = MemoryDestination()
            #expect(throws: DAREError.self) { try stranger.extract(to: destination) }
            #expect(destination.isAbandoned && !destination.isCommitted)
        }
    }

    @Test("The frames are what other implementations write: paths, events and file entries in a Merkle sequence")
    func form() throws {
        let archive = try make()
        let sequence = archive.sequence
        #expect(sequence.knownType == .merkle && sequence.meta.contentType == "mmm-tbs")
        let meta = try sequence.frame(at: 3).members.contentMeta
        #expect(meta.uniqueID == "d/one" && meta.filename == "one" && meta.event == .new)
        #expect(meta.fileEntry?.path == "d/one" && meta.fileEntry?.written?.description == "2001-02-03T04:05:06Z")
        #expect(meta.fileEntry?.attributes == 1)
        #expect(try sequence.frame(at: 1).members.contentMeta.fileEntry?.attributes == 0x10)
        #expect(try sequence.frame(at: 2).members.contentMeta.fileEntry?.attributes == 0x80)
    }

    @Test("Listing says what is there without looking at contents; one file or a directory is extracted alone")
    func selection() throws {
        let archive = try make()
        #expect(try archive.files().map(\.path.text).prefix(3) == ["big 131071", "big 131072", "big 131073"])
        let run = try #require(try archive.find(ArchivePath(recorded: "d/sub/run")))
        #expect(run.storedSize == 2 && run.attributes.isExecutable && !run.isDirectory)
        #expect(try archive.find(ArchivePath(recorded: "none")) == nil)
        var destination = MemoryDestination()
        try archive.extract(to: destination, [ArchivePath(recorded: "d/sub/run")])
        #expect(destination.files == ["d/sub/run": [2, 3]])
        destination = MemoryDestination()
        try archive.extract(to: destination, [ArchivePath(recorded: "d")])
        #expect(Set(destination.files.keys) == ["d/empty", "d/one", "d/sub/run"])
        destination = MemoryDestination()
        #expect(throws: ArchiveError(.notFound, "")) {
            try archive.extract(to: destination, [ArchivePath(recorded: "d"), ArchivePath(recorded: "e")])
        }
        #expect(destination.isAbandoned)
    }

    @Test("Files are replaced and deleted; the last version counts")
    func changes() throws {
        let archive = try make()
        let path = try ArchivePath(recorded: "d/one")
        var isGiven = false
        let frame = try archive.add(path, size: 3) { buffer in
            if isGiven { return 0 }
            isGiven = true
            buffer.copyBytes(from: [7, 8, 9])
            return 3
        }
        try archive.delete(ArchivePath(recorded: "d/empty"))
        let reader = try #require(try Archive.open("a", in: directory, .read))
        for archive in [archive, reader] {
            #expect(try archive.find(path)?.frame == frame && archive.find(ArchivePath(recorded: "d/empty")) == nil)
            var content: [UInt8] = []
            try archive.read(#require(try archive.find(path))) { content += $0 }
            #expect(content == [7, 8, 9])
        }
        let metas = try [frame, frame + 1].map { try archive.sequence.frame(at: $0).members.contentMeta }
        #expect(metas.map { $0.event?.rawValue } == ["Update", "Delete"])
        #expect(metas.map(\.first) == [3, 2] && metas.map(\.previous) == [3, 2])
        #expect(throws: ArchiveError(.notFound, "")) { try archive.delete(ArchivePath(recorded: "d/empty")) }
        #expect(throws: ArchiveError(.alreadyExists, "")) { try archive.add(path, size: 0, replaces: false) { _ in 0 } }
        for bad in ["d", "d/one/x"] {
            #expect(throws: ArchiveError(.kindConflict, "")) {
                try archive.add(ArchivePath(recorded: bad), size: 0) { _ in 0 }
            }
        }
        #expect(throws: ArchiveError(.kindConflict, "")) { try archive.addDirectory(path) }
        #expect(archive.sequence.count == frame + 2)
    }

    @Test("A file that grows or shrinks while it is added, or cannot be read, is not added", arguments: [1, -1])
    func changedFile(_ lie: Int) throws {
        struct Unreadable: Error {}
        let archive = try make()
        let count = archive.sequence.count
        let other = MemoryTree()
        other.file("new", [UInt8](repeating: 5, count: 200_000))
        other.lie = lie
        #expect(throws: ArchiveError(.changed, "")) { try archive.add(other) }
        #expect(throws: Unreadable.self) {
            try archive.add(ArchivePath(recorded: "new"), size: 5) { _ in throw Unreadable() }
        }
        #expect(try archive.sequence.refresh() == count && archive.find(ArchivePath(recorded: "new")) == nil)
        #expect(try archive.sequence.verify().isIntact)
    }

    @Test("What is no file is refused, or left out and reported; names that cannot be recorded are refused")
    func others() throws {
        let archive = try Archive.create("a", in: directory)
        let tree = MemoryTree()
        tree.other("link", .other("a symbolic link"))
        tree.file("f", [1])
        #expect(throws: ArchiveError(.notAFile, "")) { try archive.add(tree) }
        #expect(try archive.add(tree, skipsOthers: true) == [ArchiveSkip(path: "link", kind: "a symbolic link")])
        #expect(try archive.files().map(\.path.text) == ["f"])
        let bad = MemoryTree()
        bad.file("a\\b", [1])
        #expect(throws: ArchiveError(.controlCharacter, "")) { try archive.add(bad) }
    }

    @Test("A proof shows that a file is in the archive, and does not fit another content")
    func proof() throws {
        let archive = try make()
        let checkpoint = try archive.sequence.checkpoint(at: archive.sequence.count - 1)
        let file = try #require(try archive.find(ArchivePath(recorded: "big 300000")))
        let proof = try archive.inclusionProof(of: file)
        let content = tree().entries.first { $0.parts == ["big 300000"] }?.content ?? []
        try proof.verify(payloadDigest: HashAlgorithm.sha512.digest(content), under: checkpoint)
        #expect(throws: DAREError(.badProof, "")) {
            try proof.verify(payloadDigest: HashAlgorithm.sha512.digest([1]), under: checkpoint)
        }
    }

    @Test("Progress is told, and giving up from there leaves nothing half")
    func progress() throws {
        struct GivenUp: Error {}
        let archive = try make()
        var seen: [String] = []
        let destination = MemoryDestination()
        #expect(throws: GivenUp.self) {
            try archive.extract(to: destination) { path, _ in
                seen.append(path)
                if seen.count == 4 { throw GivenUp() }
            }
        }
        #expect(seen.count == 4 && destination.isAbandoned && !destination.isCommitted && destination.files.isEmpty)
    }

    @Test("A sequence of another kind is not taken for an archive")
    func otherKind() throws {
        var options = CatalogOptions()
        options.contentType = "application/mmm-host"
        _ = try Catalog.create("c", in: directory, options: options)
        #expect(throws: ArchiveError(.notAnArchive, "")) { try Archive.open("c", in: directory) }
        #expect(try Archive.open("none", in: directory) == nil)
    }

    @Test("Three thousand files go in and are listed and extracted in a moment")
    func many() throws {
        let tree = MemoryTree()
        for number in 0..<3_000 { tree.file("d\(number % 100)/f\(number)", [UInt8(truncatingIfNeeded: number)]) }
        let archive = try Archive.create("a", in: directory)
        try archive.add(tree)
        let reader = try #require(try Archive.open("a", in: directory, .read))
        let destination = MemoryDestination()
        #expect(try reader.extract(to: destination) == 3_000)
    }
}
