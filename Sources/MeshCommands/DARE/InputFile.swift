import Glibc
import MeshDARE
import MeshPlatforms
import Synchronization

/// A file that is read from its beginning to its end, or standard input (`-`). Reading blocks.
final class InputFile: Sendable {
    /// For messages.
    let name: String
    /// How many octets there are, if that is known before they are read.
    let size: Int?
    private let descriptor: Int32?
    private let console: any Console
    private let state = Mutex(State())

    private struct State {
        /// Octets that were read already and are to come again.
        var returned: [UInt8] = []
        var place = 0
        var count = 0
    }

    /// - Throws: ``PlatformError`` `notFound`, `accessDenied`, `unexpectedFileType`, `inputOutput`.
    init(_ path: String, _ console: any Console) throws(PlatformError) {
        self.console = console
        if path == "-" {
            (name, size, descriptor) = ("standard input", nil, nil)
            return
        }
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY)
        guard descriptor >= 0 else { throw FileOctets.failure(path, "opened") }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            close(descriptor)
            throw FileOctets.failure(path, "read")
        }
        guard status.st_mode & S_IFMT != S_IFDIR else {
            close(descriptor)
            throw PlatformError(.unexpectedFileType, store: path, "It is a directory.")
        }
        name = path
        size = status.st_mode & S_IFMT == S_IFREG ? Int(status.st_size) : nil
        self.descriptor = descriptor
    }

    deinit {
        if let descriptor { close(descriptor) }
    }

    /// How many octets were taken so far.
    var count: Int { state.withLock { $0.count } }

    /// Fills `buffer` with what comes next; 0 at the end.
    func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        let again = state.withLock { state in
            let count = min(buffer.count, state.returned.count - state.place)
            state.returned.withUnsafeBytes {
                buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[state.place..<state.place + count]))
            }
            state.place += count
            if state.place == state.returned.count { (state.returned, state.place) = ([], 0) }
            state.count += count
            return count
        }
        if again > 0 || buffer.isEmpty { return again }
        let count =
            if let descriptor { try FileOctets.read(descriptor, into: buffer, named: name) } else {
                try console.read(into: buffer)
            }
        state.withLock { $0.count += count }
        return count
    }

    /// Gives back octets that were read: they are the next ones again.
    func putBack(_ octets: [UInt8]) {
        state.withLock { state in
            state.returned = octets + state.returned[state.place...]
            state.place = 0
            state.count -= octets.count
        }
    }
}
