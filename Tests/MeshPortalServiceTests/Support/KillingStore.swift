import MeshDARE
import MeshPortalService
import Synchronization

/// A store whose user dies at a call: before it takes effect, or after. From then on every call fails, until a new life.
final class KillingStore: PortalStore {
    enum Call: Sendable {
        case read, commit, append, remove
        var isWrite: Bool { self != .read }
    }

    let name = "killing"
    let isShared: Bool
    private let store: any PortalStore
    private let state = Mutex(State())

    private struct State {
        var isDead = false
        var calls = 0
        var diesAt: (call: Int, isAfter: Bool)?
        var dies: (@Sendable (Call) -> Bool)?
    }

    init(_ store: any PortalStore, isShared: Bool = false) {
        self.store = store
        self.isShared = isShared
    }

    /// Dies at the write of that number from now on, before it or after it.
    func kill(atWrite call: Int, isAfter: Bool) {
        state.withLock { ($0.calls, $0.diesAt) = (0, (call, isAfter)) }
    }

    /// Dies before the first call of that kind.
    func kill(_ dies: @escaping @Sendable (Call) -> Bool) { state.withLock { $0.dies = dies } }

    /// Begins a new life.
    func revive() { state.withLock { $0 = State() } }

    /// Whether it has died.
    var isDead: Bool { state.withLock { $0.isDead } }

    private func call<R: Sendable>(_ call: Call, _ body: () async throws -> R) async throws -> R {
        let diesAfter = try state.withLock { state in
            if state.dies?(call) == true { state.isDead = true }
            if call.isWrite {
                state.calls += 1
                if let at = state.diesAt, at.call == state.calls, !at.isAfter { state.isDead = true }
            }
            if state.isDead { throw Self.dead }
            return call.isWrite && state.diesAt.map { $0.call == state.calls && $0.isAfter } == true
        }
        let result = try await body()
        if diesAfter {
            state.withLock { $0.isDead = true }
            throw Self.dead
        }
        return result
    }

    private static var dead: PortalStoreError { PortalStoreError(.unavailable, "It has died.") }

    func record(_ key: String, in partition: PortalPartition) async throws -> PortalRecord? {
        try await call(.read) { try await store.record(key, in: partition) }
    }

    func records(
        _ prefix: String, after: String?, limit: Int, in partition: PortalPartition
    ) async throws -> [PortalRecord] {
        try await call(.read) { try await store.records(prefix, after: after, limit: limit, in: partition) }
    }

    func commit(_ changes: [PortalChange], in partition: PortalPartition) async throws {
        try await call(.commit) { try await store.commit(changes, in: partition) }
    }

    func state(of log: String, in partition: PortalPartition) async throws -> PortalLogState {
        try await call(.read) { try await store.state(of: log, in: partition) }
    }

    func frames(
        of log: String, from first: Int, limit: Int, octets: Int, in partition: PortalPartition
    ) async throws -> [[UInt8]] {
        try await call(.read) {
            try await store.frames(of: log, from: first, limit: limit, octets: octets, in: partition)
        }
    }

    func append(
        _ frames: [[UInt8]], to log: String, expecting count: Int, in partition: PortalPartition
    ) async throws -> PortalLogState {
        try await call(.append) { try await store.append(frames, to: log, expecting: count, in: partition) }
    }

    func remove(_ partition: PortalPartition) async throws -> Bool {
        try await call(.remove) { try await store.remove(partition) }
    }
}
