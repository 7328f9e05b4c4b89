import Glibc
import MeshCore
import MeshPlatforms

/// Files with shares and other secrets, when a person asked for them: created for their owner alone, never over another file.
enum SecretFile {
    private static let largest = 64 * 1024
    /// The largest file that holds one secret.
    private static let largestContent = 256 << 10

    /// Writes `text` and a line end to a new file that only the owner can read.
    ///
    /// - Throws: ``PlatformError`` `alreadyExists`, `accessDenied`, `inputOutput`; no file is left then.
    static func create(_ path: String, _ text: borrowing SecretBytes) throws {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw failure(path, "created") }
        defer { close(descriptor) }
        let line = SecretBytes(count: text.count + 1) { line in
            text.withUnsafeBytes { line.copyMemory(from: $0) }
            line[line.count - 1] = 0x0A
        }
        let isWritten = line.withUnsafeBytes { octets in
            write(descriptor, octets.baseAddress, octets.count) == octets.count && fsync(descriptor) == 0
        }
        guard isWritten else {
            let error = failure(path, "written")
            unlink(path)
            throw error
        }
    }

    /// The lines of the file at `path` that are not empty.
    static func lines(of path: String) throws -> [SharedSecret] {
        let content = try content(of: path, atMost: largest)
        return content.withUnsafeBytes { octets in
            octets.split(whereSeparator: { $0 == 0x0A || $0 == 0x0D }).map { line in
                SharedSecret(SecretBytes(copying: UnsafeRawBufferPointer(rebasing: line)))
            }
        }
    }

    /// The file at `path` as ``create(_:_:)`` has written it, without the line end.
    static func content(of path: String) throws -> SecretBytes {
        let content = try content(of: path, atMost: largestContent)
        let isEnded = content.withUnsafeBytes { $0.last == 0x0A }
        return content.duplicate(0..<content.count - (isEnded ? 1 : 0))
    }

    private static func content(of path: String, atMost largest: Int) throws -> SecretBytes {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure(path, "opened") }
        defer { close(descriptor) }
        var count = 0
        let content = try SecretBytes(count: largest) { (buffer) throws(PlatformError) in
            while count < buffer.count {
                let got = Glibc.read(descriptor, buffer.baseAddress.map { $0 + count }, buffer.count - count)
                if got < 0, errno == EINTR { continue }
                guard got >= 0 else { throw failure(path, "read") }
                if got == 0 { break }
                count += got
            }
        }
        guard count < largest else {
            throw PlatformError(.tooLarge, store: path, "The file is too large to hold secrets.")
        }
        return content.duplicate(0..<count)
    }

    private static func failure(_ path: String, _ doing: String) -> PlatformError {
        FileOctets.failure(path, doing)
    }
}
