import MeshCore
import MeshCryptography
import MeshEncoding

/// What one of a service's hosts says of itself (`schema-08` §10.2, ProfileHost).
public struct ProfileHost: ProfileContent {
    public static let tag = "ProfileHost"
    public static let seedType: KeySpecifier = KeySpecifier.profileService
    public static let isHost = true

    public let profileSignature: PublicKey
    /// The key by which the host authenticates itself.
    public let keyAuthentication: PublicKey
    /// The key to encrypt to the host.
    public let keyEncryption: PublicKey
    public let updated: Timestamp?

    /// What the host whose seed is `seed` says of itself.
    ///
    /// - Throws: ``ProfileError`` `wrongSeed`, ``CryptographyError``.
    public init(seed: SecretSeed, updated: Timestamp) throws {
        profileSignature = try Self.key(.profile, from: seed).publicKey
        keyAuthentication = try Self.key(.authenticate, from: seed).publicKey
        keyEncryption = try Self.key(.encrypt, from: seed).publicKey
        self.updated = updated
    }

    public init(members: JSONObject) throws(ProfileError) {
        profileSignature = try KeyData.decode("ProfileSignature", of: members, algorithms: KeyData.signing)
        keyAuthentication = try KeyData.decode(
            "KeyAuthentication", of: members, algorithms: KeyData.agreement.union(KeyData.signing))
        keyEncryption = try KeyData.decode("KeyEncryption", of: members, algorithms: KeyData.agreement)
        updated = members["Updated"]?.string.flatMap { Timestamp($0) }
    }

    public var members: JSONObject {
        var members = JSONObject()
        members["ProfileSignature"] = KeyData.encode(profileSignature)
        members["KeyAuthentication"] = KeyData.encode(keyAuthentication)
        members["KeyEncryption"] = KeyData.encode(keyEncryption)
        members["Updated"] = updated.map { .string($0.description) }
        return members
    }
}

/// What a service says of a host: that it is one of the service's (`schema-08` §10.2, ConnectionHost).
public struct ConnectionHost: AssertionContent {
    public static let tag = "ConnectionHost"

    /// The fingerprint of the host's profile.
    public let subject: UDF
    /// The fingerprint of the service's profile.
    public let authority: UDF
    /// When the connection was made.
    public let updated: Timestamp?

    /// A connection of those parts.
    public init(subject: UDF, authority: UDF, updated: Timestamp?) {
        self.subject = subject
        self.authority = authority
        self.updated = updated
    }

    public init(members: JSONObject) throws(ProfileError) {
        subject = try members.fingerprint("SubjectUdf")
        authority = try members.fingerprint("AuthorityUdf")
        updated = members["Updated"]?.string.flatMap { Timestamp($0) }
    }

    public var members: JSONObject {
        var members: JSONObject = ["SubjectUdf": .string(subject.text), "AuthorityUdf": .string(authority.text)]
        members["Updated"] = updated.map { .string($0.description) }
        return members
    }

    public var envelopeID: UDF? { subject }
}

/// A host whose connection to a service was verified. There is no other way to get one.
public struct ConnectedHost: Sendable {
    /// What the host says of itself.
    public let profile: VerifiedProfile<ProfileHost>
    /// What the service says of it.
    public let connection: VerifiedAssertion<ConnectionHost>

    /// Verifies that `service` signed `connection`, and that it is of this service and this host.
    ///
    /// - Throws: ``ProfileError`` `malformed`, `badKey`, `badSignature`, `notRelated`.
    public init(
        profile: VerifiedProfile<ProfileHost>, connection: [UInt8], of service: VerifiedProfile<ProfileService>
    ) throws(ProfileError) {
        let connection = try VerifiedAssertion<ConnectionHost>(
            verifying: connection, by: service.content.serviceSignature)
        guard connection.content.authority == service.udf, connection.content.subject == profile.udf else {
            throw ProfileError(.notRelated, "The connection is not that of the host \(profile.udf) to \(service.udf).")
        }
        self.profile = profile
        self.connection = connection
    }
}
