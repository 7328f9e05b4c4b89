import MeshCore
import MeshCryptography
import MeshDARE
import MeshPlatforms
import MeshProfiles

/// The keys to an account's stores, lent for as long as somebody works with them.
struct StoreKeys: Sendable {
    /// The account.
    let account: UDF
    /// The device's own key, which opens what it keeps for itself: the outbox.
    let encryption: PrivateKey
    /// The device's key, which signs the runs of frames it makes.
    let signature: PrivateKey
    /// What the device may do.
    let rights: [Right]
    /// The keys of its rights.
    let groups: [GroupKey]
    /// The key that has signed the keys of rights that the account keeps.
    let administrator: PublicKey

    /// Whether the device may read the store.
    func reads(_ store: StoreName) -> Bool { store.right.map { rights.give($0) } ?? true }

    /// Whether the device may write the store.
    func writes(_ store: StoreName) -> Bool { store.rightsToWrite.allSatisfy(rights.give) }

    /// - Throws: ``SessionError`` `rightMissing` if the device may not write the store.
    func requireWriting(_ store: StoreName) throws(SessionError) {
        guard let missing = store.rightsToWrite.first(where: { !rights.give($0) }) else { return }
        throw SessionError(
            .rightMissing,
            "This device does not have the right \"\(missing.rawValue)\", by which \(store.containerName) is written.",
            remedy: "Have an administrator's device give it: meshclient device rights.")
    }

    /// How the outbox is made and read.
    func outboxOptions(on platform: any MeshPlatform) -> CatalogOptions {
        options([encryption], for: encryption.publicKey, on: platform)
    }

    /// How a store of the account is made and read: what the portal has to read is plain; the rest is encrypted to the newest key
    /// of its right, and read by the older ones, too (`schema-08` §5: Access, Publication, Device and Member are read by the
    /// service).
    ///
    /// - Parameter older: keys of the right that the account keeps, apart from those of the device.
    /// - Throws: ``SessionError`` `rightMissing`.
    func options(_ store: StoreName, older: [GroupKey] = [], on platform: any MeshPlatform) throws -> CatalogOptions {
        guard let right = store.right else {
            var options = CatalogOptions()
            options.clock = platform.clock
            options.random = platform.random
            options.wholeRuns = true
            return options
        }
        let newest = try newest(of: right, for: store)
        let known = groups.filter { $0.right == right }.map(\.key)
        var options = options(
            known + older.map(\.key), for: newest.key.publicKey, on: platform)
        options.readers = [newest.key.publicKey]
        options.wholeRuns = true
        return options
    }

    /// The newest key of a right, by which `store` is read.
    ///
    /// - Throws: ``SessionError`` `rightMissing`.
    func newest(of right: Right, for store: StoreName) throws -> GroupKey {
        guard rights.give(right), let newest = groups.newest(of: right) else { throw missing(right, store) }
        return newest
    }

    private func options(
        _ keys: [PrivateKey], for reader: PublicKey, on platform: any MeshPlatform
    ) -> CatalogOptions {
        var options = CatalogOptions()
        options.clock = platform.clock
        options.random = platform.random
        options.keys = SequenceKeys(DecryptionKeys(keys))
        options.policy = SequencePolicy(encryption: .once, algorithm: .a256GCM, recipients: [reader])
        return options
    }

    private func missing(_ right: Right, _ store: StoreName) -> SessionError {
        SessionError(
            .rightMissing,
            "This device does not have the right \"\(right.rawValue)\", by which \(store.containerName) is read.",
            remedy: "Have an administrator's device give it: meshclient device rights.")
    }

    /// What the signatures of a store's runs are for.
    func scope(_ store: StoreName) -> RunScope { RunScope(account: account, store: store.containerName) }
}

extension StoreKeys {
    /// Those of a device.
    init(_ keys: AccountKeys, of account: VerifiedProfile<ProfileUser>) {
        self.init(
            account: account.udf, encryption: keys.own, signature: keys.signature, rights: keys.device.rights,
            groups: keys.groups, administrator: account.content.administratorSignature)
    }
}
