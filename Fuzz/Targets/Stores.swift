import MeshCore
import MeshCryptography
import MeshDARE
import MeshInMemory
import MeshPlatforms

extension FuzzTarget {
    /// Catalogs, spools and archives, which are sequences with a meaning.
    static let stores = [
        FuzzTarget("catalog", seeds: FuzzSequences.makeCatalogs) { input in
            let directory = InMemoryContainerDirectory()
            var options = CatalogOptions()
            options.keys = FuzzSequences.keys
            guard (try? directory.createFile("catalog", with: input)) != nil,
                let catalog = try? Catalog.open("catalog", in: directory, .read, options: options)
            else { return }
            for key in (try? catalog.keys) ?? [] {
                guard let record = try? catalog.find(key) else {
                    require(false, "an entry that is listed is not found")
                    return
                }
                _ = try? catalog.content(of: record)
            }
            _ = try? catalog.find(named: "name")
        },
        FuzzTarget("spool", seeds: FuzzSequences.makeCatalogs) { input in
            let directory = InMemoryContainerDirectory()
            guard (try? directory.createFile("MMM_Inbound.dcat", with: input)) != nil,
                let spool = try? Spool.open(
                    .inbound, in: directory, .read, options: SpoolOptions(mayChangeStates: .anyone))
            else { return }
            for message in (try? spool.messages()) ?? [] { _ = try? spool.content(of: message) }
        },
        FuzzTarget("archive", seeds: FuzzSequences.makeArchives) { input in
            let directory = InMemoryContainerDirectory()
            guard (try? directory.createFile("archive", with: input)) != nil,
                let archive = try? Archive.open("archive", in: directory, .read, keys: FuzzSequences.keys)
            else { return }
            let destination = CheckedDestination()
            _ = try? archive.extract(to: destination)
            require(destination.isDone, "an extraction ended without an end")
            for file in (try? archive.files()) ?? [] { _ = try? archive.read(file) { _ in } }
        },
        FuzzTarget("archive-path") { input in
            guard let path = try? ArchivePath(recorded: String(decoding: input, as: UTF8.self)) else { return }
            CheckedDestination.check(path.parts)
            require((try? ArchivePath(parts: path.parts)) == path, "a path reads as another")
        },
        FuzzTarget("proof") { input in
            guard let octets = try? InclusionProof(decoding: input) else {
                if let proof = try? ConsistencyProof(decoding: input) {
                    require((try? ConsistencyProof(decoding: proof.encoded())) == proof, "a proof reads as another")
                    let checkpoint = SequenceCheckpoint(index: proof.apex, digest: Array(input.suffix(64)))
                    _ = try? proof.verify(from: SequenceCheckpoint(index: proof.index, digest: []), to: checkpoint)
                    _ = try? proof.verify(
                        from: SequenceCheckpoint(index: proof.index, digest: Array(input.prefix(64))), to: checkpoint)
                }
                return
            }
            require((try? InclusionProof(decoding: octets.encoded())) == octets, "a proof reads as another")
            let digest = Array(input.suffix(64))
            _ = try? octets.verify(
                payloadDigest: digest, under: SequenceCheckpoint(index: octets.apex, digest: digest))
        },
    ]
}

/// A place for extracted files that keeps nothing, and looks whether every name stays inside.
private final class CheckedDestination: ArchiveDestination {
    private(set) var isDone = false

    static func check(_ parts: [String]) {
        require(!parts.isEmpty, "a file has no name")
        for part in parts {
            require(
                !part.isEmpty && part != "." && part != ".."
                    && !part.utf8.contains { $0 == 0 || $0 == 0x2F || $0 == 0x5C },
                "the name \(part) leads elsewhere")
        }
    }

    func makeDirectory(_ parts: [String]) throws { Self.check(parts) }

    func makeFile(
        _ parts: [String], attributes: ArchiveFileAttributes,
        write: (_ append: (UnsafeRawBufferPointer) throws -> Void) throws -> Void
    ) throws {
        Self.check(parts)
        try write { _ in }
    }

    func commit() throws { isDone = true }
    func abandon() { isDone = true }
}

extension FuzzSequences {
    /// A plain and an encrypted catalog with some history.
    static func makeCatalogs() throws -> [[UInt8]] {
        let directory = InMemoryContainerDirectory()
        var files: [[UInt8]] = []
        for isSealed in [false, true] {
            let name = "catalog-\(isSealed)"
            let policy = isSealed ? SequencePolicy(recipients: [FuzzKeys.recipient.publicKey]) : .plain
            let sequence = try DARESequence.create(
                name, in: directory, SequenceOptions(.chain, policy: policy), keys: keys,
                random: SeededRandomSource(seed: 3))
            var first: [String: Int] = [:]
            let events: [(ContentMeta.Event, String)] = [
                (.new, "a"), (.new, "b"), (.update, "a"), (.delete, "b"), (.new, "b"), (.update, "a"),
            ]
            for (number, (event, key)) in events.enumerated() {
                var meta = ContentMeta()
                meta.uniqueID = key
                meta.event = event
                meta.first = event == .new ? nil : first[key]
                if event == .new { first[key] = number + 1 }
                meta.keyValues = [ContentMeta.KeyValue(key: "LocalName", value: "name")]
                try sequence.append(
                    FrameContent(event == .delete ? [] : Array(#"{"CatalogedContact":{"Key":"a"}}"#.utf8), meta: meta))
            }
            files.append(try octets(name, in: directory))
        }
        return files
    }

    /// A plain and an encrypted archive with files and directories.
    static func makeArchives() throws -> [[UInt8]] {
        let directory = InMemoryContainerDirectory()
        var files: [[UInt8]] = []
        for isSealed in [false, true] {
            let name = "archive-\(isSealed)"
            let policy = isSealed ? SequencePolicy(recipients: [FuzzKeys.recipient.publicKey]) : .plain
            let archive = try Archive.create(
                name, in: directory, policy: policy, keys: keys, random: SeededRandomSource(seed: 4))
            try archive.addDirectory(ArchivePath(parts: ["directory"]))
            for (number, parts) in [["directory", "file"], ["other"], ["directory", "file"]].enumerated() {
                var content = ArraySlice("content \(number)".utf8)
                try archive.add(ArchivePath(parts: parts), size: content.count) { buffer in
                    let count = min(buffer.count, content.count)
                    buffer.copyBytes(from: content.prefix(count))
                    content = content.dropFirst(count)
                    return count
                }
            }
            try archive.delete(ArchivePath(parts: ["other"]))
            files.append(try octets(name, in: directory))
        }
        return files
    }
}
