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

    /// The stores that this device may read. Needs no portal.
    ///
    /// - Throws: as ``store(_:)``.
    public func readableStores() async throws -> [StoreName] {
        let (keys, platform) = (try await context().storeKeys, platform)
        return try await BlockingCalls(store: platform.containers.name).run(deadline: .seconds(120)) {
            try OpenedStores(keys: keys, platform: platform).working { stores in
                // One that was only written to here is there, too.
                let shared = Set(try stores.kept() + stores.outbox.stores()).subtracting(StoreName.fixed)
                return StoreName.fixed.filter(keys.reads)
                    + shared.filter(keys.reads).sorted { $0.rawValue < $1.rawValue }
            }
        }
    }

    /// Receives what other devices have changed, and sends what was changed here (sessions specification §A2).
    ///
    /// The account's profile comes first: a newer version is kept, an older one is refused. Further portals that the profile is
    /// registered at get what they lack. If the account was given up, the next one takes its place: one that this machine knows,
    /// or that stands in the person's own contact.
    ///
    /// - Parameter progress: is told how far it is.
    /// - Throws: ``PortalError``, among them `rolledBack` and `forked`, which mean that the portal does not tell the truth, and
    ///   `deviceRevoked`; ``SessionError`` `noAccount`, `noPortal`, `accountGone`, `notConnected`; ``PlatformError``,
    ///   ``DAREError``. What was done before an error stays done; it goes on the next time.
    public func sync(progress: @escaping @Sendable (SyncProgress) -> Void = { _ in }) async throws -> SyncReport {
        for attempt in 1... {
            do {
                return try await synchronised(progress)
            } catch let error as DAREError where error.code == .wrongRecipient && attempt < 4 {
                // An administrator has changed the keys while this device was at it: with the new ones, then.
            }
        }
        return SyncReport()
    }

    private func synchronised(_ progress: @escaping @Sendable (SyncProgress) -> Void) async throws -> SyncReport {
        let context = try await context()
        let client = try await context.client(portal)
        let status: StatusResponse
        do {
            status = try await client.status()
        } catch let error as PortalError where error.code == .unauthorized {
            let moved = try await moved(context, client, error)
            var report = try await sync(progress: progress)
            report.changes = SessionChanges(moved.list + report.changes.list)
            return report
        }
        let (session, update) = try await refreshed(by: status)
        var current = update.isEmpty ? context : try await session.context()
        var synchronizer = current.synchronizer(client, progress: progress)
        // Who may do what comes first, and with it the keys that this device has by now.
        var report = try await synchronizer.receive([.device, .access], from: status)
        report.changes.note(update)
        let own = try await session.keepOwnEntry(current, in: synchronizer.store(.device))
        report.changes.note(own)
        if !own.isEmpty {
            current = try await session.context()
            synchronizer = current.synchronizer(client, progress: progress)
        }
        report.note(try await synchronizer.run(status))
        // What was just sent may have been about this device.
        report.changes.note(try await session.keepOwnEntry(current, in: synchronizer.store(.device)))
        try await PortalAccess(platform: platform, portal: portal).remember(client)
        if current.keys.administratorSignature != nil {
            let contact = try await session.keepOwnContact(current)
            if !contact.isEmpty {
                report.changes.note(contact)
                report.changes.note(try await current.synchronizer(client).run(sending: [.contact]).changes)
            }
            for address in current.record.addresses.dropFirst() {
                let further = try await current.client(portal, at: address)
                report.changes.note(try await session.upload(to: further, current), to: address)
            }
        }
        return report
    }

    /// Makes another account the one that counts, after the portal has refused this device at the present one.
    ///
    /// - Throws: ``SessionError`` `accountGone` if there is no other, `notConnected` if the account is there; ``PortalError``.
    private func moved(
        _ context: AccountContext, _ client: MeshClient, _ refusal: PortalError
    ) async throws -> SessionChanges {
        let machine = MeshSession(platform, portal: portal)
        let present = try await client.profile().map { try VerifiedProfile<ProfileUser>(verifying: $0) }
        if present?.udf == udf {
            throw Self.notConnected(client, refusal)
        }
        var record = context.record
        record.addresses.removeAll { $0 == client.account }
        for address in try await contactAddresses(context)
        where address != client.account && !record.addresses.contains(address) {
            record.addresses.append(address)
        }
        var hindrance: PortalError?
        while let next = record.address {
            let further = try await context.client(portal, at: next)
            var isThere = false
            do {
                isThere = try await machine.published(further, as: udf) != nil
            } catch let error as PortalError {
                if error.code != .accountExists { hindrance = error }
            }
            guard isThere else {
                record.addresses.removeFirst()
                continue
            }
            var changes = SessionChanges([.init(.account, .removed, client.account.canonical)])
            // What the first portal had, and the next one does not have yet.
            changes.note(try await upload(to: further, context), to: next)
            record.addresses = [next] + context.record.addresses.filter { $0 != next && $0 != client.account }
            try await AccountRecords(platform: platform).keep(record, profile: profile.envelope)
            return changes
        }
        // Whether there is another is not known yet.
        if let hindrance { throw hindrance }
        throw SessionError(
            .accountGone, "There is no account \(client.account) of this profile at its portal any more.",
            remedy:
                "Everything is still here. If the profile has an account elsewhere by now, register it there on this "
                + "device, too; or give up this one, and make a new one.", cause: refusal)
    }

    private static func notConnected(_ client: MeshClient, _ cause: PortalError) -> SessionError {
        SessionError(
            .notConnected, "The account \(client.account) does not know this device.",
            remedy:
                "Everything is still here. The account may have been made anew without it: export what you need, and "
                + "have the device connected again.", cause: cause)
    }

    /// Sends a portal what it lacks, as far as this device may.
    private func upload(to client: MeshClient, _ context: AccountContext) async throws -> [StoreName] {
        let keys = context.storeKeys
        return try await context.synchronizer(client).upload(keys.writes)
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
                id: waiting.id, store: waiting.store, event: event, key: waiting.key, base: present?.contentFrame,
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
    private func keepOwnEntry(_ context: AccountContext, in store: AccountStore) async throws -> SessionChanges {
        var changes = SessionChanges()
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
    /// A profile whose last account was given up has its account there from then on, with everything that is here. A device
    /// that finds the profile registered there already, by another of its devices, goes on with that account.
    ///
    /// - Throws: ``PortalError`` `accountExists` and others; ``SessionError`` `noAccount`, `notAdministrator`, `notConnected`.
    public func register(at address: String) async throws -> SessionChanges {
        let address = try AccountAddress(address)
        var context = try await context()
        guard !context.record.addresses.contains(address) else { return SessionChanges() }
        if context.record.address != nil {
            do {
                _ = try await sync()
            } catch let error as SessionError where error.code == .accountGone {
                // Then this one takes its place.
            }
            context = try await self.context()
        }
        let access = PortalAccess(platform: platform, portal: portal)
        let machine = MeshSession(platform, portal: portal)
        if try await machine.published(try await access.client(for: address), as: udf) == nil {
            let administrator = try context.administratorKeys()
            let client = try await access.client(for: address, signer: administrator.administratorSignature)
            guard let first = try await firstRun(context) else {
                throw SessionError(.noAccount, "Nothing of an account of the profile \(udf) is here.")
            }
            try await client.createAccount(profile: profile.envelope, updates: [first])
        }
        let client = try await context.client(portal, at: address)
        var changes = SessionChanges()
        changes.note(.account, .created, address.canonical)
        do {
            changes.note(try await upload(to: client, context), to: address)
        } catch let error as PortalError where error.code == .unauthorized {
            throw Self.notConnected(client, error)
        }
        try await access.remember(client)
        var record = context.record
        record.addresses.append(address)
        try await AccountRecords(platform: platform).keep(record, profile: profile.envelope)
        try await sendOwnContact()
        return changes
    }

    /// The first run of the device catalog.
    private func firstRun(_ context: AccountContext) async throws -> ContainerUpdate? {
        let (keys, platform) = (context.storeKeys, platform)
        return try await BlockingCalls(store: platform.containers.name).run(deadline: .seconds(120)) {
            try OpenedStores(keys: keys, platform: platform).working { stores in
                try stores.sequence(.device).flatMap { try KeptRun.with(0, of: .device, in: $0)?.update }
            }
        }
    }

    /// Brings the person's own contact up to date, here and at the portal. A portal that cannot be reached now gets it by the
    /// next ``sync(progress:)``.
    ///
    /// - Parameter gone: an account that was given up.
    func sendOwnContact(without gone: AccountAddress? = nil) async throws {
        guard try await !keepOwnContact(try await context(), without: gone).isEmpty else { return }
        do {
            _ = try await sync()
        } catch let error as PortalError where [.unreachable, .overloaded, .full, .timedOut].contains(error.code) {
        }
    }

    /// Takes the profile's account away from a portal, with everything that is kept there. What is on this machine stays: a
    /// new account of the profile goes on with it.
    ///
    /// What other devices have written comes first, so that nothing goes that is only at the portal.
    ///
    /// - Throws: ``PortalError``; ``SessionError`` `noAccount`, `notAdministrator`.
    public func deregister(from address: String) async throws -> SessionChanges {
        let address = try AccountAddress(address)
        var context = try await context()
        guard context.record.addresses.contains(address) else {
            throw SessionError(.noAccount, "The profile \(udf) has no account \(address) here.")
        }
        _ = try context.administratorKeys()
        if context.record.address == address {
            do {
                _ = try await sync()
            } catch let error as SessionError where error.code == .accountGone {
                // An earlier answer was lost.
            } catch let error as PortalError
                where [.rolledBack, .forked, .unauthenticated, .malformed].contains(error.code)
            {
                // Nothing more is to be had from a portal that does not tell the truth.
            }
            context = try await self.context()
        }
        var record = context.record
        if record.addresses.contains(address) {
            let client = try await context.client(portal, at: address)
            do {
                try await client.deleteAccount()
            } catch let error as PortalError where [.notFound, .unauthorized].contains(error.code) {
                // It is gone already if an earlier answer was lost; the portal does not tell that from a key it does not know.
                let present = try await client.profile()
                guard try present.map({ try VerifiedProfile<ProfileUser>(verifying: $0).udf }) != udf else {
                    throw error
                }
            }
            record.addresses.removeAll { $0 == address }
            try await AccountRecords(platform: platform).keep(record, profile: profile.envelope)
        }
        if record.address != nil { try await sendOwnContact(without: address) }
        return SessionChanges([.init(.account, .removed, address.canonical)])
    }

    /// The account, with this device's keys, for one piece of work: by the newest version of the profile that is kept, which
    /// may be newer than the session.
    func context() async throws -> AccountContext {
        let known = try? await keeper.verified(ProfileUser.self, of: udf)
        if let known, case .newer? = try? known.update(of: profile) {
            return try await AccountContext(known, on: platform)
        }
        return try await AccountContext(profile, on: platform)
    }
}
