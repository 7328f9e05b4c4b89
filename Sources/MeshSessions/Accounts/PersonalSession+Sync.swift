import MeshCore
import MeshDARE
import MeshPlatforms
import MeshPortals
import MeshProfiles

// What a device does with its account day by day.
extension PersonalSession {
    /// The accounts of the profile that this machine is connected to, the default first.
    public func accounts() async throws -> [AccountAddress] {
        try await AccountRecords(platform: platform).record(of: udf)?.addresses ?? []
    }

    /// A store of the account, with what was changed here and not sent yet. Needs no portal.
    ///
    /// - Throws: ``SessionError`` `noAccount`, `keyMissing`; ``PlatformError`` of the key store; ``ProfileError``.
    public func store(_ name: StoreName) async throws -> AccountStore {
        AccountStore(name, keys: try await context().storeKeys, platform: platform)
    }

    /// Receives what other devices have changed, and sends what was changed here (sessions specification §A2).
    ///
    /// The account's profile comes first: a newer version is kept, an older one is refused. Further portals that the profile is
    /// registered at get what they lack.
    ///
    /// - Parameter progress: is told how far it is.
    /// - Throws: ``PortalError``, among them `rolledBack` and `forked`, which mean that the portal does not tell the truth, and
    ///   `deviceRevoked`; ``SessionError`` `noAccount`, `noPortal`; ``PlatformError``, ``DAREError``. What was done before an
    ///   error stays done; it goes on the next time.
    public func sync(progress: @escaping @Sendable (SyncProgress) -> Void = { _ in }) async throws -> SyncReport {
        let context = try await context()
        let client = try await context.client(portal)
        let status = try await client.status()
        let (session, update) = try await refreshed(by: status)
        let current = update.isEmpty ? context : try await session.context()
        var report = try await current.synchronizer(client, progress: progress).run(status)
        report.changes.note(update)
        try await PortalAccess(platform: platform, portal: portal).remember(client)
        report.changes.note(try await session.keepOwnEntry(current))
        for address in current.record.addresses.dropFirst() {
            report.changes.note(try await session.mirror(to: address, current))
        }
        return report
    }

    /// Sends what was changed here. The same as ``sync(progress:)``: what others have changed comes first.
    public func commit() async throws -> SyncReport { try await sync() }

    /// The entries that two devices have changed, and of which nothing is sent until someone has decided.
    public func conflicts() async throws -> [EntryConflict] {
        let keys = try await context().storeKeys
        let platform = platform
        return try await BlockingCalls(store: platform.containers.name).run(deadline: .seconds(120)) {
            try Synchronizer.conflicts(OpenedStores(keys: keys, platform: platform))
        }
    }

    /// Decides a conflict: keeps what was changed here, to be sent by the next ``sync(progress:)``, or lets go of it.
    ///
    /// - Throws: as ``store(_:)``.
    public func resolve(_ conflict: EntryConflict, keepingOurs: Bool) async throws {
        let keys = try await context().storeKeys
        let platform = platform
        try await BlockingCalls(store: platform.containers.name).run(deadline: .seconds(120)) {
            let opened = try OpenedStore(conflict.store, keys: keys, platform: platform)
            guard keepingOurs else { return try opened.outbox.withdraw(conflict.change) }
            let present = try opened.replica?.find(conflict.key)
            guard let waiting = try opened.outbox.find(conflict.change) else { return }
            let event: CatalogEvent = waiting.event == .delete ? .delete : present == nil ? .new : .update
            // What was deleted by both needs no decision any more.
            if event == .delete, present == nil { return try opened.outbox.withdraw(conflict.change) }
            let decided = PendingChange(
                id: waiting.id, store: waiting.store, event: event, key: waiting.key, base: present?.version.frame,
                content: waiting.content, secondaryKeys: waiting.secondaryKeys, made: waiting.made)
            try opened.outbox.update([decided])
        }
    }

    // MARK: The profile

    /// Asks the portal for the profile, and keeps a newer version of it (platform specification §9, refresh).
    ///
    /// - Returns: the session with the newest version.
    /// - Throws: ``ProfileError`` `rolledBack`, `conflict`, `badSignature` and others: what is here stays; ``PortalError``.
    public func refresh() async throws -> PersonalSession {
        let client = try await context().client(portal)
        return try await refreshed(by: try await client.status()).session
    }

    /// Puts the newest version that verifies in the place of the one that is kept, from the archive, and then from the portal
    /// (platform specification §9, resync).
    ///
    /// - Throws: ``SessionError`` `profileDamaged` if neither has one; ``PortalError``.
    public func resync() async throws -> PersonalSession {
        _ = try await platform.profiles.restoreLatest(of: udf, options: CallOptions()) { signed in
            (try? VerifiedProfile<ProfileUser>(verifying: signed, as: udf)) != nil
        }
        let kept = PersonalSession(
            platform: platform, portal: portal, profile: try await keeper.verified(ProfileUser.self, of: udf))
        return try await kept.refresh()
    }

    private func refreshed(
        by status: StatusResponse
    ) async throws -> (session: PersonalSession, changes: SessionChanges) {
        var changes = SessionChanges()
        guard let envelope = status.profile else { return (self, changes) }
        let shown = try VerifiedProfile<ProfileUser>(verifying: envelope)
        let known = try await keeper.verified(ProfileUser.self, of: udf)
        switch try shown.update(of: known) {
        case .same: return (PersonalSession(platform: platform, portal: portal, profile: known), changes)
        case .newer:
            try await platform.profiles.accept(shown.signed, of: udf)
            changes.note(.profile, .updated, udf.text)
            return (PersonalSession(platform: platform, portal: portal, profile: shown), changes)
        }
    }

    /// Keeps this device's own entry as the device catalog has it now: an administrator may have changed its rights.
    private func keepOwnEntry(_ context: AccountContext) async throws -> SessionChanges {
        var changes = SessionChanges()
        let store = AccountStore(.device, keys: context.storeKeys, platform: platform)
        guard let found = try await store.find(context.record.device.text), !found.isPending else { return changes }
        let entry = try found.decoded(as: CatalogedDevice.self)
        guard entry != context.record.entry else { return changes }
        let (seed, _) = try await keeper.seed(ProfileDevice.self, of: context.record.device)
        _ = try AccountKeys(opening: entry, of: profile, seed: seed)
        var record = context.record
        record.entry = entry
        try await AccountRecords(platform: platform).keep(record, profile: profile.envelope)
        changes.note(.device, .updated, context.record.device.text)
        return changes
    }

    // MARK: Further portals

    /// Registers the profile at a further portal. Its stores are copied there, and kept up to date by ``sync(progress:)``; the
    /// first portal stays the one that counts.
    ///
    /// - Throws: ``PortalError`` `accountExists` and others; ``SessionError`` `noAccount`, `notAdministrator`.
    public func register(at address: String) async throws -> SessionChanges {
        let address = try AccountAddress(address)
        let context = try await context()
        var record = context.record
        guard !record.addresses.contains(address) else { return SessionChanges() }
        let administrator = try context.administratorKeys()
        _ = try await sync()
        let access = PortalAccess(platform: platform, portal: portal)
        let client = try await access.client(for: address, signer: administrator.administratorSignature)
        if try await MeshSession(platform, portal: portal).published(client, as: udf) == nil {
            let first = try await updates(of: .device, from: 0, context).prefix(1)
            try await client.createAccount(profile: profile.envelope, updates: Array(first))
        }
        record.addresses.append(address)
        try await access.remember(client)
        try await AccountRecords(platform: platform).keep(record, profile: profile.envelope)
        var changes = SessionChanges()
        changes.note(.account, .created, address.canonical)
        changes.note(try await mirror(to: address, try await self.context()))
        return changes
    }

    /// Takes the profile's account away from a portal, with everything that is kept there. What is on this machine stays.
    ///
    /// - Throws: ``PortalError``; ``SessionError`` `noAccount`, `notAdministrator`.
    public func deregister(from address: String) async throws -> SessionChanges {
        let address = try AccountAddress(address)
        let context = try await context()
        var record = context.record
        guard record.addresses.contains(address) else {
            throw SessionError(.noAccount, "The profile \(udf) has no account \(address) here.")
        }
        _ = try context.administratorKeys()
        let client = try await context.client(portal, at: address)
        do {
            try await client.deleteAccount()
        } catch let error as PortalError where [.notFound, .unauthorized].contains(error.code) {
            // It is gone already if an earlier answer was lost; the portal does not tell that from a key it does not know.
            let present = try await client.profile()
            guard try present.map({ try VerifiedProfile<ProfileUser>(verifying: $0).udf }) != udf else { throw error }
        }
        record.addresses.removeAll { $0 == address }
        try await AccountRecords(platform: platform).keep(record, profile: profile.envelope)
        return SessionChanges([.init(.account, .removed, address.canonical)])
    }

    /// Sends a further portal the frames that it lacks.
    private func mirror(to address: AccountAddress, _ context: AccountContext) async throws -> SessionChanges {
        var changes = SessionChanges()
        let client = try await context.client(portal, at: address)
        let status = try await client.status()
        let states = Dictionary(
            (status.containers ?? []).map { ($0.container, $0.index) }, uniquingKeysWith: { _, last in last })
        for store in [StoreName.device] + StoreName.allCases.filter({ $0 != .device }) {
            let updates = try await updates(of: store, from: states[store.containerName] ?? 0, context)
            guard !updates.isEmpty else { continue }
            for update in updates { _ = try await client.transact([update]) }
            changes.note(.store, .published, "\(store.containerName) at \(address.canonical)")
        }
        return changes
    }

    /// The frames of our copy of a store from `first` on, one run an update.
    private func updates(
        of store: StoreName, from first: Int, _ context: AccountContext
    ) async throws -> [ContainerUpdate] {
        let (keys, platform, profile) = (context.storeKeys, platform, profile)
        return try await BlockingCalls(store: platform.containers.name).run(deadline: .seconds(120)) {
            let stores = OpenedStores(keys: keys, platform: platform)
            guard let sequence = try stores.sequence(store), try sequence.refresh() > first else { return [] }
            var updates: [ContainerUpdate] = []
            let book = try DeviceBook(profile, try stores.replica(.device))
            let start = try sequence.runState(at: first)
            var before = start
            _ = try sequence.verifyRuns(keys.scope(store), from: start) { claim in
                try book.key(for: claim, of: store) { Array(try sequence.frame(at: $0).payload) }
            } _: { run in
                updates.append(
                    ContainerUpdate(
                        container: store.containerName, index: before.count, digest: before.digest,
                        frames: try sequence.frameOctets(from: before.count, limit: run.range.count)))
                before = run.after
            }
            return updates
        }
    }

    /// The account, with this device's keys, for one piece of work.
    func context() async throws -> AccountContext { try await AccountContext(profile, on: platform) }
}
