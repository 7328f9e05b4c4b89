import Glibc
import MeshPlatforms

extension Directory {
    /// Removes everything in this directory, and nothing that is not: links are removed, not followed, and other file
    /// systems that are mounted below are left alone. The directory itself stays.
    ///
    /// Can be repeated; things that another process removes meanwhile are no error.
    ///
    /// - Parameter kept: the names at the top that stay.
    /// - Throws: ``PlatformError`` `accessDenied`, `readOnly`, `tooLarge` (more than 64 levels), `inputOutput`. What was
    ///   removed before stays removed.
    public func removeContents(except kept: Set<String> = []) throws {
        try Self.removeContents(of: descriptor, path: path, except: kept)
        try synchronize()
    }

    static func removeContents(
        of directory: borrowing FileDescriptor, path: String, except kept: Set<String> = []
    ) throws {
        let device = try directory.status(path: path).identity.device
        try removeContents(of: directory, path: path, device: device, except: kept, depth: 0)
    }

    /// Removes the directory called `name` with all in it, durably; false if it is not there.
    ///
    /// It disappears in one step. If the process is killed before the content is removed, the next
    /// ``removeAbandonedFiles()`` does it.
    ///
    /// - Throws: as ``removeContents(except:)``; `unexpectedFileType` if it is not a directory.
    public func removeDirectory(_ name: String) throws -> Bool {
        guard let directory = try subdirectory(name, create: false) else { return false }
        let temporary = FileName.makeTemporary()
        guard renameat(descriptor.number, name, descriptor.number, temporary) == 0 else {
            if errno == ENOENT { return false }
            throw PlatformError.file(errno, "renameat", path: path(of: name))
        }
        try synchronize()
        try directory.removeContents()
        guard unlinkat(descriptor.number, temporary, AT_REMOVEDIR) == 0 || errno == ENOENT else {
            throw PlatformError.file(errno, "unlinkat", path: path(of: name))
        }
        try synchronize()
        return true
    }

    /// Whether the directory was removed while it was held open, so that nothing can be made in it any more.
    public var isRemoved: Bool {
        var status = stat()
        return fstat(descriptor.number, &status) == 0 && status.st_nlink == 0
    }

    private static let deepest = 64

    private static func removeContents(
        of directory: borrowing FileDescriptor, path: String, device: UInt64, except kept: Set<String>, depth: Int
    ) throws {
        guard depth < deepest else {
            throw PlatformError(.tooLarge, store: path, "There are more than \(deepest) levels of directories.")
        }
        for entry in try entries(of: directory, path: path) where !kept.contains(entry.text) {
            let entryPath = "\(path)/\(entry.text)"
            try entry.withName { name in
                if unlinkat(directory.number, name, 0) == 0 || errno == ENOENT { return }
                guard errno == EISDIR || errno == EPERM else {
                    throw PlatformError.file(errno, "unlinkat", path: entryPath)
                }
                let refusal = errno
                let number = openat(directory.number, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
                guard number >= 0 else {
                    if errno == ENOENT { return }
                    throw PlatformError.file(errno == ENOTDIR ? refusal : errno, "openat", path: entryPath)
                }
                let child = FileDescriptor(number)
                guard try child.status(path: entryPath).identity.device == device else {
                    throw PlatformError.unexpectedFileType(entryPath, "another file system")
                }
                try removeContents(of: child, path: entryPath, device: device, except: [], depth: depth + 1)
                guard unlinkat(directory.number, name, AT_REMOVEDIR) == 0 || errno == ENOENT else {
                    throw PlatformError.file(errno, "unlinkat", path: entryPath)
                }
            }
        }
    }

    /// A name as the system has it, which need not be UTF-8.
    struct Entry {
        let octets: [CChar]
        var text: String {
            String(decoding: octets.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }

        /// The name, if it is UTF-8.
        var validText: String? {
            String(validating: octets.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }

        func withName<R>(_ body: (UnsafePointer<CChar>) throws -> R) rethrows -> R {
            try octets.withUnsafeBufferPointer { buffer in
                // Proof: the array ends with a zero and so is never empty.
                try body(buffer.baseAddress!)
            }
        }
    }

    static func entries(of directory: borrowing FileDescriptor, path: String) throws -> [Entry] {
        // A descriptor of its own: the position in the listing belongs to the open file.
        let number = openat(directory.number, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard number >= 0 else { throw PlatformError.file(errno, "openat", path: path) }
        guard let stream = fdopendir(number) else {
            let failure = errno
            close(number)
            throw PlatformError.file(failure, "fdopendir", path: path)
        }
        defer { closedir(stream) }
        var entries: [Entry] = []
        while true {
            errno = 0
            guard let entry = Glibc.readdir(stream) else {
                if errno != 0 { throw PlatformError.file(errno, "readdir", path: path) }
                return entries
            }
            let octets = withUnsafeBytes(of: &entry.pointee.d_name) { name in
                name.prefix { $0 != 0 }.map { CChar(bitPattern: $0) } + [0]
            }
            if octets != [46, 0], octets != [46, 46, 0] { entries.append(Entry(octets: octets)) }
        }
    }
}

extension Directory {
    /// Removes the directory called `name`, durably, if there is one and it is empty.
    ///
    /// - Throws: ``PlatformError`` `unexpectedFileType`, `accessDenied`, `inputOutput`.
    public func removeEmptyDirectory(_ name: String) throws {
        guard try status(of: name) != nil else { return }
        guard unlinkat(descriptor.number, name, AT_REMOVEDIR) == 0 else {
            if errno == ENOENT || errno == ENOTEMPTY || errno == EEXIST { return }
            throw PlatformError.file(errno, "unlinkat", path: path(of: name))
        }
        try synchronize()
    }
}
