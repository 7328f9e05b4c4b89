import CLinuxFiles
import Glibc
import MeshPlatforms

/// A socket by which programs of the same user reach this one: it has mode 0600, in a directory with mode 0700. All calls block but
/// ``accept()``.
public final class LocalSocket: Sendable {
    /// Its path, from the root on.
    public let path: String
    /// For `poll`.
    public var number: Int32 { listener.number }

    private let listener: FileDescriptor
    private let directory: Directory
    private let name: String
    private let identity: FileStatus.Identity

    /// The longest path that a socket can have, in octets.
    private static let maximumPath = MemoryLayout.size(ofValue: sockaddr_un().sun_path) - 1

    /// Makes the socket at `path`, and its directory if that is missing, and listens. A socket that nobody serves any more is
    /// replaced.
    ///
    /// - Throws: ``PlatformError`` `alreadyExists` if another process serves it, `unexpectedFileType` if something else stands
    ///   there, `insecurePermissions`, `invalidArgument` for a path that no socket can have, and as ``Directory/open(_:create:)``.
    public init(listeningAt path: String) throws {
        let path = try Self.absolute(path)
        guard path.utf8.count <= Self.maximumPath, let slash = path.lastIndex(of: "/"),
            path.utf8.allSatisfy({ $0 != 0 })
        else {
            throw PlatformError(
                .invalidArgument, store: path, "The path of a socket has at most \(Self.maximumPath) octets.",
                remedy: "Choose a shorter one.")
        }
        name = String(path[path.index(after: slash)...])
        try FileName.check(name, in: String(path[..<slash]))
        guard let directory = try Directory.open(slash == path.startIndex ? "/" : String(path[..<slash]), create: true)
        else { throw PlatformError(.inputOutput, store: path, "The directory went away while it was made.") }
        self.path = path
        self.directory = directory
        try directory.requirePrivate()
        let lock = try directory.lockNames()
        defer { withExtendedLifetime(lock) {} }
        try Self.removeStale(name, in: directory, path: path)
        let listener = try Self.make(path)
        let number = listener.number
        // The mode that the name gets when it is bound, less what the umask takes away.
        guard fchmod(number, 0o600) == 0 else { throw PlatformError.file(errno, "fchmod", path: path) }
        guard try Self.call(path, { bind(number, $0, $1) }) == 0 else {
            throw PlatformError.file(errno, "bind", path: path)
        }
        guard listen(number, 64) == 0, let status = try directory.status(of: name), status.isSocket else {
            let failure = errno
            _ = unlinkat(directory.descriptor.number, name, 0)
            throw PlatformError.file(failure, "listen", path: path)
        }
        self.listener = listener
        identity = status.identity
    }

    /// Takes a connection that waits; nil if there is none. It does not block, and neither do calls on the descriptor it gives,
    /// which the caller closes. A connection of another user is closed here.
    ///
    /// - Throws: ``PlatformError``: no descriptor is free, say.
    public func accept() throws -> Int32? {
        while true {
            let connection = linux_accept(listener.number)
            guard connection >= 0 else {
                switch errno {
                case EAGAIN, EWOULDBLOCK: return nil
                case EINTR, ECONNABORTED: continue
                default: throw PlatformError.file(errno, "accept4", path: path)
                }
            }
            var user: UInt32 = 0
            if linux_peer_user(connection, &user) == 0, user == geteuid() { return connection }
            close(connection)
        }
    }

    /// Removes the socket's name, if it is still this socket's.
    ///
    /// - Throws: ``PlatformError``.
    public func remove() throws {
        let lock = try directory.lockNames()
        defer { withExtendedLifetime(lock) {} }
        if try directory.identity(of: name) == identity { _ = try directory.removeFile(name) }
    }

    // MARK: The parts

    private static func absolute(_ path: String) throws -> String {
        if path.hasPrefix("/") { return path }
        guard let here = getcwd(nil, 0) else { throw PlatformError.file(errno, "getcwd", path: path) }
        defer { free(here) }
        return "\(String(cString: here))/\(path)"
    }

    private static func make(_ path: String) throws -> FileDescriptor {
        let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        let number = socket(AF_UNIX, kind, 0)
        guard number >= 0 else { throw PlatformError.file(errno, "socket", path: path) }
        return FileDescriptor(number)
    }

    /// Removes a socket that nobody serves.
    private static func removeStale(_ name: String, in directory: Directory, path: String) throws {
        guard let status = try directory.status(of: name) else { return }
        guard status.isSocket else { throw PlatformError.unexpectedFileType(path, status.kind) }
        try status.requireSole(path: path)
        let probe = try make(path)
        let number = probe.number
        if try call(path, { connect(number, $0, $1) }) != 0 {
            switch errno {
            case ECONNREFUSED:
                _ = try directory.removeFile(name)
                return
            // So many wait to be served that there is no place for one more.
            case EAGAIN, EINPROGRESS: break
            default: throw PlatformError.file(errno, "connect", path: path)
            }
        }
        throw PlatformError(
            .alreadyExists, store: path, "Another process serves this socket.",
            remedy: "Use that one, or end it, or choose another path.")
    }

    /// Calls `body` with the address of `path`, which is not too long.
    private static func call(
        _ path: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
    ) throws -> Int32 {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(path.utf8).prefix(maximumPath)) }
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
    }
}

extension Directory {
    /// - Throws: ``PlatformError`` `insecurePermissions` unless nobody but the owner may even look into the directory.
    func requirePrivate() throws {
        let status = try descriptor.status(path: path)
        guard status.mode & 0o077 == 0, status.owner == geteuid() else {
            throw PlatformError(
                .insecurePermissions, store: path, "The directory is not the user's alone.",
                remedy: "Choose another directory, or run: chmod 700 \(path)")
        }
    }

    /// Keeps other processes from ``lockNames()`` until what is returned is let go of. Waits for them.
    func lockNames() throws -> DirectoryLock {
        guard let own = FileDescriptor.open(".", at: descriptor.number, O_RDONLY | O_DIRECTORY) else {
            throw PlatformError.file(errno, "openat", path: path)
        }
        while flock(own.number, LOCK_EX) != 0 {
            guard errno == EINTR else { throw PlatformError.file(errno, "flock", path: path) }
        }
        return DirectoryLock(descriptor: own)
    }
}

/// A lock of a directory, for as long as it lives.
final class DirectoryLock: Sendable {
    private let descriptor: FileDescriptor
    init(descriptor: consuming FileDescriptor) { self.descriptor = descriptor }
}
