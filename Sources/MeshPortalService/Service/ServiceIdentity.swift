import MeshCore
import MeshCryptography
import MeshPlatforms
import MeshPortals
import MeshProfiles

/// Who a portal is: its profile, and the key by which it signs.
struct ServiceIdentity: Sendable {
    let profile: VerifiedProfile<ProfileService>
    /// The private half of the profile's ServiceSignature.
    let signer: PrivateKey

    private static let key = "Service/Profile"

    /// The identity of the portal over `store`, which is made if there is none: the record is the claim.
    static func open(
        _ store: any PortalStore, _ keys: any KeyStore, domain: String, now: Timestamp, random: any RandomSource
    ) async throws -> ServiceIdentity {
        if let found = try await existing(store, keys) { return found }
        let (made, seed) = try make(now: now, random: random)
        // The seed first: a profile whose seed is nowhere would keep the portal from opening ever again.
        let item = try KeyItem(identifier: made.profile.udf, keyClass: .device, account: domain)
        let secret = seed.withBinary { $0.duplicate() }
        try await keys.store(secret, as: item)
        do {
            try await store.commit([made.creation], in: .portal)
        } catch let error as PortalStoreError where error.code == .conflict {
            _ = try? await keys.remove(made.profile.udf)
            guard let found = try await existing(store, keys) else { throw error }
            return found
        }
        return made
    }

    /// A new identity, and the seed that it is made of, which is kept nowhere yet.
    static func make(
        now: Timestamp, random: any RandomSource
    ) throws -> (identity: ServiceIdentity, seed: SecretSeed) {
        let seed = SecretSeed(.profileService, random: SecretSeed.defaultSize, from: random)
        let profile = try VerifiedProfile(
            signing: ProfileService(seed: seed, updated: now), seed: seed, created: now)
        return (ServiceIdentity(profile: profile, signer: try ProfileService.key(.sign, from: seed)), seed)
    }

    /// The change that makes it the identity of a portal that has none.
    var creation: PortalChange { .put(key: Self.key, octets: profile.signed, expecting: 0) }

    private static func existing(_ store: any PortalStore, _ keys: any KeyStore) async throws -> ServiceIdentity? {
        guard let record = try await store.record(key, in: .portal) else { return nil }
        let profile: VerifiedProfile<ProfileService>
        do {
            profile = try VerifiedProfile(verifying: record.octets)
        } catch {
            throw PortalStoreError(
                .corrupt, "The portal's own profile in \(store.name) does not verify.",
                remedy: "Restore the store from a copy.", cause: error)
        }
        let signer = try await keys.withKey(profile.udf) { key in
            try ProfileService.key(.sign, from: try SecretSeed(binary: key.secret))
        }
        guard let signer, signer.publicKey == profile.content.serviceSignature else {
            throw PortalError(
                .serviceFailed, "The seed of the portal \(profile.udf) is not in the key store \(keys.traits.name).",
                remedy: "Give the portal the key store that it was made with.")
        }
        return ServiceIdentity(profile: profile, signer: signer)
    }
}
