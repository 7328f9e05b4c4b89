import MeshCore
import MeshCryptography
import MeshDARE
import MeshPlatforms
import MeshPortals
import MeshProfiles

/// Attaches a machine's device to an account, by the profile's own seed: what creating and recovering an account have in
/// common. It can be done again after any interruption, with the same end.
///
/// The seed signs the profile, which names the key of the device: so no other device is needed, and none has to be left.
struct AccountAttachment: Sendable {
    let platform: any MeshPlatform
    let portal: (any MeshPortal)?

    private var records: AccountRecords { AccountRecords(platform: platform) }

    /// What the machine's device is to the account.
    private struct Attached {
        let profile: VerifiedProfile<ProfileUser>
        let entry: CatalogedDevice
        let keys: AccountKeys
        let client: MeshClient
    }

    /// Makes `device` an administration device of the account at `address`, whose profile is `shown`, and keeps all that
    /// belongs to it on this machine.
    ///
    /// - Parameters:
    ///   - entry: the device's entry in the device catalog, if it was just made.
    ///   - shown: the profile, as the portal has it.
    ///   - seed: its seed.
    /// - Returns: what was changed, with what was received.
    /// - Throws: ``PortalError``, ``PlatformError``, ``DAREError``, ``ProfileError``.
    func attach(
        _ device: DeviceRegistration, as entry: CatalogedDevice?, to shown: VerifiedProfile<ProfileUser>,
        seed: SecretSeed, at address: AccountAddress
    ) async throws -> SyncReport {
        let (deviceSeed, _) = try await ProfileKeeper(platform: platform).seed(ProfileDevice.self, of: device.udf)
        var report = SyncReport()
        let attached: Attached
        if let entry {
            let keys = try AccountKeys(opening: entry, of: shown, seed: deviceSeed)
            let client = try await PortalAccess(platform: platform, portal: portal).client(
                for: address, signer: keys.signature)
            attached = Attached(profile: shown, entry: entry, keys: keys, client: client)
        } else {
            attached = try await entered(device, deviceSeed, shown, seed: seed, at: address, &report)
        }
        let synchronizer = Synchronizer(
            platform: platform, account: attached.profile, keys: StoreKeys(attached.keys, of: attached.profile),
            portal: attached.client)
        report.changes.note(try await uploaded(by: synchronizer, to: address))
        report.note(try await synchronizer.run())
        var addresses = try await records.record(of: shown.udf)?.addresses ?? []
        if !addresses.contains(address) { addresses.append(address) }
        try await PortalAccess(platform: platform, portal: portal).remember(attached.client)
        try await keep(
            AccountRecord(profile: shown.udf, addresses: addresses, device: device.udf, entry: attached.entry),
            attached.profile)
        return report
    }

    /// Enters the device in the account's device catalog as an administrator, unless it is there as one: first the profile says
    /// that it may, then it does it itself, with the keys of all rights, which the profile's escrow key opens.
    private func entered(
        _ device: DeviceRegistration, _ deviceSeed: SecretSeed, _ shown: VerifiedProfile<ProfileUser>,
        seed: SecretSeed, at address: AccountAddress, _ report: inout SyncReport
    ) async throws -> Attached {
        var administrator = try AdministratorKeys(seed: seed)
        let access = PortalAccess(platform: platform, portal: portal)
        let made = try DeviceConnector(account: shown, keys: administrator).connect(
            device.profile, rights: [.administrator], at: platform.clock.now, random: platform.random)
        let first = try AccountKeys(opening: made, of: shown, seed: deviceSeed)
        let client = try await access.client(for: address, signer: first.signature)
        let profile = try await published(first.signature.publicKey, in: shown, seed: seed, client)
        let synchronizer = Synchronizer(
            platform: platform, account: profile, keys: StoreKeys(first, of: profile), portal: client)
        report.changes.note(try await uploaded(by: synchronizer, to: address))
        report.note(try await synchronizer.receive([.device, .access], from: try await client.status()))
        // An earlier attempt may have come this far.
        if let found = try await synchronizer.working({ try $0.entry(of: device.udf) }),
            let keys = try? AccountKeys(opening: found, of: profile, seed: deviceSeed),
            keys.administratorSignature != nil
        {
            let client = try await access.client(for: address, signer: keys.signature)
            return Attached(profile: profile, entry: found, keys: keys, client: client)
        }
        let escrow = try ProfileUser.key(.escrow, from: seed)
        administrator.groups = try await synchronizer.working {
            try KeptKeys(try $0.replica(.access)).opened(
                by: [escrow], signedBy: profile.content.administratorSignature)
        }
        // An account whose keys nobody kept has them lost; what is written from now on has new ones.
        let given = try await synchronizer.working { try $0.book(of: profile).all.flatMap(\.rights) }
        for right in (Right.keyed + given.filter(\.isOwn)).unique where administrator.groups.newest(of: right) == nil {
            administrator.groups.append(try GroupKey.generate(for: right, generation: 1, from: platform.random))
        }
        let entry = try DeviceConnector(account: profile, keys: administrator).change(
            made, at: platform.clock.now, random: platform.random)
        _ = try await synchronizer.change(.device) { stores, signer in
            let catalog = try stores.replica(.device)
            return try catalog?.prepareRun(signedBy: signer) { _ = try $0.put(entry) }.frames
        }
        report.changes.note(.connection, .created, device.udf.text)
        return Attached(
            profile: profile, entry: entry, keys: try AccountKeys(opening: entry, of: profile, seed: deviceSeed),
            client: client)
    }

    /// If the profile had an account before, the new one has to go on where that one ended.
    private func uploaded(by synchronizer: Synchronizer, to address: AccountAddress) async throws -> SessionChanges {
        var changes = SessionChanges()
        guard let known = try await records.record(of: synchronizer.account.udf), known.address == nil else {
            return changes
        }
        changes.note(try await synchronizer.upload(), to: address)
        return changes
    }

    /// Publishes a version of the profile that is newer than the portal's and the one here, and says that the account is
    /// recovered by `key`.
    private func published(
        _ key: PublicKey, in shown: VerifiedProfile<ProfileUser>, seed: SecretSeed, _ client: MeshClient
    ) async throws -> VerifiedProfile<ProfileUser> {
        var latest = max(shown.content.updated?.secondsSince1970 ?? 0, platform.clock.now.secondsSince1970)
        if let known = try? await ProfileKeeper(platform: platform).verified(ProfileUser.self, of: shown.udf) {
            let order = Result { () throws(ProfileError) in try shown.update(of: known) }
            if case .failure(let refusal) = order {
                // One that was received from a portal is not replaced; one that never was at a portal is.
                let isConnected = try await records.record(of: shown.udf) != nil
                guard [.rolledBack, .conflict].contains(refusal.code), !isConnected else { throw refusal }
            }
            latest = max(latest, known.content.updated?.secondsSince1970 ?? 0)
        }
        let now = Timestamp(secondsSince1970: latest < .max ? latest + 1 : latest)
        let content = try ProfileUser(
            seed: seed, accountAddress: shown.content.accountAddress, serviceUDF: shown.content.serviceUDF,
            recoveryKeys: shown.content.recoveryKeys + [key], updated: now)
        let profile = try VerifiedProfile(signing: content, seed: seed, created: now)
        var stranger = client
        stranger.showsKey = true
        try await stranger.publish(profile: profile.envelope)
        return profile
    }

    /// Keeps a connection that the portal knows: the profile's version, the entry of `host.dare`, and last the registry.
    func keep(_ record: AccountRecord, _ profile: VerifiedProfile<ProfileUser>) async throws {
        let known = try? await ProfileKeeper(platform: platform).verified(ProfileUser.self, of: profile.udf)
        var isNewer = true
        if let known, case .same = try profile.update(of: known) { isNewer = false }
        if isNewer { try await platform.profiles.accept(profile.signed, of: profile.udf) }
        try await records.keep(record, profile: profile.envelope)
    }
}
