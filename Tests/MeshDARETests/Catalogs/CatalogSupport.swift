import MeshCore
import MeshCryptography
import MeshDARE
import MeshInMemory
import MeshPlatforms
import Testing

/// A directory that stops answering at one of its calls, as a machine does that goes off, or a process that is killed.
final class StoppingDirectory: ContainerDirectory {
    let inner: any ContainerDirectory
    private let counter: CallCounter
    var path: String { inner.path }

    /// Stops at call number `limit`; with nil it only counts.
    init(_ inner: any ContainerDirectory, at limit: Int?) {
        self.inner = inner
        counter = CallCounter(limit)
    }

    var calls: Int { counter.count }

    func openFile(_ name: String, _ access: ContainerAccess) throws -> (any ContainerFile)? {
        try inner.openFile(name, access).map { StoppingFile($0, counter) }
    }
    func createFile(_ name: String, with octets: [UInt8]) throws {
        try counter.call()
        try inner.createFile(name, with: octets)
    }
    func exchange(_ name: String, with other: String) throws {
        try counter.call()
        try inner.exchange(name, with: other)
    }
    func rename(_ name: String, to newName: String) throws {
        try counter.call()
        try inner.rename(name, to: newName)
    }
    func remove(_ name: String) throws -> Bool {
        try counter.call()
        return try inner.remove(name)
    }
    func synchronize() throws { try inner.synchronize() }
    func names() throws -> [String] { try inner.names() }
    func subdirectory(_ name: String, create: Bool) throws -> (any ContainerDirectory)? {
        try inner.subdirectory(name, create: create)
    }
    func openSidecar(_ name: String, _ access: ContainerAccess) throws -> (any ContainerSidecar)? {
        try inner.openSidecar(name, access)
    }

    struct Stopped: Error {}

    final class CallCounter: @unchecked Sendable {
        // Used by one thread alone, in tests.
        private(set) var count = 0
        private let limit: Int?
        init(_ limit: Int?) { self.limit = limit }
        func call() throws {
            count += 1
            if let limit, count >= limit { throw Stopped() }
        }
    }
}

/// A file of a ``StoppingDirectory``.
final class StoppingFile: ContainerFile {
    private let inner: any ContainerFile
    private let counter: StoppingDirectory.CallCounter
    var path: String { inner.path }
    var identity: UInt64 { inner.identity }

    init(_ inner: any ContainerFile, _ counter: StoppingDirectory.CallCounter) {
        self.inner = inner
        self.counter = counter
    }

    func length() throws -> Int { try inner.length() }
    func isCurrent() throws -> Bool { try inner.isCurrent() }
    func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        try inner.read(at: offset, into: buffer)
    }
    func write(_ octets: UnsafeRawBufferPointer, at offset: Int) throws {
        try counter.call()
        try inner.write(octets, at: offset)
    }
    func truncate(to length: Int) throws {
        try counter.call()
        try inner.truncate(to: length)
    }
    func synchronize() throws {
        try counter.call()
        try inner.synchronize()
    }
}

extension ContainerDirectory {
    /// All octets of a file.
    func octets(_ name: String) throws -> [UInt8] {
        let file = try #require(try openFile(name, .read))
        var octets = [UInt8](repeating: 0, count: try file.length())
        _ = try octets.withUnsafeMutableBytes { try file.read(at: 0, into: $0) }
        return octets
    }
}

/// Keys of three people.
struct TestKeys {
    let alice: PrivateKey
    let bob: PrivateKey
    let signer: PrivateKey
    let random = SeededRandomSource(seed: 11)

    init() throws {
        alice = try PrivateKey.generate(.x448, from: random)
        bob = try PrivateKey.generate(.x25519, from: random)
        signer = try PrivateKey.generate(.ed448, from: random)
    }
}
