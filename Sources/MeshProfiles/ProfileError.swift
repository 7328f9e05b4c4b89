import MeshCore

/// Why a signed profile, connection, activation or message is not accepted, or cannot be made.
public struct ProfileError: MeshError, Equatable {
    /// The cases.
    public struct Code: Hashable, Sendable {
        /// The stable name.
        public let name: String
        /// The octets are no signed profile.
        public static let malformed = Code(name: "profile-malformed")
        /// A profile of another kind.
        public static let wrongKind = Code(name: "profile-wrong-kind")
        /// A key is missing, is of an algorithm that cannot stand there, or does not have the fingerprint beside it.
        public static let badKey = Code(name: "profile-bad-key")
        /// The signature is missing or does not verify: the profile was altered, or another signed it.
        public static let badSignature = Code(name: "profile-bad-signature")
        /// A valid profile, but not the one that was asked for.
        public static let wrongProfile = Code(name: "profile-wrong-fingerprint")
        /// The object is larger than its kind may be.
        public static let tooLarge = Code(name: "profile-too-large")
        /// What was shown is older than what is known: an earlier version of the profile is shown again.
        public static let rolledBack = Code(name: "profile-rolled-back")
        /// Two versions of one time say different things, or a profile that never changes was changed.
        public static let conflict = Code(name: "profile-conflict")
        /// A valid connection, message or activation that belongs to another account, device or request.
        public static let notRelated = Code(name: "profile-not-related")
        /// What was sealed to a device or person cannot be opened with the keys at hand, or was changed.
        public static let cannotOpen = Code(name: "profile-cannot-open")
        /// The sums of a device's own keys and its activation are not the keys that its connection lists.
        public static let wrongActivation = Code(name: "profile-wrong-activation")
        /// The device does not have the right.
        public static let notPermitted = Code(name: "profile-not-permitted")
        /// The seed is not one that such a profile is made from.
        public static let wrongSeed = Code(name: "profile-wrong-seed")
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
    public static func == (left: ProfileError, right: ProfileError) -> Bool { left.code == right.code }

    static func tooLarge(_ tag: String) -> ProfileError {
        ProfileError(.tooLarge, "The \(tag) is larger than such an object may be.")
    }
}
