import MeshCore
import MeshCryptography
import MeshProfiles
import Testing

struct ProfileAgreementTests {
    @Test func twoProfilesOfOneSeedAgree() throws {
        let seed = SecretSeed(.profileAccount, from: SystemRandomSource())
        let early = try ProfileUser(seed: seed, updated: Timestamp(secondsSince1970: 1))
        let late = try ProfileUser(seed: seed, updated: Timestamp(secondsSince1970: 2))
        #expect(early.agrees(with: late))
        #expect(
            !early.agrees(
                with: try ProfileUser(seed: seed, accountAddress: "a@b", updated: Timestamp(secondsSince1970: 1))))
    }
}
