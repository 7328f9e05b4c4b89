import MeshCore
import MeshCryptography
import MeshEncoding

/// What a service says of itself: the keys by which its clients know it (`schema-08` §10.2, ProfileService).
public struct ProfileService: ProfileContent {
    public static let tag = "ProfileService"
    public static let seedType: KeySpecifier = KeySpecifier.profileService

    public let profileSignature: PublicKey
    /// The key by which the service authenticates itself.
    public let serviceAuthentication: PublicKey
    /// The key to encrypt to the service.
    public let serviceEncryption: PublicKey
    /// The key by which the service signs its answers.
    public let serviceSignature: PublicKey
    public let updated: Timestamp?

    /// What the service whose seed is `seed` says of itself.
    ///
    /// - Throws: ``ProfileError`` `wrongSeed`, ``CryptographyError``.
    public init(seed: SecretSeed, updated: Timestamp) throws {
        profileSignature = try Self.key(.profile, from: seed).publicKey
        serviceAuthentication = try Self.key(.authenticate, from: seed).publicKey
        serviceEncryption = try Self.key(.encrypt, from: seed).publicKey
        serviceSignature = try Self.key(.sign, from: seed).publicKey
        self.updated = updated
    }

    public init(members: JSONObject) throws(ProfileError) {
        profileSignature = try KeyData.decode("ProfileSignature", of: members, algorithms: KeyData.signing)
        serviceAuthentication = try KeyData.decode(
            "ServiceAuthentication", of: members, algorithms: KeyData.agreement.union(KeyData.signing))
        serviceEncryption = try KeyData.decode("ServiceEncryption", of: members, algorithms: KeyData.agreement)
        serviceSignature = try KeyData.decode("ServiceSignature", of: members, algorithms: KeyData.signing)
        updated = members["Updated"]?.string.flatMap { Timestamp($0) }
    }

    public var members: JSONObject {
        var members = JSONObject()
        members["ProfileSignature"] = KeyData.encode(profileSignature)
        members["ServiceAuthentication"] = KeyData.encode(serviceAuthentication)
        members["ServiceEncryption"] = KeyData.encode(serviceEncryption)
        members["ServiceSignature"] = KeyData.encode(serviceSignature)
        members["Updated"] = updated.map { .string($0.description) }
        return members
    }
}
