import MeshCore
import MeshCryptography
import MeshDARE
import MeshEncoding
import MeshPlatforms
import MeshPortals
import MeshProfiles
import MeshSSH

extension PersonalSession {
    /// SSH with the account: a key for each device, and what all devices know of hosts.
    public var ssh: PersonalSSH { PersonalSSH(session: self) }
}

/// SSH with an account (sessions specification §H).
///
/// Each device has an Ed25519 key of its own, which is derived from its seed and never leaves the key store: it is borrowed for one
/// signature. What is shared lies in the account's SSH store; it is received and sent by ``PersonalSession/sync(progress:)``.
public struct PersonalSSH: Sendable {
    let session: PersonalSession

    /// The application, in what devices sign.
    static let application = "ssh"

    func store() async throws -> AccountStore { try await session.store(.ssh) }

    // MARK: The key of this device

    /// The name under which the key is derived: one for each account, so that nobody sees by its keys which accounts a device has
    /// besides.
    static func keyName(_ account: UDF) -> String { "BaseDeviceSSH\(account.text)" }

    static func key(_ seed: SecretSeed, for account: UDF) throws -> PrivateKey {
        try seed.deriveKey(.ed25519, keyName: keyName(account))
    }

    private func record() async throws -> AccountRecord {
        guard let record = try await AccountRecords(platform: session.platform).record(of: session.udf) else {
            throw SessionError(
                .noAccount, "The profile \(session.udf) has no account at a portal here.",
                remedy: "Create an account, or connect this device to the one there is.")
        }
        return record
    }

    private func seed(of device: UDF) async throws -> SecretSeed {
        try await session.keeper.seed(ProfileDevice.self, of: device).seed
    }

    /// The public half of this device's key. Its comment says whose it is: `mmm:alice@example.com [desk]`.
    ///
    /// - Throws: ``SessionError`` `noAccount`, `keyMissing`; ``PlatformError`` of the key store.
    public func publicKey() async throws -> SSHPublicKey {
        let record = try await record()
        let device = try ConnectedDevice(verifying: record.entry, of: session.profile)
        let key = try Self.key(try await seed(of: record.device), for: session.udf).publicKey
        return try SSHPublicKey(key, comment: comment(record, device, record.entry.localName))
    }

    private func comment(_ record: AccountRecord, _ device: ConnectedDevice, _ name: String?) -> String {
        let account = record.address?.canonical ?? session.udf.text
        return "mmm:\(account) [\(name ?? device.profile.content.ownWords ?? device.udf.text)]"
    }

    /// Signs with this device's key, for an agent. The key is taken from the key store for each signature, and let go of.
    ///
    /// - Throws: as ``publicKey()``.
    public func signer() async throws -> BorrowedKeySigner {
        let (device, account, keeper) = (try await record().device, session.udf, session.keeper)
        return BorrowedKeySigner(try await publicKey()) {
            try Self.key(try await keeper.seed(ProfileDevice.self, of: device).seed, for: account)
        }
    }

    // MARK: The keys of all devices

    /// Enters this device's key in the account, so that all devices know it. Done again, it changes nothing.
    ///
    /// - Throws: as ``publicKey()`` and ``PersonalSession/store(_:)``.
    public func publish() async throws -> SessionChanges {
        let record = try await record()
        let device = try ConnectedDevice(verifying: record.entry, of: session.profile)
        let seed = try await seed(of: record.device)
        let key = try Self.key(seed, for: session.udf).publicKey
        let store = try await store()
        let found = try await store.find(key.udf.text)
        let present = try? found?.decoded(as: CatalogedApplication.self)
        if let present, Self.statement(in: present, by: [device]) != nil { return SessionChanges() }

        let statement = DeviceApplicationKey(
            application: Self.application, account: session.udf, device: device.udf, key: key)
        let signed = try VerifiedAssertion(
            signing: statement, by: ProfileDevice.key(.sign, from: seed), created: session.platform.clock.now)
        var entry = present ?? CatalogedApplication(.ssh, key: key.udf.text)
        entry.deviceUDF = device.udf.text
        entry.description = record.entry.localName ?? device.profile.content.ownWords
        entry.clientKey = statement.members["PublicKey"]?.object
        entry.publicKey = try SSHPublicKey(key).openSSHLine
        entry.envelopedDeviceKey = signed.envelope.value
        if let found {
            try await store.update(entry, from: found.version)
            return SessionChanges([.init(.key, .updated, key.udf.text)])
        }
        try await store.add(entry)
        return SessionChanges([.init(.key, .created, key.udf.text)])
    }

    /// A key that a device has for SSH.
    public struct DeviceKey: Sendable {
        /// The key. Its comment says whose it is.
        public let key: SSHPublicKey
        /// The device, which is connected, and has signed that the key is its own.
        public let device: AccountDevice
    }

    /// The keys of the devices that are connected now and have the right ``Right/ssh``, ordered by the devices' fingerprints. The
    /// key of a device that was removed, or has lost the right, is not among them, whatever any entry says.
    ///
    /// - Throws: as ``PersonalSession/connectedDevices()``.
    public func deviceKeys() async throws -> [DeviceKey] {
        let record = try await record()
        let devices = try await devices()
        var keys: [UDF: [SSHPublicKey]] = [:]
        for entry in try await store().entries(of: CatalogedApplication.self) {
            guard let statement = Self.statement(in: entry, by: devices.map(\.device)),
                let key = try? SSHPublicKey(statement.key)
            else { continue }
            keys[statement.device, default: []].append(key)
        }
        return devices.flatMap { device in
            (keys[device.udf] ?? []).map {
                DeviceKey(key: $0.commented(comment(record, device.device, device.name)), device: device)
            }
        }
    }

    private func devices() async throws -> [AccountDevice] {
        try await session.connectedDevices().filter { $0.device.rights.give(.ssh) }
    }

    /// The lines of `authorized_keys` that let every connected device with the right log in, and no other.
    ///
    /// - Throws: as ``deviceKeys()``.
    public func authorizedKeys() async throws -> [AuthorizedKey] {
        try await deviceKeys().map { AuthorizedKey($0.key) }
    }

    /// Takes away the entries of keys that are no connected device's any more. They let nobody in anyway: see ``deviceKeys()``.
    ///
    /// - Throws: as ``deviceKeys()``.
    public func removeStaleKeys() async throws -> SessionChanges {
        let devices = try await devices().map(\.device)
        let store = try await store()
        var changes = SessionChanges()
        for found in try await store.entries() {
            guard let entry = try? found.decoded(as: CatalogedApplication.self), entry.kind == .ssh,
                Self.statement(in: entry, by: devices) == nil
            else { continue }
            try await store.delete(found.key, from: found.version)
            changes.note(.key, .removed, found.key)
        }
        return changes
    }

    /// What one of `devices` has signed in an entry; nil if none of them has.
    private static func statement(
        in entry: CatalogedApplication, by devices: [ConnectedDevice]
    ) -> DeviceApplicationKey? {
        guard entry.kind == .ssh, let stated = entry.deviceUDF.flatMap({ UDF($0) }),
            let device = devices.first(where: { $0.udf == stated }),
            let envelope = entry.envelopedDeviceKey.flatMap({ try? DAREEnvelope($0) }),
            let statement = try? DeviceApplicationKey(verifying: envelope, for: application, of: device),
            entry.key.flatMap({ UDF($0) }) == statement.key.udf
        else { return nil }
        return statement
    }
}
