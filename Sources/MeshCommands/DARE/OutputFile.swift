import Glibc
import MeshDARE
import MeshPlatforms
import Synchronization

/// A file that appears under its name only when all of it is written and durable: whatever happens before, the interruption by
/// the person included, nothing is left. Or standard output (`-`), which cannot be taken back. Everything blocks.
///
/// New files are for their owner alone (0600): what is written may have been secret.
final class OutputFile: PlaintextSink, Sendable {
    /// For messages.
    let name: String
    private let place: Place
    private let console: any Console
    private let replaces: Bool
    private let state: Mutex<State>

    /// O_TMPFILE, which is a macro of macros: a file without a name goes with the process, however that ends.
    private static let withoutName: Int32 = 0o20_000_000 | O_DIRECTORY

    private enum Place {
        case standardOutput
        case file(directory: Int32, name: String)
    }

    private struct State {
        /// The file that has no name yet, or a passing one.
        var descriptor: Int32 = -1
        /// The passing name, where files without a name are not to be had.
        var passingName: String?
    }

    /// - Parameter replaces: whether a file of that name is replaced.
    /// - Throws: ``PlatformError`` `alreadyExists`, `notFound` (the directory), `accessDenied`, `inputOutput`.
    init(_ path: String, replaces: Bool, _ console: any Console) throws(PlatformError) {
        self.console = console
        self.replaces = replaces
        if path == "-" {
            (name, place) = ("standard output", .standardOutput)
            state = Mutex(State())
            return
        }
        name = path
        let (folder, last) = try FilePath.split(path)
        let directory = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard directory >= 0 else { throw FileOctets.failure(path, "made") }
        place = .file(directory: directory, name: last)
        var status = stat()
        if !replaces, fstatat(directory, last, &status, AT_SYMLINK_NOFOLLOW) == 0 {
            close(directory)
            throw PlatformError(
                .alreadyExists, store: path, "There is a file of that name.",
                remedy: "Choose another place, or say --force.")
        }
        var opened = State()
        opened.descriptor = openat(directory, ".", Self.withoutName | O_RDWR | O_CLOEXEC, 0o600)
        if opened.descriptor < 0, errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL || errno == ENOENT {
            let passing = Self.passingName(last)
            opened.descriptor = openat(directory, passing, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
            if opened.descriptor >= 0 { opened.passingName = passing }
        }
        guard opened.descriptor >= 0 else {
            let error = FileOctets.failure(path, "made")
            close(directory)
            throw error
        }
        state = Mutex(opened)
    }

    deinit {
        discard()
        if case .file(let directory, _) = place { close(directory) }
    }

    func write(_ octets: UnsafeRawBufferPointer) throws {
        guard case .file = place else { return try console.writeContent(octets) }
        try state.withLock { state in
            guard state.descriptor >= 0 else { throw CancellationError() }
            try FileOctets.write(octets, to: state.descriptor, named: name)
        }
    }

    /// The file while it has no name, to write in any order; nil for standard output, and when it is done.
    var descriptor: Int32? { state.withLock { $0.descriptor >= 0 ? $0.descriptor : nil } }

    /// Gives the file its name, durably.
    ///
    /// - Throws: ``PlatformError`` `alreadyExists` if another took the name meanwhile, `noSpace`, `inputOutput`.
    func commit() throws {
        guard case .file(let directory, let last) = place else { return }
        try state.withLock { state in
            guard state.descriptor >= 0 else { throw CancellationError() }
            guard fsync(state.descriptor) == 0 else { throw FileOctets.failure(name, "written") }
            if replaces {
                // A file without a name can be given one only if it is free: first a passing one.
                let passing = try state.passingName ?? Self.give(Self.passingName(last), directory, state, name)
                state.passingName = passing
                guard renameat(directory, passing, directory, last) == 0 else { throw FileOctets.failure(name, "made") }
                state.passingName = nil
            } else {
                _ = try Self.give(last, directory, state, name)
                // What had a passing name has two now.
                if let passing = state.passingName { unlinkat(directory, passing, 0) }
                state.passingName = nil
            }
            close(state.descriptor)
            state.descriptor = -1
            guard fsync(directory) == 0 else { throw FileOctets.failure(name, "written") }
        }
    }

    private static func passingName(_ name: String) -> String { ".\(name).\(getpid()).part" }

    /// Gives the file a name that is free.
    private static func give(
        _ newName: String, _ directory: Int32, _ state: State, _ name: String
    ) throws(PlatformError) -> String {
        let path = "/proc/self/fd/\(state.descriptor)"
        guard linkat(AT_FDCWD, path, directory, newName, AT_SYMLINK_FOLLOW) == 0 else {
            throw FileOctets.failure(name, "made")
        }
        return newName
    }

    /// Throws away what was written. Does nothing after ``commit()``, or when done before.
    func discard() {
        state.withLock { state in
            if let passing = state.passingName, case .file(let directory, _) = place { unlinkat(directory, passing, 0) }
            state.passingName = nil
            if state.descriptor >= 0 { close(state.descriptor) }
            state.descriptor = -1
        }
    }
}
