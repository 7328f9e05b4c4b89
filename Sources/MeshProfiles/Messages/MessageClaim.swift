import MeshCore
import MeshCryptography
import MeshEncoding

/// An account claims a published device (`schema-08` §10.6, MessageClaim). Signed by the claiming device's signature key for
/// the account.
public struct MessageClaim: MessageContent {
    public static let tag = "MessageClaim"

    public let messageID: UDF
    /// The address of the account that claims.
    public let sender: String?
    /// The address of the account that published.
    public let recipient: String?
    /// The identifier of the publication.
    public let publicationID: String
    /// The proof to the service that the claimant has the device's code.
    public let serviceAuthenticate: String
    /// The proof to the device.
    public let deviceAuthenticate: String
    /// When the claim is no longer good.
    public let expires: Timestamp

    /// A claim of those parts.
    public init(
        sender: String, recipient: String, publicationID: String, serviceAuthenticate: String,
        deviceAuthenticate: String, expires: Timestamp, random: any RandomSource
    ) {
        messageID = NonceUDF.make(from: random)
        self.sender = sender
        self.recipient = recipient
        self.publicationID = publicationID
        self.serviceAuthenticate = serviceAuthenticate
        self.deviceAuthenticate = deviceAuthenticate
        self.expires = expires
    }

    public init(members: JSONObject) throws(ProfileError) {
        messageID = try members.fingerprint("MessageId")
        sender = try members.text("Sender")
        recipient = try members.text("Recipient")
        publicationID = try members.text("PublicationId")
        serviceAuthenticate = try members.text("ServiceAuthenticate")
        deviceAuthenticate = try members.text("DeviceAuthenticate")
        expires = try members.time("Expires")
    }

    public var members: JSONObject {
        var members = commonMembers
        members["PublicationId"] = .string(publicationID)
        members["ServiceAuthenticate"] = .string(serviceAuthenticate)
        members["DeviceAuthenticate"] = .string(deviceAuthenticate)
        members["Expires"] = .string(expires.description)
        return members
    }
}
