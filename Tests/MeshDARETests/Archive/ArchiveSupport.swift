import MeshCore
import MeshDARE
import MeshPlatforms

/// Files in memory, to be archived.
final class MemoryTree: ArchiveSource {
    var entries:
        [(parts: [String], kind: ArchiveSourceFile.Kind, content: [UInt8], attributes: ArchiveFileAttributes)] = []
    /// How many octets files seem to have more than they have.
    var lie = 0

    func file(_ path: String, _ content: [UInt8], _ attributes: ArchiveFileAttributes = .init()) {
        entries.append((path.split(separator: "/").map(String.init), .file, content, attributes))
    }

    func other(_ path: String, _ kind: ArchiveSourceFile.Kind) {
        entries.append((path.split(separator: "/").map(String.init), kind, [], .init()))
    }

    func visit(_ body: (ArchiveSourceFile) throws -> Void) throws {
        for entry in entries {
            let content = entry.content
            try body(
                ArchiveSourceFile(
                    parts: entry.parts, kind: entry.kind, attributes: entry.attributes, size: content.count + lie
                ) { offset, buffer in
                    let count = max(0, min(buffer.count, content.count - offset))
                    if count > 0 {
                        content.withUnsafeBytes {
                            buffer.copyMemory(from: .init(rebasing: $0[offset..<offset + count]))
                        }
                    }
                    return count
                })
        }
    }
}

/// A directory in memory that an archive is extracted into. It counts what it is asked.
final class MemoryDestination: ArchiveDestination {
    private(set) var files: [String: [UInt8]] = [:]
    private(set) var attributes: [String: ArchiveFileAttributes] = [:]
    private(set) var directories: Set<String> = []
    private(set) var isCommitted = false
    private(set) var isAbandoned = false
    /// The largest piece that was written.
    private(set) var largestPiece = 0

    func makeDirectory(_ parts: [String]) throws { directories.insert(parts.joined(separator: "/")) }

    func makeFile(
        _ parts: [String], attributes: ArchiveFileAttributes,
        write: (_ append: (UnsafeRawBufferPointer) throws -> Void) throws -> Void
    ) throws {
        let path = parts.joined(separator: "/")
        guard files[path] == nil else { throw PlatformError(.alreadyExists, store: path, "There is such a file.") }
        var content: [UInt8] = []
        try write { octets in
            largestPiece = max(largestPiece, octets.count)
            content.append(contentsOf: octets)
        }
        files[path] = content
        self.attributes[path] = attributes
    }

    func commit() throws { isCommitted = true }

    func abandon() {
        isAbandoned = true
        files = [:]
    }
}
