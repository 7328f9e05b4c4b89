import MeshCore
import MeshCryptography
import MeshPlatforms
import MeshPortals
import MeshProfiles

/// Recovery shares of a personal profile, as they were just made. They are kept nowhere: hand them out, then let go.
public struct OfflineEscrowEntry: Sendable {
    /// The profile that the shares recover.
    public let profile: UDF
    /// How many shares recover it.
    public let quorum: Int
    /// The shares. Their texts are secret.
    public let keyShares: [KeyShare]
}

/// What can be done with one personal profile on a machine (guide §6.1).
public struct PersonalSession: Sendable {
    /// The machine.
    public let platform: any MeshPlatform
    /// The way to portals; nil for a session that does without.
    public let portal: (any MeshPortal)?
    /// The profile, verified.
    public let profile: VerifiedProfile<ProfileUser>
    var keeper: ProfileKeeper { ProfileKeeper(platform: platform) }

    /// The fingerprint of the profile.
    public var udf: UDF { profile.udf }

    init(platform: any MeshPlatform, portal: (any MeshPortal)?, profile: VerifiedProfile<ProfileUser>) {
        self.platform = platform
        self.portal = portal
        self.profile = profile
    }

    /// Splits the seed of the profile into shares, and notes that they were made.
    ///
    /// - Parameters:
    ///   - quorum: how many shares recover the profile: 1 to `shares`.
    ///   - shares: how many to make: 1 to 15.
    /// - Throws: ``SessionError`` `invalidQuorum`, `keyMissing`; ``PlatformError`` `notExportable`, `locked` and others.
    public func escrow(quorum: Int, shares: Int) async throws -> OfflineEscrowEntry {
        guard (1...15).contains(shares), (1...shares).contains(quorum) else {
            throw SessionError(
                .invalidQuorum, "\(quorum) of \(shares) shares cannot be made.",
                remedy: "Make 1 to 15 shares, with a quorum of at least 1 and at most their number.")
        }
        let (seed, item) = try await keeper.seed(ProfileUser.self, of: udf)
        guard item.isExportable else {
            throw PlatformError(
                .notExportable, store: platform.keys.traits.name, "The key of \(udf) must not leave its store.")
        }
        let made = try seed.withBinary { secret in
            try SecretSharing.split(secret, quorum: quorum, shares: shares, from: platform.random)
        }
        try await RecoveryRecord.noteMade(
            quorum: quorum, shares: shares, of: udf, at: platform.clock.now, in: platform.registry)
        return OfflineEscrowEntry(profile: udf, quorum: quorum, keyShares: made)
    }

    /// What is known of the recovery shares of the profile.
    public func recovery() async throws -> RecoveryRecord {
        try await RecoveryRecord.read(of: udf, in: platform.registry)
    }

    /// Tries shares: recovers the profile from them on another machine, compares, and notes that it worked.
    ///
    /// - Parameters:
    ///   - shares: the shares to try, as a person would give them.
    ///   - machine: an empty machine, usually in memory. What is recovered stays there.
    /// - Throws: as ``MeshSession/recover(from:expecting:name:account:)``; ``SessionError`` `rehearsalFailed`.
    public func rehearse(with shares: [KeyShare], on machine: any MeshPlatform) async throws {
        let recovered = try await MeshSession(machine).recover(
            from: shares, expecting: udf, account: profile.content.accountAddress)
        guard recovered.udf == udf, recovered.profile.content.agrees(with: profile.content) else {
            throw SessionError(
                .rehearsalFailed, "What the shares recovered is not the profile \(udf) as it is here.",
                remedy: "Make new shares, and rehearse with them.")
        }
        try await RecoveryRecord.noteProven(of: udf, at: platform.clock.now, in: platform.registry)
    }

    /// Deletes the profile from this machine: its files, its archive, its registry entry, and its seed in the key store.
    /// Device profiles stay.
    ///
    /// - Parameter evenIfUnrecoverable: whether to delete although no rehearsal has proven that shares recover it.
    /// - Throws: ``SessionError`` `recoveryUnproven`; ``PlatformError`` of the key store, with the profile left whole.
    public func delete(evenIfUnrecoverable: Bool = false) async throws {
        let record = try await recovery()
        if !evenIfUnrecoverable {
            guard case .proven = record.state else {
                throw SessionError(
                    .recoveryUnproven,
                    record.state == .none
                        ? "The profile \(udf) has no recovery shares: deleting it would lose it for good."
                        : "The recovery shares of the profile \(udf) were never tried.",
                    remedy: record.state == .none
                        ? "Make shares (escrow) and try them (rehearse) first."
                        : "Try them (rehearse) first.")
            }
        }
        try await keeper.remove(udf, kind: .personal)
    }
}
