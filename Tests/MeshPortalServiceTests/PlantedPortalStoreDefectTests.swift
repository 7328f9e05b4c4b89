import MeshCore
import MeshPlatformTesting
import MeshPortalService
import MeshPortalTesting
import Synchronization
import Testing

/// Defects that stores of portals may have are found by the case that names the broken rule.
@Suite struct PlantedPortalStoreDefectTests {
    @Test(arguments: PortalStoreDefect.allCases)
    func `A defect is found by the case of its rule`(_ defect: PortalStoreDefect) async throws {
        let stores = PortalStoresByMode()
        let suite = PortalStoreConformance(name: "\(defect)", histories: 60) {
            let good = defect == .forgets ? InMemoryPortalStore() : stores[$0]
            return DefectivePortalStore(defect, good, stores.memory($0))
        }
        let failure = await #expect(throws: ConformanceFailure.self) { try await suite.run(defect.finder) }
        #expect(failure?.caseName == defect.finder.rawValue)
        // Where the store threw, it was not the defect that was found.
        #expect(failure?.cause == nil, "found by accident: \(String(describing: failure))")
    }
}

/// A store for each mode, the same for who opens it again.
final class PortalStoresByMode: Sendable {
    private let stores = Mutex<[String: InMemoryPortalStore]>([:])
    private let memories = Mutex<[String: DefectivePortalStore.Memory]>([:])

    subscript(_ mode: some CustomStringConvertible) -> InMemoryPortalStore {
        stores.withLock { stores in
            let store = stores["\(mode)"] ?? InMemoryPortalStore()
            stores["\(mode)"] = store
            return store
        }
    }

    func memory(_ mode: some CustomStringConvertible) -> DefectivePortalStore.Memory {
        memories.withLock { memories in
            let memory = memories["\(mode)"] ?? DefectivePortalStore.Memory()
            memories["\(mode)"] = memory
            return memory
        }
    }
}

/// A defect of a store, and the case that must find it.
enum PortalStoreDefect: CaseIterable, Sendable {
    case makesWhatItLooksFor, makesWhatIsThere, ignoresVersions, countsNoRepetitions, reusesVersions, commitsInPart
    case namesAnotherKey, ordersAsText, listsTheLastAgain, matchesText, composesKeys, takesAllKeys, cutsValues
    case hasOnePartition, leavesContainers, changesFrames, ignoresOctetLimit, ignoresCount, takesAllFrames,
        tellsNoDigest
    case letsAllMakeAName, losesUpdates, letsAllAppend, showsPartsOfCommits, readsOldRecords, forgets

    var finder: PortalStoreConformance.Case {
        switch self {
        case .makesWhatItLooksFor: .absent
        case .makesWhatIsThere: .creation
        case .ignoresVersions: .swapping
        case .countsNoRepetitions: .unconditional
        case .reusesVersions: .removal
        case .commitsInPart: .atomicity
        case .namesAnotherKey: .conflicts
        case .ordersAsText: .ordering
        case .listsTheLastAgain: .paging
        case .matchesText: .prefixes
        case .composesKeys: .keys
        case .takesAllKeys: .invalidKeys
        case .cutsValues: .values
        case .hasOnePartition: .partitions
        case .leavesContainers: .partitionRemoval
        case .changesFrames: .frames
        case .ignoresOctetLimit: .frameLimits
        case .ignoresCount: .frameConflicts
        case .takesAllFrames: .invalidFrames
        case .tellsNoDigest: .logState
        case .letsAllMakeAName: .oneName
        case .losesUpdates: .counting
        case .letsAllAppend: .oneIndex
        case .showsPartsOfCommits: .wholeCommits
        case .readsOldRecords: .histories
        case .forgets: .reopening
        }
    }
}

/// A store with one planted defect; otherwise it does what the store it wraps does.
struct DefectivePortalStore: PortalStore {
    /// What the defect needs to remember.
    final class Memory: Sendable {
        let lastVersions = Mutex<[String: UInt64]>([:])
        let spellings = Mutex<[String: String]>([:])
        let old = Mutex<[String: PortalRecord?]>([:])
    }

    let defect: PortalStoreDefect
    let good: InMemoryPortalStore
    let memory: Memory
    var name: String { good.name }
    var isShared: Bool { good.isShared }

    init(_ defect: PortalStoreDefect, _ good: InMemoryPortalStore, _ memory: Memory) {
        self.defect = defect
        self.good = good
        self.memory = memory
    }

    /// Lets others come in between.
    private static func letOthers() async { for _ in 0..<20 { await Task.yield() } }

    private func place(_ partition: PortalPartition) -> PortalPartition {
        defect == .hasOnePartition ? .portal : partition
    }

    private func spelled(_ key: String) -> String {
        switch defect {
        case .takesAllKeys where !PortalStoreRules.isKey(key): "any/\(key.utf8.count)"
        // A dictionary of texts takes what Unicode holds to be the same for the same.
        case .composesKeys:
            memory.spellings.withLock { spellings in
                let spelling = spellings[key] ?? key
                spellings[key] = spelling
                return spelling
            }
        default: key
        }
    }

    private func lastVersion(_ key: String, _ partition: PortalPartition) -> UInt64 {
        guard defect == .reusesVersions else { return 0 }
        return memory.lastVersions.withLock { $0["\(partition) \(key)"] ?? 0 }
    }

    func record(_ key: String, in partition: PortalPartition) async throws -> PortalRecord? {
        let partition = place(partition)
        if defect == .makesWhatItLooksFor {
            try await good.commit([.put(key: key, octets: [], expecting: nil)], in: partition)
        }
        guard let record = try await good.record(spelled(key), in: partition) else {
            if defect == .readsOldRecords { memory.old.withLock { $0[key] = .some(nil) } }
            return nil
        }
        if defect == .readsOldRecords {
            // What was read the time before.
            return memory.old.withLock { old in
                let last = old[key]
                old[key] = record
                return last ?? record
            }
        }
        let octets = defect == .cutsValues ? Array(record.octets.prefix(65_536)) : record.octets
        return PortalRecord(key: key, version: record.version - lastVersion(key, partition), octets: octets)
    }

    func records(
        _ prefix: String, after: String?, limit: Int, in partition: PortalPartition
    ) async throws -> [PortalRecord] {
        let partition = place(partition)
        switch defect {
        case .ordersAsText:
            return try await good.records(prefix, after: after, limit: limit, in: partition)
                .sorted { $0.key < $1.key }
        case .matchesText:
            return try await good.records("", after: after, limit: .max, in: partition)
                .filter { $0.key.hasPrefix(prefix) || prefix.isEmpty }
        case .listsTheLastAgain:
            let found = try await good.records(prefix, after: after, limit: limit, in: partition)
            guard let after, PortalStoreRules.isKey(after), let last = try await good.record(after, in: partition)
            else { return found }
            return Array(([last] + found).prefix(max(0, limit)))
        case .showsPartsOfCommits:
            let keys = try await good.records(prefix, after: after, limit: limit, in: partition).map(\.key)
            var found: [PortalRecord] = []
            for key in keys {
                await Self.letOthers()
                if let record = try await good.record(key, in: partition) { found.append(record) }
            }
            return found
        default: return try await good.records(prefix, after: after, limit: limit, in: partition)
        }
    }

    func commit(_ changes: [PortalChange], in partition: PortalPartition) async throws {
        let partition = place(partition)
        switch defect {
        case .makesWhatIsThere:
            try await good.commit(changes.map { $0.expected == 0 ? $0.unconditional : $0 }, in: partition)
        case .ignoresVersions:
            try await good.commit(changes.map { $0.expected == 0 ? $0 : $0.unconditional }, in: partition)
        case .countsNoRepetitions:
            var rest: [PortalChange] = []
            for change in changes {
                if case .put(let key, let octets, nil) = change,
                    try await good.record(key, in: partition)?.octets == octets
                {
                    continue
                }
                rest.append(change)
            }
            try await good.commit(rest, in: partition)
        case .reusesVersions:
            let removed = changes.compactMap { if case .remove(let key, _) = $0 { key } else { nil } }
            for key in removed {
                guard let record = try await good.record(key, in: partition) else { continue }
                memory.lastVersions.withLock { $0["\(partition) \(key)"] = record.version }
            }
            try await good.commit(changes.map(\.unconditional), in: partition)
        case .commitsInPart: for change in changes { try await good.commit([change], in: partition) }
        case .namesAnotherKey:
            do {
                try await good.commit(changes, in: partition)
            } catch let error as PortalStoreError where error.code == .conflict {
                throw PortalStoreError(.conflict, error.message, key: changes.last?.key)
            }
        case .letsAllMakeAName, .losesUpdates:
            // Looks, and then leaps.
            for change in changes {
                try PortalStoreRules.check(change, against: try await good.record(change.key, in: partition)?.version)
            }
            await Self.letOthers()
            try await good.commit(changes.map(\.unconditional), in: partition)
        case .composesKeys, .takesAllKeys:
            try await good.commit(
                changes.map { change in
                    switch change {
                    case .put(let key, let octets, let expected):
                        .put(key: spelled(key), octets: octets, expecting: expected)
                    case .remove(let key, let expected): .remove(key: spelled(key), expecting: expected)
                    }
                }, in: partition)
        default: try await good.commit(changes, in: partition)
        }
    }

    func state(of log: String, in partition: PortalPartition) async throws -> PortalLogState {
        let state = try await good.state(of: log, in: place(partition))
        return defect == .tellsNoDigest ? PortalLogState(count: state.count, digest: []) : state
    }

    func frames(
        of log: String, from first: Int, limit: Int, octets: Int, in partition: PortalPartition
    ) async throws -> [[UInt8]] {
        let octets = defect == .ignoresOctetLimit ? .max : octets
        let frames = try await good.frames(of: log, from: first, limit: limit, octets: octets, in: place(partition))
        return defect == .changesFrames ? frames.map { $0.map { $0 == 0x0D ? 0x0A : $0 } } : frames
    }

    func append(
        _ frames: [[UInt8]], to log: String, expecting count: Int, in partition: PortalPartition
    ) async throws -> PortalLogState {
        let partition = place(partition)
        do {
            return try await good.append(frames, to: log, expecting: count, in: partition)
        } catch let error as PortalStoreError {
            switch (defect, error.code) {
            case (.ignoresCount, .conflict), (.letsAllAppend, .conflict), (.takesAllFrames, .invalidFrames):
                return try await good.state(of: log, in: partition)
            default: throw error
            }
        }
    }

    func remove(_ partition: PortalPartition) async throws -> Bool {
        let partition = place(partition)
        guard defect == .leavesContainers else { return try await good.remove(partition) }
        let records = try await good.records("", after: nil, limit: .max, in: partition)
        try await good.commit(records.map { .remove(key: $0.key, expecting: nil) }, in: partition)
        return !records.isEmpty
    }
}

extension PortalChange {
    /// The change whatever is there.
    var unconditional: PortalChange {
        switch self {
        case .put(let key, let octets, _): .put(key: key, octets: octets, expecting: nil)
        case .remove(let key, _): .remove(key: key, expecting: nil)
        }
    }
}
