import Glibc
import MeshCore
import MeshPlatforms
import Synchronization

/// A file that grows at its end, held open: an archive or a journal.
///
/// Whoever appends, truncates or synchronizes holds the lock that belongs to the file (``FileLock``). After a failed
/// synchronization the value is of no more use: every later change throws, because the system does not tell again what
/// it lost. Open the file anew and check its end. All calls block.
public final class DurableFile: Sendable {
    /// The path, for messages.
    public let path: String
    /// Which file it is.
    public let identity: FileStatus.Identity
    private let descriptor: FileDescriptor
    private let isPoisoned = Atomic<Bool>(false)

    init(path: String, identity: FileStatus.Identity, descriptor: consuming FileDescriptor) {
        self.path = path
        self.identity = identity
        self.descriptor = descriptor
    }

    /// What the system tells of the file now.
    ///
    /// - Throws: ``PlatformError`` `inputOutput`.
    public func status() throws -> FileStatus { try descriptor.status(path: path) }

    /// The octets from `offset`, at most `count` of them; fewer where the file ends.
    ///
    /// - Throws: ``PlatformError`` `inputOutput`.
    public func read(at offset: Int, count: Int) throws -> [UInt8] {
        try [UInt8](unsafeUninitializedCapacity: max(count, 0)) { buffer, filled in
            filled = try descriptor.read(into: UnsafeMutableRawBufferPointer(buffer), at: offset, path: path)
        }
    }

    /// Writes `bytes` at `end`, where the last whole record ends, and makes them durable. A failure leaves the file
    /// ending at `end`, or, if not even that can be done, with a torn tail that the next writer cuts off.
    ///
    /// - Throws: ``PlatformError`` `noSpace`, `readOnly`, `inputOutput`.
    public func append(_ bytes: [UInt8], at end: Int) throws {
        try requireSound()
        do {
            try bytes.withUnsafeBytes { try descriptor.write($0, at: end, path: path) }
            try synchronize()
        } catch {
            if ftruncate(descriptor.number, off_t(end)) != 0 { isPoisoned.store(true, ordering: .releasing) }
            throw error
        }
    }

    /// Cuts the file off at `length`, durably. Never while someone reads it through a memory map.
    ///
    /// - Throws: ``PlatformError`` `inputOutput` and others.
    public func truncate(to length: Int) throws {
        try requireSound()
        while ftruncate(descriptor.number, off_t(length)) != 0 {
            if errno != EINTR { throw PlatformError.file(errno, "ftruncate", path: path) }
        }
        try synchronize()
    }

    private func synchronize() throws {
        do {
            try descriptor.synchronizeData(path: path)
        } catch {
            isPoisoned.store(true, ordering: .releasing)
            throw error
        }
    }

    private func requireSound() throws {
        guard !isPoisoned.load(ordering: .acquiring) else {
            throw PlatformError(
                .inputOutput, store: path, "An earlier change of the file could not be made durable.",
                remedy: "Check the disk, then open the store anew.")
        }
    }
}

extension Directory {
    /// Opens the file called `name` for reading and appending; makes it empty with mode 0600, durably, if `create` is set.
    ///
    /// - Returns: nil if it is not there and `create` is not set.
    /// - Throws: ``PlatformError`` as ``readFile(_:limit:permissions:)`` and ``replaceFile(_:with:permissions:)``.
    public func openFile(_ name: String, create: Bool) throws -> DurableFile? {
        let path = self.path(of: name)
        while true {
            if let opened = try openChecked(name, O_RDWR, .ownerOnly) {
                return opened.durableFile(path: path)
            }
            guard create else { return nil }
            try createIfAbsent(name)
        }
    }

    /// Makes an empty file called `name`, complete in every respect when it appears, unless there is one.
    func createIfAbsent(_ name: String) throws {
        do {
            try createFile(name, with: [])
        } catch let error as PlatformError where error.code == .alreadyExists {
            return
        }
    }

    /// Opens the file called `name` for reading alone; nil if it is not there.
    ///
    /// - Throws: ``PlatformError`` as ``readFile(_:limit:permissions:)``.
    public func openFileForReading(_ name: String) throws -> DurableFile? {
        try openChecked(name, O_RDONLY, .ownerOnly)?.durableFile(path: path(of: name))
    }
}

/// A file that was opened, and what was found on checking it.
struct Opened: ~Copyable {
    let file: FileDescriptor
    let status: FileStatus

    consuming func durableFile(path: String) -> DurableFile {
        DurableFile(path: path, identity: status.identity, descriptor: file)
    }
}
