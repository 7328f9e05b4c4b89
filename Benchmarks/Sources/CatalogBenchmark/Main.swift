import Foundation
import MeshCore
import MeshCryptography
import MeshDARE
import MeshFiles
import MeshPlatforms

/// Catalogs of 1,000 and 100,000 entries, and archives, against the least that does the same in the same run. Prints
/// `name ratio ours baseline unit` (medians).
@main struct CatalogBenchmark {
    static func main() throws {
        let root = FileManager.default.temporaryDirectory.path + "/mesh-catalog-benchmark-\(getpid())"
        defer { try? FileManager.default.removeItem(atPath: root) }
        guard let directory = try Directory.open(root, create: true) else { return }
        let containers = LinuxContainerDirectory(directory)
        for count in [1_000, 100_000] { try measureCatalog(count, containers, root) }
        try measureArchive(containers, directory, root)
    }

    // MARK: Catalogs

    static func content(_ number: Int) -> CatalogFrame {
        var contact = CatalogedContact(key: "contact-\(number)")
        contact.localName = "name \(number)"
        contact.contact = ["ContactPerson": ["Id": .string("id-\(number)"), "CommonNames": [["FullName": "A Person"]]]]
        return CatalogFrame(
            contact.encoded.compact,
            secondaryKeys: [SecondaryKey(name: SecondaryKey.localName, value: "name \(number)")])
    }

    static func measureCatalog(_ count: Int, _ containers: LinuxContainerDirectory, _ root: String) throws {
        let name = "catalog-\(count)"
        let catalog = try Catalog.create(name, in: containers)
        let adding = try time {
            for start in stride(from: 0, to: count, by: 1_000) {
                try catalog.transact(durability: .atClose) { transaction in
                    for number in start..<min(start + 1_000, count) {
                        try transaction.add("contact-\(number)", content(number))
                    }
                }
            }
        }
        say("catalog-add-\(count) - \(rounded(adding / Double(count))) - us per entry")

        // Opening, against reading the file and hashing it.
        var opens: [Double] = []
        var reads: [Double] = []
        for _ in 0..<(count > 10_000 ? 3 : 20) {
            opens.append(try time { try expect(try Catalog.open(name, in: containers)?.count == count) })
            reads.append(
                try time {
                    let octets = [UInt8](try Data(contentsOf: URL(fileURLWithPath: "\(root)/\(name)")))
                    try expect(HashAlgorithm.sha512.digest(octets).count == 64)
                })
        }
        report("catalog-open-\(count)", opens, reads, "us")

        let memory = residentSize()
        let held = try Catalog.open(name, in: containers, .read)
        say("catalog-memory-\(count) - \((residentSize() - memory) / count) - octets per entry")
        guard let held else { return }

        // Finding and reading one entry, against one read of as many octets.
        var finds: [Double] = []
        var preads: [Double] = []
        let descriptor = open("\(root)/\(name)", O_RDONLY)
        defer { close(descriptor) }
        var buffer = [UInt8](repeating: 0, count: 1_200)
        for round in 0..<2_000 {
            let number = round &* 7_919 % count
            finds.append(
                try time {
                    guard let record = try held.find("contact-\(number)") else { throw Failure() }
                    try expect(try !held.content(of: record).isEmpty)
                })
            preads.append(
                try time { try expect(pread(descriptor, &buffer, buffer.count, off_t(number * 100)) > 0) })
        }
        report("catalog-find-\(count)", finds, preads, "us")
        let named = try time {
            for number in 0..<1_000 { try expect(try held.find(named: "name \(number)") != nil) }
        }
        say("catalog-find-local-\(count) - \(rounded(named / 1_000)) - us")

        // One durable update, against a write and fdatasync of as many octets.
        var updates: [Double] = []
        var raws: [Double] = []
        let raw = open("\(root)/raw-\(count)", O_WRONLY | O_CREAT, 0o600)
        defer { close(raw) }
        for round in 0..<300 {
            let number = round &* 7_919 % count
            updates.append(
                try time {
                    try catalog.transact(durability: .record) { transaction in
                        _ = try transaction.update("contact-\(number)", content(number), from: nil)
                    }
                })
            raws.append(
                try time {
                    try expect(write(raw, buffer, 1_100) == 1_100)
                    try expect(fdatasync(raw) == 0)
                })
        }
        report("catalog-update-\(count)", updates, raws, "us")
        let compacting = try time { try catalog.compact() }
        say("catalog-compact-\(count) - \(rounded(compacting / 1_000)) - ms")
    }

    // MARK: Archives

    /// Files in memory: 64 of 4 MiB.
    final class Files: ArchiveSource {
        static let count = 64
        static let size = 4 << 20
        let content: [UInt8] = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31) }

        func visit(_ body: (ArchiveSourceFile) throws -> Void) throws {
            for number in 0..<Self.count {
                try body(
                    ArchiveSourceFile(
                        parts: ["files", "\(number)"], kind: .file, attributes: ArchiveFileAttributes(), size: Self.size
                    ) { [content] offset, buffer in
                        let count = min(buffer.count, Self.size - offset)
                        content.withUnsafeBytes {
                            buffer.copyMemory(from: .init(rebasing: $0[offset..<offset + count]))
                        }
                        return count
                    })
            }
        }
    }

    static func measureArchive(_ containers: LinuxContainerDirectory, _ directory: Directory, _ root: String) throws {
        let files = Files()
        let megabytes = Double(Files.count * Files.size) / 1e6
        // A write and a hash of the same octets, in pieces of the same size.
        func bare() throws -> Double {
            let path = "\(root)/bare"
            defer { unlink(path) }
            return try time {
                let descriptor = open(path, O_WRONLY | O_CREAT, 0o600)
                defer { close(descriptor) }
                var digest = StreamingDigest(.sha512)
                for _ in 0..<Files.count {
                    try files.content.withUnsafeBytes { octets in
                        for start in stride(from: 0, to: octets.count, by: 1 << 17) {
                            let piece = UnsafeRawBufferPointer(rebasing: octets[start..<start + (1 << 17)])
                            digest.update(piece)
                            try expect(write(descriptor, piece.baseAddress, piece.count) == piece.count)
                        }
                    }
                }
                try expect(fdatasync(descriptor) == 0)
            }
        }
        let key = try PrivateKey.generate(.x448, from: SystemRandomSource())
        for (label, policy) in [
            ("plain", SequencePolicy.plain), ("encrypted", SequencePolicy(recipients: [key.publicKey])),
        ] {
            var adds: [Double] = []
            var extracts: [Double] = []
            var bares: [Double] = []
            let before = residentSize()
            for round in 0..<3 {
                let name = "archive-\(label)-\(round)"
                let archive = try Archive.create(
                    name, in: containers, policy: policy, keys: SequenceKeys(DecryptionKeys([key])))
                adds.append(megabytes / (try time { try archive.add(files) }) * 1e6)
                let tree = try ExtractedTree("out-\(label)-\(round)", in: directory)
                extracts.append(
                    megabytes / (try time { try expect(try archive.extract(to: tree) == Files.count) }) * 1e6)
                bares.append(megabytes / (try bare()) * 1e6)
                _ = try directory.removeDirectory("out-\(label)-\(round)")
                _ = try containers.remove(name)
            }
            report("archive-add-\(label)", adds, bares, "MB/s")
            report("archive-extract-\(label)", extracts, bares, "MB/s")
            say("archive-memory-\(label) - \((residentSize() - before) >> 10) - KiB for \(Int(megabytes)) MB")
        }
    }

    // MARK: Measuring

    struct Failure: Error {}

    static func expect(_ isTrue: Bool) throws {
        if !isTrue { throw Failure() }
    }

    static func time(_ body: () throws -> Void) throws -> Double {
        let start = ContinuousClock.now
        try body()
        let (seconds, attoseconds) = (ContinuousClock.now - start).components
        return Double(seconds) * 1e6 + Double(attoseconds) / 1e12
    }

    static func report(_ name: String, _ ours: [Double], _ baseline: [Double], _ unit: String) {
        let (left, right) = (median(ours), median(baseline))
        say("\(name) \(rounded(left / right)) \(rounded(left)) \(rounded(right)) \(unit)")
    }

    /// At once, so that what was measured is seen also if something fails.
    static func say(_ line: String) {
        print(line)
        fflush(nil)
    }

    static func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }
    static func rounded(_ value: Double) -> String { String(format: value < 10 ? "%.2f" : "%.0f", value) }

    /// How much memory the process has, in octets.
    static func residentSize() -> Int {
        guard let text = try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8) else { return 0 }
        let parts = text.split(separator: " ")
        return parts.count > 1 ? (Int(parts[1]) ?? 0) * 4096 : 0
    }
}
