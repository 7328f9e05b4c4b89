import MeshCore
import MeshCryptography
import MeshDARE
import MeshEncoding

/// A device asks to be connected to an account (`schema-08` §10.6, RequestConnection).
public struct RequestConnection: MessageContent {
    public static let tag = "RequestConnection"
    /// How many octets the nonces of a connection have.
    public static let nonceSize = 16

    public let messageID: UDF
    public var sender: String? { nil }
    public var recipient: String? { accountAddress }
    /// The address of the account.
    public let accountAddress: String
    /// The device's profile.
    public let profile: DAREEnvelope
    /// What the device chose, 16 octets.
    public let clientNonce: [UInt8]
    /// With a PIN: which one, and the proof that the device knows it.
    public let pin: PIN?

    /// The proof that a device knows a PIN.
    public struct PIN: Hashable, Sendable {
        /// The identifier of the PIN.
        public let identifier: UDF
        /// The proof, 64 octets.
        public let witness: [UInt8]
    }

    /// A request of `device`.
    ///
    /// - Parameter pin: for the way with a PIN.
    /// - Throws: ``ProfileError`` `malformed` for a profile without a digest, which no verified one is.
    public init(
        account address: String, device: VerifiedProfile<ProfileDevice>, pin: SaltedPIN? = nil,
        random: any RandomSource
    ) throws(ProfileError) {
        messageID = NonceUDF.make(from: random)
        accountAddress = address
        profile = device.envelope
        let nonce = random.bytes(Self.nonceSize)
        clientNonce = nonce
        let digest = try Self.digest(of: device.envelope)
        self.pin = pin.map { pin in
            PIN(
                identifier: pin.identifier(account: address),
                witness: pin.witness(account: address, clientNonce: nonce, payloadDigest: digest))
        }
    }

    public init(members: JSONObject) throws(ProfileError) {
        messageID = try members.fingerprint("MessageId")
        accountAddress = try members.text("AccountAddress")
        profile = try members.envelope("AuthenticatedData")
        clientNonce = try members.octets("ClientNonce", counts: Self.nonceSize...Self.nonceSize)
        if members["PinId"] != nil || members["PinWitness"] != nil {
            pin = PIN(
                identifier: try members.fingerprint("PinId"), witness: try members.octets("PinWitness", counts: 64...64)
            )
        } else {
            pin = nil
        }
    }

    public var members: JSONObject {
        var members = commonMembers
        members["AuthenticatedData"] = profile.value
        members["ClientNonce"] = .binary(clientNonce)
        members["PinId"] = pin.map { .string($0.identifier.text) }
        members["PinWitness"] = pin.map { .binary($0.witness) }
        members["AccountAddress"] = .string(accountAddress)
        return members
    }

    static func digest(of envelope: DAREEnvelope) throws(ProfileError) -> [UInt8] {
        do {
            return try envelope.computedDigest()
        } catch {
            throw ProfileError(.malformed, "The profile in the request has no digest.", cause: error)
        }
    }
}

/// A request for connection that the device itself signed: with the signature key of the profile that stands in it. There is
/// no other way to get one.
public struct VerifiedConnectionRequest: Sendable {
    /// The request.
    public let message: VerifiedAssertion<RequestConnection>
    /// The device that asks.
    public let device: VerifiedProfile<ProfileDevice>
    /// What the request says.
    public var content: RequestConnection { message.content }

    /// Verifies a request.
    ///
    /// - Throws: ``ProfileError`` `malformed`, `tooLarge`, `wrongKind`, `badKey`, `badSignature`.
    public init(verifying envelope: DAREEnvelope) throws(ProfileError) {
        let object = try SignedObject<RequestConnection>(envelope)
        device = try VerifiedProfile(verifying: object.content.profile)
        message = try VerifiedAssertion(object, signed: envelope.encoded, by: device.content.baseSignature)
    }

    /// Signs a request with the seed of the device.
    ///
    /// - Throws: ``ProfileError`` `wrongSeed`, `badSignature` for the seed of another device; ``CryptographyError``.
    public init(signing content: RequestConnection, seed: SecretSeed, created: Timestamp) throws {
        let message = try VerifiedAssertion(
            signing: content, by: ProfileDevice.key(.sign, from: seed), created: created)
        try self.init(verifying: message.envelope)
    }

    /// Whether the device knew the PIN, which is the one kept under the identifier that the request names. The comparison
    /// takes a time that does not depend on the values.
    public func isProved(by pin: SaltedPIN) -> Bool {
        guard let stated = content.pin, let digest = try? RequestConnection.digest(of: content.profile),
            stated.identifier == pin.identifier(account: content.accountAddress)
        else { return false }
        let computed = pin.witness(
            account: content.accountAddress, clientNonce: content.clientNonce, payloadDigest: digest)
        return computed.withUnsafeBytes { left in
            stated.witness.withUnsafeBytes { constantTimeEqual(left, $0) }
        }
    }
}
