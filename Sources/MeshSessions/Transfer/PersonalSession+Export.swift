import MeshCore
import MeshCryptography
import MeshDARE
import MeshPlatforms
import MeshPortals
import MeshProfiles

/// What was exported. The secret is kept nowhere: hand it out, then let go.
public struct ProfileExport: Sendable {
    /// The profile.
    public let profile: UDF
    /// What opens the export (`Z…`): a secret, as precious as everything in it. There is no other way to open it.
    public let secret: SharedSecret
    /// How many versions of the profile are in it.
    public let versions: Int
    /// The stores in it, with how many frames each has.
    public let stores: [StoreName: Int]
    /// How many changes that were not sent yet are in it.
    public let unsent: Int
    /// The profiles whose private seeds are in it: of the person, of the device, of both or none.
    public let keys: [UDF]
}

// Taking all that a machine keeps of a profile to a file (sessions specification §A2, §J).
extension PersonalSession {
    /// Writes everything that this machine keeps of the profile into a new file: all archived versions, the connection to its
    /// account, the copies of the stores with what waits to be sent, octet by octet, and requests for connection that wait; with
    /// `withKeys` also the private seeds that are here, of the profile and of the device. Everything is verified first.
    ///
    /// The file is a DARE archive, sealed to a new secret that is returned and kept nowhere. Which parts it has, and how large
    /// they are, can be read without the secret. Needs no portal, and without `withKeys` no key store.
    ///
    /// Without the seeds the file is a copy of what is public or sealed anyway: whoever imports it where the keys are not, has
    /// the profile without being able to read it. With them, the file and its secret together *are* the person and the device:
    /// this is the one way in which the seed of a device leaves its key store.
    ///
    /// - Parameters:
    ///   - name: the name of the new file.
    ///   - directory: where it is made.
    ///   - progress: is told how far it is.
    /// - Throws: ``PlatformError`` `alreadyExists`, `notExportable`, and others of the file, the stores and the key store;
    ///   ``SessionError`` `keyMissing` if neither seed is here, `profileDamaged`; ``ReplicaError`` for a copy that does not
    ///   verify; `CancellationError`. The file is of no use then.
    public func export(
        to name: String, in directory: any ContainerDirectory, withKeys: Bool = false,
        progress: @escaping @Sendable (TransferProgress) -> Void = { _ in }
    ) async throws -> ProfileExport {
        _ = try await MeshSession(platform, portal: portal).finishInterrupted()
        let secret = try ExportSecret(from: platform.random)
        let (manifest, parts) = try await exportedParts(withKeys: withKeys)
        let (platform, profile, work) = (platform, profile, TransferWork(progress))
        let written = try await work.run(directory.path) {
            let writer = try ExportWriter(name, in: directory, secret, of: profile, on: platform, work)
            return try writer.write(manifest, parts)
        }
        return ProfileExport(
            profile: udf, secret: secret.text(), versions: written.manifest.versions.count,
            stores: Dictionary(
                written.manifest.stores.map { ($0.store, $0.container.point.count) }, uniquingKeysWith: { $1 }),
            unsent: written.unsent,
            keys: [written.manifest.masterKey, written.manifest.deviceKey].compactMap { $0?.udf })
    }

    /// What is in the registry, the profile store, the key store and `host.dare`.
    private func exportedParts(withKeys: Bool) async throws -> (ExportManifest, ExportWriter.Parts) {
        var manifest = ExportManifest(profile: udf, made: platform.clock.now)
        var parts = ExportWriter.Parts()
        let records = AccountRecords(platform: platform)
        let entry = try await keeper.directory.entry(of: udf, kind: .personal)
        manifest.name = entry?.name
        manifest.registering = entry?.registering
        manifest.recovery = try await recovery()
        for kind in ApplicationKind.allCases {
            guard let key = try await keeper.directory.applicationDefault(kind.rawValue, for: udf) else { continue }
            manifest.defaults.append((kind, key))
        }
        parts.versions = try await archivedVersions()
        if let record = try await records.record(of: udf) {
            manifest.addresses = record.addresses.map(\.canonical)
            manifest.device = record.device
            manifest.deviceName = try await keeper.directory.entry(of: record.device, kind: .device)?.name
            manifest.entry = record.entry.content
            // That the device is one of the account is made sure now, not when somebody needs the export.
            _ = try ConnectedDevice(verifying: record.entry, of: profile)
        }
        let services = manifest.addresses.compactMap { try? AccountAddress($0).domain }
        manifest.services = try await platform.registry.read { reader in
            try services.compactMap { domain in
                try reader.string(domain, at: RegistryLayout.services).flatMap { UDF($0) }.map { (domain, $0) }
            }
        }
        manifest.pending = try await records.machines(.pending).filter {
            ConnectionRequest($0)?.profile.udf == udf
        }.map(\.content)
        if withKeys {
            parts.masterKey = try await exportedSeed(ProfileUser.self, of: udf)
            if let item = parts.masterKey?.item, !item.isExportable {
                throw PlatformError(
                    .notExportable, store: platform.keys.traits.name, "The key of \(udf) must not leave its store.",
                    remedy: "Export without keys, and recover the profile from its shares where it is imported.")
            }
            if let device = manifest.device {
                parts.deviceKey = try await exportedSeed(ProfileDevice.self, of: device)
            }
            guard parts.masterKey != nil || parts.deviceKey != nil else {
                throw SessionError(
                    .keyMissing, "Neither the key of \(udf) nor that of its device is on this machine.",
                    remedy: "Export without keys, or on a machine that has them.")
            }
        }
        return (manifest, parts)
    }

    /// Every version that verifies, the newest last.
    private func archivedVersions() async throws -> [[UInt8]] {
        var versions = try await platform.profiles.archive(of: udf)
        if versions.last != profile.signed { versions.append(profile.signed) }
        for version in versions {
            do {
                _ = try VerifiedProfile<ProfileUser>(verifying: version, as: udf)
            } catch {
                throw SessionError(
                    .profileDamaged, "An archived version of the profile \(udf) does not verify.",
                    remedy: "Put the profile back from its key (profile repair), or from another machine.",
                    cause: error)
            }
        }
        return versions
    }

    private func exportedSeed<Content: ProfileContent>(
        _ type: Content.Type, of udf: UDF
    ) async throws -> ExportWriter.Seed? {
        do {
            let (seed, item) = try await keeper.seed(type, of: udf)
            return ExportWriter.Seed(udf: udf, text: SharedSecret(seed.text()), item: item)
        } catch let error as SessionError where error.code == .keyMissing {
            return nil
        }
    }
}
