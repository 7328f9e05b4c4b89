import MeshCore
import MeshCryptography
import MeshDARE
import MeshPlatforms
import MeshPortals
import MeshProfiles

/// Attaches a machine's device to an account, by the profile's own seed: what creating and recovering an account have in
/// common. It can be done again after any interruption, with the same end.
///
/// The seed gives the account's administrator key, which may sign in the device catalog by itself: so no other device is
/// needed, and none has to be left.
struct AccountAttachment: Sendable {
    let platform: any MeshPlatform
    let portal: (any MeshPortal)?

    private var records: AccountRecords { AccountRecords(platform: platform) }

    /// Makes `device` an administration device of the account at `address`, whose profile is `shown`, and keeps all that
    /// belongs to it on this machine.
    ///
    /// - Parameters:
    ///   - shown: the profile, as the portal has it.
    ///   - seed: its seed.
    /// - Returns: what was changed, with what was received.
    /// - Throws: ``PortalError``, ``PlatformError``, ``DAREError``, ``ProfileError``.
    func attach(
        _ device: DeviceRegistration, to shown: VerifiedProfile<ProfileUser>, seed: SecretSeed,
        at address: AccountAddress
    ) async throws -> SyncReport {
        let administrator = try AdministratorKeys(seed: seed)
        let access = PortalAccess(platform: platform, portal: portal)
        let client = try await access.client(for: address, signer: administrator.administratorSignature)
        let profile = try await settled(shown, seed: seed, client)
        let storeKeys = StoreKeys(
            account: profile.udf, encryption: administrator.accountEncryption,
            signature: administrator.administratorSignature)
        let synchronizer = Synchronizer(platform: platform, account: profile, keys: storeKeys, portal: client)
        var uploaded = SessionChanges()
        if let known = try await records.record(of: profile.udf), known.address == nil {
            // It had an account before: the new one has to go on where that one ended.
            uploaded.note(try await synchronizer.upload(), to: address)
        }
        // The device's entry may wait here since an earlier attempt; what waits in other stores is the device's to sign.
        var report = try await synchronizer.run(sending: [.device])
        report.changes.note(uploaded)
        let (deviceSeed, _) = try await ProfileKeeper(platform: platform).seed(ProfileDevice.self, of: device.udf)
        var entry = try await connection(of: device, storeKeys)
        let keys = entry.flatMap { try? AccountKeys(opening: $0, of: profile, seed: deviceSeed) }
        if keys?.administratorSignature == nil { entry = nil }
        if entry == nil {
            let made = try DeviceConnector(account: profile, keys: administrator).connect(
                device.profile, rights: [.administrator], at: platform.clock.now, random: platform.random)
            let store = AccountStore(.device, keys: storeKeys, platform: platform)
            if try await store.find(device.udf.text) == nil {
                try await store.add(made)
            } else {
                try await store.update(made, from: nil)
            }
            report.changes.note(try await synchronizer.run(sending: [.device]).changes)
            report.changes.note(.connection, .created, device.udf.text)
            entry = made
        }
        guard let entry else { return report }
        var addresses = try await records.record(of: profile.udf)?.addresses ?? []
        if !addresses.contains(address) { addresses.append(address) }
        try await access.remember(client)
        try await keep(
            AccountRecord(profile: profile.udf, addresses: addresses, device: device.udf, entry: entry), profile)
        return report
    }

    /// The version of the profile that counts from now on: the portal's. If the one here is newer, though it never was at a
    /// portal (it was made from the seed alone), a still newer one is published, which says what the portal's says.
    private func settled(
        _ shown: VerifiedProfile<ProfileUser>, seed: SecretSeed, _ client: MeshClient
    ) async throws -> VerifiedProfile<ProfileUser> {
        guard let known = try? await ProfileKeeper(platform: platform).verified(ProfileUser.self, of: shown.udf) else {
            return shown
        }
        let order = Result { () throws(ProfileError) in try shown.update(of: known) }
        guard case .failure(let refusal) = order else { return shown }
        // One that was received from a portal is not replaced.
        let isConnected = try await records.record(of: shown.udf) != nil
        guard [.rolledBack, .conflict].contains(refusal.code), !isConnected else { throw refusal }
        let latest = max(
            known.content.updated?.secondsSince1970 ?? 0, shown.content.updated?.secondsSince1970 ?? 0,
            platform.clock.now.secondsSince1970)
        let now = Timestamp(secondsSince1970: latest < .max ? latest + 1 : latest)
        let content = try ProfileUser(
            seed: seed, accountAddress: shown.content.accountAddress, serviceUDF: shown.content.serviceUDF, updated: now
        )
        let profile = try VerifiedProfile(signing: content, seed: seed, created: now)
        try await client.publish(profile: profile.envelope)
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

    private func connection(of device: DeviceRegistration, _ keys: StoreKeys) async throws -> CatalogedDevice? {
        let store = AccountStore(.device, keys: keys, platform: platform)
        guard let found = try await store.find(device.udf.text), !found.isPending else { return nil }
        return try found.decoded(as: CatalogedDevice.self)
    }
}
