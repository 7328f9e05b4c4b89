import MeshCore
import MeshCryptography
import MeshDARE
import MeshProfiles

/// An account and a device, from repeatable randomness.
struct Family {
    static let time = Timestamp(secondsSince1970: 1_790_000_000)

    let random: SeededRandomSource
    let accountSeed: SecretSeed
    let deviceSeed: SecretSeed
    let account: VerifiedProfile<ProfileUser>
    let device: VerifiedProfile<ProfileDevice>
    let keys: AdministratorKeys
    let connector: DeviceConnector

    init(seed: UInt64 = 1) throws {
        random = SeededRandomSource(seed: seed)
        accountSeed = SecretSeed(.profileAccount, from: random)
        deviceSeed = SecretSeed(.profileDevice, from: random)
        account = try VerifiedProfile(
            signing: ProfileUser(seed: accountSeed, accountAddress: "alice@example.com", updated: Self.time),
            seed: accountSeed, created: Self.time)
        device = try Self.device(deviceSeed)
        keys = try AdministratorKeys(seed: accountSeed)
        connector = try DeviceConnector(account: account, keys: keys)
    }

    static func device(_ seed: SecretSeed) throws -> VerifiedProfile<ProfileDevice> {
        try VerifiedProfile(
            signing: ProfileDevice(seed: seed, description: "desk", updated: time), seed: seed, created: time)
    }

    /// The entry of the device.
    func entry(_ rights: [Right] = Right.usual) throws -> CatalogedDevice {
        try connector.connect(device, rights: rights, at: Self.time, random: random)
    }
}
