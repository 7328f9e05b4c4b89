import MeshCore
import MeshCryptography
import MeshDARE
import MeshPlatforms
import MeshPortals
import MeshProfiles

/// An account, with the keys of this machine's device for one piece of work. Let go of it afterwards.
struct AccountContext: Sendable {
    let platform: any MeshPlatform
    let profile: VerifiedProfile<ProfileUser>
    let record: AccountRecord
    let keys: AccountKeys

    /// Lends the keys of the account with `profile`.
    ///
    /// - Throws: ``SessionError`` `noAccount`, `keyMissing`; ``ProfileError``; ``PlatformError``.
    init(_ profile: VerifiedProfile<ProfileUser>, on platform: any MeshPlatform) async throws {
        guard let record = try await AccountRecords(platform: platform).record(of: profile.udf) else {
            throw SessionError(
                .noAccount, "The profile \(profile.udf) has no account at a portal here.",
                remedy: "Create an account, or connect this device to the one there is.")
        }
        let (seed, _) = try await ProfileKeeper(platform: platform).seed(ProfileDevice.self, of: record.device)
        self.platform = platform
        self.profile = profile
        self.record = record
        keys = try AccountKeys(opening: record.entry, of: profile, seed: seed)
    }

    /// The keys to the stores.
    var storeKeys: StoreKeys { StoreKeys(keys, of: profile) }

    /// The keys of an administrator.
    ///
    /// - Throws: ``SessionError`` `notAdministrator`.
    func administratorKeys() throws -> AdministratorKeys {
        guard keys.administratorSignature != nil else {
            throw SessionError(
                .notAdministrator, "This device may not administer the account \(profile.udf).",
                remedy: "Do this on a device that may, or have this one connected again with that right.")
        }
        return try AdministratorKeys(keys)
    }

    /// A client for the account that signs as the device: for the default account, or the one that is named.
    ///
    /// - Throws: ``SessionError`` `noPortal`, `noAccount`.
    func client(_ portal: (any MeshPortal)?, at address: AccountAddress? = nil) async throws -> MeshClient {
        guard let address = address ?? record.address else {
            throw SessionError(
                .noAccount, "The profile \(profile.udf) has no account at a portal.", remedy: "Create or register one.")
        }
        return try await PortalAccess(platform: platform, portal: portal).client(for: address, signer: keys.signature)
    }

    /// What synchronises the stores with `client`'s portal.
    func synchronizer(_ client: MeshClient, progress: @escaping @Sendable (SyncProgress) -> Void = { _ in })
        -> Synchronizer
    {
        Synchronizer(platform: platform, account: profile, keys: storeKeys, portal: client, progress: progress)
    }
}

/// Another administrator has changed this device's entry in the device catalog: it may have newer keys by now.
struct StaleKeys: Error {
    /// What is said if that does not end.
    var refusal: SessionError {
        SessionError(
            .changedElsewhere, "Other administrators change the devices of the account all the time.",
            remedy: "Try again later.")
    }
}

extension AccountContext {
    /// That the keys which the context lends are those that the device catalog hands to this device.
    ///
    /// - Throws: ``StaleKeys`` if they are not: synchronise, and begin anew.
    func requireCurrent(_ stores: OpenedStores) throws {
        guard try stores.entry(of: record.device) == record.entry else { throw StaleKeys() }
    }
}

extension MeshClient: AccountPortal {
    func status() async throws -> StatusResponse { try await status(of: nil) }
}
