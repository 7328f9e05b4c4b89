import MeshCore
import MeshPlatforms

/// Proves that a key store keeps the contract of `KeyStore`.
///
/// Made with a factory for the store, and run from the test target of the adapter, in any test framework:
///
/// ```swift
/// static let kit = KeyStoreConformance(name: "mine") { mode in MyStore(mode: mode) }
///
/// @Test(arguments: KeyStoreConformance.Case.allCases)
/// func conforms(_ rule: KeyStoreConformance.Case) async throws { try await Self.kit.run(rule) }
/// ```
///
/// Every case uses test modes and fingerprints of its own and erases what it created. Where locking one store locks
/// another one of the same provider, the cases must not run side by side (`@Suite(.serialized)`).
public struct KeyStoreConformance: Sendable {
    /// What two calls of the factory with one mode give.
    public enum Reopening: Hashable, Sendable {
        /// Stores of the same data, as two processes on one machine would open them.
        case sameData
        /// Stores that have nothing to do with each other. What needs two stores of one data is then skipped.
        case separateData
    }

    /// The name in reports.
    public var name: String
    /// What makes a run the same again; random if not given.
    public var seed: UInt64
    /// What two calls of the factory give.
    public var reopening: Reopening
    /// The deadline of ordinary calls. Not what is measured: it only has to be enough.
    public var deadline: Duration
    /// How much later than its deadline a call on a mute provider may end.
    public var tolerance: Duration
    /// The time after which a case is given up.
    public var caseLimit: Duration
    /// How many tasks work side by side in the cases on concurrency.
    public var concurrentTasks: Int
    /// Whether the factory may be asked for a store of production mode, to see that it refuses to be erased. One
    /// random key is stored there and removed again. Leave it false where the factory opens a person's own keys.
    public var allowsProduction: Bool
    /// Opens a store of the given mode. A store that is locked at first must be unlocked here.
    public var makeStore: @Sendable (PlatformMode) async throws -> any KeyStore
    /// Unlocks a store that was locked through `lock`, without asking a person.
    public var unlock: @Sendable (any KeyStore) async throws -> Void
    /// Opens a store whose provider has stopped answering; the case on mute providers is skipped if nil.
    public var makeMute: (@Sendable (PlatformMode) async throws -> any KeyStore)?
    /// Ends the provider and starts it again, as a restart of the process (for stores of persistence `process`) or of
    /// the daemon would; the case on restarts is skipped if nil.
    public var restart: (@Sendable () async throws -> Void)?

    /// A suite for the stores that `makeStore` makes. The other parameters are described at the properties.
    public init(
        name: String, seed: UInt64? = nil, reopening: Reopening = .sameData, deadline: Duration = .seconds(10),
        tolerance: Duration = .milliseconds(200), caseLimit: Duration = .seconds(60), concurrentTasks: Int = 32,
        allowsProduction: Bool = false,
        unlock: @escaping @Sendable (any KeyStore) async throws -> Void = {
            try await $0.unlock(.withoutPrompt, options: CallOptions())
        },
        makeMute: (@Sendable (PlatformMode) async throws -> any KeyStore)? = nil,
        restart: (@Sendable () async throws -> Void)? = nil,
        makeStore: @escaping @Sendable (PlatformMode) async throws -> any KeyStore
    ) {
        self.name = name
        self.seed = seed ?? randomSeed()
        self.reopening = reopening
        self.deadline = deadline
        self.tolerance = tolerance
        self.caseLimit = caseLimit
        self.concurrentTasks = concurrentTasks
        self.allowsProduction = allowsProduction
        self.unlock = unlock
        self.makeMute = makeMute
        self.restart = restart
        self.makeStore = makeStore
    }

    /// The cases. Each proves one rule.
    public enum Case: String, CaseIterable, Hashable, Sendable {
        case traits, state, threeAnswers, values, largestValue, metadata, refusedTexts, replaceNever, replaceAlways
        case compareAndSwap, removal, listing, watching, batch, atomicCreation, locking, reopening, restart
        case concurrency, cancellation, deadlines, muteProvider, modes, eraseTestKeys, productionRefused

        /// The rule that the case proves.
        public var rule: String {
            switch self {
            case .traits: "What the store says of itself is well-formed and does not change while it is open."
            case .state: "The state of a store that can be used is ready."
            case .threeAnswers: "Reading gives the key, or nil for a key that is certainly not there, or throws."
            case .values: "A stored value comes back octet for octet, empty ones too, or the call that stored it threw."
            case .largestValue:
                "A value of the declared largest size is stored; one octet more is tooLarge, and nothing is written."
            case .metadata: "Class, exportability, account and label come back exactly as they were stored."
            case .refusedTexts: "Texts with control characters or over 1024 octets never reach a store."
            case .replaceNever:
                "With replacement never, a key that is there is alreadyExists, and the old value is whole."
            case .replaceAlways: "With replacement always, the new value and all its metadata replace the old ones."
            case .compareAndSwap:
                "With ifUnchanged, only the revision that is still there is replaced; it is unsupported if not declared."
            case .removal: "Removing gives true, then false, and leaves all other keys alone."
            case .listing: "A listing has exactly the keys that match, ordered; it is unsupported if not declared."
            case .watching: "Changes are told in their order; the call is unsupported if not declared."
            case .batch: "Reading several keys gives exactly what reading one by one gives, and the absent ones."
            case .atomicCreation: "Of several that create one key, exactly one succeeds; the others get alreadyExists."
            case .locking:
                "A locked store throws locked and never says absent; unlocked, it has every value. Unsupported if not declared."
            case .reopening: "What is stored through one store is read through another of the same data."
            case .restart: "Keys are kept as long as the declared persistence says."
            case .concurrency: "No update is lost and no value torn, however many tasks use the store."
            case .cancellation:
                "A cancelled call ends with CancellationError or a complete result, and a later store wins over it."
            case .deadlines: "A call ends by its deadline, with timedOut or with the full correct result."
            case .muteProvider: "When the provider does not answer, every call throws timedOut by its deadline."
            case .modes: "A store neither shows nor touches keys of another mode."
            case .eraseTestKeys: "Erasing removes every key of this test mode and no other key, and can be repeated."
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

extension KeyStoreConformance.Case: ConformanceCase {}

extension KeyStoreConformance: ConformanceSuite {
    package func open(_ mode: PlatformMode) async throws -> any KeyStore { try await makeStore(mode) }

    package func erase(_ store: any KeyStore, options: CallOptions) async throws {
        if store.traits.capabilities.contains(.locking) { try? await unlock(store) }
        _ = try await store.eraseTestKeys(options: options)
    }

    package func prove(_ rule: Case, in session: KeyStoreCase) async throws {
        switch rule {
        case .traits: try await session.traits()
        case .state: try await session.state()
        case .threeAnswers: try await session.threeAnswers()
        case .values: try await session.values()
        case .largestValue: try await session.largestValue()
        case .metadata: try await session.metadata()
        case .refusedTexts: try await session.refusedTexts()
        case .replaceNever: try await session.replaceNever()
        case .replaceAlways: try await session.replaceAlways()
        case .compareAndSwap: try await session.compareAndSwap()
        case .removal: try await session.removal()
        case .listing: try await session.listing()
        case .watching: try await session.watching()
        case .batch: try await session.batch()
        case .atomicCreation: try await session.atomicCreation()
        case .locking: try await session.locking()
        case .reopening: try await session.reopening()
        case .restart: try await session.restart()
        case .concurrency: try await session.concurrency()
        case .cancellation: try await session.cancellation()
        case .deadlines: try await session.deadlines()
        case .muteProvider: try await session.muteProvider()
        case .modes: try await session.modes()
        case .eraseTestKeys: try await session.eraseTestKeys()
        case .productionRefused: try await session.productionRefused()
        }
    }
}

/// What a read gave, with the octets in the open: the kit's values are no secrets.
struct SeenKey: Sendable {
    let item: KeyItem
    let revision: KeyRevision?
    let octets: [UInt8]

    init(_ key: borrowing StoredKey) {
        item = key.item
        revision = key.revision
        octets = key.secret.withUnsafeBytes { Array($0) }
    }
}

/// One run of one case on key stores.
package typealias KeyStoreCase = ConformanceSession<KeyStoreConformance>

extension KeyStoreCase {
    func put(
        _ octets: [UInt8], as item: KeyItem, in store: any KeyStore, _ replacement: KeyReplacement = .never,
        _ options: CallOptions? = nil
    ) async throws {
        let secret = SecretBytes(copying: octets)
        try await store.store(secret, as: item, replacement: replacement, options: options ?? self.options)
    }

    func get(_ identifier: UDF, from store: any KeyStore, _ options: CallOptions? = nil) async throws -> SeenKey? {
        guard let key = try await store.read(identifier, options: options ?? self.options) else { return nil }
        return SeenKey(key)
    }

    /// A key of the class that every store takes.
    func item(_ identifier: UDF? = nil, account: String? = nil, label: String? = nil) throws -> KeyItem {
        try KeyItem(
            identifier: identifier ?? context.identifier(), keyClass: .application, account: account, label: label)
    }

    /// Expects `identifier` to hold exactly `octets`.
    func expectValue(_ octets: [UInt8], of identifier: UDF, in store: any KeyStore, _ when: String) async throws {
        let seen = try await get(identifier, from: store)
        try expect(
            seen?.octets == octets, "\(TestValues.shown(octets)) \(when)", "there was \(TestValues.shown(seen?.octets))"
        )
    }

    /// Expects `identifier` to be absent.
    func expectAbsent(_ identifier: UDF, in store: any KeyStore, _ when: String) async throws {
        let seen = try await get(identifier, from: store)
        try expect(seen == nil, "no key \(when)", "there was \(TestValues.shown(seen?.octets))")
    }

    /// Expects that all of two items is the same.
    func expectSame(_ seen: KeyItem, as item: KeyItem, _ place: String) throws {
        try expect(
            seen.identifier == item.identifier, "the identifier \(item.identifier) in \(place)",
            "it was \(seen.identifier)")
        try expect(seen.keyClass == item.keyClass, "class \(item.keyClass) in \(place)", "it was \(seen.keyClass)")
        try expect(
            seen.isExportable == item.isExportable, "exportable \(item.isExportable) in \(place)",
            "it was \(seen.isExportable)")
        try expect(
            TestValues.isIdentical(seen.account, item.account),
            "the account \(TestValues.shown(item.account)) in \(place)", "it was \(TestValues.shown(seen.account))")
        try expect(
            TestValues.isIdentical(seen.label, item.label),
            "the label \(TestValues.shown(item.label)) in \(place)", "it was \(TestValues.shown(seen.label))")
    }
}
