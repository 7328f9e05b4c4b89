import MeshCore
import MeshCryptography
import MeshEncoding

/// What a device says of itself: its keys and a description (`schema-08` §10.2, ProfileDevice).
///
/// Never changes once made: a device that needs other keys gets another profile.
public struct ProfileDevice: ProfileContent {
    public static let tag = "ProfileDevice"
    public static let seedType: KeySpecifier = KeySpecifier.profileDevice
    public static let isUpdatable = false

    public let profileSignature: PublicKey
    /// Words for a person, such as the host's name.
    public let description: String?
    /// What a device is described as of which nothing is known (sessions specification §A2).
    public static let unknown = "Unknown"
    /// The description, if somebody has described the device.
    public var ownWords: String? { description == Self.unknown ? nil : description }
    /// The key to encrypt to the device.
    public let baseEncryption: PublicKey
    /// The key by which the device authenticates itself.
    public let baseAuthentication: PublicKey
    /// The key by which the device signs.
    public let baseSignature: PublicKey
    public let updated: Timestamp?

    /// What the device whose seed is `seed` says of itself.
    ///
    /// - Throws: ``ProfileError`` `wrongSeed`, ``CryptographyError``.
    public init(seed: SecretSeed, description: String?, updated: Timestamp) throws {
        profileSignature = try Self.key(.profile, from: seed).publicKey
        self.description = description
        baseEncryption = try Self.key(.encrypt, from: seed).publicKey
        baseAuthentication = try Self.key(.authenticate, from: seed).publicKey
        baseSignature = try Self.key(.sign, from: seed).publicKey
        self.updated = updated
    }

    public init(members: JSONObject) throws(ProfileError) {
        profileSignature = try KeyData.decode("ProfileSignature", of: members, algorithms: KeyData.signing)
        description = members["Description"]?.string
        baseEncryption = try KeyData.decode("BaseEncryption", of: members, algorithms: KeyData.agreement)
        baseAuthentication = try KeyData.decode(
            "BaseAuthentication", of: members, algorithms: KeyData.agreement.union(KeyData.signing))
        baseSignature = try KeyData.decode("BaseSignature", of: members, algorithms: KeyData.signing)
        updated = members["Updated"]?.string.flatMap { Timestamp($0) }
    }

    public var members: JSONObject {
        var members = JSONObject()
        members["ProfileSignature"] = KeyData.encode(profileSignature)
        members["Description"] = description.map { .string($0) }
        members["BaseEncryption"] = KeyData.encode(baseEncryption)
        members["BaseAuthentication"] = KeyData.encode(baseAuthentication)
        members["BaseSignature"] = KeyData.encode(baseSignature)
        members["Updated"] = updated.map { .string($0.description) }
        return members
    }
}
