import MeshCore
import MeshPlatformTesting
import MeshPlatforms
import MeshPortalService

/// Proves that a store of a portal keeps the contract of `PortalStore`.
///
/// ```swift
/// let suite = PortalStoreConformance(name: "postgresql") { mode in try await MyStore(schema: mode.description) }
/// let report = await suite.runAll()
/// precondition(report.isConforming, "\(report)")
/// ```
public struct PortalStoreConformance: Sendable {
    /// The name in reports.
    public var name: String
    /// What makes a run the same again; random if not given.
    public var seed: UInt64
    /// How long what must happen at once may take. Not what is measured: it only has to be enough.
    public var deadline: Duration
    /// The time after which a case is given up.
    public var caseLimit: Duration
    /// How many tasks work side by side in the cases on concurrency.
    public var concurrentTasks: Int
    /// How many changes each of them makes in the case on counting.
    public var increments: Int
    /// How many random histories are checked.
    public var histories: Int
    /// Opens the store of the given mode: calls with one mode give values of one store, as it is opened again, and, if it is
    /// shared, as several processes open it; calls with another mode give an empty one. The cases remove what they put in.
    public var makeStore: @Sendable (PlatformMode) async throws -> any PortalStore

    /// A suite for the stores that `makeStore` opens. The other parameters are described at the properties.
    public init(
        name: String, seed: UInt64? = nil, deadline: Duration = .seconds(10), caseLimit: Duration = .seconds(120),
        concurrentTasks: Int = 8, increments: Int = 200, histories: Int = 20,
        makeStore: @escaping @Sendable (PlatformMode) async throws -> any PortalStore
    ) {
        self.name = name
        self.seed = seed ?? randomSeed()
        self.deadline = deadline
        self.caseLimit = caseLimit
        self.concurrentTasks = concurrentTasks
        self.increments = increments
        self.histories = histories
        self.makeStore = makeStore
    }

    /// The cases. Each proves one rule.
    public enum Case: String, CaseIterable, Hashable, Sendable {
        case absent, creation, swapping, unconditional, removal, atomicity, conflicts
        case ordering, paging, prefixes, keys, invalidKeys, values, partitions, partitionRemoval
        case frames, frameLimits, frameConflicts, invalidFrames, logState
        case oneName, counting, oneIndex, wholeCommits, histories, reopening

        /// The rule that the case proves.
        public var rule: String {
            switch self {
            case .absent: "What is not there is nil, empty or false, and looking for it makes nothing."
            case .creation:
                "A change that expects no record makes one, at first of version 1, and none if there is one."
            case .swapping:
                "A change that expects a version is made if the record has it, and counts it up by one; else it is refused."
            case .unconditional: "A change that expects nothing is made whatever is there."
            case .removal: "A removed record is gone, and no version of a key comes again when it is made anew."
            case .atomicity: "A commit of several changes makes all of them or none."
            case .conflicts: "A conflict names the first key whose version is another."
            case .ordering: "Records come in the order of the octets of their keys."
            case .paging: "A page has at most as many records as are asked for, and begins after the key that is named."
            case .prefixes: "Records are found by any prefix, octet by octet, and no others are."
            case .keys: "Keys are exact: whatever text they are, and however alike to Unicode."
            case .invalidKeys: "Keys and names of containers that cannot be any are refused, and nothing is changed."
            case .values: "Values come back octet by octet, whatever they are and however large."
            case .partitions: "Each partition has its own records and containers."
            case .partitionRemoval: "A removed partition has nothing any more, and can be filled anew; others are left."
            case .frames: "Frames come back octet by octet as they were appended."
            case .frameLimits: "As many frames are given as fit in both limits, but one if there is one."
            case .frameConflicts: "Frames are appended only if the container has the count that is expected."
            case .invalidFrames: "Frames that are not the next ones of their container are refused, all of them."
            case .logState: "The state of a container is its count and the chain digest of its last frame."
            case .oneName: "Of several who make a record of one key, or all of several keys, one succeeds."
            case .counting: "No update is lost, however many there are at a time."
            case .oneIndex: "Of several who append at one index, one succeeds, and its frame is there."
            case .wholeCommits: "Nobody sees a part of a commit."
            case .histories: "Every call takes effect at one moment between its beginning and its end."
            case .reopening: "Who opens the store again sees everything."
            }
        }
    }

    /// Proves one rule.
    ///
    /// - Returns: whether it was proven, or why it could not be.
    /// - Throws: `ConformanceFailure`; `CancellationError` if the task is cancelled.
    @discardableResult
    public func run(_ rule: Case) async throws -> ConformanceOutcome { try await outcome(of: rule) }

    /// Proves all rules, one after the other, whatever fails.
    public func runAll() async -> ConformanceReport { await report() }
}

extension PortalStoreConformance.Case: ConformanceCase {}

extension PortalStoreConformance: ConformanceSuite {
    /// A store that a case has opened, and the partitions that it uses.
    package struct Opened: Sendable {
        let store: any PortalStore
        let mode: PlatformMode

        /// The accounts of the case: others than those of other cases.
        var accounts: [PortalPartition] {
            (0..<3).map { number in
                let seed = fnv1a(Array("\(mode) \(number)".utf8))
                return .account(UDF(type: .digestSHA2, value: SeededRandomSource(seed: seed).bytes(32)))
            }
        }
        var partitions: [PortalPartition] { accounts + [.portal] }
    }

    package func open(_ mode: PlatformMode) async throws -> Opened {
        Opened(store: try await makeStore(mode), mode: mode)
    }

    package func erase(_ opened: Opened, options: CallOptions) async throws {
        for partition in opened.partitions { _ = try await opened.store.remove(partition) }
    }

    package func prove(_ rule: Case, in session: PortalStoreCase) async throws {
        let opened = try await session.open()
        let two = try await session.open().store
        let (one, account) = (opened.store, opened.accounts[0])
        switch rule {
        case .absent: try await session.absent(opened)
        case .creation: try await session.creation(one, account)
        case .swapping: try await session.swapping(one, account)
        case .unconditional: try await session.unconditional(one, account)
        case .removal: try await session.removal(one, account)
        case .atomicity: try await session.atomicity(one, account)
        case .conflicts: try await session.conflicts(one, account)
        case .ordering: try await session.ordering(one, account)
        case .paging: try await session.paging(one, account)
        case .prefixes: try await session.prefixes(one, account)
        case .keys: try await session.keys(one, account)
        case .invalidKeys: try await session.invalidKeys(one, account)
        case .values: try await session.values(one, account)
        case .partitions: try await session.partitions(opened)
        case .partitionRemoval: try await session.partitionRemoval(opened)
        case .frames: try await session.frames(one, account)
        case .frameLimits: try await session.frameLimits(one, account)
        case .frameConflicts: try await session.frameConflicts(one, account)
        case .invalidFrames: try await session.invalidFrames(one, account)
        case .logState: try await session.logState(one, account)
        case .oneName: try await session.oneName([one, two])
        case .counting: try await session.counting([one, two], account)
        case .oneIndex: try await session.oneIndex([one, two], account)
        case .wholeCommits: try await session.wholeCommits([one, two], account)
        case .histories: try await session.histories([one, two], account)
        case .reopening: try await session.reopening(one, account)
        }
    }
}

/// One run of one case on stores of portals.
package typealias PortalStoreCase = ConformanceSession<PortalStoreConformance>

extension PortalStoreCase {
    /// A random number below `limit`.
    func below(_ limit: Int) -> Int {
        Int(context.random.bytes(4).reduce(UInt32(0)) { $0 << 8 | UInt32($1) }) % Swift.max(limit, 1)
    }

    /// Runs `body` for each task at a time, with its number, on one of `stores`.
    func sideBySide<R: Sendable>(
        _ stores: [any PortalStore], _ body: @escaping @Sendable (Int, any PortalStore) async throws -> R
    ) async throws -> [R] {
        try await withThrowingTaskGroup(of: R.self) { group in
            for number in 0..<suite.concurrentTasks {
                group.addTask { try await body(number, stores[number % stores.count]) }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
    }

    /// Expects `body` to throw a ``PortalStoreError`` of that case.
    @discardableResult
    func expectError(
        _ code: PortalStoreError.Code, from doing: String, _ body: () async throws -> Void
    ) async throws -> PortalStoreError {
        do {
            try await body()
        } catch let error as PortalStoreError {
            guard error.code == code else {
                throw context.failure(
                    expected: "\(code.name) from \(doing)", answer: "it threw \(error.codeName)", cause: error)
            }
            return error
        }
        throw context.failure(expected: "\(code.name) from \(doing)", answer: "it succeeded")
    }

    /// Whether `body` succeeds, or finds that somebody else was first.
    func wins(_ body: () async throws -> Void) async throws -> Bool {
        do {
            try await body()
            return true
        } catch let error as PortalStoreError where error.code == .conflict {
            return false
        }
    }

    func expectRecord(
        _ version: UInt64?, _ octets: [UInt8]?, _ key: String, _ store: any PortalStore, _ partition: PortalPartition
    ) async throws {
        let found = try await store.record(key, in: partition)
        try expect(
            found?.version == version && found?.octets == octets,
            "\(TestValues.shown(key)) to have version \(version ?? 0) and \(TestValues.shown(octets))",
            "it has \(found?.version ?? 0) and \(TestValues.shown(found?.octets))")
        if let found {
            try expect(
                TestValues.isIdentical(found.key, key), "the key \(TestValues.shown(key))",
                TestValues.shown(found.key))
        }
    }

    /// The keys of all records of a partition with that prefix.
    func keys(
        _ prefix: String = "", _ store: any PortalStore, _ partition: PortalPartition
    ) async throws -> [String] {
        try await store.records(prefix, after: nil, limit: .max, in: partition).map(\.key)
    }

    func expectKeys(_ expected: [String], _ found: [String], _ when: String) throws {
        try expect(
            found.map { Array($0.utf8) } == expected.map { Array($0.utf8) },
            "the keys \(expected.map { TestValues.shown($0) }.prefix(20)) \(when)",
            "they are \(found.map { TestValues.shown($0) }.prefix(20))")
    }
}
