import MeshCore
import MeshCryptography
import MeshDARE
import MeshEncoding
import MeshPortals
import MeshProfiles

/// A request for connection that a device of this machine has made, and whose answer is waited for. It is kept in
/// `host.dare`, so that another process can wait for it too.
public struct ConnectionRequest: Sendable {
    /// The request itself, signed by the device.
    public let request: VerifiedConnectionRequest
    /// The address of the account.
    public let account: AccountAddress
    /// The account's profile, as the portal showed it. That it is the right one is what comparing the witness shows.
    public let profile: VerifiedProfile<ProfileUser>
    /// What the two people compare, all of it: 28 letters in groups of four.
    public let witness: String
    /// When it was made.
    public let made: Timestamp
    let acknowledgement: DAREEnvelope
    /// The PIN that the request was made with, sealed to the device.
    let sealedPIN: DAREEnvelope?

    /// The identifier of the request.
    public var id: UDF { request.content.messageID }
    /// The fingerprint of the device.
    public var device: UDF { request.device.udf }

    private static let madeMember = "Requested"
    private static let pinMember = "EnvelopedMessagePin"

    /// The entry of `host.dare`.
    var machine: CatalogedMachine {
        var machine = CatalogedMachine(.pending, id: id.text)
        machine.accountAddress = account.canonical
        machine.deviceUDF = device.text
        machine.envelopedProfileAccount = profile.envelope.value
        machine.envelopedAcknowledgeConnection = acknowledgement.value
        machine.content[Self.madeMember] = .string(made.description)
        machine.content[Self.pinMember] = sealedPIN?.value
        return machine
    }

    init(
        acknowledgement: VerifiedAcknowledgement, account: AccountAddress, profile: VerifiedProfile<ProfileUser>,
        made: Timestamp, sealedPIN: DAREEnvelope?
    ) {
        request = acknowledgement.request
        self.acknowledgement = acknowledgement.message.envelope
        self.account = account
        self.profile = profile
        witness = acknowledgement.witness
        self.made = made
        self.sealedPIN = sealedPIN
    }

    /// Reads an entry of `host.dare`; nil for what this version did not write. The service's signature was verified when the
    /// entry was made.
    init?(_ machine: CatalogedMachine) {
        guard let address = machine.accountAddress.flatMap({ try? AccountAddress($0) }),
            let profile = machine.envelopedProfileAccount.flatMap({ try? DAREEnvelope($0) })
                .flatMap({ try? VerifiedProfile<ProfileUser>(verifying: $0) }),
            let acknowledgement = machine.envelopedAcknowledgeConnection.flatMap({ try? DAREEnvelope($0) }),
            let body = try? JSONValue(parsing: acknowledgement.body)["AcknowledgeConnection"]?.object,
            let content = try? AcknowledgeConnection(members: body),
            let request = try? VerifiedConnectionRequest(verifying: content.request),
            request.content.messageID.text == machine.id,
            let made = machine.content[Self.madeMember]?.string.flatMap({ Timestamp($0) })
        else { return nil }
        self.request = request
        self.acknowledgement = acknowledgement
        account = address
        self.profile = profile
        witness = request.witness(
            account: profile.content.profileSignature, serverNonce: content.serverNonce)
        self.made = made
        sealedPIN = machine.content[Self.pinMember].flatMap { try? DAREEnvelope($0) }
    }
}

/// What became of a request for connection.
public enum ConnectionOutcome: Sendable {
    /// Nobody has answered yet.
    case pending
    /// The device is connected.
    case connected(PersonalSession)
}
