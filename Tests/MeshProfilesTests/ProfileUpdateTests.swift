import MeshCore
import MeshCryptography
import Testing

@testable import MeshProfiles

struct ProfileUpdateTests {
    private func profile(_ seed: SecretSeed, _ time: Int64, _ address: String? = nil) throws
        -> VerifiedProfile<ProfileUser>
    {
        let time = Timestamp(secondsSince1970: time)
        return try VerifiedProfile(
            signing: ProfileUser(seed: seed, accountAddress: address, serviceUDF: nil, updated: time), seed: seed,
            created: time)
    }

    @Test func onlyLaterVersionsTakeThePlace() throws {
        let random = SeededRandomSource(seed: 1)
        let seed = SecretSeed(.profileAccount, from: random)
        let (early, late) = (try profile(seed, 10), try profile(seed, 20, "a@example.com"))
        #expect(try late.update(of: early) == .newer && early.update(of: early) == .same)
        #expect(throws: ProfileError(.rolledBack, "")) { try early.update(of: late) }
        let other = try profile(seed, 20, "b@example.com")
        #expect(throws: ProfileError(.conflict, "")) { try other.update(of: late) }
        let stranger = try profile(SecretSeed(.profileAccount, from: random), 30)
        #expect(throws: ProfileError(.wrongProfile, "")) { try stranger.update(of: late) }
    }

    @Test func deviceProfilesNeverChange() throws {
        let random = SeededRandomSource(seed: 2)
        let seed = SecretSeed(.profileDevice, from: random)
        func device(_ time: Int64) throws -> VerifiedProfile<ProfileDevice> {
            let time = Timestamp(secondsSince1970: time)
            return try VerifiedProfile(
                signing: ProfileDevice(seed: seed, description: nil, updated: time), seed: seed, created: time)
        }
        #expect(throws: ProfileError(.conflict, "")) { try device(2).update(of: device(1)) }
    }

    @Test func hostsAreConnectedByTheirService() throws {
        let random = SeededRandomSource(seed: 3)
        let (seed, hostSeed) = (SecretSeed(.profileService, from: random), SecretSeed(.profileService, from: random))
        let time = Timestamp(secondsSince1970: 1)
        let service = try VerifiedProfile(
            signing: ProfileService(seed: seed, updated: time), seed: seed, created: time)
        let host = try VerifiedProfile(
            signing: ProfileHost(seed: hostSeed, updated: time), seed: hostSeed, created: time)
        let content = ConnectionHost(subject: host.udf, authority: service.udf, updated: time)
        let key = try ProfileService.key(.sign, from: seed)
        let connection = try VerifiedAssertion(signing: content, by: key, created: time)
        #expect(try ConnectedHost(profile: host, connection: connection.signed, of: service).profile.udf == host.udf)
        let foreign = ConnectionHost(subject: service.udf, authority: service.udf, updated: time)
        let other = try VerifiedAssertion(signing: foreign, by: key, created: time)
        #expect(throws: ProfileError(.notRelated, "")) {
            try ConnectedHost(profile: host, connection: other.signed, of: service)
        }
    }
}
