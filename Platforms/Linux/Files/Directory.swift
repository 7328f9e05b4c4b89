import CLinuxFiles
import Glibc
import MeshCore
import MeshPlatforms

/// A directory that only its owner can change, held open.
///
/// Everything in it is reached through its descriptor, one name at a time and without following links, so that nobody
/// can slip another file under a name between a check and a use. Owner, kind and permissions are checked on what was
/// opened. All calls block (see `BlockingCalls`); they can be made from any thread.
public final class Directory: Sendable {
    /// The path it was opened by, for messages.
    public let path: String
    let descriptor: FileDescriptor

    private init(path: String, descriptor: consuming FileDescriptor) {
        self.path = path
        self.descriptor = descriptor
    }

    /// The path of `name` in this directory, for messages.
    public func path(of name: String) -> String { "\(path)/\(name)" }

    /// Opens the directory at `path`, making it and missing ones above it with mode 0700 if `create` is set.
    ///
    /// Each directory on the way must be one in which only the user and the system can replace things; a symbolic link
    /// on the way is followed if it passes the same test, the last name must not be a link.
    ///
    /// - Returns: nil if it is not there and `create` is not set.
    /// - Throws: ``PlatformError`` `insecurePermissions`, `unexpectedFileType`, `accessDenied`, `invalidArgument`,
    ///   `readOnly`, `noSpace`, `inputOutput`.
    public static func open(_ path: String, create: Bool) throws -> Directory? {
        guard !path.isEmpty, path.utf8.allSatisfy({ $0 != 0 }) else {
            throw PlatformError(
                .invalidArgument, store: "directory", "A directory cannot have the path that was given.")
        }
        var walk = try DirectoryWalk(to: path)
        guard let opened = try walk.open(create: create) else { return nil }
        return Directory(path: path, descriptor: opened)
    }

    /// Opens the directory called `name` in this one, making it with mode 0700 if `create` is set.
    ///
    /// - Returns: nil if it is not there and `create` is not set.
    /// - Throws: as ``open(_:create:)``.
    public func subdirectory(_ name: String, create: Bool) throws -> Directory? {
        try FileName.check(name, in: path)
        let childPath = self.path(of: name)
        while true {
            if let child = FileDescriptor.open(name, at: descriptor.number, O_RDONLY | O_DIRECTORY | O_NOFOLLOW) {
                try child.status(path: childPath).requireDirectory(path: childPath)
                return Directory(path: childPath, descriptor: child)
            }
            guard errno == ENOENT else { throw PlatformError.file(errno, "openat", path: childPath) }
            guard create else { return nil }
            try Self.make(name, in: descriptor.number, path: childPath)
        }
    }

    /// Makes the directory `name` with mode 0700 whatever the umask is, durably. It may be there already.
    static func make(_ name: String, in parent: Int32, path: String) throws {
        guard mkdirat(parent, name, 0o700) == 0 else {
            if errno == EEXIST { return }
            throw PlatformError.file(errno, "mkdirat", path: path)
        }
        var status = stat()
        // Only a umask that takes rights from the owner makes a difference here.
        if fstatat(parent, name, &status, AT_SYMLINK_NOFOLLOW) == 0, status.st_mode & 0o777 != 0o700,
            status.st_mode & S_IFMT == S_IFDIR, fchmodat(parent, name, 0o700, 0) != 0
        {
            throw PlatformError.file(errno, "fchmodat", path: path)
        }
        // A parent that can be searched but not read cannot be synchronized either.
        if let parent = FileDescriptor.open(".", at: parent, O_RDONLY | O_DIRECTORY) {
            try synchronize(parent, path: path)
        }
    }

    /// Makes the names in this directory durable.
    ///
    /// - Throws: ``PlatformError`` `inputOutput` and others.
    public func synchronize() throws { try Self.synchronize(descriptor, path: path) }

    private static func synchronize(_ directory: borrowing FileDescriptor, path: String) throws {
        while fsync(directory.number) != 0 {
            if errno == EINTR { continue }
            // Some file systems have no such call for directories; they keep names durable by themselves.
            if errno == EINVAL { return }
            throw PlatformError.file(errno, "fsync", path: path)
        }
    }

    /// What is called `name`, links not followed; nil if there is nothing.
    ///
    /// - Throws: ``PlatformError`` `invalidArgument`, `accessDenied`, `inputOutput`.
    public func status(of name: String) throws -> FileStatus? {
        try FileName.check(name, in: path)
        var status = stat()
        if fstatat(descriptor.number, name, &status, AT_SYMLINK_NOFOLLOW) == 0 { return FileStatus(status) }
        if errno == ENOENT { return nil }
        throw PlatformError.file(errno, "fstatat", path: self.path(of: name))
    }

    /// Which file the name stands for, itself if it is a link; nil if there is none. Cheaper than ``status(of:)``.
    func identity(of name: String) throws -> FileStatus.Identity? {
        var (device, inode): (UInt64, UInt64) = (0, 0)
        if linux_identity(descriptor.number, name, &device, &inode) == 0 {
            return FileStatus.Identity(device: device, inode: inode)
        }
        if errno == ENOENT { return nil }
        throw PlatformError.file(errno, "statx", path: path(of: name))
    }

    /// The names in this directory in the order of their octets, without temporary files.
    ///
    /// - Throws: ``PlatformError`` `inputOutput` and others.
    public func names() throws -> [String] {
        try allNames().filter { !FileName.isTemporary($0) }
    }

    /// With temporary files; a name that is not UTF-8 is none of ours and left out.
    func allNames() throws -> [String] {
        try Self.entries(of: descriptor, path: path).compactMap { $0.validText }
            .sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }
}
