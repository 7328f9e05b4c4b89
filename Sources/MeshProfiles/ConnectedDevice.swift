import MeshCore
import MeshCryptography
import MeshDARE
import MeshEncoding

/// A device whose connection to an account was verified (`schema-08` §7). There is no other way to get one.
public struct ConnectedDevice: Sendable {
    /// The fingerprint of the account's profile.
    public let account: UDF
    /// What the device says of itself.
    public let profile: VerifiedProfile<ProfileDevice>
    /// What the administrator says of it.
    public let connection: VerifiedAssertion<ConnectionDevice>

    /// The fingerprint of the device's profile.
    public var udf: UDF { profile.udf }
    /// The key by which the device signs for the account.
    public var signature: PublicKey { connection.content.signature }
    /// The key to encrypt to the device.
    public var encryption: PublicKey { connection.content.encryption }
    /// The key by which the device authenticates for the account.
    public var authentication: PublicKey { connection.content.authentication }
    /// What the device may do.
    public var rights: [Right] { connection.content.rights }
    /// Whether the device administers the account.
    public var isAdministrator: Bool { rights.contains(.administrator) }

    /// Verifies an entry of the account's device catalog: the device's profile verifies; the connection is signed by the
    /// account's administrator key, and is of this account and this device; the fingerprints beside them are theirs.
    ///
    /// - Parameter account: the account's profile, the newest that is known.
    /// - Throws: ``ProfileError`` `malformed`, `badKey`, `badSignature`, `wrongProfile`, `notRelated`.
    public init(verifying entry: CatalogedDevice, of account: VerifiedProfile<ProfileUser>) throws(ProfileError) {
        let profile = try VerifiedProfile<ProfileDevice>(
            verifying: Self.envelope(entry.envelopedProfileDevice, "the device's profile"))
        let connection = try VerifiedAssertion<ConnectionDevice>(
            verifying: Self.envelope(entry.envelopedConnection, "a connection"),
            by: account.content.administratorSignature)
        guard connection.content.authority == account.udf else {
            throw ProfileError(
                .notRelated, "The connection is one to \(connection.content.authority), not to \(account.udf).")
        }
        guard connection.content.subject == profile.udf else {
            throw ProfileError(
                .notRelated, "The connection is that of \(connection.content.subject), not of \(profile.udf).")
        }
        if let enclosed = entry.envelopedProfileUser {
            let enclosed = try VerifiedProfile<ProfileUser>(
                verifying: Self.envelope(enclosed, "the account's profile"))
            guard enclosed.udf == account.udf else {
                throw ProfileError(.notRelated, "The entry holds the profile of another account, \(enclosed.udf).")
            }
        }
        for (name, stated, actual) in [
            ("Udf", entry.udf, connection.content.signature.udf), ("DeviceUdf", entry.deviceUDF, profile.udf),
            ("SignatureUdf", entry.signatureUDF, account.udf),
        ] where stated.flatMap({ UDF($0) }) != actual {
            throw ProfileError(.notRelated, "The \(name) of the device's entry is not \(actual).")
        }
        self.account = account.udf
        self.profile = profile
        self.connection = connection
    }

    static func envelope(_ value: JSONValue?, _ what: String) throws(ProfileError) -> DAREEnvelope {
        guard let value else { throw ProfileError(.malformed, "The device's entry does not have \(what).") }
        do {
            return try DAREEnvelope(value)
        } catch {
            throw ProfileError(.malformed, "In the device's entry, \(what) is no envelope.", cause: error)
        }
    }
}
