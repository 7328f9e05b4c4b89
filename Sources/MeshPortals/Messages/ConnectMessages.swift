import MeshCore
import MeshDARE
import MeshEncoding

/// A device asks to be connected to an account. Signed by the device's own signature key.
public struct ConnectStartRequest: PortalRequestMessage {
    public typealias Response = ConnectStartResponse
    public static let transaction = PortalTransaction.connectStart
    /// The address.
    public var account: String
    /// The RequestConnection, signed by the device, with the device's profile in it.
    public var request: DAREEnvelope

    enum CodingKeys: String, CodingKey {
        case account = "AccountID"
        case request = "SignedRequest"
    }
    public init(account: String, request: DAREEnvelope) {
        self.account = account
        self.request = request
    }
}

/// The request waits now.
public struct ConnectStartResponse: PortalResponseMessage {
    public static let tag = "ConnectStartResponse"
    public var status: PortalStatus?
    public var statusDescription: String?
    /// The service's acknowledgement: an AcknowledgeConnection, signed by the service, with the request in it.
    public var acknowledgement: DAREEnvelope?
    /// The account's profile.
    public var profile: DAREEnvelope?

    enum CodingKeys: String, CodingKey {
        case status = "Status"
        case statusDescription = "StatusDescription"
        case acknowledgement = "EnvelopedAcknowledgeConnection"
        case profile = "EnvelopedProfileAccount"
    }
    public init() {}
}

/// Asks what became of a request. Signed by the device's own signature key.
public struct ConnectStatusRequest: PortalRequestMessage {
    public typealias Response = ConnectStatusResponse
    public static let transaction = PortalTransaction.connectStatus
    /// The address.
    public var account: String
    /// The fingerprint of the device.
    public var device: String
    /// The identifier of the response that is waited for: from the message identifier of the acknowledgement (`udf` §4).
    public var responseID: String

    enum CodingKeys: String, CodingKey {
        case account = "AccountID"
        case device = "DeviceID"
        case responseID = "ResponseID"
    }
    public init(account: String, device: String, responseID: String) {
        self.account = account
        self.device = device
        self.responseID = responseID
    }
}

/// What became of it. No result yet: 201 without one. Expired: 410. Unknown: 404.
public struct ConnectStatusResponse: PortalResponseMessage {
    public static let tag = "ConnectStatusResponse"
    public var status: PortalStatus?
    public var statusDescription: String?
    /// The RespondConnection, signed by an administration device.
    public var result: DAREEnvelope?

    enum CodingKeys: String, CodingKey {
        case status = "Status"
        case statusDescription = "StatusDescription"
        case result = "Result"
    }
    public init() {}
}

/// Asks for the requests that wait.
public struct ConnectPendingRequest: PortalRequestMessage {
    public typealias Response = ConnectPendingResponse
    public static let transaction = PortalTransaction.connectPending
    /// The address.
    public var account: String
    /// Where the page before ended.
    public var pageKey: String?
    /// The most that are wanted.
    public var maxEntries: Int?

    enum CodingKeys: String, CodingKey {
        case account = "AccountID"
        case pageKey = "PageKey"
        case maxEntries = "MaxEntries"
    }
    public init(account: String, pageKey: String? = nil, maxEntries: Int? = nil) {
        self.account = account
        self.pageKey = pageKey
        self.maxEntries = maxEntries
    }
}

/// A page of the requests that wait, the oldest first.
public struct ConnectPendingResponse: PortalResponseMessage {
    public static let tag = "ConnectPendingResponse"
    public var status: PortalStatus?
    public var statusDescription: String?
    /// Acknowledgements, each with its request in it.
    public var pending: [DAREEnvelope]?
    /// Where this page ended; absent on the last one.
    public var pageKey: String?

    enum CodingKeys: String, CodingKey {
        case status = "Status"
        case statusDescription = "StatusDescription"
        case pending = "Pending"
        case pageKey = "PageKey"
    }
    public init() {}
}

/// Closes a request: with a result for the device, and, if it was accepted, the device's entry in the device catalog.
public struct ConnectCompleteRequest: PortalRequestMessage {
    public typealias Response = ConnectCompleteResponse
    public static let transaction = PortalTransaction.connectComplete
    /// The address.
    public var account: String
    /// The fingerprint of the device.
    public var device: String
    /// The identifier under which the device finds the result.
    public var responseID: String
    /// The RespondConnection, signed by the administration device.
    public var result: DAREEnvelope
    /// The frames that add the device to the device catalog. They are appended first; if they conflict, nothing is done.
    public var updates: [ContainerUpdate]?

    enum CodingKeys: String, CodingKey {
        case account = "AccountID"
        case device = "DeviceID"
        case responseID = "ResponseID"
        case result = "Result"
        case updates = "Updates"
    }
    public init(
        account: String, device: String, responseID: String, result: DAREEnvelope, updates: [ContainerUpdate]? = nil
    ) {
        self.account = account
        self.device = device
        self.responseID = responseID
        self.result = result
        self.updates = updates
    }
}

/// Claims a published device (static QR): asks for what is published under an identifier, and leaves word who claims it.
public struct ClaimRequest: PortalRequestMessage {
    public typealias Response = ClaimResponse
    public static let transaction = PortalTransaction.claim
    /// The address of the account that claims. It may be one of another portal than this one.
    public var account: String
    /// The address of the account that published.
    public var publisher: String
    /// The MessageClaim, signed by the device that claims.
    public var claim: DAREEnvelope

    enum CodingKeys: String, CodingKey {
        case account = "Account"
        case publisher = "Publisher"
        case claim = "EnvelopedMessageClaim"
    }
    public init(account: String, publisher: String, claim: DAREEnvelope) {
        self.account = account
        self.publisher = publisher
        self.claim = claim
    }
}

/// What is published there.
public struct ClaimResponse: PortalResponseMessage {
    public static let tag = "ClaimResponse"
    public var status: PortalStatus?
    public var statusDescription: String?
    /// The CatalogedPublication.
    public var publication: JSONValue?

    enum CodingKeys: String, CodingKey {
        case status = "Status"
        case statusDescription = "StatusDescription"
        case publication = "CatalogedPublication"
    }
    public init() {}
}

/// A published device asks whether it was claimed. Signed by the device's own signature key.
public struct PollClaimRequest: PortalRequestMessage {
    public typealias Response = PollClaimResponse
    public static let transaction = PortalTransaction.pollClaim
    /// The address of the account that published the device.
    public var publisher: String
    /// The identifier of the publication.
    public var publicationID: String

    enum CodingKeys: String, CodingKey {
        case publisher = "TargetAccountAddress"
        case publicationID = "PublicationId"
    }
    public init(publisher: String, publicationID: String) {
        self.publisher = publisher
        self.publicationID = publicationID
    }
}

/// The claim, once there is one: 201 without one until then.
public struct PollClaimResponse: PortalResponseMessage {
    public static let tag = "PollClaimResponse"
    public var status: PortalStatus?
    public var statusDescription: String?
    /// The MessageClaim.
    public var claim: DAREEnvelope?

    enum CodingKeys: String, CodingKey {
        case status = "Status"
        case statusDescription = "StatusDescription"
        case claim = "EnvelopedMessage"
    }
    public init() {}
}

/// An answer that is only a status.
public protocol PlainResponse: PortalResponseMessage {}

/// The account exists now.
public struct CreateAccountResponse: PlainResponse {
    public static let tag = "CreateAccountResponse"
    public var status: PortalStatus?
    public var statusDescription: String?

    enum CodingKeys: String, CodingKey {
        case status = "Status"
        case statusDescription = "StatusDescription"
    }
    public init() {}
}

/// The account is gone.
public struct DeleteAccountResponse: PlainResponse {
    public static let tag = "DeleteAccountResponse"
    public var status: PortalStatus?
    public var statusDescription: String?

    enum CodingKeys: String, CodingKey {
        case status = "Status"
        case statusDescription = "StatusDescription"
    }
    public init() {}
}

/// It is published.
public struct PublishResponse: PlainResponse {
    public static let tag = "PublishResponse"
    public var status: PortalStatus?
    public var statusDescription: String?

    enum CodingKeys: String, CodingKey {
        case status = "Status"
        case statusDescription = "StatusDescription"
    }
    public init() {}
}

/// The request is closed.
public struct ConnectCompleteResponse: PlainResponse {
    public static let tag = "ConnectCompleteResponse"
    public var status: PortalStatus?
    public var statusDescription: String?
    /// How far the device catalog goes now.
    public var containers: [ContainerStatus]?

    enum CodingKeys: String, CodingKey {
        case status = "Status"
        case statusDescription = "StatusDescription"
        case containers = "ContainerStatus"
    }
    public init() {}
}

/// An answer to what cannot be read, or is no transaction of the service.
public struct ErrorResponse: PlainResponse {
    public static let tag = "ErrorResponse"
    public var status: PortalStatus?
    public var statusDescription: String?
    /// With 419: the epoch to sign for.
    public var epoch: String?

    enum CodingKeys: String, CodingKey {
        case status = "Status"
        case statusDescription = "StatusDescription"
        case epoch = "Epoch"
    }
    public init() {}
}
