import MeshCore
import MeshCryptography
import MeshPlatforms
import MeshProfiles

/// Keeps profiles on a machine: the one place that knows in which order key, file and registry entry are made and
/// removed, so that a crash at any point leaves something that ``finishInterrupted()`` can finish.
///
/// Making: entry (stage `Creating`), key, file, entry complete. Removing: entry (stage `Deleting`), key, stores and connection of
/// an account, file, entry gone.
struct ProfileKeeper: Sendable {
    let platform: any MeshPlatform

    var directory: ProfileDirectory { ProfileDirectory(platform.registry) }

    /// Keeps a profile and its seed. If the profile is here already, what is missing of it is put back.
    func keep<Content: ProfileContent>(
        _ profile: VerifiedProfile<Content>, seed: SecretSeed, kind: ProfileKind, keyClass: KeyClass, name: String?,
        device: UDF?, account: String?, makeDefault: Bool?
    ) async throws -> VerifiedProfile<Content> {
        let udf = profile.udf
        let wasHere = try await directory.entry(of: udf, kind: kind)
        try await directory.begin(udf, kind: kind, name: name, device: device)
        do {
            try await keepSeed(seed, of: udf, keyClass: keyClass, account: account)
        } catch {
            // Nothing was stored, unless the store did not answer: then the entry stays, and the next session looks again.
            let isUncertain = (error as? PlatformError)?.code.isUnavailable == true || error is CancellationError
            if wasHere == nil, !isUncertain { try? await directory.abandonCreation(of: udf, kind: kind) }
            throw error
        }
        let present = try? await verifiedLatest(Content.self, of: udf)
        if present == nil { try await platform.profiles.accept(profile.signed, of: udf) }
        try await directory.complete(udf, kind: kind, name: name, device: device, makeDefault: makeDefault)
        return present ?? profile
    }

    /// Keeps a seed. If it is there already, nothing is changed.
    ///
    /// - Throws: ``SessionError`` `keyMismatch` if another one is there; what the key store throws.
    func keepSeed(_ seed: SecretSeed, of udf: UDF, keyClass: KeyClass, account: String?) async throws {
        let item = try KeyItem(identifier: udf, keyClass: keyClass, account: account)
        let secret = seed.withBinary { $0.duplicate() }
        do {
            try await platform.keys.store(secret, as: item, replacement: .never)
        } catch let error as PlatformError where error.code == .alreadyExists {
            let same = try await platform.keys.withKey(udf) { key in
                SharedSecret(key.secret.duplicate())
            }
            guard let same, same.bytes.isEqual(to: secret) else {
                throw SessionError(
                    .keyMismatch, "The key store holds another key under the fingerprint \(udf).",
                    remedy: "Nothing was changed. Look at it with the tool of the key store.", cause: error)
            }
        }
    }

    /// The seed of a profile, and what the key store knows of it.
    ///
    /// - Throws: ``SessionError`` `keyMissing` (the key is certainly absent), `keyMismatch`; what the key store throws.
    func seed<Content: ProfileContent>(
        _ type: Content.Type, of udf: UDF
    ) async throws -> (seed: SecretSeed, item: KeyItem) {
        let found = try await platform.keys.withKey(udf) { key in (try? SecretSeed(binary: key.secret), key.item) }
        guard let (seed, item) = found else {
            throw SessionError(
                .keyMissing, "The key of \(udf) is not in the key store \(platform.keys.traits.name).",
                remedy: "Recover the profile from its shares.")
        }
        guard let seed, seed.specifier == type.seedType, try type.key(.profile, from: seed).publicKey.udf == udf else {
            throw SessionError(.keyMismatch, "What is kept as the key of \(udf) is something else.")
        }
        return (seed, item)
    }

    /// Whether the key of a profile is here. Nothing of it is looked at.
    ///
    /// - Throws: what the key store throws: one that is locked says nothing.
    func holdsKey(of udf: UDF) async throws -> Bool { try await platform.keys.withKey(udf) { _ in true } ?? false }

    /// The latest version of a profile, verified; from the archive if the latest is missing or does not verify.
    func verified<Content: ProfileContent>(
        _ type: Content.Type, of udf: UDF
    ) async throws -> VerifiedProfile<Content> {
        let failure: any Error
        do {
            if let profile = try await verifiedLatest(type, of: udf) { return profile }
            failure = PlatformError(
                .notFound, store: platform.profiles.name, "There is no file of the profile \(udf).")
        } catch let error where Self.isDamage(error) {
            failure = error
        }
        let restored = try await platform.profiles.restoreLatest(of: udf, options: CallOptions()) { signed in
            (try? VerifiedProfile<Content>(verifying: signed, as: udf)) != nil
        }
        guard let restored else {
            throw SessionError(
                .profileDamaged, "The profile \(udf) is damaged or gone, and no archived version of it verifies.",
                remedy: "Put it back from its key (profile repair), or recover it from its shares.", cause: failure)
        }
        return try VerifiedProfile(verifying: restored, as: udf)
    }

    private func verifiedLatest<Content: ProfileContent>(
        _ type: Content.Type, of udf: UDF
    ) async throws -> VerifiedProfile<Content>? {
        try await platform.profiles.latest(of: udf).map { try VerifiedProfile(verifying: $0, as: udf) }
    }

    private static func isDamage(_ error: any Error) -> Bool {
        error is ProfileError || (error as? PlatformError)?.code == .corrupt
    }

    /// Removes a profile, its archive, its entry and its key, if that is here; of a personal profile also the connection to its
    /// account, with the copies of its stores.
    func remove(_ udf: UDF, kind: ProfileKind) async throws {
        guard try await directory.beginDeletion(of: udf, kind: kind) else {
            throw PlatformError(.notFound, store: platform.registry.name, "There is no \(kind.words) \(udf) here.")
        }
        do {
            _ = try await platform.keys.remove(udf)
        } catch {
            // The key store refused, so the profile stays whole. When it did not answer, the key may be gone: then the
            // mark stays, and the deletion is finished later.
            let isUncertain = (error as? PlatformError)?.code == .timedOut || error is CancellationError
            if !isUncertain { try? await directory.cancelDeletion(of: udf, kind: kind) }
            throw error
        }
        if kind == .personal {
            let records = AccountRecords(platform: platform)
            try await records.removeStores(of: udf)
            _ = try await records.remove(udf)
        }
        _ = try await platform.profiles.remove(udf)
        try await directory.remove(udf, kind: kind)
    }

    /// Finishes what a crash interrupted: completes profiles whose key was stored, drops entries whose key never was, and
    /// finishes deletions. Does nothing, and asks the key store nothing, when nothing was interrupted.
    ///
    /// - Returns: the profiles it finished with.
    func finishInterrupted() async throws -> [UDF] {
        var finished: [UDF] = []
        for kind in [ProfileKind.device, .personal] {
            for entry in try await directory.entries(kind: kind) {
                switch entry.stage {
                case nil: continue
                case .deleting: try await remove(entry.profile, kind: kind)
                case .creating: try await finishCreation(of: entry, kind: kind)
                case .importing: try await finishImport(of: entry.profile)
                }
                finished.append(entry.profile)
            }
        }
        return finished
    }

    /// Finishes an import of which everything was there, or at least the key; undoes one of which nothing could be used. The
    /// export is still where it was.
    private func finishImport(of udf: UDF) async throws {
        let records = AccountRecords(platform: platform)
        if let record = try await records.record(of: udf) {
            try await records.enter(record)
            return try await directory.complete(udf, kind: .personal, device: record.device)
        }
        if try await holdsKey(of: udf), let entry = try await directory.entry(of: udf, kind: .personal) {
            return try await finishCreation(of: entry, kind: .personal)
        }
        // What was here before the import stays.
        if try await directory.isNewHere(udf) {
            try await records.removeStores(of: udf)
            _ = try await platform.profiles.remove(udf)
        }
        try await directory.remove(udf, kind: .personal)
    }

    private func finishCreation(of entry: ProfileDirectory.Entry, kind: ProfileKind) async throws {
        let found = try await platform.keys.withKey(entry.profile) { key in
            (try SecretSeed(binary: key.secret), key.item.account)
        }
        guard let (seed, account) = found else {
            let records = AccountRecords(platform: platform)
            if kind == .personal, let record = try await records.record(of: entry.profile) {
                // A device that was connected: its account's profile was kept before.
                try await records.enter(record)
                return try await directory.complete(entry.profile, kind: kind, device: record.device)
            }
            // Nothing was stored: or another process is about to, and completes the entry all the same.
            return try await directory.abandonCreation(of: entry.profile, kind: kind)
        }
        let now = platform.clock.now
        let signed: [UInt8]
        if kind == .device {
            let content = try ProfileDevice(seed: seed, description: entry.name ?? platform.machineName, updated: now)
            signed = try VerifiedProfile(signing: content, seed: seed, created: now).signed
        } else {
            let content = try ProfileUser(seed: seed, accountAddress: account, updated: now)
            signed = try VerifiedProfile(signing: content, seed: seed, created: now).signed
        }
        if try await platform.profiles.latest(of: entry.profile) == nil {
            try await platform.profiles.accept(signed, of: entry.profile)
        }
        try await directory.complete(entry.profile, kind: kind)
    }
}
