import MeshCore
import MeshPlatforms

/// Proves that a registry keeps the contract of `Registry`. Used as ``KeyStoreConformance`` is.
public struct RegistryConformance: Sendable {
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
    /// How many transactions each of them makes.
    public var transactionsPerTask: Int
    /// How many keys the case on large registries makes.
    public var largeCount: Int
    /// Whether the factory may be asked for a registry of production mode, to see that it refuses to be erased.
    public var allowsProduction: Bool
    /// Opens a registry of the given mode.
    public var makeRegistry: @Sendable (PlatformMode) async throws -> any Registry

    /// A suite for the registries that `makeRegistry` makes. The other parameters are described at the properties.
    public init(
        name: String, seed: UInt64? = nil, reopening: KeyStoreConformance.Reopening = .sameData,
        deadline: Duration = .seconds(10), caseLimit: Duration = .seconds(60), concurrentTasks: Int = 32,
        transactionsPerTask: Int = 50, largeCount: Int = 10_000, allowsProduction: Bool = false,
        makeRegistry: @escaping @Sendable (PlatformMode) async throws -> any Registry
    ) {
        self.name = name
        self.seed = seed ?? randomSeed()
        self.reopening = reopening
        self.deadline = deadline
        self.caseLimit = caseLimit
        self.concurrentTasks = concurrentTasks
        self.transactionsPerTask = transactionsPerTask
        self.largeCount = largeCount
        self.allowsProduction = allowsProduction
        self.makeRegistry = makeRegistry
    }

    /// The cases. Each proves one rule.
    public enum Case: String, CaseIterable, Hashable, Sendable {
        case empty, values, unnamedValue, order, hostileNames, hostileTexts, pathRules, nameClash, removal
        case transaction, compareAndSwap, generation, concurrency, changes, reopening, cancellation, deadlines
        case large, modes, erase, productionRefused

        /// The rule that the case proves.
        public var rule: String {
            switch self {
            case .empty: "What is not there is nil, an empty list or false, never an error."
            case .values: "Every value comes back with its type and its exact content."
            case .unnamedValue: "The unnamed value of a key is apart from the named ones."
            case .order: "Texts of a value, names of values and names of keys keep their order."
            case .hostileNames: "Every valid name works as the name of a key and of a value, and comes back exactly."
            case .hostileTexts: "A text value may hold any Unicode scalars, and comes back exactly."
            case .pathRules: "Names that are not allowed are refused with invalidArgument, and nothing is changed."
            case .nameClash: "A name is a value or a key, not both: the second is alreadyExists."
            case .removal: "Removing gives true, then false, takes all below a key, and leaves siblings alone."
            case .transaction:
                "A body sees what it has written; what it did is kept as a whole, or forgotten as a whole if it throws."
            case .compareAndSwap: "A change that expects another generation is changedUnderneath, and changes nothing."
            case .generation: "The generation grows with every change and with nothing else."
            case .concurrency: "No update is lost, however many tasks change the registry."
            case .changes: "The generations that follow are told, the newest of several at least."
            case .reopening: "What one registry keeps, another of the same data reads."
            case .cancellation: "A cancelled change is made as a whole or not at all."
            case .deadlines: "A call ends by its deadline, with timedOut or with the full correct result."
            case .large: "Ten thousand keys are kept, in order."
            case .modes: "A registry neither shows nor touches the data of another mode."
            case .erase: "Erasing removes everything of the mode and nothing else, and can be repeated."
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

extension RegistryConformance.Case: ConformanceCase {}

extension RegistryConformance: ConformanceSuite {
    package func open(_ mode: PlatformMode) async throws -> any Registry { try await makeRegistry(mode) }

    package func erase(_ registry: any Registry, options: CallOptions) async throws {
        try await registry.eraseTestData(options: options)
    }

    package func prove(_ rule: Case, in session: RegistryCase) async throws {
        switch rule {
        case .empty: try await session.empty()
        case .values: try await session.values()
        case .unnamedValue: try await session.unnamedValue()
        case .order: try await session.order()
        case .hostileNames: try await session.hostileNames()
        case .hostileTexts: try await session.hostileTexts()
        case .pathRules: try await session.pathRules()
        case .nameClash: try await session.nameClash()
        case .removal: try await session.removal()
        case .transaction: try await session.transaction()
        case .compareAndSwap: try await session.compareAndSwap()
        case .generation: try await session.generations()
        case .concurrency: try await session.concurrency()
        case .changes: try await session.changes()
        case .reopening: try await session.reopening()
        case .cancellation: try await session.cancellation()
        case .deadlines: try await session.deadlines()
        case .large: try await session.large()
        case .modes: try await session.modes()
        case .erase: try await session.erase()
        case .productionRefused: try await session.productionRefused()
        }
    }
}

/// One run of one case on registries.
package typealias RegistryCase = ConformanceSession<RegistryConformance>

extension RegistryCase {
    func read<R: Sendable>(
        _ registry: any Registry, _ body: @Sendable (any RegistryReader) throws -> R
    ) async throws -> R {
        try await registry.read(options: options, body)
    }

    func modify<R: Sendable>(
        _ registry: any Registry, expecting: RegistryGeneration? = nil,
        _ body: @Sendable (inout any RegistryTransaction) throws -> R
    ) async throws -> R {
        try await registry.modify(expecting: expecting, options: options, body)
    }

    func generation(_ registry: any Registry) async throws -> RegistryGeneration {
        try await read(registry) { $0.generation }
    }

    /// Expects the value called `name` at `path` to be exactly `value`, scalar for scalar.
    func expectValue(
        _ value: RegistryValue?, _ name: String?, at path: RegistryPath, in registry: any Registry, _ when: String
    ) async throws {
        let seen = try await read(registry) { try $0.value(name, at: path) }
        try expect(isIdentical(seen, value), "\(shown(value)) \(when)", "there was \(shown(seen))")
    }

    func isIdentical(_ left: RegistryValue?, _ right: RegistryValue?) -> Bool {
        switch (left, right) {
        case (.string(let left), .string(let right)): TestValues.isIdentical(left, right)
        case (.strings(let left), .strings(let right)):
            left.count == right.count && zip(left, right).allSatisfy { TestValues.isIdentical($0, $1) }
        default: left == right
        }
    }

    func shown(_ value: RegistryValue?) -> String {
        switch value {
        case nil: "no value"
        case .string(let text): "the text \(TestValues.shown(text))"
        case .strings(let texts): "the texts [\(texts.prefix(4).map { TestValues.shown($0) }.joined(separator: ", "))]"
        case .integer(let number): "the number \(number)"
        case .binary(let octets): TestValues.shown(octets)
        }
    }

    /// Whether two lists of names are the same, scalar for scalar.
    func isIdentical(_ left: [String], _ right: [String]) -> Bool {
        left.count == right.count && zip(left, right).allSatisfy { TestValues.isIdentical($0, $1) }
    }
}

/// A path written in a case.
func key(_ literal: StaticString) -> RegistryPath { RegistryPath(literal: literal) }
