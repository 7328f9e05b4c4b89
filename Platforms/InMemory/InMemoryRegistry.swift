import MeshPlatforms
import Synchronization

/// A registry in the memory of this process.
public final class InMemoryRegistry: Registry {
    fileprivate struct Hive {
        var generation = RegistryGeneration(0)
        var root = RegistryNode()
        var lastWatcher: UInt64 = 0
        var watchers: [UInt64: AsyncStream<RegistryGeneration>.Continuation] = [:]

        mutating func commit(_ root: RegistryNode) {
            self.root = root
            // It cannot overflow: 2^64 changes are not made in the life of a process.
            generation = RegistryGeneration(generation.number &+ 1)
            for watcher in watchers.values { watcher.yield(generation) }
        }
    }
    private final class Contents: Sendable {
        let hives = Mutex<[PlatformMode: Hive]>([:])
    }

    /// Whose settings these are.
    public let mode: PlatformMode
    public let name = "memory"
    private let contents: Contents

    /// A new, empty registry.
    public convenience init(mode: PlatformMode = .test("memory")) {
        self.init(mode: mode, contents: Contents())
    }

    private init(mode: PlatformMode, contents: Contents) {
        self.mode = mode
        self.contents = contents
    }

    /// Another registry of the same memory, as another process on one machine would open it: for this mode or another.
    public func reopened(in mode: PlatformMode? = nil) -> InMemoryRegistry {
        InMemoryRegistry(mode: mode ?? self.mode, contents: contents)
    }

    public func read<R: Sendable>(
        options: CallOptions, _ body: @Sendable (any RegistryReader) throws -> R
    ) async throws -> R {
        try Task.checkCancellation()
        let hive = contents.hives.withLock { $0[mode] ?? Hive() }
        return try body(InMemoryTransaction(generation: hive.generation, root: hive.root))
    }

    public func modify<R: Sendable>(
        expecting: RegistryGeneration?, options: CallOptions,
        _ body: @Sendable (inout any RegistryTransaction) throws -> R
    ) async throws -> R {
        try Task.checkCancellation()
        return try contents.hives.withLock { hives in
            let hive = hives[mode] ?? Hive()
            if let expecting, expecting != hive.generation {
                throw PlatformError(
                    .changedUnderneath, store: name,
                    "The registry is at generation \(hive.generation), not \(expecting).",
                    remedy: "Read it again and repeat the change.")
            }
            let memory = InMemoryTransaction(generation: hive.generation, root: hive.root)
            var transaction: any RegistryTransaction = memory
            let result = try body(&transaction)
            guard let changed = transaction as? InMemoryTransaction else {
                throw PlatformError(
                    .invalidArgument, store: name, "The body put another transaction in the place of its own.")
            }
            if changed.isChanged { hives[mode, default: Hive()].commit(changed.root) }
            return result
        }
    }

    public func changes() -> AsyncStream<RegistryGeneration> {
        AsyncStream(bufferingPolicy: .bufferingNewest(1)) { continuation in
            let number = contents.hives.withLock { hives in
                let number = hives[mode, default: Hive()].lastWatcher + 1
                hives[mode, default: Hive()].lastWatcher = number
                hives[mode, default: Hive()].watchers[number] = continuation
                return number
            }
            // Weak: the memory must not be kept by a stream that nobody ends.
            continuation.onTermination = { [weak contents, mode] _ in
                contents?.hives.withLock { _ = $0[mode]?.watchers.removeValue(forKey: number) }
            }
        }
    }

    public func eraseTestData(options: CallOptions) async throws {
        try mode.requireTest(store: name)
        try Task.checkCancellation()
        contents.hives.withLock { hives in
            guard let hive = hives[mode], !hive.root.isEmpty else { return }
            hives[mode]?.commit(RegistryNode())
        }
    }
}
