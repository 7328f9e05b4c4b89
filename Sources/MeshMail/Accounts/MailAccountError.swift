import MeshCore

/// What mail accounts refuse, beyond what stores and keys refuse.
public struct MailAccountError: MeshError, Equatable {
    /// The cases.
    public struct Code: Hashable, Sendable {
        /// The stable name.
        public let name: String
        /// What was given is no mail address.
        public static let invalidAddress = Code(name: "mail-invalid-address")
        /// What was given is no connection to a mail server.
        public static let invalidConnection = Code(name: "mail-invalid-connection")
        /// A setting cannot be what was given.
        public static let invalidSetting = Code(name: "mail-invalid-setting")
        /// There is no such mail account.
        public static let notFound = Code(name: "mail-not-found")
        /// There is a mail account of that address already.
        public static let alreadyExists = Code(name: "mail-already-exists")
        /// The account has no such key.
        public static let keyMissing = Code(name: "mail-key-missing")
        /// The account has a key for that already.
        public static let keyExists = Code(name: "mail-key-exists")
        /// What the account keeps of a key is not the key that it says it is.
        public static let keyDamaged = Code(name: "mail-key-damaged")
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
    public static func == (left: MailAccountError, right: MailAccountError) -> Bool { left.code == right.code }
}
