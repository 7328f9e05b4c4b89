import MeshCore

/// What a session refuses, beyond what its platform and the profiles themselves refuse.
public struct SessionError: MeshError, Equatable {
    /// The cases.
    public struct Code: Hashable, Sendable {
        /// The stable name.
        public let name: String
        /// Nothing proves that the profile could be recovered, and the operation would take the last copy of its key.
        public static let recoveryUnproven = Code(name: "recovery-unproven")
        /// The shares give another profile than the one asked for.
        public static let wrongShares = Code(name: "wrong-shares")
        /// The key of the profile is not on this machine.
        public static let keyMissing = Code(name: "key-missing")
        /// A key in the store is not the one that its profile was made from.
        public static let keyMismatch = Code(name: "key-mismatch")
        /// What was recovered in the rehearsal differs from the profile.
        public static let rehearsalFailed = Code(name: "rehearsal-failed")
        /// What is kept of the profile does not verify, and no archived version does.
        public static let profileDamaged = Code(name: "profile-damaged")
        /// The number of shares or the quorum is not one that can be.
        public static let invalidQuorum = Code(name: "invalid-quorum")
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
    public static func == (left: SessionError, right: SessionError) -> Bool { left.code == right.code }
}
