import MeshCore
import MeshPlatforms
import Synchronization

/// A case of a suite.
package protocol ConformanceCase: CaseIterable, RawRepresentable, Sendable where RawValue == String {
    /// The rule that the case proves, in the words of the contract.
    var rule: String { get }
}

/// What the suites for the three kinds of store have in common.
package protocol ConformanceSuite: Sendable {
    /// The cases; each proves one rule.
    associatedtype Case: ConformanceCase
    /// What is tested.
    associatedtype Store: Sendable

    var name: String { get }
    var seed: UInt64 { get }
    var deadline: Duration { get }
    var caseLimit: Duration { get }

    /// Opens a store of the given mode.
    func open(_ mode: PlatformMode) async throws -> Store
    /// Erases what a case left in a store of a test mode.
    func erase(_ store: Store, options: CallOptions) async throws
    /// Proves a rule, or throws.
    func prove(_ rule: Case, in session: ConformanceSession<Self>) async throws
}

extension ConformanceSuite {
    /// Proves one rule within the limit of time, and erases what the case created, however it ended.
    package func outcome(of rule: Case) async throws -> ConformanceOutcome {
        let context = context(of: rule)
        let session = ConformanceSession(suite: self, context: context)
        return try await context.run(
            limit: caseLimit, { _ in try await prove(rule, in: session) }, cleanUp: { await session.cleanUp() })
    }

    /// Proves all rules, one after the other, whatever fails.
    package func report() async -> ConformanceReport {
        var entries: [ConformanceReport.Entry] = []
        for rule in Case.allCases {
            let result: Result<ConformanceOutcome, ConformanceFailure>
            do {
                result = .success(try await outcome(of: rule))
            } catch let failure as ConformanceFailure {
                result = .failure(failure)
            } catch {
                result = .failure(
                    context(of: rule).failure(expected: "the case to run", answer: "it was cancelled", cause: error))
            }
            entries.append(.init(caseName: rule.rawValue, result: result))
        }
        return ConformanceReport(suite: name, seed: seed, entries: entries)
    }

    private func context(of rule: Case) -> CaseContext {
        CaseContext(suite: name, caseName: rule.rawValue, rule: rule.rule, seed: seed)
    }
}

/// One run of one case: the stores that it opened, and the words for its failures.
package struct ConformanceSession<Suite: ConformanceSuite>: Sendable {
    package let suite: Suite
    package let context: CaseContext
    private let opened = OpenedStores()

    private final class OpenedStores: Sendable {
        let stores = Mutex<[Suite.Store]>([])
    }

    init(suite: Suite, context: CaseContext) {
        self.suite = suite
        self.context = context
    }

    package var options: CallOptions { CallOptions(deadline: suite.deadline) }

    /// Opens a store in this case's own test mode; `suffix` tells several modes apart.
    package func open(_ suffix: String = "a") async throws -> Suite.Store {
        let store = try await suite.open(try context.mode(suffix))
        opened.stores.withLock { $0.append(store) }
        return store
    }

    /// Erases what the case created. What cannot be erased is left: the case has failed then, or the next will.
    func cleanUp() async {
        for store in opened.stores.withLock({ $0 }) { try? await suite.erase(store, options: options) }
    }

    package func expect(
        _ condition: Bool, _ expected: @autoclosure () -> String, _ answer: @autoclosure () -> String
    ) throws {
        try context.expect(condition, expected(), answer())
    }
}

/// A seed that nobody has had before.
package func randomSeed() -> UInt64 { SystemRandomSource().bytes(8).reduce(0) { $0 << 8 | UInt64($1) } }
