import MeshCore

/// What can go wrong with the keys of mail. Never carries a secret, nor part of one.
public struct MailKeyError: MeshError, Equatable {
    /// The cases.
    public struct Code: Hashable, Sendable {
        /// The stable name.
        public let name: String
        /// This build, or the library below it, cannot do what was asked.
        public static let unsupported = Code(name: "unsupported")
        /// Octets that are no key or certificate, or a value that cannot stand in one; says where.
        public static let malformed = Code(name: "malformed")
        /// There is no private half, or not all of it.
        public static let noSecretKey = Code(name: "no-secret-key")
        /// The key is protected, and no passphrase was given.
        public static let passphraseNeeded = Code(name: "passphrase-needed")
        /// The passphrase does not open the key.
        public static let wrongPassphrase = Code(name: "wrong-passphrase")
        /// A key that is none to use: too weak, without an owner, expired, revoked, or not for what was asked.
        public static let notUsable = Code(name: "not-usable")
        /// More octets than a key can need.
        public static let tooLarge = Code(name: "too-large")
        /// A certificate that belongs to another key.
        public static let notRelated = Code(name: "not-related")
        /// The library failed for a reason that it does not tell.
        public static let libraryFailed = Code(name: "library-failed")
    }

    /// The case.
    public let code: Code
    /// What happened, in one sentence.
    public let message: String
    /// What can be done about it, if anything.
    public let remedy: String?
    /// The error below this one, if any.
    public let cause: (any Error)?
    /// The stable name of the case.
    public var codeName: String { code.name }

    /// An error that says `message`, which must not quote a secret.
    public init(_ code: Code, _ message: String, remedy: String? = nil, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.remedy = remedy
        self.cause = cause
    }

    /// Equal when the case is the same.
    public static func == (left: MailKeyError, right: MailKeyError) -> Bool { left.code == right.code }
}
