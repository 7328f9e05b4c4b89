import MeshCore
import MeshDARE
import MeshEncoding

/// Asks what the portal is.
public struct HelloRequest: AnonymousRequestMessage {
    public typealias Response = HelloResponse
    public static let transaction = PortalTransaction.hello
    /// The name of the service that is meant.
    public var service: String?
    /// Octets that come once, so that an answer given before is no answer to this (an extension).
    public var nonce: BinaryValue?

    enum CodingKeys: String, CodingKey {
        case service = "Service"
        case nonce = "Nonce"
    }
    public init(service: String? = nil) { self.service = service }
}

/// What the portal is, what it takes, and who signs for it.
public struct HelloResponse: PortalResponseMessage {
    public static let tag = "HelloResponse"
    public var status: PortalStatus?
    public var statusDescription: String?
    /// The protocol.
    public var version: ProtocolVersion?
    /// This life of the service: requests are signed for it.
    public var epoch: String?
    /// The service's profile: a signed ProfileService.
    public var profileService: DAREEnvelope?
    /// The rules for account names.
    public var policyAccount: AccountNameRules?
    /// The most that one answer, and one request, holds.
    public var limits: PortalLimits?
    /// The service's time, so that a client whose clock is wrong can be told so.
    public var time: Timestamp?

    enum CodingKeys: String, CodingKey {
        case status = "Status"
        case statusDescription = "StatusDescription"
        case version = "Version"
        case epoch = "Epoch"
        case profileService = "EnvelopedProfileService"
        case policyAccount = "PolicyAccount"
        case limits = "Limits"
        case time = "Time"
    }
    public init() {}
}

/// A version of the protocol.
public struct ProtocolVersion: Codable, Hashable, Sendable {
    public var major: Int
    public var minor: Int
    /// The encodings the service reads and writes.
    public var encodings: [String]?
    /// Where else the service answers.
    public var uri: [String]?

    enum CodingKeys: String, CodingKey {
        case major = "Major"
        case minor = "Minor"
        case encodings = "Encodings"
        case uri = "URI"
    }
    public init(major: Int, minor: Int, encodings: [String]? = nil, uri: [String]? = nil) {
        self.major = major
        self.minor = minor
        self.encodings = encodings
        self.uri = uri
    }
}

/// The most that a portal takes and gives at once.
public struct PortalLimits: Codable, Hashable, Sendable {
    /// The largest body without a signature, in octets.
    public var anonymousBody = 256 << 10
    /// The largest body with one, in octets.
    public var signedBody = 4 << 20
    /// The most frames in one answer.
    public var frames = 4096
    /// The most octets of frames in one answer.
    public var frameOctets = 2 << 20
    /// The most requests for connection that wait at one account.
    public var pendingRequests = 64
    /// How long a request for connection waits, in seconds.
    public var requestLifetime = 86_400
    /// How far the clock of a request may be off, in seconds.
    public var clockTolerance = 120
    /// The most octets an account may keep; nil: no bound.
    public var accountOctets: Int?

    enum CodingKeys: String, CodingKey {
        case anonymousBody = "AnonymousBody"
        case signedBody = "SignedBody"
        case frames = "Frames"
        case frameOctets = "FrameOctets"
        case pendingRequests = "PendingRequests"
        case requestLifetime = "RequestLifetime"
        case clockTolerance = "ClockTolerance"
        case accountOctets = "AccountOctets"
    }
    /// The usual limits.
    public init() {}

    /// Reads the limits of a portal; those that it does not state are the usual ones.
    ///
    /// - Throws: `DecodingError` for numbers that cannot be.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        func limit(_ key: CodingKeys) throws -> Int? {
            let limit = try container.decodeIfPresent(Int.self, forKey: key)
            guard let limit else { return nil }
            guard (0...1 << 48).contains(limit) else {
                throw DecodingError.dataCorruptedError(
                    forKey: key, in: container, debugDescription: "A limit was expected.")
            }
            return limit
        }
        anonymousBody = try limit(.anonymousBody) ?? anonymousBody
        signedBody = try limit(.signedBody) ?? signedBody
        frames = try limit(.frames) ?? frames
        frameOctets = try limit(.frameOctets) ?? frameOctets
        pendingRequests = try limit(.pendingRequests) ?? pendingRequests
        requestLifetime = try limit(.requestLifetime) ?? requestLifetime
        clockTolerance = try limit(.clockTolerance) ?? clockTolerance
        accountOctets = try limit(.accountOctets)
    }
}

/// Asks whether an account of this name could be made.
public struct ValidateAccountRequest: AnonymousRequestMessage {
    public typealias Response = ValidateAccountResponse
    public static let transaction = PortalTransaction.validateAccount
    /// The address.
    public var account: String
    /// Languages for the reason, the preferred first.
    public var language: [String]?
    /// Asks the portal to keep the name for a while. This one does not.
    public var reserve: Bool?
    /// Octets that come once, so that an answer given before is no answer to this (an extension).
    public var nonce: BinaryValue?

    enum CodingKeys: String, CodingKey {
        case account = "Account"
        case language = "Language"
        case reserve = "Reserve"
        case nonce = "Nonce"
    }
    public init(account: String, language: [String]? = nil) {
        self.account = account
        self.language = language
    }
}

/// Whether an account of that name could be made now, and if not, why.
public struct ValidateAccountResponse: PortalResponseMessage {
    public static let tag = "ValidateAccountResponse"
    public var status: PortalStatus?
    public var statusDescription: String?
    /// Whether it could be made.
    public var valid: Bool?
    /// The fewest and most characters before the `@`.
    public var minimum: Int?
    public var maximum: Int?
    /// Characters that may not stand before the `@`.
    public var invalidCharacters: String?
    /// Why not.
    public var reason: String?
    /// Names like it that are free (an extension).
    public var suggestions: [String]?

    enum CodingKeys: String, CodingKey {
        case status = "Status"
        case statusDescription = "StatusDescription"
        case valid = "Valid"
        case minimum = "Minimum"
        case maximum = "Maximum"
        case invalidCharacters = "InvalidCharacters"
        case reason = "Reason"
        case suggestions = "Suggestions"
    }
    public init() {}
}

/// Makes an account. Signed by the profile's administration key.
public struct CreateAccountRequest: PortalRequestMessage {
    public typealias Response = CreateAccountResponse
    public static let transaction = PortalTransaction.createAccount
    /// The address.
    public var account: String
    /// The signed personal profile, which states this address and this service.
    public var profile: DAREEnvelope
    /// The first containers of the account: at least the device catalog, with the first device.
    public var updates: [ContainerUpdate]

    enum CodingKeys: String, CodingKey {
        case account = "Account"
        case profile = "EnvelopedProfileAccount"
        case updates = "Updates"
    }
    public init(account: String, profile: DAREEnvelope, updates: [ContainerUpdate]) {
        self.account = account
        self.profile = profile
        self.updates = updates
    }
}

/// Removes an account and what it keeps.
public struct DeleteAccountRequest: PortalRequestMessage {
    public typealias Response = DeleteAccountResponse
    public static let transaction = PortalTransaction.deleteAccount
    /// The address.
    public var account: String

    enum CodingKeys: String, CodingKey { case account = "Account" }
    public init(account: String) { self.account = account }
}

/// Asks for the profile of an account, or for what was published under an identifier.
public struct GetRequest: AnonymousRequestMessage {
    public typealias Response = GetResponse
    public static let transaction = PortalTransaction.get
    /// The address; the answer is the account's profile.
    public var account: String?
    /// The identifier of something published: the fingerprint of a profile, or that of an escrow entry.
    public var identifier: String?
    /// Whether all entries are wanted, or the first.
    public var multiple: Bool?
    /// Octets that come once, so that an answer given before is no answer to this (an extension).
    public var nonce: BinaryValue?

    enum CodingKeys: String, CodingKey {
        case account = "Account"
        case identifier = "Identifier"
        case multiple = "Multiple"
        case nonce = "Nonce"
    }
    public init(account: String) { self.account = account }
    public init(identifier: String) { self.identifier = identifier }
}

/// What was asked for. Nothing found is the status 404.
public struct GetResponse: PortalResponseMessage {
    public static let tag = "GetResponse"
    public var status: PortalStatus?
    public var statusDescription: String?
    /// The entries: signed profiles, or sealed escrow entries.
    public var entries: [DAREEnvelope]?
    public var pageKey: String?

    enum CodingKeys: String, CodingKey {
        case status = "Status"
        case statusDescription = "StatusDescription"
        case entries = "Entries"
        case pageKey = "PageKey"
    }
    public init() {}
}

/// Publishes a newer version of the account's profile, or an escrow entry.
public struct PublishRequest: PortalRequestMessage {
    public typealias Response = PublishResponse
    public static let transaction = PortalTransaction.publish
    /// The address of the account that publishes.
    public var account: String
    /// The identifier of an escrow entry; absent for a profile.
    public var identifier: String?
    /// What is published.
    public var entry: DAREEnvelope
    /// Whether the escrow entry takes the place of all others that the account has published (an extension).
    public var replacing: Bool?

    enum CodingKeys: String, CodingKey {
        case account = "Account"
        case identifier = "Identifier"
        case entry = "Entry"
        case replacing = "Replacing"
    }
    public init(account: String, identifier: String? = nil, entry: DAREEnvelope, replacing: Bool? = nil) {
        self.account = account
        self.identifier = identifier
        self.entry = entry
        self.replacing = replacing
    }
}
