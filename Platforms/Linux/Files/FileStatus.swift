import Glibc
import MeshPlatforms

/// Who may do what with a file that this package writes.
public enum FilePermissions: Sendable {
    /// Mode 0600: the owner reads and writes, nobody else does anything. For everything but what is meant for others.
    case ownerOnly
    /// Mode 0644: everyone reads. For the public halves of exported keys.
    case everyoneReads

    var mode: mode_t { self == .ownerOnly ? 0o600 : 0o644 }
    /// The permission bits that a file of this kind must not have.
    var forbidden: mode_t { self == .ownerOnly ? 0o077 : 0o022 }
}

/// What the system tells of a file: identity, kind, owner, size.
public struct FileStatus: Hashable, Sendable {
    /// The file system and the file in it. Another file of the same name has another identity.
    public struct Identity: Hashable, Sendable {
        let device: UInt64
        let inode: UInt64
    }

    /// Which file it is.
    public let identity: Identity
    /// Its size in octets.
    public let size: Int
    /// When its content was last changed, in nanoseconds since 1970. The system's clock: may repeat, may go back.
    public let modified: Int64
    let mode: mode_t
    let owner: uid_t
    let links: UInt64

    init(_ status: stat) {
        identity = Identity(device: UInt64(status.st_dev), inode: UInt64(status.st_ino))
        size = Int(status.st_size)
        modified = Int64(status.st_mtim.tv_sec) &* 1_000_000_000 &+ Int64(status.st_mtim.tv_nsec)
        mode = status.st_mode
        owner = status.st_uid
        links = UInt64(status.st_nlink)
    }

    /// Whether it is a plain file.
    public var isFile: Bool { mode & S_IFMT == S_IFREG }
    /// Whether it is a directory.
    public var isDirectory: Bool { mode & S_IFMT == S_IFDIR }
    /// Whether it is a socket.
    var isSocket: Bool { mode & S_IFMT == S_IFSOCK }
    var isLink: Bool { mode & S_IFMT == S_IFLNK }

    var kind: String {
        switch mode & S_IFMT {
        case S_IFREG: "a file"
        case S_IFDIR: "a directory"
        case S_IFLNK: "a symbolic link"
        case S_IFIFO: "a FIFO"
        case S_IFSOCK: "a socket"
        default: "a device"
        }
    }

    /// - Throws: ``PlatformError`` unless this is a plain file that the user or the system owns, with no permission for
    ///   others beyond `permissions`, and with no second name (a second name could hand the file to someone else).
    func requireFile(_ permissions: FilePermissions, path: String) throws {
        guard isFile else { throw PlatformError.unexpectedFileType(path, kind) }
        try requireOwner(path: path)
        guard mode & permissions.forbidden == 0 else {
            throw insecure(
                path, "Others may \(permissions == .ownerOnly ? "read or change" : "change") it (mode \(octal)).",
                fix: "chmod \(permissions == .ownerOnly ? "600" : "644") \(path)")
        }
        guard permissions == .everyoneReads || links <= 1 else {
            throw insecure(
                path, "The file has \(links) names; another of them may be in reach of others.",
                fix: "cp -p \(path) \(path).new && mv \(path).new \(path)")
        }
    }

    /// - Throws: ``PlatformError`` unless this is a directory that the user or the system owns and only the owner changes.
    func requireDirectory(path: String) throws {
        guard isDirectory else { throw PlatformError.unexpectedFileType(path, kind) }
        try requireOwner(path: path)
        guard mode & 0o022 == 0 else {
            throw insecure(path, "Others may change the directory (mode \(octal)).", fix: "chmod 700 \(path)")
        }
    }

    /// - Throws: ``PlatformError`` unless nobody but the user and the system can replace what lies in this directory
    ///   on the way to a root. A sticky directory such as `/tmp` is good enough.
    func requireAncestor(path: String) throws {
        guard isDirectory else { throw PlatformError.unexpectedFileType(path, kind) }
        try requireOwner(path: path)
        guard mode & 0o022 == 0 || mode & S_ISVTX != 0 else {
            throw insecure(
                path, "Others may replace what is in the directory (mode \(octal)).", fix: "chmod go-w \(path)")
        }
    }

    func requireOwner(path: String) throws {
        let user = geteuid()
        guard owner == user || owner == 0 else {
            throw insecure(path, "It belongs to user \(owner), not to user \(user).", fix: "chown \(user) \(path)")
        }
    }

    private func insecure(_ path: String, _ message: String, fix: String) -> PlatformError {
        PlatformError(
            .insecurePermissions, store: path, message, remedy: "If you trust what is there, run: \(fix)")
    }

    private var octal: String {
        let digits = String(mode & 0o7777, radix: 8)
        return String(repeating: "0", count: max(0, 4 - digits.count)) + digits
    }
}
