import MeshCore
import MeshPlatforms
import Synchronization

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
        let context = CaseContext(suite: name, caseName: rule.rawValue, rule: rule.rule, seed: seed)
        let session = RegistryCase(suite: self, context: context)
        return try await context.run(
            limit: caseLimit, { _ in try await session.prove(rule) }, cleanUp: { await session.cleanUp() })
    }

    /// Proves all rules, one after the other, whatever fails.
    public func runAll() async -> ConformanceReport {
        await report(suite: name, seed: seed, Case.allCases.map { ($0.rawValue, $0.rule) }) { name in
            guard let rule = Case(rawValue: name) else { return .skipped("there is no such case") }
            return try await run(rule)
        }
    }
}

/// One run of one case on registries.
struct RegistryCase: Sendable {
    let suite: RegistryConformance
    let context: CaseContext
    private let opened = Opened()

    private final class Opened: Sendable {
        let registries = Mutex<[any Registry]>([])
    }

    init(suite: RegistryConformance, context: CaseContext) {
        self.suite = suite
        self.context = context
    }

    var options: CallOptions { CallOptions(deadline: suite.deadline) }

    /// Opens a registry in this case's own test mode; `suffix` tells several modes apart.
    func open(_ suffix: String = "a") async throws -> any Registry {
        let registry = try await suite.makeRegistry(try context.mode(suffix))
        opened.registries.withLock { $0.append(registry) }
        return registry
    }

    func cleanUp() async {
        for registry in opened.registries.withLock({ $0 }) { try? await registry.eraseTestData(options: options) }
    }

    func expect(
        _ condition: Bool, _ expected: @autoclosure () -> String, _ answer: @autoclosure () -> String
    ) throws {
        try context.expect(condition, expected(), answer())
    }

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

    /// Runs the case called `rule`.
    func prove(_ rule: RegistryConformance.Case) async throws {
        switch rule {
        case .empty: try await empty()
        case .values: try await values()
        case .unnamedValue: try await unnamedValue()
        case .order: try await order()
        case .hostileNames: try await hostileNames()
        case .hostileTexts: try await hostileTexts()
        case .pathRules: try await pathRules()
        case .nameClash: try await nameClash()
        case .removal: try await removal()
        case .transaction: try await transaction()
        case .compareAndSwap: try await compareAndSwap()
        case .generation: try await generations()
        case .concurrency: try await concurrency()
        case .changes: try await changes()
        case .reopening: try await reopening()
        case .cancellation: try await cancellation()
        case .deadlines: try await deadlines()
        case .large: try await large()
        case .modes: try await modes()
        case .erase: try await erase()
        case .productionRefused: try await productionRefused()
        }
    }
}

/// A path written in a case.
func key(_ literal: StaticString) -> RegistryPath { RegistryPath(literal: literal) }
