import MeshCore
import MeshCryptography
import MeshDARE
import MeshEncoding

/// A PIN that an account has handed out (`schema-08` §10.6, MessagePin). The account keeps it sealed to itself: it is a secret.
public struct MessagePIN: Sendable {
    /// The identifier of the PIN for the account, under which a request names it.
    public let identifier: UDF
    /// The address of the account.
    public let account: String
    /// When it is no longer good.
    public let expires: Timestamp
    /// Whether who knows it is admitted without asking.
    public let isAutomatic: Bool
    /// What it is good for: `Device` or `Contact`.
    public let action: String
    /// The PIN for this action.
    public let saltedPIN: SaltedPIN

    /// A PIN for `account`.
    public init(pin: SaltedPIN, account: String, action: String, expires: Timestamp, isAutomatic: Bool) {
        identifier = pin.identifier(account: account)
        saltedPIN = pin
        self.account = account
        self.action = action
        self.expires = expires
        self.isAutomatic = isAutomatic
    }

    /// Seals the message to the account itself, signed by one of its keys.
    ///
    /// - Throws: ``ProfileError`` `badKey`.
    public func sealed(
        to recipient: PublicKey, by signer: PrivateKey, created: Timestamp, random: any RandomSource
    ) throws(ProfileError) -> DAREEnvelope {
        var envelope = try SealedAssertion.seal(self, to: recipient, by: signer, created: created, random: random)
        envelope.header["EnvelopeId"] = .string(MessageIdentifiers(of: identifier).envelope.text)
        return envelope
    }

    /// Opens the message.
    ///
    /// - Throws: ``ProfileError`` `badSignature`, `cannotOpen`, `malformed`, `wrongKind`, `tooLarge`.
    public init(opening envelope: DAREEnvelope, with key: PrivateKey, signedBy signer: PublicKey) throws(ProfileError) {
        self = try SealedAssertion.open(MessagePIN.self, envelope, with: key, signedBy: signer)
    }
}

extension MessagePIN: SealedContent {
    static let tag = "MessagePin"

    init(members: JSONObject, secrets json: SecretJSON) throws(ProfileError) {
        account = try members.text("Account")
        expires = try members.time("Expires")
        isAutomatic = members["Automatic"] == .bool(true)
        action = try members.text("Action")
        guard let text = json.secret(members["SaltedPin"]), let pin = try? SaltedPIN(salted: text.bytes) else {
            throw .missing("SaltedPin")
        }
        saltedPIN = pin
        identifier = pin.identifier(account: account)
        guard try members.fingerprint("MessageId") == identifier else { throw .missing("MessageId") }
    }

    func members(secrets json: inout SecretJSON) -> JSONObject {
        [
            "MessageId": .string(identifier.text), "Account": .string(account),
            "Expires": .string(expires.description), "Automatic": .bool(isAutomatic),
            "SaltedPin": json.add(saltedPIN.withText { SecretBytes(copying: $0) }), "Action": .string(action),
        ]
    }
}
