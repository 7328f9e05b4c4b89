import MeshCore
import MeshCryptography
import MeshDARE
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
    /// The proof to the service that the claimant has the device's code: the `Authenticator` of the publication, letter for
    /// letter.
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

/// A claim that a device signed which is connected to the account that claims. There is no other way to get one.
public struct VerifiedClaim: Sendable {
    /// The claim.
    public let message: VerifiedAssertion<MessageClaim>
    /// The device that signed it.
    public let device: ConnectedDevice
    /// What the claim says.
    public var content: MessageClaim { message.content }

    /// Verifies a claim.
    ///
    /// Whether it has expired, and whether it proves to know the device's code, is for whoever keeps the publication.
    ///
    /// - Parameters:
    ///   - device: the device that must have signed.
    ///   - account: the profile of its account, the newest that is known.
    ///   - address: the address that the claim is made in the name of; nil: the one that the profile states. A profile may be
    ///     registered at further portals, under addresses that it does not state.
    /// - Throws: ``ProfileError`` `malformed`, `tooLarge`, `wrongKind`, `badSignature`; `notRelated` for a device of another
    ///   account, or a claim in the name of another address.
    public init(
        verifying envelope: DAREEnvelope, by device: ConnectedDevice, of account: VerifiedProfile<ProfileUser>,
        at address: String? = nil
    ) throws(ProfileError) {
        guard device.account == account.udf else {
            throw ProfileError(.notRelated, "The device \(device.udf) is not connected to \(account.udf).")
        }
        message = try VerifiedAssertion(verifying: envelope, by: device.signature)
        guard let address = address ?? account.content.accountAddress,
            message.content.sender.map({ $0.hasOctets(of: address) }) ?? false
        else { throw ProfileError(.notRelated, "The claim is made in the name of another account.") }
        self.device = device
    }
}
