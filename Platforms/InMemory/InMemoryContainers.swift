import MeshCore
import MeshPlatforms
import Synchronization

/// A container directory that lives in memory, for tests and for machines that keep nothing.
public final class InMemoryContainerDirectory: ContainerDirectory {
    public let path: String
    private let state = Mutex(State())

    private struct State {
        var files: [String: InMemoryContainerFile] = [:]
        var sidecars: [String: InMemorySidecar.Shared] = [:]
        var directories: [String: InMemoryContainerDirectory] = [:]
        var isRemoved = false
    }

    /// An empty directory, called `path` in messages.
    public init(path: String = "memory") { self.path = path }

    public func openFile(_ name: String, _ access: ContainerAccess) throws -> (any ContainerFile)? {
        try ContainerName.check(name, in: path)
        return state.withLock { $0.files[name] }
    }

    public func createFile(_ name: String, with octets: [UInt8]) throws {
        try ContainerName.check(name, in: path)
        try state.withLock { state in
            try requirePresent(state)
            guard state.files[name] == nil else { throw taken(name) }
            state.files[name] = InMemoryContainerFile(path: "\(path)/\(name)", octets)
        }
    }

    public func exchange(_ name: String, with other: String) throws {
        for name in [name, other] { try ContainerName.check(name, in: path) }
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
        for name in [name, newName] { try ContainerName.check(name, in: path) }
        try state.withLock { state in
            guard let file = state.files[name] else { throw absent(name) }
            guard state.files[newName] == nil else { throw taken(newName) }
            state.files[name] = nil
            file.isCurrentFile.store(false, ordering: .releasing)
            state.files[newName] = InMemoryContainerFile(sharing: file, path: "\(path)/\(newName)")
        }
    }

    public func remove(_ name: String) throws -> Bool {
        try ContainerName.check(name, in: path)
        return state.withLock { state in
            guard let file = state.files.removeValue(forKey: name) else { return false }
            file.isCurrentFile.store(false, ordering: .releasing)
            return true
        }
    }

    public func synchronize() throws {}

    public func names() throws -> [String] {
        state.withLock { $0.files.keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) } }
    }

    public func subdirectory(_ name: String, create: Bool) throws -> (any ContainerDirectory)? {
        try ContainerName.check(name, in: path)
        return try state.withLock { state in
            if let directory = state.directories[name] { return directory }
            guard create else { return nil }
            try requirePresent(state)
            let directory = InMemoryContainerDirectory(path: "\(path)/\(name)")
            state.directories[name] = directory
            return directory
        }
    }

    public func openSidecar(_ name: String, _ access: ContainerAccess) throws -> (any ContainerSidecar)? {
        try ContainerName.check(name, in: path)
        return try state.withLock { state in
            if let shared = state.sidecars[name] { return InMemorySidecar(shared) }
            guard access == .append else { return nil }
            try requirePresent(state)
            let shared = InMemorySidecar.Shared(path: "\(path)/\(name)")
            state.sidecars[name] = shared
            return InMemorySidecar(shared)
        }
    }

    /// The names of the directories in this one.
    var directoryNames: [String] { state.withLock { Array($0.directories.keys) } }

    /// Removes everything in this directory once nobody appends to it or holds another lock of it.
    ///
    /// - Throws: ``PlatformError`` `timedOut` if somebody holds one until `deadline`; nothing is removed then.
    func removeContents(until deadline: ContinuousClock.Instant) throws {
        let sidecars = allSidecars.map { InMemorySidecar($0) }
        // Those that were taken go with the values.
        for sidecar in sidecars {
            for lock in ContainerLock.allCases { try sidecar.acquire(lock, until: deadline) }
        }
        discardContents()
    }

    /// Removes the directory called `name` if it holds nothing but locks that nobody has.
    func removeEmptyDirectory(_ name: String) -> Bool {
        guard let directory = state.withLock({ $0.directories[name] }) else { return false }
        let sidecars = directory.state.withLock { Array($0.sidecars.values) }
        // Held until the values go.
        let held = sidecars.map { InMemorySidecar($0) }
        guard held.allSatisfy({ sidecar in ContainerLock.allCases.allSatisfy { sidecar.tryAcquire($0) } }) else {
            return false
        }
        // At one moment for who has the directory and for who looks for it.
        let isRemoved = state.withLock { parent in
            guard parent.directories[name] === directory else { return false }
            return directory.state.withLock { state in
                guard state.files.isEmpty, state.directories.isEmpty, state.sidecars.count == sidecars.count else {
                    return false
                }
                state.isRemoved = true
                state.sidecars = [:]
                parent.directories[name] = nil
                return true
            }
        }
        guard isRemoved else { return false }
        for sidecar in sidecars { sidecar.discard() }
        return true
    }

    private var allSidecars: [InMemorySidecar.Shared] {
        let (own, directories) = state.withLock { (Array($0.sidecars.values), Array($0.directories.values)) }
        return own + directories.flatMap(\.allSidecars)
    }

    private func discardContents(andItself isRemoved: Bool = false) {
        let old = state.withLock { state in
            defer {
                state = State()
                state.isRemoved = isRemoved
            }
            return state
        }
        // Whoever has something open finds it gone.
        for file in old.files.values { file.isCurrentFile.store(false, ordering: .releasing) }
        for sidecar in old.sidecars.values { sidecar.discard() }
        for directory in old.directories.values { directory.discardContents(andItself: true) }
    }

    private func requirePresent(_ state: State) throws {
        if state.isRemoved { throw PlatformError(.notFound, store: path, "The directory was removed.") }
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
