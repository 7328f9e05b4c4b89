import MeshCore
import MeshDARE
import MeshPlatforms
import Synchronization

/// A portal's store in DARE files: records in a catalog for each partition (`portal.dcat` at the top, `account.dcat` in the
/// directory of each account), and beside it the containers as they are, `MMM_Device.dcat` and so on.
///
/// Several processes may use it at a time. Nothing is opened before it is asked for, and only some partitions stay open.
/// Calls run off the cooperative pool.
public final class DAREPortalStore: PortalStore {
    public var name: String { containers.name }
    public let isShared = true

    private let containers: any ContainerStore
    private let deadline: Duration
    private let calls: BlockingCalls
    private let open: Mutex<RecentlyUsed<PortalPartition, DAREPartition>>

    /// The store in `containers`.
    ///
    /// - Parameters:
    ///   - deadline: how long a call may take; it waits for others for half of it.
    ///   - openPartitions: how many partitions stay open. Each needs 4 files, and 2 for each container in use.
    public init(_ containers: any ContainerStore, deadline: Duration = .seconds(30), openPartitions: Int = 32) {
        self.containers = containers
        self.deadline = deadline
        calls = BlockingCalls(store: containers.name)
        open = Mutex(RecentlyUsed(limit: openPartitions))
    }

    // MARK: Records

    public func record(_ key: String, in partition: PortalPartition) async throws -> PortalRecord? {
        try PortalStoreRules.check(key: key)
        return try await run { [self] until in
            try existing(partition, until: until) { try $0.inCatalog { try $0.record(key) } }
        }
    }

    public func records(
        _ prefix: String, after: String?, limit: Int, in partition: PortalPartition
    ) async throws -> [PortalRecord] {
        guard limit > 0 else { return [] }
        return try await run { [self] until in
            try existing(partition, until: until) {
                try $0.inCatalog { try $0.records(prefix, after: after, limit: limit, until: until) }
            } ?? []
        }
    }

    public func commit(_ changes: [PortalChange], in partition: PortalPartition) async throws {
        try PortalStoreRules.check(changes)
        guard !changes.isEmpty else { return }
        try await run { [self] until in
            let isDone: Void? = try existing(partition, until: until) {
                try $0.inCatalog { try $0.commit(changes, until: until) }
            }
            guard isDone == nil else { return }
            // Nothing is there, and nothing is made for a change that is refused, or has nothing to remove.
            for change in changes { try PortalStoreRules.check(change, against: nil) }
            guard changes.contains(where: { if case .put = $0 { true } else { false } }) else { return }
            try made(partition, until: until) { try $0.inCatalog { try $0.commit(changes, until: until) } }
        }
    }

    // MARK: Containers

    public func state(of log: String, in partition: PortalPartition) async throws -> PortalLogState {
        try PortalStoreRules.check(log: log)
        return try await run { [self] until in try existing(partition, until: until) { try $0.state(of: log) } }
            ?? .none
    }

    public func runState(of log: String, in partition: PortalPartition) async throws -> FrameRunState {
        try PortalStoreRules.check(log: log)
        return try await run { [self] until in try existing(partition, until: until) { try $0.runState(of: log) } }
            ?? .empty
    }

    public func frames(
        of log: String, from first: Int, limit: Int, octets: Int, in partition: PortalPartition
    ) async throws -> [[UInt8]] {
        try PortalStoreRules.check(log: log)
        guard first >= 0, limit > 0 else { return [] }
        return try await run { [self] until in
            try existing(partition, until: until) { try $0.frames(of: log, from: first, limit: limit, octets: octets) }
                ?? []
        }
    }

    public func append(
        _ frames: [[UInt8]], to log: String, expecting count: Int, in partition: PortalPartition
    ) async throws -> PortalLogState {
        try PortalStoreRules.check(log: log)
        return try await run { [self] until in
            if let state = try existing(
                partition, until: until, { try $0.append(frames, to: log, expecting: count, until: until) })
            {
                return state
            }
            guard count == 0 else { throw PortalStoreRules.conflict(log, expected: count, count: 0) }
            guard !frames.isEmpty else { return .none }
            // No partition is made for frames that are refused.
            var checker = FrameRunChecker()
            do throws(ReplicaError) { try checker.take(frames) } catch {
                throw DAREPortalFault.invalidFrames(log, error)
            }
            return try made(partition, until: until) {
                try $0.append(frames, to: log, expecting: count, until: until)
            }
        }
    }

    public func remove(_ partition: PortalPartition) async throws -> Bool {
        try await run { [self] until in
            open.withLock { $0.set(nil, for: partition) }
            return try again(until: until) { try DAREPartition.remove(partition, in: containers, until: until) }
        }
    }

    // MARK: Partitions

    /// Runs `body` where it may block, with the moment until when it may wait for others.
    private func run<R: Sendable>(
        _ body: @escaping @Sendable (_ until: ContinuousClock.Instant) throws -> R
    ) async throws -> R {
        let deadline = deadline
        do {
            return try await calls.run(deadline: deadline) { try body(.now + deadline / 2) }
        } catch {
            throw DAREPortalFault.error(error, store: name)
        }
    }

    /// What `body` gives for the partition; nil if it is not there.
    private func existing<R>(
        _ partition: PortalPartition, until: ContinuousClock.Instant, _ body: (DAREPartition) throws -> R?
    ) throws -> R? {
        try again(until: until) {
            let opened: DAREPartition
            if let known = open.withLock({ $0.use(partition) }) {
                opened = known
            } else {
                guard let found = try DAREPartition.open(partition, in: containers) else { return nil }
                open.withLock { $0.set(found, for: partition) }
                opened = found
            }
            do {
                return try body(opened)
            } catch  where DAREPortalFault.isGone(error) {
                open.withLock { $0.set(nil, for: partition) }
                throw error
            }
        }
    }

    /// What `body` gives for the partition, which is made if it is not there.
    private func made<R>(
        _ partition: PortalPartition, until: ContinuousClock.Instant, _ body: (DAREPartition) throws -> R
    ) throws -> R {
        while true {
            try again(until: until) { try DAREPartition.make(partition, in: containers, until: until) }
            if let result = try existing(partition, until: until, body) { return result }
            // Removed again by somebody else.
            guard ContinuousClock.now < until else {
                throw PortalStoreError(.unavailable, "\(partition) is removed whenever it is made.")
            }
        }
    }

    /// Runs `body`, until `deadline` again if what it had found was removed or replaced meanwhile.
    private func again<R>(until deadline: ContinuousClock.Instant, _ body: () throws -> R) throws -> R {
        while true {
            do { return try body() } catch  where DAREPortalFault.isGone(error) && ContinuousClock.now < deadline {}
        }
    }
}

extension PortalLogState {
    /// That of a container that is not there.
    static let none = PortalLogState(count: 0, digest: [])
}
