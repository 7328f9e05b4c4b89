import Glibc
import MeshPlatforms
import Synchronization

/// A container that is written where nobody can see it yet: one process, one thread, and a file without a name. It gets its name
/// from ``OutputFile/commit()``, which also makes it durable: before, nothing is.
final class NewContainer: ContainerDirectory, ContainerFile, ContainerSidecar {
    let path: String
    let identity: UInt64 = 1
    private let file: OutputFile
    private let state = Mutex(ContainerWords())

    init(_ file: OutputFile) {
        self.file = file
        path = file.name
    }

    private var descriptor: Int32 {
        get throws {
            // Without it, the person gave up meanwhile.
            guard let descriptor = file.descriptor else { throw CancellationError() }
            return descriptor
        }
    }

    // MARK: The directory

    func openFile(_ name: String, _ access: ContainerAccess) throws -> (any ContainerFile)? {
        try length() == 0 ? nil : self
    }
    func createFile(_ name: String, with octets: [UInt8]) throws { try octets.withUnsafeBytes { try write($0, at: 0) } }
    func openSidecar(_ name: String, _ access: ContainerAccess) throws -> (any ContainerSidecar)? { self }
    func names() throws -> [String] { [] }
    func subdirectory(_ name: String, create: Bool) throws -> (any ContainerDirectory)? { nil }
    func exchange(_ name: String, with other: String) throws { throw unsupported }
    func rename(_ name: String, to newName: String) throws { throw unsupported }
    func remove(_ name: String) throws -> Bool { throw unsupported }

    private var unsupported: PlatformError {
        PlatformError(.unsupported, store: path, "The file has no name yet.")
    }

    // MARK: The file

    func isCurrent() throws -> Bool { true }
    func synchronize() throws {}

    func length() throws -> Int {
        var status = stat()
        guard fstat(try descriptor, &status) == 0 else { throw FileOctets.failure(path, "read") }
        return Int(status.st_size)
    }

    func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        try FileOctets.read(try descriptor, at: offset, into: buffer, named: path)
    }

    func write(_ octets: UnsafeRawBufferPointer, at offset: Int) throws {
        let descriptor = try descriptor
        var rest = octets
        while !rest.isEmpty {
            let count = pwrite(descriptor, rest.baseAddress, rest.count, off_t(offset + octets.count - rest.count))
            if count < 0 {
                if errno == EINTR { continue }
                throw FileOctets.failure(path, "written")
            }
            rest = UnsafeRawBufferPointer(rebasing: rest[count...])
        }
    }

    func truncate(to length: Int) throws {
        guard ftruncate(try descriptor, off_t(length)) == 0 else { throw FileOctets.failure(path, "written") }
    }

    // MARK: The locks and words

    func acquire(_ lock: ContainerLock, until deadline: ContinuousClock.Instant) throws {}
    func tryAcquire(_ lock: ContainerLock) throws -> Bool { true }
    func release(_ lock: ContainerLock) {}
    func words() throws -> ContainerWords { state.withLock { $0 } }
    func store(_ value: UInt64, in word: ContainerWord) throws { state.withLock { $0[word] = value } }
    func wait(for word: ContainerWord, whileEqualTo value: UInt64, atMost duration: Duration) throws {}
    func wake(_ word: ContainerWord) {}
}
