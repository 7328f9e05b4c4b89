import Glibc
import MeshDARE
import MeshPlatforms

/// A sequence that is to be read and nothing else: a file wherever it is and whoever may read it, or standard input (`-`), which
/// is kept in a file without a name meanwhile.
struct SequenceFile: Sendable {
    /// For messages, and to open it by.
    let name: String
    /// A directory in which nothing else is.
    let directory: any ContainerDirectory

    /// The octets that `input` has, from its beginning. Blocks.
    ///
    /// - Throws: ``PlatformError``, `CancellationError`.
    init(_ input: InputFile, path: String, _ progress: Progress) throws {
        if path == "-" || input.size == nil {
            let copy = try Self.copy(input, progress)
            directory = OneFile("standard input", descriptor: copy)
        } else {
            let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY)
            guard descriptor >= 0 else { throw FileOctets.failure(path, "opened") }
            directory = OneFile(path, descriptor: descriptor)
        }
        name = directory.path
    }

    private static func copy(_ input: InputFile, _ progress: Progress) throws -> Int32 {
        guard let file = tmpfile() else { throw FileOctets.failure("a temporary file", "made") }
        defer { fclose(file) }
        let descriptor = fcntl(fileno(file), F_DUPFD_CLOEXEC, 0)
        guard descriptor >= 0 else { throw FileOctets.failure("a temporary file", "made") }
        do {
            let piece = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 17, alignment: 16)
            defer { piece.deallocate() }
            while case let count = try input.read(into: piece), count > 0 {
                try progress.advance(to: input.count)
                try FileOctets.write(
                    UnsafeRawBufferPointer(rebasing: piece[..<count]), to: descriptor, named: "a temporary file")
            }
        } catch {
            close(descriptor)
            throw error
        }
        return descriptor
    }
}
