import MeshCore

/// Why an exchange with a portal failed, or its answer was not believed.
public struct PortalError: MeshError, Equatable {
    /// The cases.
    public struct Code: Hashable, Sendable {
        /// The stable name.
        public let name: String
        /// The text is no account address.
        public static let invalidAddress = Code(name: "portal-invalid-address")
        /// There is no portal for the domain, or it cannot be reached. Trying again later may help.
        public static let unreachable = Code(name: "portal-unreachable")
        /// The exchange took too long. What was asked may have been done.
        public static let timedOut = Code(name: "portal-timed-out")
        /// The request or the answer cannot be read.
        public static let malformed = Code(name: "portal-malformed")
        /// The answer is not signed by the portal's key, or is the answer to something else.
        public static let unauthenticated = Code(name: "portal-unauthenticated")
        /// The portal has another key than the one that was pinned.
        public static let serviceChanged = Code(name: "portal-service-changed")
        /// The portal does not do this, or does not know it.
        public static let unsupported = Code(name: "portal-unsupported")
        /// The portal refuses the name.
        public static let invalidName = Code(name: "portal-invalid-name")
        /// The name is taken.
        public static let accountExists = Code(name: "portal-account-exists")
        /// There is no such account, entry or request.
        public static let notFound = Code(name: "portal-not-found")
        /// The key that asks may not do this.
        public static let unauthorized = Code(name: "portal-unauthorized")
        /// The request was signed for another life of the service.
        public static let staleEpoch = Code(name: "portal-stale-epoch")
        /// The clocks of this computer and of the portal are too far apart.
        public static let wrongClock = Code(name: "portal-wrong-clock")
        /// The device was removed from the account.
        public static let deviceRevoked = Code(name: "portal-device-revoked")
        /// What was sent builds on something that is not the newest any more.
        public static let conflict = Code(name: "portal-conflict")
        /// It was there, and its time is over: a request for connection, a published device.
        public static let expired = Code(name: "portal-expired")
        /// The portal can read what was sent, and does not take it; the message says why.
        public static let rejected = Code(name: "portal-rejected")
        /// More than the portal takes at once, or in all.
        public static let tooLarge = Code(name: "portal-too-large")
        /// The portal has no space to keep what was sent; nothing of it was done.
        public static let full = Code(name: "portal-full")
        /// Too many requests.
        public static let overloaded = Code(name: "portal-overloaded")
        /// The portal failed; what was asked was not done.
        public static let serviceFailed = Code(name: "portal-service-failed")
        /// The portal shows an older state than it has shown before.
        public static let rolledBack = Code(name: "portal-rolled-back")
        /// The portal shows a history that is not the one it showed before, or showed another device.
        public static let forked = Code(name: "portal-forked")
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
    public static func == (left: PortalError, right: PortalError) -> Bool { left.code == right.code }
}
