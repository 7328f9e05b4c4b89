import MeshCore
import MeshPlatforms
import Synchronization

/// A container store in the memory of this process.
public final class InMemoryContainerStore: ContainerStore {
    private final class Contents: Sendable {
        let roots = Mutex<[PlatformMode: InMemoryContainerDirectory]>([:])
    }

    /// Whose containers these are.
    public let mode: PlatformMode
    public let name = "memory"
    private let contents: Contents

    private static let stores = "stores"

    /// A new, empty store.
    public convenience init(mode: PlatformMode = .test("memory")) { self.init(mode: mode, contents: Contents()) }

    private init(mode: PlatformMode, contents: Contents) {
        self.mode = mode
        self.contents = contents
    }

    /// Another store of the same memory, as another process on one machine would open it: for this mode or another.
    public func reopened(in mode: PlatformMode? = nil) -> InMemoryContainerStore {
        InMemoryContainerStore(mode: mode ?? self.mode, contents: contents)
    }

    public func root(create: Bool) throws -> (any ContainerDirectory)? { memory(create: create) }

    public func directory(of account: UDF, create: Bool) throws -> (any ContainerDirectory)? {
        try memory(create: create)?.subdirectory(Self.stores, create: create)?
            .subdirectory(account.text, create: create)
    }

    public func accounts() throws -> [UDF] {
        guard
            let stores = try memory(create: false)?.subdirectory(Self.stores, create: false)
                as? InMemoryContainerDirectory
        else { return [] }
        return stores.directoryNames.compactMap { UDF($0) }.sorted { $0.text < $1.text }
    }

    public func removeEmptyDirectory(of account: UDF) throws -> Bool {
        let stores = try memory(create: false)?.subdirectory(Self.stores, create: false) as? InMemoryContainerDirectory
        return stores?.removeEmptyDirectory(account.text) ?? false
    }

    public func eraseTestData(options: CallOptions) async throws {
        try mode.requireTest(store: name)
        guard let root = memory(create: false) else { return }
        let deadline = ContinuousClock.now + options.deadline
        // Gives up by itself; a moment later than the deadline, so that nothing is removed after the answer was given.
        try await BlockingCalls(store: name).run(deadline: options.deadline + .seconds(5)) {
            try root.removeContents(until: deadline)
        }
    }

    private func memory(create: Bool) -> InMemoryContainerDirectory? {
        contents.roots.withLock { roots in
            if let root = roots[mode] { return root }
            guard create else { return nil }
            let root = InMemoryContainerDirectory()
            roots[mode] = root
            return root
        }
    }
}
