import MeshCore

/// What is wrong with shares, or with a request to make them. Says which share, never what is in it.
public struct ShareError: MeshError, Equatable {
    /// The cases.
    public struct Code: Hashable, Sendable {
        /// The stable name.
        public let name: String
        /// Text that is not a share, or a share with a mistake in it.
        public static let damaged = Code(name: "share-damaged")
        /// A share that belongs to another set.
        public static let foreign = Code(name: "share-foreign")
        /// The same share twice.
        public static let repeated = Code(name: "share-repeated")
        /// Fewer shares than the quorum.
        public static let missing = Code(name: "share-missing")
        /// Shares that ask for different quorums.
        public static let mixedQuorum = Code(name: "share-mixed-quorum")
        /// Shares of secrets of different lengths.
        public static let mixedLength = Code(name: "share-mixed-length")
        /// More shares than needed, which do not all lie on one polynomial.
        public static let inconsistent = Code(name: "share-inconsistent")
        /// The shares fit each other and give a value that no secret has.
        public static let impossibleResult = Code(name: "share-impossible-result")
        /// A quorum, number of shares or secret that cannot be split.
        public static let invalidRequest = Code(name: "share-invalid-request")
    }

    /// The case.
    public let code: Code
    /// Which shares are meant, counted from 1 in the order they were given; empty when it is none in particular.
    public let positions: [Int]
    /// How many shares are missing (`missing` only).
    public let missingCount: Int
    /// What happened, in one sentence.
    public let message: String
    /// What can be done about it, if anything.
    public let remedy: String?
    /// The stable name of the case.
    public var codeName: String { code.name }
    /// The error below this one, if any.
    public var cause: (any Error)? { nil }

    init(_ code: Code, positions: [Int] = [], missing: Int = 0, _ message: String, remedy: String? = nil) {
        self.code = code
        self.positions = positions
        self.missingCount = missing
        self.message = message
        self.remedy = remedy
    }

    /// Equal when case, positions and number of missing shares are the same.
    public static func == (left: ShareError, right: ShareError) -> Bool {
        left.code == right.code && left.positions == right.positions && left.missingCount == right.missingCount
    }

    /// The same error about the share at `position`.
    func at(_ position: Int) -> ShareError {
        ShareError(code, positions: [position], "Share \(position): \(message)", remedy: remedy)
    }

    /// `1`, `1 and 3`, `1, 2 and 4`.
    static func list(_ numbers: [Int]) -> String {
        let words = numbers.map(String.init)
        guard let last = words.last, words.count > 1 else { return words.first ?? "" }
        return words.dropLast().joined(separator: ", ") + " and " + last
    }

    /// `Share 3 is` or `Shares 1 and 3 are`.
    static func subject(_ positions: [Int], singular: String, plural: String) -> String {
        positions.count == 1
            ? "Share \(list(positions)) \(singular)" : "Shares \(list(positions)) \(plural)"
    }
}
