import MeshCore
import MeshCryptography
import MeshDARE
import MeshPortals
import MeshProfiles
import Synchronization
import Testing

/// With the profile that a service really has.
struct ServiceIdentityTests {
    private let clock = ManualClock()
    private let random = SeededRandomSource(seed: 8)
    private let seed: SecretSeed
    private let profile: VerifiedProfile<ProfileService>

    init() throws {
        seed = SecretSeed(.profileService, random: 32, from: random)
        profile = try VerifiedProfile(
            signing: ProfileService(seed: seed, updated: clock.now), seed: seed, created: clock.now)
    }

    @Test func theProfileOfAService() throws {
        let identity = try ServiceIdentity(verifying: profile.envelope)
        #expect(identity.udf == profile.udf && identity.key == profile.content.serviceSignature)
        var altered = profile.envelope
        let place = altered.body.count / 2
        altered.body[place] ^= 1
        #expect(throws: ProfileError.self) { try ServiceIdentity(verifying: altered) }
    }

    @Test func firstContactAndAfter() async throws {
        var hello = HelloResponse()
        hello.status = .success
        hello.epoch = "first"
        hello.time = clock.now
        hello.profileService = profile.envelope
        let body = try PortalWire.encode(hello)
        let portal = ScriptedPortal(key: try seed.deriveKey(.sign), time: clock.now, known: [])
        portal.state.withLock { $0.hellos = [.answer(body), .answer(body), .answer(body)] }
        let address = try AccountAddress("alice@example.com")
        func client(_ pin: ServicePin) -> MeshClient {
            MeshClient(address, portal: portal, pin: pin, clock: clock, random: random, sleeper: ScriptedSleeper())
        }
        let first = client(.firstContact)
        _ = try await first.hello()
        let service = try #require(first.service)
        #expect(service.udf == profile.udf)
        _ = try await client(.profile(service.udf)).hello()
        let other = try ProfileService(seed: SecretSeed(.profileService, random: 32, from: random), updated: clock.now)
        await #expect(throws: PortalError(.serviceChanged, "")) { try await client(.profile(other.udf)).hello() }
    }
}
