import MeshCore
import MeshCryptography
import MeshDARE
import MeshProfiles

/// Who a service is: what a client keeps of it.
public struct ServiceIdentity: Hashable, Sendable {
    /// The fingerprint of the service's profile.
    public let udf: UDF
    /// The key with which it signs its answers.
    public let key: PublicKey

    /// An identity of those parts.
    public init(udf: UDF, key: PublicKey) {
        self.udf = udf
        self.key = key
    }

    /// The service whose signed profile, a ProfileService, is `envelope`.
    ///
    /// - Throws: ``ProfileError`` if the profile does not verify.
    public init(verifying envelope: DAREEnvelope) throws {
        let profile = try VerifiedProfile<ProfileService>(verifying: envelope)
        self.init(udf: profile.udf, key: profile.content.serviceSignature)
    }
}

/// What a client knows of a service before it speaks to it.
public enum ServicePin: Hashable, Sendable {
    /// Nothing: whoever answers first is believed, and reported as ``MeshClient/service``, to be pinned from then on.
    case firstContact
    /// The fingerprint of its profile, as the personal profile states it.
    case profile(UDF)
    /// The key with which it signs its answers.
    case key(PublicKey)

    /// Whether `identity` is the pinned one.
    func allows(_ identity: ServiceIdentity) -> Bool {
        switch self {
        case .firstContact: true
        case .profile(let udf): identity.udf.matches(udf)
        case .key(let key): identity.key == key
        }
    }
}

/// Verifies the profile that a service shows in Hello, and says who the service is.
public typealias ServiceProfileReader = @Sendable (DAREEnvelope) throws -> ServiceIdentity
