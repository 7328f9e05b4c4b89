import MeshCore

/// What is wrong with a DARE envelope.
public struct DAREError: MeshError, Equatable {
    /// The cases.
    public struct Code: Hashable, Sendable {
        /// The stable name.
        public let name: String

        /// A case of that name.
        package init(name: String) { self.name = name }

        /// The octets are no envelope, or a member of it is not what it must be.
        public static let malformed = Code(name: "dare-malformed")
        /// The envelope uses an algorithm that is not known or not accepted.
        public static let unsupportedAlgorithm = Code(name: "dare-unsupported-algorithm")
        /// The body does not have the digest that the envelope states.
        public static let digestMismatch = Code(name: "dare-digest-mismatch")
        /// No signature of the key asked for, or none at all.
        public static let notSigned = Code(name: "dare-not-signed")
        /// A signature that does not verify.
        public static let badSignature = Code(name: "dare-bad-signature")
        /// A witness value that the signer cannot have made knowing what the body is encrypted under.
        public static let badWitness = Code(name: "dare-bad-witness")
        /// Encrypted, and nobody is named who could open it.
        public static let noRecipients = Code(name: "dare-no-recipients")
        /// None of the private keys opens it: it was sealed to others.
        public static let wrongRecipient = Code(name: "dare-wrong-recipient")
        /// A key that cannot do what was asked: an agreement with another curve, or a signature.
        public static let wrongKey = Code(name: "dare-wrong-key")
        /// It was sealed to one of the private keys, and what was sealed to it has been damaged.
        public static let corruptKeyExchange = Code(name: "dare-corrupt-key-exchange")
        /// The body does not decrypt: it was changed, or encrypted under another base seed.
        public static let decryptionFailed = Code(name: "dare-decryption-failed")
        /// More signatures, or more entries of recipients to try, than anybody has: each costs operations on a curve.
        public static let tooCostly = Code(name: "dare-too-costly")
        /// The salt was erased on purpose: nobody can decrypt the body any more.
        public static let saltErased = Code(name: "dare-salt-erased")
    }

    /// The case.
    public let code: Code
    public let message: String
    public let remedy: String?
    public let cause: (any Error)?
    public var codeName: String { code.name }

    /// An error that says `message`.
    public init(_ code: Code, _ message: String, remedy: String? = nil, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.remedy = remedy
        self.cause = cause
    }

    /// Equal when the case is the same.
    public static func == (left: DAREError, right: DAREError) -> Bool { left.code == right.code }
}
