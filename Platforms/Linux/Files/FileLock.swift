import CLinuxFiles
import Glibc
import MeshCore
import MeshPlatforms
import Synchronization

/// A lock that one holder has at a time, among all threads and processes that name it in the same directory.
///
/// The lock is on a file beside the data, reached through the directory's descriptor, so that it is the same lock
/// however the directory's path is spelled. The file is never renamed, and goes only when a test root is erased; a
/// holder notices that. Locks belong to an open file (not to the process, whose locks would be lost when any descriptor
/// of the file is closed), and each holder opens its own. The system gives the lock back when its holder dies.
public struct FileLock: Sendable {
    private let directory: Directory
    private let name: String

    /// The lock called `name`, such as `system.lock`, in `directory`.
    public init(_ name: String, in directory: Directory) {
        self.name = name
        self.directory = directory
    }

    /// Takes the lock for the length of `body`. Blocks, so call it off the cooperative pool.
    ///
    /// - Throws: as ``acquire(until:abandonment:)``, and what `body` throws.
    public func withLock<R>(
        until deadline: ContinuousClock.Instant, abandonment: Abandonment? = nil, _ body: () throws -> R
    ) throws -> R {
        let held = try acquire(until: deadline, abandonment: abandonment)
        defer { held.release() }
        return try body()
    }

    /// Takes the lock until the value that is returned is released or gone. Blocks, so call it off the cooperative pool.
    ///
    /// Waits until `deadline`, or until `abandonment` says that nobody waits for the result any more. Whoever waits
    /// longest is next: a process that takes the lock again and again does not keep others out.
    ///
    /// - Throws: ``PlatformError`` `timedOut` naming the lock, `CancellationError` after abandonment, `accessDenied`,
    ///   `readOnly`, `inputOutput`.
    public func acquire(
        until deadline: ContinuousClock.Instant, abandonment: Abandonment? = nil
    ) throws -> HeldLock {
        while true {
            let file = try open()
            // The gate makes a queue: one waits for the lock itself, and the others for the gate.
            try take(Self.gate, of: file, deadline, abandonment)
            try take(Self.lock, of: file, deadline, abandonment)
            _ = set(F_UNLCK, Self.gate, of: file)
            // Erased while we waited: the lock of others is another file now.
            guard try file.status(path: path).links > 0 else { continue }
            try abandonment?.check()
            return HeldLock(file)
        }
    }

    private var path: String { directory.path(of: name) }

    private func open() throws -> FileDescriptor {
        while true {
            if let opened = try directory.openChecked(name, O_RDWR, .ownerOnly) { return opened.intoFile() }
            try directory.createIfAbsent(name)
        }
    }

    /// The octets of the file that stand for the two locks; the file itself is empty.
    private static let lock: off_t = 0
    private static let gate: off_t = 1

    /// The longest pause between two tries.
    private static let longestPause: UInt32 = 1_000  // µs

    private func take(
        _ octet: off_t, of file: borrowing FileDescriptor, _ deadline: ContinuousClock.Instant,
        _ abandonment: Abandonment?
    ) throws {
        var pause: UInt32 = 20
        while true {
            if set(F_WRLCK, octet, of: file) { return }
            guard [EAGAIN, EACCES, EINTR].contains(errno) else {
                throw PlatformError.file(errno, "fcntl", path: path)
            }
            if abandonment?.isAbandoned == true { throw CancellationError() }
            guard ContinuousClock.now < deadline else {
                throw PlatformError(
                    .timedOut, store: path, "Another process or task held the lock until the deadline.",
                    remedy: "Find it with `fuser -v \(path)` and let it finish, then try again.")
            }
            usleep(pause)
            pause = min(pause * 2, Self.longestPause)
        }
    }

    private func set(_ type: Int32, _ octet: off_t, of file: borrowing FileDescriptor) -> Bool {
        // The last member, the process, must be 0 for locks of this kind.
        var request = Glibc.flock(
            l_type: Int16(type), l_whence: Int16(SEEK_SET), l_start: octet, l_len: 1, l_pid: 0)
        return fcntl(file.number, linux_F_OFD_SETLK, &request) == 0
    }
}

/// A ``FileLock`` that was taken. Given back by ``release()``, or when the last reference goes.
public final class HeldLock: Sendable {
    private let file: Mutex<FileDescriptor?>

    init(_ file: consuming FileDescriptor) { self.file = Mutex(file) }

    /// Gives the lock back. Can be repeated.
    public func release() {
        // Closing the only descriptor of the open file is what releases its locks.
        file.withLock { $0 = nil }
    }
}

/// Tells work on another thread that nobody waits for its result any more, so that it ends without changing anything.
public final class Abandonment: Sendable {
    private let flag = Atomic<Bool>(false)

    /// Nothing is abandoned yet.
    public init() {}

    /// Whether ``abandon()`` was called.
    public var isAbandoned: Bool { flag.load(ordering: .acquiring) }

    /// Says that nobody waits any more.
    public func abandon() { flag.store(true, ordering: .releasing) }

    /// - Throws: `CancellationError` if ``abandon()`` was called.
    public func check() throws {
        if isAbandoned { throw CancellationError() }
    }
}

extension Opened {
    consuming func intoFile() -> FileDescriptor { file }
}
