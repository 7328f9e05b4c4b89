import MeshCore
import MeshCryptography
import MeshEncoding

/// What an administrator says of a device: that it is connected to the account, with these keys and rights (`schema-08`
/// §10.2, ConnectionDevice).
///
/// The keys are the sums of the device's own and those of its activation. Only ``ConnectedDevice`` says that a connection is
/// valid.
public struct ConnectionDevice: AssertionContent {
    public static let tag = "ConnectionDevice"

    /// The fingerprint of the device's profile.
    public let subject: UDF
    /// The fingerprint of the account's profile.
    public let authority: UDF
    /// The address of the account, if it has one.
    public let accountAddress: String?
    /// The key by which the device signs for the account.
    public let signature: PublicKey
    /// The key to encrypt to the device.
    public let encryption: PublicKey
    /// The key by which the device authenticates for the account.
    public let authentication: PublicKey
    /// What the device may do, each once. (`Rights`, an extension of the schema.)
    public let rights: [Right]
    /// When the connection was made.
    public let updated: Timestamp?

    /// A connection of those parts.
    public init(
        subject: UDF, authority: UDF, accountAddress: String?, signature: PublicKey, encryption: PublicKey,
        authentication: PublicKey, rights: [Right], updated: Timestamp?
    ) {
        self.subject = subject
        self.authority = authority
        self.accountAddress = accountAddress
        self.signature = signature
        self.encryption = encryption
        self.authentication = authentication
        self.rights = rights.unique
        self.updated = updated
    }

    public init(members: JSONObject) throws(ProfileError) {
        subject = try members.fingerprint("SubjectUdf")
        authority = try members.fingerprint("AuthorityUdf")
        accountAddress = members["AccountAddress"]?.string
        signature = try KeyData.decode("DeviceSignature", of: members, algorithms: [.ed448])
        encryption = try KeyData.decode("DeviceEncryption", of: members, algorithms: [.x448])
        authentication = try KeyData.decode("DeviceAuthentication", of: members, algorithms: [.x448])
        rights = try Right.list(members["Rights"])
        updated = members["Updated"]?.string.flatMap { Timestamp($0) }
    }

    public var members: JSONObject {
        var members = JSONObject()
        members["SubjectUdf"] = .string(subject.text)
        members["AuthorityUdf"] = .string(authority.text)
        members["AccountAddress"] = accountAddress.map { .string($0) }
        members["DeviceSignature"] = KeyData.encode(signature)
        members["DeviceEncryption"] = KeyData.encode(encryption)
        members["DeviceAuthentication"] = KeyData.encode(authentication)
        members["Rights"] = rights.isEmpty ? nil : .array(rights.map { .string($0.rawValue) })
        members["Updated"] = updated.map { .string($0.description) }
        return members
    }

    public var envelopeID: UDF? { signature.udf }
}

extension JSONObject {
    /// The fingerprint that is the member `name`.
    ///
    /// - Throws: ``ProfileError`` `malformed`.
    func fingerprint(_ name: String) throws(ProfileError) -> UDF {
        guard let udf = self[name]?.string.flatMap({ UDF($0) }) else {
            throw ProfileError(.malformed, "The member \(name) is missing, or no fingerprint.")
        }
        return udf
    }
}
