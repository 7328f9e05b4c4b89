import Glibc
import MeshCore
import MeshPlatforms
import Synchronization

/// A container directory that lives in memory, for tests and for machines that keep nothing.
public final class InMemoryContainerDirectory: ContainerDirectory {
    public let path: String
    private let state = Mutex(State())

    private struct State {
        var files: [String: InMemoryContainerFile] = [:]
        var sidecars: [String: SharedSidecar] = [:]
        var directories: [String: InMemoryContainerDirectory] = [:]
    }

    /// An empty directory, called `path` in messages.
    public init(path: String = "memory") { self.path = path }

    public func openFile(_ name: String, _ access: ContainerAccess) throws -> (any ContainerFile)? {
        state.withLock { $0.files[name] }
    }

    public func createFile(_ name: String, with octets: [UInt8]) throws {
        try state.withLock { state in
            guard state.files[name] == nil else { throw taken(name) }
            state.files[name] = InMemoryContainerFile(path: "\(path)/\(name)", octets)
        }
    }

    public func exchange(_ name: String, with other: String) throws {
        try state.withLock { state in
            guard let first = state.files[name], let second = state.files[other] else { throw absent(name) }
            state.files[name] = second
            state.files[other] = first
            // Whoever has one of them open finds it replaced.
            first.isCurrentFile.store(false, ordering: .releasing)
            second.isCurrentFile.store(false, ordering: .releasing)
            state.files[name] = InMemoryContainerFile(sharing: second, path: "\(path)/\(name)")
            state.files[other] = InMemoryContainerFile(sharing: first, path: "\(path)/\(other)")
        }
    }

    public func rename(_ name: String, to newName: String) throws {
        try state.withLock { state in
            guard let file = state.files[name] else { throw absent(name) }
            guard state.files[newName] == nil else { throw taken(newName) }
            state.files[name] = nil
            file.isCurrentFile.store(false, ordering: .releasing)
            state.files[newName] = InMemoryContainerFile(sharing: file, path: "\(path)/\(newName)")
        }
    }

    public func remove(_ name: String) throws -> Bool {
        state.withLock { state in
            guard let file = state.files.removeValue(forKey: name) else { return false }
            file.isCurrentFile.store(false, ordering: .releasing)
            return true
        }
    }

    public func synchronize() throws {}

    public func names() throws -> [String] { state.withLock { $0.files.keys.sorted() } }

    public func subdirectory(_ name: String, create: Bool) throws -> (any ContainerDirectory)? {
        state.withLock { state in
            if let directory = state.directories[name] { return directory }
            guard create else { return nil }
            let directory = InMemoryContainerDirectory(path: "\(path)/\(name)")
            state.directories[name] = directory
            return directory
        }
    }

    public func openSidecar(_ name: String, _ access: ContainerAccess) throws -> (any ContainerSidecar)? {
        state.withLock { state in
            if let shared = state.sidecars[name] { return InMemorySidecar(shared) }
            guard access == .append else { return nil }
            let shared = SharedSidecar(path: "\(path)/\(name)")
            state.sidecars[name] = shared
            return InMemorySidecar(shared)
        }
    }

    private func taken(_ name: String) -> PlatformError {
        PlatformError(.alreadyExists, store: path, "There is a file called \(name) already.")
    }

    private func absent(_ name: String) -> PlatformError {
        PlatformError(.notFound, store: path, "There is no file called \(name).")
    }
}

/// A container file in memory.
final class InMemoryContainerFile: ContainerFile {
    let path: String
    let isCurrentFile = Atomic<Bool>(true)
    private let content: Content

    private final class Content: Sendable {
        static let last = Atomic<UInt64>(0)
        let identity = last.wrappingAdd(1, ordering: .relaxed).newValue
        let octets: Mutex<[UInt8]>
        init(_ octets: [UInt8]) { self.octets = Mutex(octets) }
    }

    var identity: UInt64 { content.identity }

    init(path: String, _ octets: [UInt8]) {
        self.path = path
        self.content = Content(octets)
    }

    /// The same octets under another name.
    init(sharing other: InMemoryContainerFile, path: String) {
        self.path = path
        self.content = other.content
    }

    func length() -> Int { content.octets.withLock { $0.count } }

    func isCurrent() -> Bool { isCurrentFile.load(ordering: .acquiring) }

    func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) -> Int {
        content.octets.withLock { octets in
            let count = max(0, min(buffer.count, octets.count - offset))
            if count > 0 {
                octets.withUnsafeBytes { buffer.copyMemory(from: .init(rebasing: $0[offset..<offset + count])) }
            }
            return count
        }
    }

    func write(_ added: UnsafeRawBufferPointer, at offset: Int) {
        content.octets.withLock { octets in
            if octets.count < offset + added.count {
                octets.append(contentsOf: repeatElement(0, count: offset + added.count - octets.count))
            }
            octets.replaceSubrange(offset..<offset + added.count, with: added)
        }
    }

    func truncate(to length: Int) {
        content.octets.withLock { octets in
            if length < octets.count { octets.removeLast(octets.count - length) }
        }
    }

    func synchronize() {}
}

/// What all holders of one sidecar share.
private final class SharedSidecar: Sendable {
    let path: String
    let state = Mutex(State())

    struct State {
        var words = ContainerWords()
        var held: Set<ContainerLock> = []
    }

    init(path: String) { self.path = path }
}

private final class InMemorySidecar: ContainerSidecar {
    private let shared: SharedSidecar

    init(_ shared: SharedSidecar) { self.shared = shared }

    func acquire(_ lock: ContainerLock, until deadline: ContinuousClock.Instant) throws {
        while !tryAcquire(lock) {
            guard ContinuousClock.now < deadline else {
                throw PlatformError(.timedOut, store: shared.path, "Another task held the lock until the deadline.")
            }
            sched_yield()
        }
    }

    func tryAcquire(_ lock: ContainerLock) -> Bool { shared.state.withLock { $0.held.insert(lock).inserted } }

    func release(_ lock: ContainerLock) { shared.state.withLock { _ = $0.held.remove(lock) } }

    func isCurrent() -> Bool { true }

    func words() -> ContainerWords { shared.state.withLock { $0.words } }

    func store(_ value: UInt64, in word: ContainerWord) { shared.state.withLock { $0.words[word] = value } }

    func wait(for word: ContainerWord, whileEqualTo value: UInt64, atMost duration: Duration) { sched_yield() }

    func wake(_ word: ContainerWord) {}
}
