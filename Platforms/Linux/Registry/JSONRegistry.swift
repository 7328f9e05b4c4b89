import MeshCore
import MeshFiles
import MeshPlatforms
import Synchronization

/// The registry in one JSON file that a person can read and edit (platform specification §14), shared by any number of
/// processes.
///
/// How keys and values are written: see `RegistryJSON`. The file is written anew at each change, until it is larger than
/// 64 KiB; from then on changes go to a journal beside it (`profiles.json.journal`, a line each), so that a change costs
/// the same however many keys there are, and the file is brought up to date every so often. Edits of the file by hand
/// count as changes, also while there is a journal: its changes are made on top of them. Do not edit while another
/// program is changing the registry, or the later of the two wins.
///
/// A damaged file is never overwritten: each call throws `corrupt`, and a copy is kept as `profiles.json.corrupt-1`.
public final class JSONRegistry: Registry {
    /// The name of the file.
    public static let fileName = "profiles.json"

    public let name: String
    /// Whose settings these are.
    public let mode: PlatformMode

    private let directory: @Sendable (_ create: Bool) throws -> Directory?
    private let store: RegistryStore
    private let calls: BlockingCalls
    private let gate: AsyncGate

    /// The registry in the directory that `directory` opens.
    ///
    /// - Parameters:
    ///   - mode: whose settings these are; in production nothing is erased.
    ///   - path: the path of the directory, for messages.
    ///   - directory: opens the directory, makes it if asked to, and gives nil if it is not there. It is called for each
    ///     call of the registry, off the cooperative pool.
    public init(
        mode: PlatformMode, path: String, directory: @escaping @Sendable (_ create: Bool) throws -> Directory?
    ) {
        self.mode = mode
        self.directory = directory
        name = "\(path)/\(Self.fileName)"
        store = RegistryStore(fileName: Self.fileName, path: name, directory: directory)
        calls = BlockingCalls(store: name)
        gate = AsyncGate(name)
    }

    public func read<R: Sendable>(
        options: CallOptions, _ body: @Sendable (any RegistryReader) throws -> R
    ) async throws -> R {
        let snapshot = try await calls.run(deadline: options.deadline) { [store] in try store.snapshot() }
        return try body(JSONTransaction(generation: snapshot.generation, base: snapshot.root))
    }

    public func modify<R: Sendable>(
        expecting: RegistryGeneration?, options: CallOptions,
        _ body: @Sendable (inout any RegistryTransaction) throws -> R
    ) async throws -> R {
        try await locked(options, store.snapshot) { deadline, newest in
            let (result, changes, generation) = try transact(expecting, newest, body)
            guard !changes.isEmpty else { return result }
            let abandonment = Abandonment()
            try await calls.run(deadline: Self.left(until: deadline), onAbandon: { abandonment.abandon() }) {
                [store] in
                try abandonment.check()
                try store.commit(changes, on: generation)
            }
            return result
        }
    }

    /// Runs `body` on the newest state, and lets go of that state, so that it can be changed in place afterwards.
    private func transact<R: Sendable>(
        _ expecting: RegistryGeneration?, _ newest: Newest<RegistryStore.Snapshot>,
        _ body: @Sendable (inout any RegistryTransaction) throws -> R
    ) throws -> (result: R, changes: [RegistryChange], generation: UInt64) {
        guard let snapshot = newest.take() else {
            throw PlatformError(.inputOutput, store: name, "The state of the registry was used twice.")
        }
        if let expecting, expecting.number != snapshot.generation {
            throw PlatformError(
                .changedUnderneath, store: name,
                "The registry is at generation \(snapshot.generation), not \(expecting).",
                remedy: "Read it again and repeat the change.")
        }
        var transaction: any RegistryTransaction = JSONTransaction(
            generation: snapshot.generation, base: snapshot.root)
        let result = try body(&transaction)
        guard let done = transaction as? JSONTransaction else {
            throw PlatformError(
                .invalidArgument, store: name, "The body put another transaction in the place of its own.")
        }
        return (result, done.changes, snapshot.generation)
    }

    public func changes() -> AsyncStream<RegistryGeneration> {
        RegistryWatcher.changes(of: store, calls: calls, directory: directory)
    }

    public func eraseTestData(options: CallOptions) async throws {
        try mode.requireTest(store: name)
        guard try await calls.run(deadline: options.deadline, { [directory] in try directory(false) != nil }) else {
            return
        }
        try await locked(options, store.erase) { _, _ in }
    }

    /// Brings the JSON file up to date, which may lag behind its journal once it is larger than 64 KiB.
    ///
    /// - Throws: ``PlatformError`` as ``modify(expecting:options:_:)``.
    public func writeFile(options: CallOptions = CallOptions()) async throws {
        try await locked(options, store.compact) { _, _ in }
    }

    /// Does `work`, which blocks, and then runs `body`, while no other task and no other process changes the registry.
    private func locked<W: Sendable, R: Sendable>(
        _ options: CallOptions, _ work: @escaping @Sendable () throws -> W,
        _ body: (ContinuousClock.Instant, Newest<W>) async throws -> R
    ) async throws -> R {
        let deadline = ContinuousClock.now + options.deadline
        try Task.checkCancellation()
        try await gate.enter(until: deadline)
        defer { gate.leave() }
        let abandonment = Abandonment()
        let (lock, done) = try await calls.run(
            deadline: Self.left(until: deadline), onAbandon: { abandonment.abandon() }
        ) { [directory, name] in
            guard let locks = try directory(true)?.subdirectory("locks", create: true) else {
                throw PlatformError(
                    .changedUnderneath, store: name, "The directory was removed while it was in use.",
                    remedy: "Try again.")
            }
            let lock = try FileLock("\(Self.fileName).lock", in: locks).acquire(
                until: deadline, abandonment: abandonment)
            return (lock, Newest(try work()))
        }
        defer { lock.release() }
        return try await body(deadline, done)
    }

    private static func left(until deadline: ContinuousClock.Instant) -> Duration {
        max(.zero, ContinuousClock.now.duration(to: deadline))
    }

    /// Something that is handed over once, so that nothing else holds it then.
    private final class Newest<Value: Sendable>: Sendable {
        private let value: Mutex<Value?>
        init(_ value: Value) { self.value = Mutex(value) }
        func take() -> Value? { value.withLock { $0.take() } }
    }
}
