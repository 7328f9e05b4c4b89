import MeshCore
import MeshDARE
import MeshPortalService
import Synchronization

/// A portal's store whose whole content is a value: a test takes it, and puts it back.
final class SnapshotStore: PortalStore {
    /// Everything in a store.
    struct Contents: Sendable {
        fileprivate var partitions: [PortalPartition: Part] = [:]

        /// The frames of a container.
        func frames(of log: String, in partition: PortalPartition) -> [[UInt8]] {
            partitions[partition]?.logs[log]?.frames ?? []
        }
        /// The records whose keys begin with `prefix`, by key.
        func records(_ prefix: String, in partition: PortalPartition) -> [PortalRecord] {
            (partitions[partition]?.records.values.filter { $0.key.hasPrefix(prefix) } ?? []).sorted { $0.key < $1.key }
        }
    }

    fileprivate struct Part: Sendable {
        var records: [String: PortalRecord] = [:]
        var lastRemoved: UInt64 = 0
        var logs: [String: (frames: [[UInt8]], state: FrameRunState)] = [:]
    }

    let name = "memory"
    let isShared = false
    private let state: Mutex<Contents>

    init(_ contents: Contents = Contents()) { state = Mutex(contents) }

    /// What is in the store now.
    var contents: Contents {
        get { state.withLock { $0 } }
        set { state.withLock { $0 = newValue } }
    }

    func record(_ key: String, in partition: PortalPartition) async throws -> PortalRecord? {
        contents.partitions[partition]?.records[key]
    }

    func records(
        _ prefix: String, after: String?, limit: Int, in partition: PortalPartition
    ) async throws -> [PortalRecord] {
        let found = contents.records(prefix, in: partition).filter { record in after.map { $0 < record.key } ?? true }
        return Array(found.prefix(max(0, limit)))
    }

    func commit(_ changes: [PortalChange], in partition: PortalPartition) async throws {
        try state.withLock { contents in
            var part = contents.partitions[partition] ?? Part()
            for change in changes {
                let version = part.records[change.key]?.version
                if let expected = change.expected, expected != version ?? 0 {
                    throw PortalStoreError(.conflict, "Another version.", key: change.key)
                }
            }
            for change in changes {
                let old = part.records[change.key]
                switch change {
                case .put(let key, let octets, _):
                    part.records[key] = PortalRecord(
                        key: key, version: (old?.version ?? part.lastRemoved) + 1, octets: octets)
                case .remove(let key, _):
                    part.records[key] = nil
                    part.lastRemoved = max(part.lastRemoved, old?.version ?? 0)
                }
            }
            contents.partitions[partition] = part
        }
    }

    func state(of log: String, in partition: PortalPartition) async throws -> PortalLogState {
        let state = contents.partitions[partition]?.logs[log]?.state ?? .empty
        return PortalLogState(count: state.count, digest: state.digest)
    }

    func frames(
        of log: String, from first: Int, limit: Int, octets: Int, in partition: PortalPartition
    ) async throws -> [[UInt8]] {
        Array(contents.frames(of: log, in: partition).dropFirst(first).prefix(max(0, limit)))
    }

    func append(
        _ frames: [[UInt8]], to log: String, expecting count: Int, in partition: PortalPartition
    ) async throws -> PortalLogState {
        try state.withLock { contents in
            var own = contents.partitions[partition]?.logs[log] ?? ([], .empty)
            guard own.state.count == count else { throw PortalStoreError(.conflict, "Another length.", key: log) }
            var checker = FrameRunChecker(own.state)
            do {
                try checker.take(frames)
            } catch {
                throw PortalStoreError(.invalidFrames, "Not the next frames.", cause: error, key: log)
            }
            own.frames += frames
            own.state = checker.state
            contents.partitions[partition, default: Part()].logs[log] = own
            return PortalLogState(count: own.state.count, digest: own.state.digest)
        }
    }

    func remove(_ partition: PortalPartition) async throws -> Bool {
        state.withLock { $0.partitions.removeValue(forKey: partition) != nil }
    }
}
