import MeshCore
import MeshPlatforms

/// Proves that a profile store keeps the contract of `ProfileStore`. Used as ``KeyStoreConformance`` is.
public struct ProfileStoreConformance: Sendable {
    /// The name in reports.
    public var name: String
    /// What makes a run the same again; random if not given.
    public var seed: UInt64
    /// What two calls of the factory with one mode give.
    public var reopening: KeyStoreConformance.Reopening
    /// The deadline of ordinary calls. Not what is measured: it only has to be enough.
    public var deadline: Duration
    /// The time after which a case is given up.
    public var caseLimit: Duration
    /// How many tasks work side by side in the case on concurrency.
    public var concurrentTasks: Int
    /// Whether the factory may be asked for a store of production mode, to see that it refuses to be erased.
    public var allowsProduction: Bool
    /// Opens a profile store of the given mode.
    public var makeStore: @Sendable (PlatformMode) async throws -> any ProfileStore

    /// A suite for the stores that `makeStore` makes. The other parameters are described at the properties.
    public init(
        name: String, seed: UInt64? = nil, reopening: KeyStoreConformance.Reopening = .sameData,
        deadline: Duration = .seconds(10), caseLimit: Duration = .seconds(60), concurrentTasks: Int = 32,
        allowsProduction: Bool = false, makeStore: @escaping @Sendable (PlatformMode) async throws -> any ProfileStore
    ) {
        self.name = name
        self.seed = seed ?? randomSeed()
        self.reopening = reopening
        self.deadline = deadline
        self.caseLimit = caseLimit
        self.concurrentTasks = concurrentTasks
        self.allowsProduction = allowsProduction
        self.makeStore = makeStore
    }

    /// The cases. Each proves one rule.
    public enum Case: String, CaseIterable, Hashable, Sendable {
        case absent, versions, values, tooLarge, restoreLatest, removal, listing, reopening, concurrency
        case cancellation, deadlines, modes, erase, productionRefused

        /// The rule that the case proves.
        public var rule: String {
            switch self {
            case .absent: "A profile that is not there is nil, an empty archive and false, never an error."
            case .versions: "The latest is what was accepted last; the archive has every version, oldest first."
            case .values: "A profile comes back octet for octet."
            case .tooLarge: "A profile of the largest size is kept; one octet more is tooLarge, and nothing is changed."
            case .restoreLatest:
                "The newest valid version is put back as the latest, and the archive keeps all versions."
            case .removal:
                "Removing takes the profile with its archive, gives true, then false, and leaves others alone."
            case .listing: "The list has exactly the profiles that are there, ordered."
            case .reopening: "What one store accepts, another of the same data reads."
            case .concurrency: "No accepted version is lost or torn, however many tasks use the store."
            case .cancellation: "A cancelled call ends with CancellationError or a complete result."
            case .deadlines: "A call ends by its deadline, with timedOut or with the full correct result."
            case .modes: "A store neither shows nor touches profiles of another mode."
            case .erase: "Erasing removes all profiles of the mode and no other, and can be repeated."
            case .productionRefused: "Erasing is refused in production mode, and removes nothing."
            }
        }
    }

    /// Proves one rule.
    ///
    /// - Returns: whether it was proven, or why it could not be.
    /// - Throws: ``ConformanceFailure``; `CancellationError` if the task is cancelled.
    @discardableResult
    public func run(_ rule: Case) async throws -> ConformanceOutcome {
        try await outcome(of: rule)
    }

    /// Proves all rules, one after the other, whatever fails.
    public func runAll() async -> ConformanceReport { await report() }
}

extension ProfileStoreConformance.Case: ConformanceCase {}

extension ProfileStoreConformance: ConformanceSuite {
    package func open(_ mode: PlatformMode) async throws -> any ProfileStore { try await makeStore(mode) }

    package func erase(_ store: any ProfileStore, options: CallOptions) async throws {
        try await store.eraseTestData(options: options)
    }

    package func prove(_ rule: Case, in session: ProfileStoreCase) async throws {
        switch rule {
        case .absent: try await session.absent()
        case .versions: try await session.versions()
        case .values: try await session.values()
        case .tooLarge: try await session.tooLarge()
        case .restoreLatest: try await session.restoreLatest()
        case .removal: try await session.removal()
        case .listing: try await session.listing()
        case .reopening: try await session.reopening()
        case .concurrency: try await session.concurrency()
        case .cancellation: try await session.cancellation()
        case .deadlines: try await session.deadlines()
        case .modes: try await session.modes()
        case .erase: try await session.erase()
        case .productionRefused: try await session.productionRefused()
        }
    }
}

/// One run of one case on profile stores.
package typealias ProfileStoreCase = ConformanceSession<ProfileStoreConformance>

extension ProfileStoreCase {
    func accept(_ octets: [UInt8], of profile: UDF, in store: any ProfileStore) async throws {
        try await store.accept(octets, of: profile, options: options)
    }

    /// Expects the latest to be `versions.last` and the archive to be `versions`.
    func expectVersions(
        _ versions: [[UInt8]], of profile: UDF, in store: any ProfileStore, _ when: String
    ) async throws {
        let latest = try await store.latest(of: profile, options: options)
        try expect(
            latest == versions.last, "the latest to be \(TestValues.shown(versions.last)) \(when)",
            "it is \(TestValues.shown(latest))")
        let archive = try await store.archive(of: profile, options: options)
        try expect(
            archive == versions, "\(versions.count) versions, oldest first, \(when)",
            "the archive has \(archive.count), or others")
    }
}
