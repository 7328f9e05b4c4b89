import MeshCore
import MeshPlatforms

/// Proves that a container store keeps the contract of `ContainerStore`. Used as ``KeyStoreConformance`` is; for the
/// directories in it there is ``ContainerConformance``.
public struct ContainerStoreConformance: Sendable {
    /// The name in reports.
    public var name: String
    /// What makes a run the same again; random if not given.
    public var seed: UInt64
    /// The deadline of ordinary calls. Not what is measured: it only has to be enough.
    public var deadline: Duration
    /// The time after which a case is given up.
    public var caseLimit: Duration
    /// Whether the factory may be asked for a store of production mode, to see that it refuses to be erased.
    public var allowsProduction: Bool
    /// Opens a container store of the given mode: calls with one mode give stores of the same containers, as several
    /// processes would open them; calls with another give an empty one.
    public var makeStore: @Sendable (PlatformMode) throws -> any ContainerStore

    /// A suite for the stores that `makeStore` makes. The other parameters are described at the properties.
    public init(
        name: String, seed: UInt64? = nil, deadline: Duration = .seconds(10), caseLimit: Duration = .seconds(60),
        allowsProduction: Bool = false, makeStore: @escaping @Sendable (PlatformMode) throws -> any ContainerStore
    ) {
        self.name = name
        self.seed = seed ?? randomSeed()
        self.deadline = deadline
        self.caseLimit = caseLimit
        self.allowsProduction = allowsProduction
        self.makeStore = makeStore
    }

    /// The cases. Each proves one rule.
    public enum Case: String, CaseIterable, Hashable, Sendable {
        case absent, directories, accounts, modes, emptyDirectories, erase, eraseWaits, productionRefused

        /// The rule that the case proves.
        public var rule: String {
            switch self {
            case .absent: "What is not there is nil or an empty list, and looking for it makes nothing."
            case .directories:
                "The machine and each account have a directory of their own, made if asked, the same for everyone."
            case .accounts: "The accounts are exactly those that have a directory, ordered by fingerprint."
            case .modes: "A store neither shows nor touches containers of another mode."
            case .emptyDirectories:
                "The directory of an account goes if it has no file and nobody holds a lock of it, and not else."
            case .erase:
                "Erasing removes all containers of the mode and no other, can be repeated, and who has one open notices."
            case .eraseWaits: "Erasing waits for those who append, and erases nothing if they do not end."
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

extension ContainerStoreConformance.Case: ConformanceCase {}

extension ContainerStoreConformance: ConformanceSuite {
    package func open(_ mode: PlatformMode) async throws -> any ContainerStore { try makeStore(mode) }

    package func erase(_ store: any ContainerStore, options: CallOptions) async throws {
        try await store.eraseTestData(options: options)
    }

    package func prove(_ rule: Case, in session: ContainerStoreCase) async throws {
        switch rule {
        case .absent: try await session.absent()
        case .directories: try await session.directories()
        case .accounts: try await session.accounts()
        case .modes: try await session.modes()
        case .emptyDirectories: try await session.emptyDirectories()
        case .erase: try await session.erase()
        case .eraseWaits: try await session.eraseWaits()
        case .productionRefused: try await session.productionRefused()
        }
    }
}

/// One run of one case on container stores.
package typealias ContainerStoreCase = ConformanceSession<ContainerStoreConformance>
