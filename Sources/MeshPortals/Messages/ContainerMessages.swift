import MeshCore
import MeshDARE
import MeshEncoding

/// How far a container goes (`protocol-09` §10).
public struct ContainerStatus: Codable, Hashable, Sendable {
    /// The name of the store: `MMM_Credential`.
    public var container: String
    /// How many frames it has.
    public var index: Int
    /// The chain digest of the last frame.
    public var digest: Data

    /// Octets, written as base64url.
    public typealias Data = BinaryValue

    enum CodingKeys: String, CodingKey {
        case container = "Container"
        case index = "Index"
        case digest = "Digest"
    }
    public init(container: String, index: Int, digest: [UInt8]) {
        self.container = container
        self.index = index
        self.digest = BinaryValue(digest)
    }
}

/// Octets as a member of a message: base64url in JSON.
public struct BinaryValue: Codable, Hashable, Sendable {
    /// The octets.
    public var octets: [UInt8]
    public init(_ octets: [UInt8]) { self.octets = octets }

    public init(from decoder: any Decoder) throws {
        guard let octets = try JSONValue(from: decoder).binary else {
            throw DecodingError.dataCorrupted(
                .init(codingPath: decoder.codingPath, debugDescription: "Octets were expected."))
        }
        self.octets = octets
    }
    public func encode(to encoder: any Encoder) throws { try JSONValue.binary(octets).encode(to: encoder) }
}

/// Frames of a container, octet by octet as they stand in every copy of it.
///
/// The draft sends envelopes; ours are the frames themselves, because the signature of a run of frames covers their headers.
public struct ContainerUpdate: Codable, Hashable, Sendable {
    /// The name of the store.
    public var container: String
    /// The index of the first of the frames.
    public var index: Int
    /// The chain digest of the frame before the first; empty at index 0.
    public var digest: BinaryValue
    /// The frames.
    public var frames: [BinaryValue]

    enum CodingKeys: String, CodingKey {
        case container = "Container"
        case index = "Index"
        case digest = "Digest"
        case frames = "Frames"
    }
    public init(container: String, index: Int, digest: [UInt8], frames: [[UInt8]]) {
        self.container = container
        self.index = index
        self.digest = BinaryValue(digest)
        self.frames = frames.map { BinaryValue($0) }
    }
}

/// Asks how far the containers of the account go, and for its profile.
public struct StatusRequest: PortalRequestMessage {
    public typealias Response = StatusResponse
    public static let transaction = PortalTransaction.status
    /// The address.
    public var account: String
    /// The stores that are asked for; absent: all that the device may read.
    public var containers: [String]?

    enum CodingKeys: String, CodingKey {
        case account = "Account"
        case containers = "Catalogs"
    }
    public init(account: String, containers: [String]? = nil) {
        self.account = account
        self.containers = containers
    }
}

/// How far the containers go.
public struct StatusResponse: PortalResponseMessage {
    public static let tag = "StatusResponse"
    public var status: PortalStatus?
    public var statusDescription: String?
    /// The account's profile, as it is now.
    public var profile: DAREEnvelope?
    public var containers: [ContainerStatus]?
    /// How many requests for connection wait; only for administrators.
    public var pending: Int?

    enum CodingKeys: String, CodingKey {
        case status = "Status"
        case statusDescription = "StatusDescription"
        case profile = "EnvelopedProfileAccount"
        case containers = "ContainerStatus"
        case pending = "Pending"
    }
    public init() {}
}

/// Asks for frames.
public struct DownloadRequest: PortalRequestMessage {
    public typealias Response = DownloadResponse
    public static let transaction = PortalTransaction.download
    /// The address.
    public var account: String
    /// From which container, from which index on.
    public var select: [FrameSelection]

    enum CodingKeys: String, CodingKey {
        case account = "Account"
        case select = "Select"
    }
    public init(account: String, select: [FrameSelection]) {
        self.account = account
        self.select = select
    }
}

/// Which frames of a container are wanted (`protocol-09` §10, ConstraintsSelect).
public struct FrameSelection: Codable, Hashable, Sendable {
    /// The name of the store.
    public var container: String
    /// The first index that is wanted.
    public var indexMin: Int
    /// The index behind the last one that is wanted; absent: to the end.
    public var indexMax: Int?

    enum CodingKeys: String, CodingKey {
        case container = "Container"
        case indexMin = "IndexMin"
        case indexMax = "IndexMax"
    }
    public init(container: String, from indexMin: Int, to indexMax: Int? = nil) {
        self.container = container
        self.indexMin = indexMin
        self.indexMax = indexMax
    }
}

/// Frames: as many as one answer holds. Who wants more asks again from where they end.
public struct DownloadResponse: PortalResponseMessage {
    public static let tag = "DownloadResponse"
    public var status: PortalStatus?
    public var statusDescription: String?
    public var updates: [ContainerUpdate]?
    /// How far the containers that were asked for go.
    public var containers: [ContainerStatus]?

    enum CodingKeys: String, CodingKey {
        case status = "Status"
        case statusDescription = "StatusDescription"
        case updates = "Updates"
        case containers = "ContainerStatus"
    }
    public init() {}
}

/// Appends frames. Each update is done whole or not at all; one that does not start at the end of its container is a conflict,
/// and the others after it are not tried.
public struct TransactRequest: PortalRequestMessage {
    public typealias Response = TransactResponse
    public static let transaction = PortalTransaction.transact
    /// The address.
    public var account: String
    public var updates: [ContainerUpdate]

    enum CodingKeys: String, CodingKey {
        case account = "Account"
        case updates = "Updates"
    }
    public init(account: String, updates: [ContainerUpdate]) {
        self.account = account
        self.updates = updates
    }
}

/// What became of the updates, in their order, as far as they were tried.
public struct TransactResponse: PortalResponseMessage {
    public static let tag = "TransactResponse"
    public var status: PortalStatus?
    public var statusDescription: String?
    /// How far each container goes now.
    public var containers: [ContainerStatus]?

    enum CodingKeys: String, CodingKey {
        case status = "Status"
        case statusDescription = "StatusDescription"
        case containers = "ContainerStatus"
    }
    public init() {}
}

/// Asks for everything that the account keeps at the portal, page by page: for a move to another portal.
public struct TransferRequest: PortalRequestMessage {
    public typealias Response = TransferResponse
    public static let transaction = PortalTransaction.transfer
    /// The address.
    public var account: String
    /// Where the page before ended.
    public var pageKey: String?

    enum CodingKeys: String, CodingKey {
        case account = "Account"
        case pageKey = "PageKey"
    }
    public init(account: String, pageKey: String? = nil) {
        self.account = account
        self.pageKey = pageKey
    }
}

/// A page of what the account keeps.
public struct TransferResponse: PortalResponseMessage {
    public static let tag = "TransferResponse"
    public var status: PortalStatus?
    public var statusDescription: String?
    public var updates: [ContainerUpdate]?
    /// Published entries, such as escrow entries, by their identifiers.
    public var entries: [DAREEnvelope]?
    /// Where this page ended; absent on the last one.
    public var pageKey: String?

    enum CodingKeys: String, CodingKey {
        case status = "Status"
        case statusDescription = "StatusDescription"
        case updates = "Updates"
        case entries = "Entries"
        case pageKey = "PageKey"
    }
    public init() {}
}
