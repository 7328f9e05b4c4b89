import MeshCore
import MeshCryptography
import MeshDARE
import MeshPlatforms
import MeshPortals
import MeshProfiles

/// What an import has brought.
public struct ProfileImport: Sendable {
    /// The session of the profile.
    public let session: PersonalSession
    /// What is different on this machine. Nothing at all if everything was here already.
    public let changes: SessionChanges
    /// When the export was made.
    public let made: Timestamp
    /// The profiles whose private seeds were in the export.
    public let keys: [UDF]
    /// Whether this machine can read and write the stores of the account: whether the key of its device is here.
    public let canRead: Bool
}

// Bringing back what was exported (sessions specification §A2, §J).
extension MeshSession {
    /// Puts what ``PersonalSession/export(to:in:withKeys:progress:)`` has written on this machine: the one that it was written
    /// on, or another.
    ///
    /// Everything is verified before anything is changed: that the file is whole and was made with this secret, the signatures
    /// of the profiles, that the device is one of the account, and the runs of all stores. Nothing that is newer here is
    /// replaced by what is older, and nothing of another profile or device. Interrupted anywhere, what was begun is finished
    /// or undone by the next ``finishInterrupted()``; the same import can be done again, with the same end.
    ///
    /// An export without keys brings the profile and sealed copies of its stores. This machine can read them where the keys are
    /// here; else connect it as a device, which goes on with what is here, or recover the profile. Changes that were never sent
    /// are sealed to the device that made them, and stay in the export where its key is not.
    ///
    /// An export with keys is a *restore*: this machine is then the very device that was exported. It is meant for a machine
    /// that takes the place of the other one. As long as both are in use, they are one device to the account: neither can be
    /// told from the other, nor revoked alone. No request of one is taken for one of the other (each has a nonce of its
    /// own), and what both send is done once. To have two devices, connect the second.
    ///
    /// - Parameters:
    ///   - name: the name of the file.
    ///   - directory: where it is.
    ///   - secret: what was given out with the file (`Z…`).
    ///   - progress: is told how far it is.
    /// - Throws: ``SessionError`` `wrongSecret`, `exportDamaged`; `exportOutdated`, `historyForked`, `occupied`,
    ///   `unsentChanges`, `keyMismatch` for what is here; ``ProfileError`` `conflict`; ``PlatformError`` `notFound`, and others
    ///   of the key store and the disk. Before the first change, nothing is changed.
    public func importPersonalProfile(
        from name: String, in directory: any ContainerDirectory, secret: SharedSecret,
        progress: @escaping @Sendable (TransferProgress) -> Void = { _ in }
    ) async throws -> ProfileImport {
        let secret = try ExportSecret(parsing: secret.bytes)
        _ = try await finishInterrupted()
        let work = TransferWork(progress)
        let exported = try await work.run(directory.path) {
            try ExportedProfile(name, in: directory, secret, work)
        }
        let known = try await knownVersion(of: exported)
        try await requirePlace(for: exported)
        let containers = ContainerImport(exported: exported, platform: platform, work: work)
        let book = try await work.run(platform.containers.name) { try containers.verify() }
        let keys = try await storeKeys(of: exported)

        var changes = try await keepDevice(of: exported)
        try await begin(exported)
        changes.note(try await work.run(platform.containers.name) { try containers.bring(book, keys) })
        changes.note(try await keepVersions(of: exported, known))
        try await keepSettings(of: exported)
        changes.note(try await keepMasterKey(of: exported))
        changes.note(try await keepConnection(of: exported))
        try await complete(exported)
        return try await result(exported, changes)
    }

    // MARK: Looking

    /// The newest version that is here.
    ///
    /// - Throws: ``SessionError`` `exportOutdated` if the one of the export is older.
    private func knownVersion(of exported: ExportedProfile) async throws -> VerifiedProfile<ProfileUser>? {
        let udf = exported.manifest.profile
        let latest = try? await platform.profiles.latest(of: udf)
        var known = latest.flatMap { try? VerifiedProfile<ProfileUser>(verifying: $0, as: udf) }
        if known == nil, let archive = try? await platform.profiles.archive(of: udf) {
            known =
                archive.lazy.reversed().compactMap {
                    try? VerifiedProfile<ProfileUser>(verifying: $0, as: udf)
                }.first
        }
        guard let known else { return nil }
        let order = Result { () throws(ProfileError) in try exported.profile.update(of: known) }
        guard case .failure(let refusal) = order else { return known }
        guard refusal.code == .rolledBack else { throw refusal }
        throw SessionError(
            .exportOutdated, "The profile \(udf) is newer here than in the export of \(exported.manifest.made).",
            remedy: "Nothing was changed. What is here stays.", cause: refusal)
    }

    /// That nothing of another profile, device or key is where something is to be put.
    private func requirePlace(for exported: ExportedProfile) async throws {
        let udf = exported.manifest.profile
        for address in exported.addresses {
            let holder = try await platform.registry.read { reader in
                try reader.string(address.canonical, at: RegistryLayout.accountEntries)
            }
            guard let holder, UDF(holder) != udf else { continue }
            throw SessionError(
                .occupied, "The account \(address) is that of another profile here, \(holder).",
                remedy: "Nothing was changed. Delete that profile here first, or import on another machine.")
        }
        if let record = try await AccountRecords(platform: platform).record(of: udf), let device = exported.device?.udf,
            record.device != device, try await keeper.holdsKey(of: record.device)
        {
            throw SessionError(
                .occupied,
                "This machine is connected to the account as the device \(record.device), and the export is that of the "
                    + "device \(device).",
                remedy:
                    "Nothing was changed. A machine is one device of an account: this one goes on as it is (sync), or "
                    + "delete the profile here first.")
        }
        if let seed = exported.masterSeed { try await requireSame(seed, as: udf) }
        if let seed = exported.deviceSeed, let device = exported.device { try await requireSame(seed, as: device.udf) }
    }

    /// That the key store has this seed, or none.
    private func requireSame(_ seed: SecretSeed, as udf: UDF) async throws {
        let isSame = try await platform.keys.withKey(udf) { key in
            seed.withBinary { $0.isEqual(to: key.secret) }
        }
        guard isSame != false else {
            throw SessionError(
                .keyMismatch, "The key store holds another key under the fingerprint \(udf).",
                remedy: "Nothing was changed. Look at it with the tool of the key store.")
        }
    }

    /// The keys to the stores, where they are in the export or here. They are for changes that wait in both.
    private func storeKeys(of exported: ExportedProfile) async throws -> StoreKeys? {
        guard exported.manifest.outbox != nil, let entry = exported.manifest.entry, let device = exported.device else {
            return nil
        }
        var seed = exported.deviceSeed
        if seed == nil { seed = try? await keeper.seed(ProfileDevice.self, of: device.udf).seed }
        guard let seed else { return nil }
        let keys = try AccountKeys(
            opening: CatalogedDevice(tag: CatalogedDevice.tags[0], content: entry), of: exported.profile, seed: seed)
        return StoreKeys(keys, of: exported.profile)
    }

    // MARK: Changing, in an order in which each step can be done again

    private func keepDevice(of exported: ExportedProfile) async throws -> SessionChanges {
        var changes = SessionChanges()
        guard let seed = exported.deviceSeed, let device = exported.device else { return changes }
        let isHere = try await keeper.directory.entry(of: device.udf, kind: .device) != nil
        let hasKey = try await keeper.holdsKey(of: device.udf)
        guard !isHere || !hasKey else { return changes }
        _ = try await keeper.keep(
            device.profile, seed: seed, kind: .device, keyClass: .device, name: exported.manifest.deviceName,
            device: nil, account: exported.manifest.deviceKey?.account, makeDefault: nil)
        if !isHere { changes.note(.device, .created, device.udf.text) }
        if !hasKey { changes.note(.key, .created, device.udf.text) }
        return changes
    }

    /// Notes that the import was begun, if the profile is not here.
    private func begin(_ exported: ExportedProfile) async throws {
        let udf = exported.manifest.profile
        let isKept = try await platform.profiles.list().contains(udf)
        let containers = platform.containers
        let hasStores = try await BlockingCalls(store: containers.name).run(deadline: .seconds(30)) {
            try containers.directory(of: udf, create: false) != nil
        }
        try await keeper.directory.beginImport(of: udf, name: exported.manifest.name, isNewHere: !isKept && !hasStores)
    }

    private func keepVersions(
        of exported: ExportedProfile, _ known: VerifiedProfile<ProfileUser>?
    ) async throws -> SessionChanges {
        var changes = SessionChanges()
        var known = known
        for version in exported.versions {
            if let present = known {
                guard case .newer? = try? version.update(of: present) else { continue }
            }
            try await platform.profiles.accept(version.signed, of: version.udf)
            if changes.isEmpty { changes.note(.profile, known == nil ? .created : .updated, version.udf.text) }
            known = version
        }
        return changes
    }

    /// What the registry keeps besides: only where it has nothing yet.
    private func keepSettings(of exported: ExportedProfile) async throws {
        let manifest = exported.manifest
        let udf = manifest.profile
        let record = manifest.recovery
        if try await RecoveryRecord.read(of: udf, in: platform.registry).state == .none {
            switch record.state {
            case .none: break
            case .made(let time):
                try await RecoveryRecord.noteMade(
                    quorum: record.quorum ?? 0, shares: record.shares ?? 0, of: udf, at: time, in: platform.registry)
            case .proven(let time):
                try await RecoveryRecord.noteProven(
                    quorum: record.quorum, of: udf, at: time, in: platform.registry)
            }
        }
        for (kind, key) in manifest.defaults
        where try await keeper.directory.applicationDefault(kind.rawValue, for: udf) == nil {
            try await keeper.directory.setApplicationDefault(key, kind.rawValue, for: udf)
        }
        let services = manifest.services
        guard !services.isEmpty else { return }
        try await platform.registry.modify { transaction in
            for (domain, service) in services
            where try transaction.value(domain, at: RegistryLayout.services) == nil {
                try transaction.set(.string(service.text), domain, at: RegistryLayout.services)
            }
        }
    }

    private func keepMasterKey(of exported: ExportedProfile) async throws -> SessionChanges {
        let udf = exported.manifest.profile
        guard let seed = exported.masterSeed, try await !keeper.holdsKey(of: udf) else { return SessionChanges() }
        try await keeper.keepSeed(
            seed, of: udf, keyClass: .master, account: exported.manifest.masterKey?.account)
        return SessionChanges([.init(.key, .created, udf.text)])
    }

    /// The connection to the account, last, so that who finds it finds everything; and the requests that wait.
    private func keepConnection(of exported: ExportedProfile) async throws -> SessionChanges {
        var changes = SessionChanges()
        let records = AccountRecords(platform: platform)
        let udf = exported.manifest.profile
        let requests = Set(try await records.machines(.pending).compactMap(\.id))
        for request in exported.requests where request.id.map({ !requests.contains($0) }) ?? false {
            try await records.put(request)
            changes.note(.request, .created, request.id ?? "")
        }
        guard let entry = exported.manifest.entry, let device = exported.device else { return changes }
        if let present = try await records.record(of: udf), present.device == device.udf { return changes }
        try await keeper.directory.setPortals(
            exported.addresses.map(\.canonical), device: device.udf, of: udf)
        try await records.keep(
            AccountRecord(
                profile: udf, addresses: exported.addresses, device: device.udf,
                entry: CatalogedDevice(tag: CatalogedDevice.tags[0], content: entry)),
            profile: exported.profile.envelope)
        changes.note(.connection, .created, device.udf.text)
        for address in exported.addresses { changes.note(.account, .created, address.canonical) }
        return changes
    }

    private func complete(_ exported: ExportedProfile) async throws {
        let udf = exported.manifest.profile
        let isFinished = try await keeper.directory.entry(of: udf, kind: .personal)?.stage == nil
        // Also where the entry is complete: another process may have taken the import for one that was given up.
        try await keeper.directory.complete(
            udf, kind: .personal, name: exported.manifest.name, device: exported.device?.udf)
        if !isFinished, exported.masterSeed != nil, let address = exported.manifest.registering {
            try await keeper.directory.setRegistering(address, for: udf)
        }
        let containers = platform.containers
        let names = try await BlockingCalls(store: containers.name).run(deadline: .seconds(30)) {
            Set(try containers.directory(of: udf, create: false)?.names() ?? [])
        }
        // An outbox that nobody here could open stayed in the export.
        let isThere = names.isSuperset(
            of: exported.manifest.containers.map(\.name).filter { $0 != Outbox.fileName })
        guard isThere, try await platform.profiles.latest(of: udf) != nil else {
            throw PlatformError(
                .changedUnderneath, store: platform.profiles.name,
                "Another process has cleared away what was imported.",
                remedy: "Import it again.")
        }
    }

    private func result(_ exported: ExportedProfile, _ changes: SessionChanges) async throws -> ProfileImport {
        let session = try await personalSession(exported.manifest.profile.text)
        let canRead = (try? await session.context()) != nil
        return ProfileImport(
            session: session, changes: changes, made: exported.manifest.made,
            keys: [exported.manifest.masterKey, exported.manifest.deviceKey].compactMap { $0?.udf }, canRead: canRead)
    }
}
