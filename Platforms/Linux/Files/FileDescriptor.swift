import Glibc
import MeshPlatforms

/// An open descriptor, owned by one value and closed with it. Every call retries when a signal interrupts it.
struct FileDescriptor: ~Copyable, Sendable {
    let number: Int32

    init(_ number: Int32) { self.number = number }

    deinit { _ = close(number) }

    /// Opens `name` relative to the directory `at`; nil and `errno` on failure.
    static func open(_ name: String, at directory: Int32, _ flags: Int32, _ mode: mode_t = 0) -> FileDescriptor? {
        while true {
            let number = openat(directory, name, flags | O_CLOEXEC, mode)
            if number >= 0 { return FileDescriptor(number) }
            if errno != EINTR { return nil }
        }
    }

    func status(path: String) throws -> FileStatus {
        var status = stat()
        guard fstat(number, &status) == 0 else { throw PlatformError.file(errno, "fstat", path: path) }
        return FileStatus(status)
    }

    /// Writes all of `bytes` at `offset`, however little the system takes at a time.
    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int, path: String) throws {
        try Self.write(number, bytes, at: offset, path: path)
    }

    /// As ``write(_:at:path:)``, for a descriptor that the caller holds open.
    static func write(_ number: Int32, _ bytes: UnsafeRawBufferPointer, at offset: Int, path: String) throws {
        var done = 0
        while done < bytes.count {
            let rest = UnsafeRawBufferPointer(rebasing: bytes[done...])
            let written = pwrite(number, rest.baseAddress, rest.count, off_t(offset + done))
            if written > 0 {
                done += written
            } else if written == 0 {
                throw PlatformError.file(ENOSPC, "pwrite", path: path)
            } else if errno != EINTR {
                throw PlatformError.file(errno, "pwrite", path: path)
            }
        }
    }

    /// Reads into `target` from `offset` until it is full or the file ends.
    ///
    /// - Returns: how many octets were read.
    func read(into target: UnsafeMutableRawBufferPointer, at offset: Int, path: String) throws -> Int {
        try Self.read(number, into: target, at: offset, path: path)
    }

    /// As ``read(into:at:path:)``, for a descriptor that the caller holds open.
    static func read(
        _ number: Int32, into target: UnsafeMutableRawBufferPointer, at offset: Int, path: String
    ) throws -> Int {
        var done = 0
        while done < target.count {
            let rest = UnsafeMutableRawBufferPointer(rebasing: target[done...])
            let count = pread(number, rest.baseAddress, rest.count, off_t(offset + done))
            if count > 0 {
                done += count
            } else if count == 0 {
                break
            } else if errno != EINTR {
                throw PlatformError.file(errno, "pread", path: path)
            }
        }
        return done
    }

    /// Makes what was written durable. A failure is final: the system forgets which pages it could not write.
    func synchronize(path: String) throws {
        while fsync(number) != 0 {
            if errno != EINTR { throw PlatformError.file(errno, "fsync", path: path) }
        }
    }

    /// As ``synchronize(path:)``, for the content and the length alone.
    func synchronizeData(path: String) throws {
        while fdatasync(number) != 0 {
            if errno != EINTR { throw PlatformError.file(errno, "fdatasync", path: path) }
        }
    }
}
