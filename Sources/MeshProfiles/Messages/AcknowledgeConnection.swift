import MeshCore
import MeshCryptography
import MeshDARE
import MeshEncoding

/// A service has taken a request for connection (`schema-08` §10.6, AcknowledgeConnection).
public struct AcknowledgeConnection: MessageContent {
    public static let tag = "AcknowledgeConnection"

    public let messageID: UDF
    public var sender: String? { nil }
    public var recipient: String? { nil }
    /// The request, signed by the device.
    public let request: DAREEnvelope
    /// What the service chose, 16 octets.
    public let serverNonce: [UInt8]
    /// What the two people compare.
    public let witness: String

    /// - Parameter account: the account's signature key.
    public init(of request: VerifiedConnectionRequest, account: PublicKey, random: any RandomSource) {
        messageID = NonceUDF.make(from: random)
        self.request = request.message.envelope
        serverNonce = random.bytes(RequestConnection.nonceSize)
        witness = request.witness(account: account, serverNonce: serverNonce)
    }

    public init(members: JSONObject) throws(ProfileError) {
        messageID = try members.fingerprint("MessageId")
        request = try members.envelope("EnvelopedRequestConnection")
        serverNonce = try members.octets(
            "ServerNonce", counts: RequestConnection.nonceSize...RequestConnection.nonceSize)
        witness = try members.text("Witness")
    }

    public var members: JSONObject {
        var members = commonMembers
        members["EnvelopedRequestConnection"] = request.value
        members["ServerNonce"] = .binary(serverNonce)
        members["Witness"] = .string(witness)
        return members
    }
}

extension VerifiedConnectionRequest {
    /// What the two people compare: both ends make it themselves (`udf` §8).
    public func witness(account: PublicKey, serverNonce: [UInt8]) -> String {
        ConnectionWitness.text(
            account: account, serverNonce: serverNonce, device: device.content.profileSignature,
            clientNonce: content.clientNonce)
    }
}

/// An acknowledgement that the service signed, of a request that the device signed, with the witness that both of them and the
/// account's key make. There is no other way to get one.
public struct VerifiedAcknowledgement: Sendable {
    /// The acknowledgement.
    public let message: VerifiedAssertion<AcknowledgeConnection>
    /// The request in it.
    public let request: VerifiedConnectionRequest
    /// What the two people compare, made from what is here.
    public let witness: String

    /// Verifies an acknowledgement.
    ///
    /// - Parameters:
    ///   - service: the service's signature key.
    ///   - account: the profile of the account, as this side knows it.
    /// - Throws: ``ProfileError`` `malformed`, `tooLarge`, `wrongKind`, `badKey`, `badSignature`; `notRelated` if the stated
    ///   witness is another than the one that is made here, as it is when the request is one to another account.
    public init(
        verifying envelope: DAREEnvelope, by service: PublicKey, account: VerifiedProfile<ProfileUser>
    ) throws(ProfileError) {
        message = try VerifiedAssertion(verifying: envelope, by: service)
        request = try VerifiedConnectionRequest(verifying: message.content.request)
        witness = request.witness(
            account: account.content.profileSignature, serverNonce: message.content.serverNonce)
        guard witness == message.content.witness else {
            throw ProfileError(
                .notRelated, "The acknowledgement has another witness than request and account make.",
                remedy: "Do not go on: the portal shows this side something else than the other one.")
        }
    }
}
