import CLinuxFiles
import Glibc
import MeshCore
import MeshPlatforms

/// The one durable writer, and the checked reader.
extension Directory {
    /// Reads the file called `name`.
    ///
    /// - Parameter limit: the most octets that are read.
    /// - Returns: nil if there is no such file.
    /// - Throws: ``PlatformError`` `tooLarge`, `insecurePermissions`, `unexpectedFileType`, `accessDenied`,
    ///   `inputOutput`.
    public func readFile(
        _ name: String, limit: Int, permissions: FilePermissions = .ownerOnly
    ) throws -> [UInt8]? {
        guard let opened = try openChecked(name, O_RDONLY, permissions) else { return nil }
        return try read(opened, name, limit: limit)
    }

    /// As ``readFile(_:limit:permissions:)``, and which file it was, so that a later one can be told apart.
    public func readFileWithStatus(_ name: String, limit: Int) throws -> (octets: [UInt8], status: FileStatus)? {
        guard let opened = try openChecked(name, O_RDONLY, .ownerOnly) else { return nil }
        return (try read(opened, name, limit: limit), opened.status)
    }

    /// Reads the file called `name` straight into memory for secrets; nil if there is no such file.
    ///
    /// - Throws: as ``readFile(_:limit:permissions:)``; `changedUnderneath` if the file shrank meanwhile.
    public func readSecret(_ name: String, limit: Int) throws -> SecretBytes? {
        guard let opened = try openChecked(name, O_RDONLY, .ownerOnly) else { return nil }
        let path = self.path(of: name)
        guard opened.status.size <= limit else { throw Self.tooLarge(path, limit) }
        return try SecretBytes(count: opened.status.size) { buffer throws(PlatformError) in
            let count: Int
            do {
                count = try opened.file.read(into: buffer, at: 0, path: path)
            } catch {
                throw (error as? PlatformError)
                    ?? PlatformError(.inputOutput, store: path, "The file could not be read.", cause: error)
            }
            guard count == buffer.count else {
                throw PlatformError(
                    .changedUnderneath, store: path, "The file became shorter while it was read.",
                    remedy: "Try again.")
            }
        }
    }

    /// Puts `contents` in place of the file called `name`, or makes it: afterwards the file holds all of the new
    /// content or all of the old, whatever happens, and the new one is durable when the call returns.
    ///
    /// The content is written to a temporary file of the same directory, which has its final permissions before it has
    /// its first octet, made durable and renamed. A failure leaves the old file, with one exception: if the renaming
    /// itself cannot be made durable, `inputOutput` is thrown while the new file is in place.
    ///
    /// - Throws: ``PlatformError`` `noSpace`, `readOnly`, `accessDenied`, `unexpectedFileType` or
    ///   `insecurePermissions` (what stands there is no plain file of the user's), `inputOutput`.
    public func replaceFile(
        _ name: String, with contents: UnsafeRawBufferPointer, permissions: FilePermissions = .ownerOnly
    ) throws {
        if let old = try status(of: name) {
            let path = self.path(of: name)
            guard old.isFile else { throw PlatformError.unexpectedFileType(path, old.isLink ? "a link" : "no file") }
            try old.requireOwner(path: path)
        }
        try write(contents, name, permissions) { temporary in
            renameat(descriptor.number, temporary, descriptor.number, name) == 0 ? nil : "renameat"
        }
    }

    /// As ``replaceFile(_:with:permissions:)``, for octets that are not secret.
    public func replaceFile(
        _ name: String, with contents: [UInt8], permissions: FilePermissions = .ownerOnly
    ) throws {
        try contents.withUnsafeBytes { try replaceFile(name, with: $0, permissions: permissions) }
    }

    /// As ``replaceFile(_:with:permissions:)``, but only if the name is free: of several that try, one succeeds.
    ///
    /// - Throws: ``PlatformError`` `alreadyExists`, and as ``replaceFile(_:with:permissions:)``.
    public func createFile(
        _ name: String, with contents: UnsafeRawBufferPointer, permissions: FilePermissions = .ownerOnly
    ) throws {
        if try status(of: name) != nil { throw PlatformError.file(EEXIST, "fstatat", path: path(of: name)) }
        try write(contents, name, permissions) { temporary in
            if linux_rename_noreplace(descriptor.number, temporary, descriptor.number, name) == 0 { return nil }
            // File systems without that call have links, which do not replace anything either.
            guard errno == EINVAL || errno == ENOSYS else { return "renameat2" }
            guard linkat(descriptor.number, temporary, descriptor.number, name, 0) == 0 else { return "linkat" }
            return unlinkat(descriptor.number, temporary, 0) == 0 ? nil : "unlinkat"
        }
    }

    /// As ``createFile(_:with:permissions:)``, for octets that are not secret.
    public func createFile(
        _ name: String, with contents: [UInt8], permissions: FilePermissions = .ownerOnly
    ) throws {
        try contents.withUnsafeBytes { try createFile(name, with: $0, permissions: permissions) }
    }

    /// Removes the name `name`, durably; a link is removed, not what it points to.
    ///
    /// - Returns: false if there is nothing of that name.
    /// - Throws: ``PlatformError`` `unexpectedFileType` for a directory, `accessDenied`, `inputOutput`.
    public func removeFile(_ name: String) throws -> Bool {
        try FileName.check(name, in: path)
        guard unlinkat(descriptor.number, name, 0) == 0 else {
            if errno == ENOENT { return false }
            throw PlatformError.file(errno, "unlinkat", path: path(of: name))
        }
        try synchronize()
        return true
    }

    /// Removes what writers that were killed left behind. Files that are being written now are not touched.
    ///
    /// Called when a store is opened.
    ///
    /// - Throws: ``PlatformError`` `inputOutput` and others.
    public func removeAbandonedFiles() throws {
        for name in try allNames() where FileName.isTemporary(name) {
            guard let file = FileDescriptor.open(name, at: descriptor.number, O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
            else { continue }
            // A writer holds the lock for as long as it needs the file, and the system gives it back when it dies.
            guard flock(file.number, LOCK_EX | LOCK_NB) == 0 else { continue }
            if try file.status(path: path(of: name)).isDirectory {
                try Self.removeContents(of: file, path: path(of: name))
                _ = unlinkat(descriptor.number, name, AT_REMOVEDIR)
            } else {
                _ = unlinkat(descriptor.number, name, 0)
            }
        }
    }

    // MARK: - Parts

    /// Opens the file called `name` and checks what it is; nil if it is not there.
    func openChecked(
        _ name: String, _ flags: Int32, _ permissions: FilePermissions
    ) throws -> Opened? {
        try FileName.check(name, in: path)
        let filePath = path(of: name)
        // Without O_NONBLOCK, opening a FIFO would wait for its other end.
        guard
            let file = FileDescriptor.open(
                name, at: descriptor.number, flags | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY)
        else {
            if errno == ENOENT { return nil }
            throw PlatformError.file(errno, "openat", path: filePath)
        }
        let status = try file.status(path: filePath)
        try status.requireFile(permissions, path: filePath)
        return Opened(file: file, status: status)
    }

    /// Opens a new file that nobody else can open, with exactly the mode of `permissions` whatever the umask is.
    func openNew(_ name: String, _ permissions: FilePermissions, path: String) throws -> FileDescriptor? {
        guard
            let file = FileDescriptor.open(
                name, at: descriptor.number, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, permissions.mode)
        else {
            if errno == EEXIST { return nil }
            guard errno == ENOENT else { throw PlatformError.file(errno, "openat", path: path) }
            // Not to be taken for the answer that the file is absent.
            throw PlatformError(
                .changedUnderneath, store: path, "The directory was removed while it was in use.",
                remedy: "Try again.", cause: SystemCallError("openat", ENOENT))
        }
        do {
            if try file.status(path: path).mode & 0o7777 != permissions.mode,
                fchmod(file.number, permissions.mode) != 0
            {
                throw PlatformError.file(errno, "fchmod", path: path)
            }
        } catch {
            _ = unlinkat(descriptor.number, name, 0)
            throw error
        }
        return file
    }

    /// Writes `contents` to a temporary file and has `install` give it its name.
    ///
    /// - Parameter install: returns nil, or the name of the system call that failed.
    func write(
        _ contents: UnsafeRawBufferPointer, _ name: String, _ permissions: FilePermissions,
        install: (_ temporary: String) throws -> String?
    ) throws {
        let path = self.path(of: name)
        while true {
            let temporary = FileName.makeTemporary()
            guard let file = try openNew(temporary, permissions, path: path) else { continue }
            // Tells ``removeAbandonedFiles()`` to keep off. If that came first, the file is gone: take another.
            if flock(file.number, LOCK_EX | LOCK_NB) != 0, errno == EWOULDBLOCK { continue }
            do {
                guard try file.status(path: path).links > 0 else { continue }
                try file.write(contents, at: 0, path: path)
                try file.synchronize(path: path)
                if let call = try install(temporary) { throw PlatformError.file(errno, call, path: path) }
            } catch {
                _ = unlinkat(descriptor.number, temporary, 0)
                throw error
            }
            try synchronize()
            return
        }
    }

    func read(_ opened: borrowing Opened, _ name: String, limit: Int) throws -> [UInt8] {
        let path = self.path(of: name)
        guard opened.status.size <= limit else { throw Self.tooLarge(path, limit) }
        return try [UInt8](unsafeUninitializedCapacity: opened.status.size) { buffer, count in
            count = try opened.file.read(into: UnsafeMutableRawBufferPointer(buffer), at: 0, path: path)
        }
    }

    private static func tooLarge(_ path: String, _ limit: Int) -> PlatformError {
        PlatformError(.tooLarge, store: path, "The file is larger than \(limit) octets.")
    }
}
