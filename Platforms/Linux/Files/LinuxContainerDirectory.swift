import CLinuxFiles
import Glibc
import MeshCore
import MeshPlatforms

/// A directory with containers on a Linux file system. Their locks and words are in its directory `locks`, so that they are
/// the same however the way to the directory is spelled.
public final class LinuxContainerDirectory: ContainerDirectory {
    public var path: String { directory.path }
    /// The name of the directory with the locks.
    public static let locks = "locks"

    private let directory: Directory
    private let permissions: FilePermissions

    /// The containers in `directory`.
    ///
    /// - Parameter permissions: those that files are made with; others may have no more than these on files that are opened.
    public init(_ directory: Directory, permissions: FilePermissions = .ownerOnly) {
        self.directory = directory
        self.permissions = permissions
    }

    public func openFile(_ name: String, _ access: ContainerAccess) throws -> (any ContainerFile)? {
        try check(name)
        guard let opened = try directory.openChecked(name, access == .read ? O_RDONLY : O_RDWR, permissions) else {
            return nil
        }
        // Each name would have a lock of its own.
        guard access == .read || opened.status.links <= 1 else {
            throw PlatformError(
                .insecurePermissions, store: directory.path(of: name),
                "The file has \(opened.status.links) names, and so could be changed by two programs at a time.",
                remedy: "Copy it, and append to the copy.")
        }
        return LinuxContainerFile(name, in: directory, opened)
    }

    public func createFile(_ name: String, with octets: [UInt8]) throws {
        try check(name)
        try directory.createFile(name, with: octets, permissions: permissions)
    }

    public func exchange(_ name: String, with other: String) throws {
        try check(name)
        try check(other)
        guard linux_rename_exchange(directory.descriptor.number, name, other) == 0 else {
            if errno == EINVAL || errno == ENOSYS {
                throw PlatformError(
                    .unsupported, store: path, "The file system cannot exchange two files.",
                    remedy: "Keep the data on another one.", cause: SystemCallError("renameat2", errno))
            }
            throw PlatformError.file(errno, "renameat2", path: directory.path(of: name))
        }
        try directory.synchronize()
    }

    public func rename(_ name: String, to newName: String) throws {
        try check(name)
        try check(newName)
        let descriptor = directory.descriptor.number
        if linux_rename_noreplace(descriptor, name, descriptor, newName) != 0 {
            // File systems without that call have links, which do not replace anything either.
            guard errno == EINVAL || errno == ENOSYS else {
                throw PlatformError.file(errno, "renameat2", path: directory.path(of: newName))
            }
            guard linkat(descriptor, name, descriptor, newName, 0) == 0 else {
                throw PlatformError.file(errno, "linkat", path: directory.path(of: newName))
            }
            guard unlinkat(descriptor, name, 0) == 0 else {
                throw PlatformError.file(errno, "unlinkat", path: directory.path(of: name))
            }
        }
        try directory.synchronize()
    }

    public func remove(_ name: String) throws -> Bool {
        try check(name)
        return try directory.removeFile(name)
    }

    public func synchronize() throws { try directory.synchronize() }

    public func names() throws -> [String] {
        try directory.names().filter { try directory.status(of: $0)?.isFile == true }
    }

    public func subdirectory(_ name: String, create: Bool) throws -> (any ContainerDirectory)? {
        try check(name)
        return try directory.subdirectory(name, create: create).map {
            LinuxContainerDirectory($0, permissions: permissions)
        }
    }

    public func openSidecar(_ name: String, _ access: ContainerAccess) throws -> (any ContainerSidecar)? {
        try check(name)
        guard let locks = try directory.subdirectory(Self.locks, create: access == .append) else { return nil }
        return try LinuxSidecar.open("\(name).lock", in: locks, access)
    }

    /// - Throws: ``PlatformError`` `invalidArgument` for a name that no container can have.
    private func check(_ name: String) throws {
        try ContainerName.check(name, in: path)
        try FileName.check(name, in: path)
    }
}

/// A container file, held open.
final class LinuxContainerFile: ContainerFile {
    let path: String
    let identity: UInt64
    private let name: String
    private let directory: Directory
    private let descriptor: FileDescriptor
    private let status: FileStatus.Identity

    init(_ name: String, in directory: Directory, _ opened: consuming Opened) {
        self.name = name
        self.directory = directory
        path = directory.path(of: name)
        status = opened.status.identity
        descriptor = opened.intoFile()
        // Inode numbers are given out again; together with the time of birth they are not. Without the device, whose number
        // may be another after a restart.
        identity = max(1, status.inode &* 0x9E37_79B9_7F4A_7C15 ^ linux_birth_time(descriptor.number))
    }

    func length() throws -> Int {
        // The descriptor's own place is used for nothing else.
        let length = lseek(descriptor.number, 0, SEEK_END)
        guard length >= 0 else { throw PlatformError.file(errno, "lseek", path: path) }
        return Int(length)
    }

    func isCurrent() throws -> Bool { try directory.identity(of: name) == status }

    func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        try descriptor.read(into: buffer, at: offset, path: path)
    }

    func write(_ octets: UnsafeRawBufferPointer, at offset: Int) throws {
        try descriptor.write(octets, at: offset, path: path)
    }

    func truncate(to length: Int) throws {
        while ftruncate(descriptor.number, off_t(length)) != 0 {
            if errno != EINTR { throw PlatformError.file(errno, "ftruncate", path: path) }
        }
    }

    func synchronize() throws { try descriptor.synchronizeData(path: path) }
}
