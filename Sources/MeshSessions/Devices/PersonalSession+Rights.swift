import MeshCore
import MeshDARE
import MeshPlatforms
import MeshPortals
import MeshProfiles

/// How far the encrypting anew is that follows when a device has lost a right.
public struct RekeyProgress: Sendable {
    /// The store that is being written anew.
    public let store: StoreName
    /// How many of its entries are done.
    public let done: Int
    /// Of how many.
    public let total: Int
}

// What devices may do: given when they are connected, changed and taken away later.
extension PersonalSession {
    /// Removes a device from the account (defect D27 of the reference: no generation did it).
    ///
    /// From the first step on the portal refuses the device. Then every right that it had gets a new key, which only the devices
    /// that still have the right are handed; what is written after that, the removed device cannot open, whatever it has kept.
    /// Last, all entries are encrypted anew. Interrupted anywhere, ``finishRemovals(progress:)`` goes on, on any device that
    /// administers the account.
    ///
    /// What the device could read before, it may have kept. A device with the right ``Right/messages`` knows the keys by which the
    /// person is known to others: they are those of the profile, and stay.
    ///
    /// - Parameter progress: is told how far the encrypting anew is.
    /// - Throws: ``SessionError`` `notAdministrator`, `ownDevice`, `noAccount`, `noPortal`; ``CatalogError`` `notFound`;
    ///   ``PortalError`` `conflict` for the last administrator, and others; ``PlatformError``, ``DAREError``.
    public func remove(
        _ device: UDF, progress: @escaping @Sendable (RekeyProgress) -> Void = { _ in }
    ) async throws -> SessionChanges {
        var changes = try await changeDevice(device) { _, _ in nil }
        changes.note(.device, .removed, device.text)
        changes.note(try await finishRemovals(progress: progress))
        return changes
    }

    /// Gives a device other rights. A right that it loses gets a new key, as in ``remove(_:progress:)``; one that no device had
    /// yet, its first.
    ///
    /// - Throws: as ``remove(_:progress:)``; ``SessionError`` `invalidRight`.
    public func setRights(
        of device: UDF, to rights: [Right], progress: @escaping @Sendable (RekeyProgress) -> Void = { _ in }
    ) async throws -> SessionChanges {
        let (platform, profile) = (platform, profile)
        var changes = try await makeKeys(of: rights)
        changes.note(
            try await changeDevice(device) { entry, administrator in
                try DeviceConnector(account: profile, keys: administrator).change(
                    entry, rights: rights, at: platform.clock.now, random: platform.random)
            })
        changes.note(.device, .updated, device.text)
        changes.note(try await finishRemovals(progress: progress))
        return changes
    }

    /// Changes the entry of another device, or takes it away.
    private func changeDevice(
        _ device: UDF, _ change: @escaping @Sendable (CatalogedDevice, AdministratorKeys) throws -> CatalogedDevice?
    ) async throws -> SessionChanges {
        var changes = try await sync().changes
        guard try await device != context().record.device else {
            throw SessionError(
                .ownDevice, "That is this device itself.",
                remedy: "Do it on another device that administers the account.")
        }
        _ = try await context().administratorKeys()
        try await keeper.directory.setRekeying(true, for: udf)
        changes.note(
            try await administering { context, administrator, synchronizer in
                _ = try await synchronizer.change(.device) { stores, signer in
                    try context.requireCurrent(stores)
                    guard let catalog = try stores.replica(.device), let entry = try stores.entry(of: device) else {
                        throw CatalogError(.notFound, "The account has no device \(device).")
                    }
                    let changed = try change(entry, administrator)
                    return try catalog.prepareRun(signedBy: signer) { transaction in
                        if let changed {
                            _ = try transaction.put(changed)
                        } else {
                            try transaction.delete(device.text, from: nil)
                        }
                    }.frames
                }
            })
        return changes
    }

    // MARK: Rights of applications

    /// Makes the keys of those of `rights` that the account has none of yet: rights of applications of their own, each under a name
    /// that ``MeshProfiles/Right/isOwn`` holds for. All administrators' devices are handed them, and they are kept for who recovers
    /// the profile, before any other device has them. Interrupted, it is gone on with by the next
    /// ``MeshSession/finishInterrupted()``.
    ///
    /// A right that is given to a device (``setRights(of:to:progress:)``, ``connectClose(_:_:)``) has its key made by that; this is
    /// for an administrator's device that is the first to keep something by it.
    ///
    /// - Throws: ``SessionError`` `invalidRight` for a name that cannot be, and for more than ``MeshProfiles/Right/mostOwn``; as
    ///   ``remove(_:progress:)``.
    @discardableResult
    public func makeKeys(of rights: [Right]) async throws -> SessionChanges {
        try Self.check(rights)
        let wanted = rights.unique.filter { $0 != .threshold }
        func missing(_ keys: AdministratorKeys) -> [Right] { wanted.filter { keys.groups.newest(of: $0) == nil } }
        guard try await !missing(context().administratorKeys()).isEmpty else { return SessionChanges() }
        // Another administrator may have made them.
        var changes = try await sync().changes
        guard try await !missing(context().administratorKeys()).isEmpty else { return changes }
        try await keeper.directory.setRekeying(true, for: udf)
        let (platform, profile) = (platform, profile)
        var made: [Right] = []
        changes.note(
            try await administering { context, administrator, synchronizer in
                let new = missing(administrator)
                made = new
                let own = (administrator.groups.newest.map(\.right) + new).filter(\.isOwn)
                guard own.count <= Right.mostOwn else {
                    throw SessionError(
                        .invalidRight, "The account has \(Right.mostOwn) rights of applications, and can have no more.",
                        remedy: "Use one of those that there are.")
                }
                guard !new.isEmpty else { return }
                _ = try await synchronizer.change(.device) { stores, signer in
                    try context.requireCurrent(stores)
                    guard let catalog = try stores.replica(.device) else { return nil }
                    var keys = administrator
                    for right in new {
                        keys.groups.append(try GroupKey.generate(for: right, generation: 1, from: platform.random))
                    }
                    let connector = try DeviceConnector(account: profile, keys: keys)
                    var entries: [CatalogedDevice] = []
                    for device in try stores.book(of: profile).all where new.contains(where: device.rights.give) {
                        guard let entry = try stores.entry(of: device.udf) else { continue }
                        entries.append(try connector.change(entry, at: platform.clock.now, random: platform.random))
                    }
                    return try catalog.prepareRun(signedBy: signer) { transaction in
                        for entry in entries { _ = try transaction.put(entry) }
                    }.frames
                }
            })
        for right in made { changes.note(.key, .created, right.rawValue) }
        changes.note(try await finishRemovals())
        return changes
    }

    /// - Throws: ``SessionError`` `invalidRight` for names that no right can have.
    static func check(_ rights: [Right]) throws(SessionError) {
        guard let wrong = rights.first(where: { !$0.isName }) else { return }
        throw SessionError(
            .invalidRight, "No right can be called \"\(wrong.rawValue)\".",
            remedy: "Its name has 1 to 64 small letters, digits, '-' and '.', a letter or digit first.")
    }

    /// Runs `body` with the keys of an administrator; anew, after the device has heard of it, where another administrator has made
    /// newer ones meanwhile (``AccountContext/requireCurrent(_:)``).
    func administering(
        _ body: (AccountContext, AdministratorKeys, Synchronizer) async throws -> Void
    ) async throws -> SessionChanges {
        var changes = SessionChanges()
        for attempt in 1... {
            let context = try await context()
            let synchronizer = context.synchronizer(try await context.client(portal))
            do {
                try await body(context, try context.administratorKeys(), synchronizer)
                break
            } catch let error as StaleKeys {
                guard attempt < 10 else { throw error.refusal }
                changes.note(try await sync().changes)
            }
        }
        return changes
    }

    // MARK: Finishing

    /// Goes on with removals, and with rights taken away, that were interrupted, on this device or another. Does nothing if there
    /// are none.
    ///
    /// - Throws: as ``remove(_:progress:)``.
    public func finishRemovals(
        progress: @escaping @Sendable (RekeyProgress) -> Void = { _ in }
    ) async throws -> SessionChanges {
        var changes = try await sync().changes
        var hasClosed = false
        changes.note(
            try await administering { context, administrator, synchronizer in
                let work = RightsWork(context: context, administrator: administrator, synchronizer: synchronizer)
                hasClosed = try await work.closeLosses()
            })
        if hasClosed {
            changes.note(.key, .created, udf.text)
            changes.note(try await sync().changes)
        }
        let work = try await RightsWork(self)
        try await work.keepKeys()
        // First none of them goes on with the old keys, then what was written before is written anew.
        let stores = try await work.synchronizer.working { try $0.kept().filter { $0.right != nil } }
        var touched: Set<StoreName> = []
        for store in stores where try await work.exchangeKeys(of: store) { touched.insert(store) }
        for store in stores where try await work.encryptAnew(store, progress) { touched.insert(store) }
        for store in stores where touched.contains(store) { changes.note(.store, .updated, store.containerName) }
        try await keeper.directory.setRekeying(false, for: udf)
        return changes
    }

    /// Goes on with what this machine was about when it was interrupted.
    func finishRekeying() async throws -> Bool {
        guard portal != nil, try await keeper.directory.isRekeying(udf) else { return false }
        do {
            _ = try await finishRemovals()
            return true
        } catch  where error is PortalError || error is ProfileError || error is SessionError {
            // Whatever is wrong at the portal, or with the account, hinders nothing here; it is tried again the next time.
            return false
        }
    }

    /// Whether something of ``finishRemovals(progress:)`` is left to be done, as far as this device knows without asking anyone.
    public func hasUnfinishedRemovals() async throws -> Bool {
        let context = try await context()
        guard context.keys.administratorSignature != nil else { return false }
        let (keys, platform, profile) = (context.storeKeys, platform, profile)
        return try await BlockingCalls(store: platform.containers.name).run(deadline: .seconds(120)) {
            let stores = OpenedStores(keys: keys, platform: platform)
            if try !stores.book(of: profile).openLosses.isEmpty { return true }
            return try stores.kept().contains { store in
                guard store.right != nil, let catalog = try stores.replica(store) else { return false }
                return try catalog.needsKeyExchange || !catalog.keysOfFormerExchanges.isEmpty
            }
        }
    }
}

/// The steps that follow when a device has lost a right. Each finds out by itself whether it is needed, from what the catalogs
/// say: so it does not matter who began, and where they were interrupted.
private struct RightsWork {
    let context: AccountContext
    let administrator: AdministratorKeys
    let synchronizer: Synchronizer
    /// How many entries are encrypted anew in one run, and about how many octets of them.
    private static let runLength = 1000
    private static let runOctets = 512 << 10

    init(context: AccountContext, administrator: AdministratorKeys, synchronizer: Synchronizer) {
        self.context = context
        self.administrator = administrator
        self.synchronizer = synchronizer
    }

    init(_ session: PersonalSession) async throws {
        let context = try await session.context()
        self.init(
            context: context, administrator: try context.administratorKeys(),
            synchronizer: context.synchronizer(try await context.client(session.portal)))
    }

    /// Makes new keys for the rights that were lost, hands them to the devices that have them, and states how far the runs of
    /// those who lost them go: in one run of the device catalog.
    func closeLosses() async throws -> Bool {
        let (profile, platform, own) = (context.profile, context.platform, context.record.device)
        let (context, administrator) = (context, administrator)
        return try await synchronizer.change(.device) { stores, signer in
            try context.requireCurrent(stores)
            let losses = try stores.book(of: profile).openLosses
            guard !losses.isEmpty, let catalog = try stores.replica(.device) else { return nil }
            var keys = administrator
            let lost = Set(losses.map(\.right))
            for newest in keys.groups.newest where lost.contains(newest.right) || lost.contains(.administrator) {
                keys.groups.append(
                    try GroupKey.generate(
                        for: newest.right, generation: newest.generation + 1, from: platform.random))
            }
            let connector = try DeviceConnector(account: profile, keys: keys)
            let closed = try losses.map { loss in
                ClosedRight(key: loss.key, right: loss.right, stores: try Self.extents(of: loss.right, stores))
            }
            var entries: [CatalogedDevice] = []
            for key in try catalog.keys {
                guard let record = try catalog.find(key),
                    let entry = try CatalogContent<CatalogedDevice>(payload: try catalog.content(of: record)).entry
                else { continue }
                var changed = try connector.change(entry, at: platform.clock.now, random: platform.random)
                ClosedRight.state(key == own.text ? closed : [], in: &changed)
                entries.append(changed)
            }
            return try catalog.prepareRun(signedBy: signer) { transaction in
                for entry in entries { _ = try transaction.put(entry) }
            }.frames
        }
    }

    /// How many frames the stores have that a right lets write.
    private static func extents(of right: Right, _ stores: OpenedStores) throws -> [String: Int] {
        var extents: [String: Int] = [:]
        for store in try stores.kept() where right == .administrator || store.rightsToWrite.contains(right) {
            if let sequence = try stores.sequence(store) {
                extents[store.containerName] = try sequence.refresh()
            }
        }
        return extents
    }

    /// Keeps the keys of the rights for whoever recovers the profile, and each older one for those who have the newest.
    func keepKeys() async throws {
        let (profile, platform, administrator) = (context.profile, context.platform, administrator)
        _ = try await synchronizer.change(.access) { stores, signer in
            let catalog = try stores.replica(.access)
            let missing = try KeptKeys(catalog).missing(
                of: administrator.groups, escrow: profile.content.escrowEncryption
            ) { key, readers in
                try KeptGroupKey.entry(
                    for: key, readers: readers, signedBy: administrator.administratorSignature,
                    at: platform.clock.now, random: platform.random)
            }
            guard !missing.isEmpty else { return nil }
            func enter(_ transaction: inout CatalogTransaction) throws {
                for entry in missing { _ = try transaction.put(entry) }
            }
            if let catalog { return try catalog.prepareRun(signedBy: signer, enter).frames }
            return try Catalog.prepareRun(
                new: StoreName.access.fileName, options: try stores.options(.access), signedBy: signer, enter
            ).frames
        }
    }

    /// Begins a new key exchange in a store whose last one is not for the newest key: who has only older ones can write nothing
    /// after it.
    func exchangeKeys(of store: StoreName) async throws -> Bool {
        try await synchronizer.change(store) { stores, signer in
            try stores.replica(store)?.prepareKeyExchange(signedBy: signer)
        }
    }

    /// Writes anew the entries of a store that are encrypted by former key exchanges.
    func encryptAnew(
        _ store: StoreName, _ progress: @escaping @Sendable (RekeyProgress) -> Void
    ) async throws -> Bool {
        let total = try await synchronizer.working { try $0.replica(store)?.keysOfFormerExchanges.count ?? 0 }
        guard total > 0 else { return false }
        while try await synchronizer.change(store, { try Self.rewritten(store, $0, $1) }) {
            try Task.checkCancellation()
            let left = try await synchronizer.working { try $0.replica(store)?.keysOfFormerExchanges.count ?? 0 }
            progress(RekeyProgress(store: store, done: max(0, total - left), total: total))
        }
        return true
    }

    /// The next run of entries that are written anew; nil if there are no more.
    private static func rewritten(
        _ store: StoreName, _ stores: OpenedStores, _ signer: RunSigner
    ) throws -> PreparedFrames? {
        guard let catalog = try stores.replica(store) else { return nil }
        var contents: [(key: String, content: [UInt8])] = []
        var octets = 0
        for key in try catalog.keysOfFormerExchanges.prefix(runLength) {
            guard let record = try catalog.find(key) else { continue }
            let content = try catalog.content(of: record)
            octets += content.count
            if octets > runOctets, !contents.isEmpty { break }
            contents.append((key, content))
        }
        guard !contents.isEmpty else { return nil }
        return try catalog.prepareRun(signedBy: signer) { transaction in
            for item in contents { try transaction.rewrite(item.key, CatalogFrame(item.content)) }
        }.frames
    }
}
