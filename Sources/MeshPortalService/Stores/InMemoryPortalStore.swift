import MeshDARE
import Synchronization

/// A portal's store in the memory of this process.
public final class InMemoryPortalStore: PortalStore {
    public let name: String
    public let isShared = false
    private let partitions = Mutex<[PortalPartition: Partition]>([:])

    fileprivate struct Partition {
        var records: [[UInt8]: PortalRecord] = [:]
        /// No key that is made anew gets a version up to this.
        var lastRemoved: UInt64 = 0
        var logs: [String: Log] = [:]
    }

    fileprivate struct Log {
        var frames: [[UInt8]] = []
        /// How far they go.
        var state = FrameRunState.empty
    }

    /// An empty store.
    public init(name: String = "memory") { self.name = name }

    // MARK: Records

    public func record(_ key: String, in partition: PortalPartition) async throws -> PortalRecord? {
        try PortalStoreRules.check(key: key)
        return partitions.withLock { $0[partition]?.records[Array(key.utf8)] }
    }

    public func records(
        _ prefix: String, after: String?, limit: Int, in partition: PortalPartition
    ) async throws -> [PortalRecord] {
        guard limit > 0 else { return [] }
        let records = partitions.withLock { $0[partition]?.records ?? [:] }
        let start = after.map { Array($0.utf8) }
        let found = records.filter { key, _ in
            key.starts(with: prefix.utf8) && (start.map { $0.lexicographicallyPrecedes(key) } ?? true)
        }
        return found.sorted { $0.key.lexicographicallyPrecedes($1.key) }.prefix(limit).map(\.value)
    }

    public func commit(_ changes: [PortalChange], in partition: PortalPartition) async throws {
        try PortalStoreRules.check(changes)
        try partitions.withLock { partitions in
            var own = partitions[partition] ?? Partition()
            for change in changes {
                try PortalStoreRules.check(change, against: own.records[Array(change.key.utf8)]?.version)
            }
            for change in changes { own.make(change) }
            if !own.isEmpty { partitions[partition] = own }
        }
    }

    // MARK: Containers

    public func state(of log: String, in partition: PortalPartition) async throws -> PortalLogState {
        try PortalStoreRules.check(log: log)
        return PortalLogState(partitions.withLock { $0[partition]?.logs[log]?.state } ?? .empty)
    }

    public func runState(of log: String, in partition: PortalPartition) async throws -> FrameRunState {
        try PortalStoreRules.check(log: log)
        return partitions.withLock { $0[partition]?.logs[log]?.state } ?? .empty
    }

    public func frames(
        of log: String, from first: Int, limit: Int, octets: Int, in partition: PortalPartition
    ) async throws -> [[UInt8]] {
        try PortalStoreRules.check(log: log)
        let frames = partitions.withLock { $0[partition]?.logs[log]?.frames } ?? []
        guard first >= 0, first < frames.count else { return [] }
        var room = octets
        var found: [[UInt8]] = []
        for frame in frames[first...].prefix(max(0, limit)) {
            guard frame.count <= room || found.isEmpty else { break }
            room = max(0, room - frame.count)
            found.append(frame)
        }
        return found
    }

    public func append(
        _ frames: [[UInt8]], to log: String, expecting count: Int, in partition: PortalPartition
    ) async throws -> PortalLogState {
        try PortalStoreRules.check(log: log)
        // Frames are checked without the lock: what was there before them does not change.
        let before = partitions.withLock { $0[partition]?.logs[log]?.state } ?? .empty
        guard before.count == count else {
            throw PortalStoreRules.conflict(log, expected: count, count: before.count)
        }
        var checker = FrameRunChecker(before)
        do {
            try checker.take(frames)
            let last = partitions.withLock { $0[partition]?.logs[log]?.frames.last }
            try DARESequence.requireWholeRuns(
                frames, isAfterRun: try last.map { try FrameTrailer(of: $0).endsRun } ?? false, count)
        } catch let error as ReplicaError {
            throw DAREPortalFault.invalidFrames(log, error)
        }
        let after = checker.state
        guard !frames.isEmpty else { return PortalLogState(after) }
        return try partitions.withLock { partitions in
            var own = partitions[partition, default: Partition()].logs[log, default: Log()]
            guard own.state.count == before.count, own.state.digest == before.digest, own.state.check == before.check
            else { throw PortalStoreRules.conflict(log, expected: count, count: own.state.count) }
            // Taken out, so that its frames are not copied.
            partitions[partition, default: Partition()].logs[log] = nil
            own.frames += frames
            own.state = after
            partitions[partition, default: Partition()].logs[log] = own
            return PortalLogState(after)
        }
    }

    public func remove(_ partition: PortalPartition) async throws -> Bool {
        partitions.withLock { $0.removeValue(forKey: partition) != nil }
    }
}

extension InMemoryPortalStore.Partition {
    fileprivate var isEmpty: Bool { records.isEmpty && logs.isEmpty && lastRemoved == 0 }

    fileprivate mutating func make(_ change: PortalChange) {
        let name = Array(change.key.utf8)
        let old = records[name]
        switch change {
        case .put(let key, let octets, _):
            records[name] = PortalRecord(key: key, version: (old?.version ?? lastRemoved) + 1, octets: octets)
        case .remove:
            records[name] = nil
            lastRemoved = max(lastRemoved, old?.version ?? 0)
        }
    }
}

extension PortalLogState {
    /// As a checker, or the sequence itself, tells it.
    init(_ state: FrameRunState) { self.init(count: state.count, digest: state.digest) }
}
