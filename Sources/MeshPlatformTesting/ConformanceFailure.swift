import MeshCore

/// A rule of a contract that a store broke: the rule, what was expected, and what the store answered.
public struct ConformanceFailure: MeshError {
    /// The name that was given to the suite, such as `secret-service`.
    public let suite: String
    /// The name of the case, as `Case` has it.
    public let caseName: String
    /// The rule that the case proves, in the words of the contract.
    public let rule: String
    /// What the rule asks for here.
    public let expected: String
    /// What the store did.
    public let answer: String
    /// The seed that makes the run the same again.
    public let seed: UInt64
    /// What the store threw, if that is what was wrong.
    public let cause: (any Error)?

    public var codeName: String { "conformance-\(caseName)" }
    public var message: String {
        "\(suite) does not conform (\(caseName)): expected \(expected), but \(answer). The rule: \(rule)"
    }
    public var remedy: String? { "To repeat the run, give the suite the seed \(seed)." }
}

/// What came of a case that did not fail.
public enum ConformanceOutcome: Hashable, Sendable {
    /// The rule was proven.
    case passed
    /// The rule could not be proven here, for the reason given.
    case skipped(String)
}

/// What came of all the cases of a suite. Printable.
public struct ConformanceReport: Sendable, CustomStringConvertible {
    /// What came of one case.
    public struct Entry: Sendable {
        /// The name of the case.
        public let caseName: String
        /// Passed, skipped or failed.
        public let result: Result<ConformanceOutcome, ConformanceFailure>
    }

    /// The name that was given to the suite.
    public let suite: String
    /// The seed that makes the run the same again.
    public let seed: UInt64
    /// The cases, in the order they were run.
    public let entries: [Entry]

    /// What failed.
    public var failures: [ConformanceFailure] {
        entries.compactMap { if case .failure(let failure) = $0.result { failure } else { nil } }
    }

    /// What could not be proven, with the reasons.
    public var skipped: [(caseName: String, reason: String)] {
        entries.compactMap {
            if case .success(.skipped(let reason)) = $0.result { ($0.caseName, reason) } else { nil }
        }
    }

    /// Whether nothing failed.
    public var isConforming: Bool { failures.isEmpty }

    /// One line per case, and a last line with the counts.
    public var description: String {
        var lines = entries.map { entry in
            switch entry.result {
            case .success(.passed): "passed   \(entry.caseName)"
            case .success(.skipped(let reason)): "skipped  \(entry.caseName): \(reason)"
            case .failure(let failure): "FAILED   \(entry.caseName): \(failure)"
            }
        }
        let passed = entries.count - failures.count - skipped.count
        lines.append(
            "\(suite): \(passed) passed, \(failures.count) failed, \(skipped.count) skipped (seed \(seed))")
        return lines.joined(separator: "\n")
    }
}
