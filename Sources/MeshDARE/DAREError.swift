import MeshCore

/// What is wrong with a DARE envelope.
public struct DAREError: MeshError, Equatable {
    /// The cases.
    public struct Code: Hashable, Sendable {
        /// The stable name.
        public let name: String
        /// The octets are no envelope.
        public static let malformed = Code(name: "dare-malformed")
        /// The envelope uses an algorithm that is not known or not accepted.
        public static let unsupportedAlgorithm = Code(name: "dare-unsupported-algorithm")
        /// The body does not have the digest that the envelope states.
        public static let digestMismatch = Code(name: "dare-digest-mismatch")
        /// No signature of the key asked for.
        public static let notSigned = Code(name: "dare-not-signed")
        /// A signature of the key asked for, which does not verify.
        public static let badSignature = Code(name: "dare-bad-signature")
    }

    /// The case.
    public let code: Code
    public let message: String
    public let cause: (any Error)?
    public var codeName: String { code.name }
    public var remedy: String? { nil }

    /// An error that says `message`.
    public init(_ code: Code, _ message: String, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.cause = cause
    }

    /// Equal when the case is the same.
    public static func == (left: DAREError, right: DAREError) -> Bool { left.code == right.code }
}
