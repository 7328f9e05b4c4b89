import MeshCore
import MeshCryptography
import MeshDARE
import MeshEncoding

/// What a device says of a key that it has for an application of an account: that it is its own. (An extension of the schema.)
///
/// The device signs it with the key of its own profile, so that no other device of the account can pass off a key as its. Only
/// ``init(verifying:for:of:)`` says that the statement counts: for as long as the device is connected.
public struct DeviceApplicationKey: AssertionContent {
    public static let tag = "DeviceApplicationKey"

    /// The application: `ssh`.
    public let application: String
    /// The fingerprint of the account's profile.
    public let account: UDF
    /// The fingerprint of the device's profile.
    public let device: UDF
    /// The key.
    public let key: PublicKey

    /// What `device` says of `key`.
    public init(application: String, account: UDF, device: UDF, key: PublicKey) {
        self.application = application
        self.account = account
        self.device = device
        self.key = key
    }

    public init(members: JSONObject) throws(ProfileError) {
        guard let application = members["Application"]?.string, !application.isEmpty else {
            throw ProfileError(.malformed, "The member Application is missing, or no name.")
        }
        self.application = application
        account = try members.fingerprint("AuthorityUdf")
        device = try members.fingerprint("SubjectUdf")
        key = try KeyData.decode("PublicKey", of: members, algorithms: KeyData.signing)
    }

    public var members: JSONObject {
        [
            "Application": .string(application), "AuthorityUdf": .string(account.text),
            "SubjectUdf": .string(device.text), "PublicKey": KeyData.encode(key),
        ]
    }

    public var envelopeID: UDF? { key.udf }

    /// Verifies that `device` has said this of a key for `application`.
    ///
    /// - Throws: ``ProfileError`` `malformed`, `badKey`, `badSignature`; `notRelated` for a key for another application, account
    ///   or device.
    public init(
        verifying envelope: DAREEnvelope, for application: String, of device: ConnectedDevice
    ) throws(ProfileError) {
        let statement = try VerifiedAssertion<DeviceApplicationKey>(
            verifying: envelope, by: device.profile.content.baseSignature
        ).content
        guard statement.application.hasOctets(of: application), statement.account == device.account,
            statement.device == device.udf
        else {
            throw ProfileError(
                .notRelated, "The key is one of \(statement.device) for \(statement.application), not of \(device.udf)."
            )
        }
        self = statement
    }
}
