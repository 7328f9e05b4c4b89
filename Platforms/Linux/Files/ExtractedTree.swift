import CLinuxFiles
import Glibc
import MeshCore
import MeshPlatforms

/// A new directory that an archive is extracted into.
///
/// It is written under a temporary name, every name reached through the descriptor of the directory above it and no link
/// followed, and renamed when it is whole and durable. A process that dies before leaves the temporary directory, which
/// ``Directory/removeAbandonedFiles()`` removes.
public final class ExtractedTree: ArchiveDestination {
    /// The path it will have.
    public let path: String
    private let parent: Directory
    private let name: String
    private let temporary: String
    private let top: Holder
    /// The directories that lead to where the last file was made.
    private var open: [(name: String, directory: Holder)] = []
    private var isDone = false

    /// Holds a descriptor, so that several can be kept in a list.
    private final class Holder {
        let descriptor: FileDescriptor
        init(_ descriptor: consuming FileDescriptor) { self.descriptor = descriptor }
    }

    /// Starts a directory that will be called `name` in `parent`.
    ///
    /// - Throws: ``PlatformError`` `alreadyExists`, `invalidArgument`, `noSpace`, `readOnly`, `inputOutput`.
    public init(_ name: String, in parent: Directory) throws {
        guard try parent.status(of: name) == nil else {
            throw PlatformError.file(EEXIST, "fstatat", path: parent.path(of: name))
        }
        try parent.removeAbandonedFiles()
        self.parent = parent
        self.name = name
        path = parent.path(of: name)
        while true {
            let temporary = FileName.makeTemporary()
            guard mkdirat(parent.descriptor.number, temporary, 0o700) == 0 else {
                if errno == EEXIST { continue }
                throw PlatformError.file(errno, "mkdirat", path: path)
            }
            let descriptor = try Self.openDirectory(temporary, in: parent.descriptor, path: path)
            // While this lock is held, nobody takes the directory for an abandoned one.
            guard flock(descriptor.number, LOCK_EX | LOCK_NB) == 0, try descriptor.status(path: path).links > 0 else {
                continue
            }
            self.temporary = temporary
            top = Holder(descriptor)
            return
        }
    }

    deinit { abandon() }

    public func makeDirectory(_ parts: [String]) throws { _ = try directory(parts) }

    public func makeFile(
        _ parts: [String], attributes: ArchiveFileAttributes,
        write: (_ append: (UnsafeRawBufferPointer) throws -> Void) throws -> Void
    ) throws {
        guard let name = parts.last else {
            throw PlatformError(.invalidArgument, store: path, "A file to be extracted has no name.")
        }
        let filePath = path(of: parts)
        let directory = try directory(parts.dropLast())
        try Self.check(name, path: filePath)
        guard
            let file = FileDescriptor.open(
                name, at: directory.descriptor.number, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600)
        else { throw PlatformError.file(errno, "openat", path: filePath) }
        var size = 0
        // A closure cannot take the descriptor along, which is held here for as long as the closure is called.
        let number = file.number
        try write { octets in
            try FileDescriptor.write(number, octets, at: size, path: filePath)
            size += octets.count
        }
        let mode: mode_t = (attributes.isReadOnly ? 0o400 : 0o600) | (attributes.isExecutable ? 0o100 : 0)
        guard fchmod(number, mode) == 0 else { throw PlatformError.file(errno, "fchmod", path: filePath) }
        try setTimes(number, attributes, path: filePath)
        _ = consume file
    }

    public func commit() throws {
        open = []
        // One call for all files: a call for each would take longer than writing them.
        guard linux_syncfs(top.descriptor.number) == 0 else { throw PlatformError.file(errno, "syncfs", path: path) }
        let directory = parent.descriptor.number
        if linux_rename_noreplace(directory, temporary, directory, name) != 0 {
            guard errno == EINVAL || errno == ENOSYS else { throw PlatformError.file(errno, "renameat2", path: path) }
            guard try parent.status(of: name) == nil else { throw PlatformError.file(EEXIST, "renameat", path: path) }
            guard renameat(directory, temporary, directory, name) == 0 else {
                throw PlatformError.file(errno, "renameat", path: path)
            }
        }
        isDone = true
        try parent.synchronize()
    }

    public func abandon() {
        guard !isDone else { return }
        isDone = true
        open = []
        // What cannot be removed now is removed with other abandoned files.
        try? Directory.removeContents(of: top.descriptor, path: path)
        _ = unlinkat(parent.descriptor.number, temporary, AT_REMOVEDIR)
    }

    // MARK: - Parts

    private func path(of parts: [String]) -> String { ([path] + parts).joined(separator: "/") }

    private static func check(_ name: String, path: String) throws {
        guard !name.isEmpty, name != ".", name != "..", name.utf8.allSatisfy({ $0 != 0 && $0 != 0x2F }) else {
            throw PlatformError(.invalidArgument, store: path, "A file cannot have the name that was given.")
        }
    }

    private static func openDirectory(
        _ name: String, in directory: borrowing FileDescriptor, path: String
    ) throws -> FileDescriptor {
        guard let opened = FileDescriptor.open(name, at: directory.number, O_RDONLY | O_DIRECTORY | O_NOFOLLOW) else {
            throw PlatformError.file(errno, "openat", path: path)
        }
        return opened
    }

    /// The directory that `parts` lead to, made as far as it is missing.
    private func directory(_ parts: some Collection<String>) throws -> Holder {
        let common = zip(open, parts).prefix { $0.name == $1 }.count
        open.removeSubrange(common...)
        var current = open.last?.directory ?? top
        for part in parts.dropFirst(common) {
            let partPath = path(of: open.map(\.name) + [part])
            try Self.check(part, path: partPath)
            guard mkdirat(current.descriptor.number, part, 0o700) == 0 || errno == EEXIST else {
                throw PlatformError.file(errno, "mkdirat", path: partPath)
            }
            current = Holder(try Self.openDirectory(part, in: current.descriptor, path: partPath))
            open.append((part, current))
        }
        return current
    }

    private func setTimes(_ file: Int32, _ attributes: ArchiveFileAttributes, path: String) throws {
        func time(_ value: Timestamp?) -> timespec {
            value.map { timespec(tv_sec: Int($0.secondsSince1970), tv_nsec: 0) }
                ?? timespec(tv_sec: 0, tv_nsec: linux_UTIME_OMIT)
        }
        let times = [time(attributes.accessed), time(attributes.modified)]
        guard futimens(file, times) == 0 else { throw PlatformError.file(errno, "futimens", path: path) }
    }
}
