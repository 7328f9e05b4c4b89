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
        /// The shares open what a portal keeps, and the account was not named.
        public static let addressMissing = Code(name: "address-missing")
        /// The portal keeps nothing that the shares would open.
        public static let escrowNotFound = Code(name: "escrow-not-found")
        /// What the portal keeps does not open with what the shares give.
        public static let escrowDamaged = Code(name: "escrow-damaged")
        /// What the portal keeps is something else than the sealed seed of a personal profile.
        public static let wrongEntry = Code(name: "escrow-wrong-entry")
        /// The account is that of another profile than the shares give.
        public static let wrongAccount = Code(name: "wrong-account")
        /// Changes wait to be sent, and the operation would lose them.
        public static let unsentChanges = Code(name: "unsent-changes")
        /// The key of the profile is not on this machine.
        public static let keyMissing = Code(name: "key-missing")
        /// A key in the store is not the one that its profile was made from.
        public static let keyMismatch = Code(name: "key-mismatch")
        /// What was recovered in the rehearsal differs from the profile.
        public static let rehearsalFailed = Code(name: "rehearsal-failed")
        /// What is kept of the profile does not verify, and no archived version does.
        public static let profileDamaged = Code(name: "profile-damaged")
        /// The session was given no portal, and what was asked needs one.
        public static let noPortal = Code(name: "no-portal")
        /// The profile has no account at a portal.
        public static let noAccount = Code(name: "no-account")
        /// The account was given up: its portal does not have it any more.
        public static let accountGone = Code(name: "account-gone")
        /// The profile has an account already, or this machine is connected to it already.
        public static let alreadyConnected = Code(name: "already-connected")
        /// The device is none of the account's.
        public static let notConnected = Code(name: "not-connected")
        /// The device may not administer the account.
        public static let notAdministrator = Code(name: "not-administrator")
        /// What was asked cannot be done to the device by which it was asked.
        public static let ownDevice = Code(name: "own-device")
        /// The device does not have the right that it takes.
        public static let rightMissing = Code(name: "right-missing")
        /// No right can have that name, or the account has as many rights of applications as it may.
        public static let invalidRight = Code(name: "invalid-right")
        /// An administrator refused the connection.
        public static let connectionRejected = Code(name: "connection-rejected")
        /// Nobody answered the request for connection in time: it has to be made again.
        public static let connectionExpired = Code(name: "connection-expired")
        /// There was no answer as long as was waited. The request still stands.
        public static let connectionTimedOut = Code(name: "connection-timed-out")
        /// The request for connection is not there any more, or was answered already.
        public static let requestClosed = Code(name: "request-closed")
        /// The request, or the answer to it, is not what it says it is.
        public static let connectionForged = Code(name: "connection-forged")
        /// The PIN is not one of the account, was used, or has expired.
        public static let pinRefused = Code(name: "pin-refused")
        /// Another device has changed the same thing: both versions are in the conflict.
        public static let changedElsewhere = Code(name: "changed-elsewhere")
        /// A host has another key than the one that is known of it.
        public static let hostKeyDiffers = Code(name: "host-key-differs")
        /// What the portal or a person gave is none: a URI, an exported file.
        public static let malformed = Code(name: "malformed")
        /// Two devices were shown different histories of one account.
        public static let historyForked = Code(name: "history-forked")
        /// The secret is none, or not that of the export.
        public static let wrongSecret = Code(name: "wrong-secret")
        /// The export of a profile is damaged, was changed, or is none.
        public static let exportDamaged = Code(name: "export-damaged")
        /// What is here is newer than what the export holds.
        public static let exportOutdated = Code(name: "export-outdated")
        /// Something of another profile or device is where something was to be put.
        public static let occupied = Code(name: "occupied")
        /// What was set as a default on this machine is not there.
        public static let defaultMissing = Code(name: "default-missing")
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
