import MeshCore
import MeshCryptography
import MeshPlatforms
import MeshPortals
import MeshProfiles

/// A device profile that is registered on this machine.
public struct DeviceRegistration: Sendable {
    /// What the device says of itself.
    public let profile: VerifiedProfile<ProfileDevice>
    /// A name for a person.
    public let name: String?
    /// Whether it is this machine's default device.
    public let isDefault: Bool

    /// The fingerprint of the device.
    public var udf: UDF { profile.udf }
}

/// What can be done on a machine that is not bound to one person: devices, new profiles, recovery (guide §6.1).
///
/// A session is given its platform and never knows which one it has. It holds no keys between calls.
public struct MeshSession: Sendable {
    /// The machine.
    public let platform: any MeshPlatform
    /// The way to portals; nil for a session that does without.
    public let portal: (any MeshPortal)?
    var keeper: ProfileKeeper { ProfileKeeper(platform: platform) }
    var access: PortalAccess { PortalAccess(platform: platform, portal: portal) }

    /// A session on `platform` that reaches portals through `portal`. Nothing is read, and nothing is sent yet.
    public init(_ platform: any MeshPlatform, portal: (any MeshPortal)? = nil) {
        self.platform = platform
        self.portal = portal
    }

    // MARK: Devices

    /// Creates a device profile: a new seed in the key store, the signed profile in the profile store.
    ///
    /// - Parameters:
    ///   - name: a name for a person, such as the host's name.
    ///   - description: words that go into the profile itself, for everybody who sees it; nil: the name of the machine.
    ///   - makeDefault: whether to make it this machine's default device; nil: if there is none yet.
    /// - Throws: ``PlatformError`` of the key store, registry or profile store. Nothing is left behind then, or it is
    ///   finished by the next ``finishInterrupted()``.
    public func createDevice(
        name: String? = nil, description: String? = nil, makeDefault: Bool? = nil
    ) async throws -> DeviceRegistration {
        _ = try await finishInterrupted()
        let now = platform.clock.now
        let seed = SecretSeed(.profileDevice, from: platform.random)
        let words = description ?? platform.machineName ?? ProfileDevice.unknown
        let content = try ProfileDevice(seed: seed, description: words, updated: now)
        let profile = try await keeper.keep(
            try VerifiedProfile(signing: content, seed: seed, created: now), seed: seed, kind: .device,
            keyClass: .device, name: name, device: nil, account: nil, makeDefault: makeDefault)
        return try await registration(of: profile)
    }

    /// The device that `selector` names (a fingerprint, the beginning of one, or a name), or the default device.
    ///
    /// - Throws: ``PlatformError`` `notFound`, `ambiguous`; ``SessionError`` `profileDamaged`.
    public func device(_ selector: String? = nil) async throws -> DeviceRegistration {
        let entry = try await keeper.directory.find(selector, kind: .device)
        return DeviceRegistration(
            profile: try await keeper.verified(ProfileDevice.self, of: entry.profile), name: entry.name,
            isDefault: entry.isDefault)
    }

    /// The devices registered here, ordered by fingerprint. Profiles that are being created or deleted are left out.
    public func devices() async throws -> [DeviceRegistration] {
        var devices: [DeviceRegistration] = []
        for entry in try await keeper.directory.entries(kind: .device) where entry.stage == nil {
            devices.append(
                DeviceRegistration(
                    profile: try await keeper.verified(ProfileDevice.self, of: entry.profile), name: entry.name,
                    isDefault: entry.isDefault))
        }
        return devices
    }

    private func registration(of profile: VerifiedProfile<ProfileDevice>) async throws -> DeviceRegistration {
        let entry = try await keeper.directory.entry(of: profile.udf, kind: .device)
        return DeviceRegistration(profile: profile, name: entry?.name, isDefault: entry?.isDefault ?? false)
    }

    /// The default device, which is created if there is none.
    func defaultDevice() async throws -> DeviceRegistration {
        if try await keeper.directory.defaultProfile(kind: .device) != nil { return try await device() }
        return try await createDevice()
    }

    // MARK: Personal profiles

    /// Creates a personal profile, and the default device if there is none yet.
    ///
    /// - Parameters:
    ///   - name: a name for a person; not part of the profile.
    ///   - account: the portal account the profile is meant for, if that is known yet.
    ///   - device: the device it is made on; nil: the default device.
    ///   - makeDefault: whether to make it the default profile; nil: if there is none yet.
    /// - Throws: as ``createDevice(name:description:makeDefault:)``.
    public func createPersonalProfile(
        name: String? = nil, account: String? = nil, device: DeviceRegistration? = nil, makeDefault: Bool? = nil
    ) async throws -> PersonalSession {
        _ = try await finishInterrupted()
        let seed = SecretSeed(.profileAccount, from: platform.random)
        return try await keep(seed, name: name, account: account, device: device, makeDefault: makeDefault)
    }

    /// A session for the profile that `selector` names (a fingerprint, the beginning of one, a name or an account), or
    /// for the default profile.
    ///
    /// - Throws: ``PlatformError`` `notFound`, `ambiguous`; ``SessionError`` `profileDamaged`.
    public func personalSession(_ selector: String? = nil) async throws -> PersonalSession {
        let entry = try await keeper.directory.find(selector, kind: .personal)
        return PersonalSession(
            platform: platform, portal: portal, profile: try await keeper.verified(ProfileUser.self, of: entry.profile))
    }

    /// The personal profiles that are here, ordered by fingerprint, by the registry alone: none is read or verified.
    public func personalProfiles() async throws -> [ProfileDirectory.Entry] {
        try await keeper.directory.entries(kind: .personal)
    }

    /// Puts a personal profile back from its key alone, for when its files are damaged, or the registry was lost and the key
    /// store was not. The newest archived version that verifies is taken; if there is none, the profile is made anew from
    /// its seed, with the same fingerprint and keys.
    ///
    /// - Throws: ``SessionError`` `keyMissing`, `keyMismatch`; ``PlatformError``.
    public func repairPersonalProfile(_ profile: UDF) async throws -> PersonalSession {
        _ = try await finishInterrupted()
        let (seed, item) = try await keeper.seed(ProfileUser.self, of: profile)
        _ = try await platform.profiles.restoreLatest(of: profile, options: CallOptions()) { signed in
            (try? VerifiedProfile<ProfileUser>(verifying: signed, as: profile)) != nil
        }
        return try await keep(seed, name: nil, account: item.account, device: nil, makeDefault: nil)
    }

    func keep(
        _ seed: SecretSeed, name: String?, account: String?, device: DeviceRegistration?, makeDefault: Bool?
    ) async throws -> PersonalSession {
        let now = platform.clock.now
        let content = try ProfileUser(seed: seed, accountAddress: account, updated: now)
        let signed = try VerifiedProfile(signing: content, seed: seed, created: now)
        let deviceUDF: UDF
        if let device { deviceUDF = device.udf } else { deviceUDF = try await defaultDevice().udf }
        return try await keep(
            signed, seed: seed, name: name, account: account, device: deviceUDF, makeDefault: makeDefault)
    }

    func keep(
        _ signed: VerifiedProfile<ProfileUser>, seed: SecretSeed, name: String?, account: String?, device: UDF,
        makeDefault: Bool?
    ) async throws -> PersonalSession {
        let profile = try await keeper.keep(
            signed, seed: seed, kind: .personal, keyClass: .master, name: name, device: device, account: account,
            makeDefault: makeDefault)
        return PersonalSession(platform: platform, portal: portal, profile: profile)
    }

    // MARK: The machine

    /// Finishes what a crash interrupted. Called by everything that creates or deletes; costs one registry read when
    /// nothing was interrupted.
    ///
    /// - Returns: the profiles whose creation or deletion was finished.
    public func finishInterrupted() async throws -> [UDF] {
        var finished = try await keeper.finishInterrupted() + finishRegistering()
        for entry in try await keeper.directory.entries(kind: .personal) where entry.stage == nil {
            guard try await keeper.directory.isRekeying(entry.profile),
                let profile = try? await keeper.verified(ProfileUser.self, of: entry.profile)
            else { continue }
            let personal = PersonalSession(platform: platform, portal: portal, profile: profile)
            if try await personal.finishRekeying() { finished.append(entry.profile) }
        }
        return finished
    }

    /// Erases everything of this test mode. `productionRefused` in production.
    public func eraseTest() async throws { try await platform.eraseTestData() }
}
