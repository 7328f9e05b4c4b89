import MeshCore

/// What can go wrong in a cryptographic operation. Never carries a secret, nor part of one.
public struct CryptographyError: MeshError, Equatable {
    /// The cases.
    public struct Code: Hashable, Sendable {
        /// The stable name.
        public let name: String
        /// Octets that cannot be a key of the algorithm.
        public static let invalidKey = Code(name: "invalid-key")
        /// The algorithm cannot do what was asked (a key agreement key cannot sign).
        public static let unsupportedAlgorithm = Code(name: "unsupported-algorithm")
        /// A parameter outside its range: a nonce, a context, a cost or a length.
        public static let invalidParameter = Code(name: "invalid-parameter")
        /// Sealed data that was changed, or that another key sealed.
        public static let authenticationFailed = Code(name: "authentication-failed")
        /// The other side's point makes an agreement that everybody can know.
        public static let agreementFailed = Code(name: "agreement-failed")
        /// A key name, seed type or method that derivation does not know.
        public static let invalidDerivation = Code(name: "invalid-derivation")
    }

    /// The case.
    public let code: Code
    /// What happened, in one sentence.
    public let message: String
    /// What can be done about it, if anything.
    public let remedy: String?
    /// The stable name of the case.
    public var codeName: String { code.name }
    /// The error below this one, if any.
    public var cause: (any Error)? { nil }

    /// An error that says `message`, which must not quote a secret.
    public init(_ code: Code, _ message: String, remedy: String? = nil) {
        self.code = code
        self.message = message
        self.remedy = remedy
    }

    /// Equal when the case is the same.
    public static func == (left: CryptographyError, right: CryptographyError) -> Bool { left.code == right.code }
}

/// Ends the process when a library call fails that can fail only for want of memory or of the algorithm itself.
///
/// For calls whose failure no input can bring about, as Swift's own allocations do.
@inline(__always)
func requireLibrary(_ succeeded: Bool, _ what: StaticString) {
    precondition(succeeded, "the system's cryptographic library has no memory for, or lacks, \(what)")
}
