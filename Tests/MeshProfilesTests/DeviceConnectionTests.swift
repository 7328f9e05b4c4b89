import MeshCore
import MeshCryptography
import MeshDARE
import MeshEncoding
import MeshProfiles
import Testing

struct DeviceConnectionTests {
    @Test func aConnectedDeviceHasItsKeys() throws {
        let family = try Family()
        for rights in [
            [.administrator], Right.usual, [.member], [.threshold], [.member, Right(rawValue: "unheard-of")],
        ] {
            let entry = try family.connector.connect(
                family.device, rights: rights, at: Family.time, random: family.random)
            let keys = try AccountKeys(opening: entry, of: family.account, seed: family.deviceSeed)
            #expect(keys.device.rights == rights)
            #expect(keys.signature.publicKey == keys.device.signature && keys.signature.isSum)
            #expect(keys.encryption.publicKey == keys.device.encryption)
            #expect(keys.authentication.publicKey == keys.device.authentication)
            #expect(
                keys.person?.encryption.publicKey
                    == (rights.give(.messages) ? family.account.content.accountEncryption : nil))
            #expect((keys.administratorSignature != nil) == rights.contains(.administrator))
        }
    }
}
