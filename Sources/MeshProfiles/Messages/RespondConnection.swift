import MeshCore
import MeshCryptography
import MeshDARE
import MeshEncoding

/// An administrator's answer to a request for connection (`schema-08` §10.6, RespondConnection).
public struct RespondConnection: MessageContent {
    public static let tag = "RespondConnection"

    /// Under what the device asks for it: the identifier of the answer to its request.
    public let messageID: UDF
    public var sender: String? { nil }
    public var recipient: String? { nil }
    /// The entry of the device, if it is accepted.
    public let entry: CatalogedDevice?
    /// What the administrator knows of the account's history, by which the device notices a portal that shows it another.
    /// (`HistoryStatement`, an extension of the schema.)
    public let history: JSONValue?
    /// The proof that the administrator knows the PIN, 64 octets. (`PinResponse`, an extension of the schema.)
    public let pinResponse: [UInt8]?

    /// Whether the device is connected.
    public var isAccepted: Bool { entry != nil }

    /// Accepts.
    ///
    /// - Parameter pin: if the request came with a PIN.
    public init(
        accepting request: VerifiedConnectionRequest, entry: CatalogedDevice, account: UDF, history: JSONValue?,
        pin: SaltedPIN? = nil
    ) {
        messageID = request.content.identifiers.response
        self.entry = entry
        self.history = history
        pinResponse = pin.map {
            $0.responseWitness(account: account, clientNonce: request.content.clientNonce)
        }
    }

    /// Rejects.
    public init(rejecting request: VerifiedConnectionRequest) {
        messageID = request.content.identifiers.response
        entry = nil
        history = nil
        pinResponse = nil
    }

    public init(members: JSONObject) throws(ProfileError) {
        messageID = try members.fingerprint("MessageId")
        let content = members["CatalogedDevice"]?.object
        // Written as now, or as the words were before (sessions specification §G).
        switch try members.text("Result").asLabel {
        case "Accept", "Accepted":
            guard let content else { throw .missing("CatalogedDevice") }
            do {
                entry = try CatalogedDevice(reading: CatalogedDevice.tags[0], content)
            } catch {
                throw ProfileError(.malformed, "The entry of the device cannot be read.", cause: error)
            }
        case "Reject", "Rejected", "Refused":
            guard content == nil else { throw .missing("Result") }
            entry = nil
        default: throw .missing("Result")
        }
        history = members["HistoryStatement"]
        pinResponse = members["PinResponse"] == nil ? nil : try members.octets("PinResponse", counts: 64...64)
    }

    public var members: JSONObject {
        var members = commonMembers
        members["Result"] = entry == nil ? "Reject" : "Accept"
        members["CatalogedDevice"] = entry.map { .object($0.content) }
        members["HistoryStatement"] = history
        members["PinResponse"] = pinResponse.map { .binary($0) }
        return members
    }
}

/// An answer to a request for connection that an administrator of the account signed for this request. There is no other way
/// to get one.
public struct VerifiedConnectionResponse: Sendable {
    /// The answer.
    public let message: VerifiedAssertion<RespondConnection>
    /// The device as it is connected; nil if it was rejected.
    public let device: ConnectedDevice?

    /// Verifies the answer to `request`, signed by the account's administrator key.
    ///
    /// - Parameters:
    ///   - account: the profile of the account, which the people have compared by its witness.
    ///   - pin: with it, the administrator must have proved to know the PIN too, if it accepts.
    /// - Throws: ``ProfileError`` `malformed`, `tooLarge`, `wrongKind`, `badKey`, `badSignature`; `notRelated` for the answer to
    ///   another request, the entry of another device, or one without the proof; as
    ///   ``ConnectedDevice/init(verifying:of:)``.
    public init(
        verifying envelope: DAREEnvelope, to request: VerifiedConnectionRequest,
        account: VerifiedProfile<ProfileUser>, pin: SaltedPIN? = nil
    ) throws(ProfileError) {
        message = try VerifiedAssertion(verifying: envelope, by: account.content.administratorSignature)
        guard message.content.messageID == request.content.identifiers.response else {
            throw ProfileError(.notRelated, "The answer is one to another request.")
        }
        device = try message.content.entry.map { (entry) throws(ProfileError) in
            try ConnectedDevice(verifying: entry, of: account)
        }
        guard let device else { return }
        guard device.udf == request.device.udf else {
            throw ProfileError(.notRelated, "The answer connects another device, \(device.udf).")
        }
        guard let pin else { return }
        let expected = pin.responseWitness(account: account.udf, clientNonce: request.content.clientNonce)
        let isProved = expected.withUnsafeBytes { left in
            (message.content.pinResponse ?? []).withUnsafeBytes { constantTimeEqual(left, $0) }
        }
        guard isProved else {
            throw ProfileError(
                .notRelated, "Who answered did not prove to know the PIN.",
                remedy: "Do not go on: the answer may come from another account.")
        }
    }
}
