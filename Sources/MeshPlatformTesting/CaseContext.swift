import MeshCore
import MeshPlatforms

/// Says that a case cannot be proven here.
package struct Skip: Error {
    let reason: String
    package init(_ reason: String) { self.reason = reason }
}

/// One run of one case: the words for its failures, and the randomness it draws from.
package struct CaseContext: Sendable {
    package let suite: String
    package let caseName: String
    package let rule: String
    package let seed: UInt64
    package let random: SeededRandomSource

    /// Every case has randomness of its own, so that it is the same alone and among the others.
    init(suite: String, caseName: String, rule: String, seed: UInt64) {
        self.suite = suite
        self.caseName = caseName
        self.rule = rule
        self.seed = seed
        self.random = SeededRandomSource(seed: seed ^ fnv1a(Array(caseName.utf8)))
    }

    package func failure(expected: String, answer: String, cause: (any Error)? = nil) -> ConformanceFailure {
        ConformanceFailure(
            suite: suite, caseName: caseName, rule: rule, expected: expected, answer: answer, seed: seed, cause: cause)
    }

    package func expect(
        _ condition: Bool, _ expected: @autoclosure () -> String, _ answer: @autoclosure () -> String
    ) throws {
        if !condition { throw failure(expected: expected(), answer: answer()) }
    }

    /// Expects `body` to throw a ``PlatformError`` with one of `codes`.
    func expectError(
        _ codes: PlatformError.Code..., from doing: String, _ body: () async throws -> Void
    ) async throws {
        let names = codes.map(\.name).joined(separator: " or ")
        do {
            try await body()
        } catch let error as PlatformError {
            guard codes.contains(error.code) else {
                throw failure(expected: "\(names) from \(doing)", answer: "it threw \(error.code)", cause: error)
            }
            return
        } catch let error as ConformanceFailure {
            throw error
        } catch {
            throw failure(expected: "\(names) from \(doing)", answer: "it threw another kind of error", cause: error)
        }
        throw failure(expected: "\(names) from \(doing)", answer: "it succeeded")
    }

    /// A name for a mode that no other case, suite or run uses: `kit-`, 16 digits of the seed and case, and `suffix`.
    func mode(_ suffix: String) throws -> PlatformMode {
        let digits = String(seed ^ fnv1a(Array((suite + "/" + caseName).utf8)), radix: 16)
        return .test(try TestName("kit-\(digits)-\(suffix)"))
    }

    /// A fingerprint that nobody else uses.
    package func identifier() -> UDF { UDF(type: .digestSHA2, value: random.bytes(32)) }

    /// Runs the case with a time limit and tells its outcome. `cleanUp` runs in any case, and may fail.
    func run(
        limit: Duration, _ body: @escaping @Sendable (CaseContext) async throws -> Void,
        cleanUp: @escaping @Sendable () async -> Void
    ) async throws -> ConformanceOutcome {
        let result: Result<ConformanceOutcome, any Error>
        do {
            if try await within(limit, { try await body(self) }) == nil {
                throw failure(expected: "the case to end within \(limit)", answer: "a call did not return")
            }
            result = .success(.passed)
        } catch let skip as Skip {
            result = .success(.skipped(skip.reason))
        } catch let failure as ConformanceFailure {
            result = .failure(failure)
        } catch let error as CancellationError where Task.isCancelled {
            result = .failure(error)
        } catch {
            result = .failure(failure(expected: "no error", answer: "a call threw an error", cause: error))
        }
        _ = try? await within(limit, cleanUp)
        return try result.get()
    }
}

/// What `body` returns, or nil if it has not returned within `limit`; it is cancelled then, and no longer waited for.
func within<T: Sendable>(_ limit: Duration, _ body: @escaping @Sendable () async throws -> T) async throws -> T? {
    let (results, continuation) = AsyncStream<Result<T?, any Error>>.makeStream(bufferingPolicy: .bufferingOldest(1))
    let work = Task {
        do { continuation.yield(.success(try await body())) } catch { continuation.yield(.failure(error)) }
    }
    let timer = Task {
        do {
            try await Task.sleep(for: limit)
            continuation.yield(.success(nil))
        } catch {
            // Cancelled: the work was quicker.
        }
    }
    defer {
        work.cancel()
        timer.cancel()
    }
    for await result in results { return try result.get() }
    throw CancellationError()
}

/// The FNV-1a hash: enough to find torn values, and the same on every machine.
package func fnv1a(_ octets: some Sequence<UInt8>) -> UInt64 {
    octets.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
}
