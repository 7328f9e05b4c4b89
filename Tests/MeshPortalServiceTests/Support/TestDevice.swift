import MeshCore
import MeshCryptography
import MeshDARE
import MeshInMemory
import MeshPlatforms
import MeshPortalService
import MeshPortals
import MeshProfiles
import Testing

/// A device: its seed, its profile, and, once it is connected, its keys for the account.
struct TestDevice: Sendable {
    let seed: SecretSeed
    let profile: VerifiedProfile<ProfileDevice>
    /// Signs for the device until it is connected.
    let baseSignature: PrivateKey
    private(set) var entry: CatalogedDevice?
    private(set) var keys: AccountKeys?

    var udf: UDF { profile.udf }

    init(_ portal: TestPortal, _ description: String = "device") throws {
        seed = SecretSeed(.profileDevice, random: SecretSeed.defaultSize, from: portal.random)
        profile = try VerifiedProfile(
            signing: ProfileDevice(seed: seed, description: description, updated: portal.clock.now), seed: seed,
            created: portal.clock.now)
        baseSignature = try ProfileDevice.key(.sign, from: seed)
    }

    /// The device with what an administrator made for it.
    func connected(_ entry: CatalogedDevice, to account: VerifiedProfile<ProfileUser>) throws -> TestDevice {
        var device = self
        device.entry = entry
        device.keys = try AccountKeys(opening: entry, of: account, seed: seed)
        return device
    }

    /// Signs as the device before it is connected.
    func holder(of account: String) -> Signer { Signer(baseSignature, account, showsKey: true) }
}

/// A person with an account: the master seed, the first device, and a replica of the device catalog.
final class TestPerson {
    let portal: TestPortal
    let seed: SecretSeed
    let address: String
    let profile: VerifiedProfile<ProfileUser>
    let administration: AdministratorKeys
    /// The first device, which administers.
    let device: TestDevice
    /// Replicas of the account's stores, by name.
    private(set) var replicas: [StoreName: Catalog] = [:]
    private let directory = InMemoryContainerDirectory()
    /// The first frames of the device catalog.
    let start: PreparedFrames

    var udf: UDF { profile.udf }

    init(_ portal: TestPortal, _ address: String, seed: SecretSeed? = nil) throws {
        self.portal = portal
        let now = portal.clock.now
        let seed = seed ?? SecretSeed(.profileAccount, random: SecretSeed.defaultSize, from: portal.random)
        self.seed = seed
        self.address = address
        profile = try VerifiedProfile(
            signing: ProfileUser(
                seed: seed, accountAddress: address, serviceUDF: portal.service.profile.udf, updated: now),
            seed: seed, created: now)
        administration = try AdministratorKeys(seed: seed)
        let bare = try TestDevice(portal, "first")
        let entry = try DeviceConnector(account: profile, keys: administration).connect(
            bare.profile, rights: [.administrator], at: now, random: portal.random)
        device = try bare.connected(entry, to: profile)
        start = try Self.prepare(entry, profile, try #require(device.keys).signature, portal)
    }

    /// A person who has an account.
    static func joined(_ portal: TestPortal, _ address: String) async throws -> TestPerson {
        let person = try TestPerson(portal, address)
        _ = try await portal.success(person.create(), by: person.owner)
        try person.take(.device, person.start)
        return person
    }

    private static func prepare(
        _ entry: CatalogedDevice, _ profile: VerifiedProfile<ProfileUser>, _ key: PrivateKey, _ portal: TestPortal
    ) throws -> PreparedFrames {
        let scope = RunScope(account: profile.udf, store: "MMM_Device")
        return try Catalog.prepareRun(
            new: "MMM_Device.dcat", options: options(portal), signedBy: RunSigner(scope, key: key)
        ) { try $0.add(entry) }.frames
    }

    static func options(_ portal: TestPortal) -> CatalogOptions {
        var options = CatalogOptions()
        options.clock = portal.clock
        options.random = portal.random
        return options
    }

    /// Who may make the account: the holder of the profile's administration key.
    var owner: Signer { Signer(administration.administratorSignature, address.lowercased(), showsKey: true) }
    /// The first device.
    var administrator: Signer { signer(device) }

    /// Signs as a connected device.
    func signer(_ device: TestDevice) -> Signer {
        Signer(device.keys?.signature ?? device.baseSignature, address.lowercased())
    }

    func create() throws -> CreateAccountRequest {
        CreateAccountRequest(account: address, profile: profile.envelope, updates: [update(.device, start)])
    }

    /// The frames as they go to the portal.
    func update(_ store: StoreName, _ frames: PreparedFrames) -> ContainerUpdate {
        ContainerUpdate(
            container: "MMM_\(store.rawValue)", index: frames.first, digest: frames.before.digest, frames: frames.frames
        )
    }

    /// Makes frames of what `body` changes in a store, signed by a device's key.
    func prepare(
        _ store: StoreName, by key: PrivateKey?, scope: RunScope? = nil,
        _ body: (inout CatalogTransaction) throws -> Void
    ) throws -> PreparedFrames {
        let scope = scope ?? RunScope(account: udf, store: "MMM_\(store.rawValue)")
        let signer = key.map { RunSigner(scope, key: $0) }
        if let catalog = replicas[store] { return try catalog.prepareRun(signedBy: signer, body).frames }
        return try Catalog.prepareRun(
            new: store.fileName, options: Self.options(portal), signedBy: signer, body
        ).frames
    }

    /// Takes frames that the portal took into the replica.
    func take(_ store: StoreName, _ frames: PreparedFrames) throws {
        if let catalog = replicas[store] {
            try catalog.sequence.append(verbatim: frames.frames, expecting: frames.first)
        } else {
            _ = try DARESequence.create(store.fileName, in: directory, verbatim: frames.frames)
        }
        replicas[store] = try Catalog.open(store.fileName, in: directory, options: Self.options(portal))
    }

    /// Makes the entry that connects a device, and the frames that add it.
    func admit(
        _ device: TestDevice, rights: [Right] = Right.usual
    ) throws -> (device: TestDevice, entry: CatalogedDevice, frames: PreparedFrames) {
        let entry = try DeviceConnector(account: profile, keys: administration).connect(
            device.profile, rights: rights, at: portal.clock.now, random: portal.random)
        let frames = try prepare(.device, by: try #require(self.device.keys).signature) { try $0.add(entry) }
        return (try device.connected(entry, to: profile), entry, frames)
    }

    /// Connects a device by frames alone.
    func connect(_ device: TestDevice, rights: [Right] = Right.usual) async throws -> TestDevice {
        let admitted = try admit(device, rights: rights)
        _ = try await portal.success(
            TransactRequest(account: address, updates: [update(.device, admitted.frames)]), by: administrator)
        try take(.device, admitted.frames)
        return admitted.device
    }

    /// Removes a device.
    func remove(_ device: TestDevice) async throws {
        let frames = try prepare(.device, by: try #require(self.device.keys).signature) {
            try $0.delete(device.udf.text, from: nil)
        }
        _ = try await portal.success(
            TransactRequest(account: address, updates: [update(.device, frames)]), by: administrator)
        try take(.device, frames)
    }
}
