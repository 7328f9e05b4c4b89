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
    /// The account at whose portal the sealed seed is; nil for shares of the seed itself, which need no portal.
    public let account: AccountAddress?
    /// What the portal knows the sealed seed by; nil for shares of the seed itself.
    public let locator: UDF?
}

// Recovery shares: making them, trying them, and what they are made for.
extension PersonalSession {
    /// Splits the seed of the profile into shares, and notes that they were made.
    ///
    /// - Parameters:
    ///   - quorum: how many shares recover the profile: 1 to `shares`.
    ///   - shares: how many to make: 1 to 15.
    /// - Throws: ``SessionError`` `invalidQuorum`, `keyMissing`; ``PlatformError`` `notExportable`, `locked` and others.
    public func escrow(quorum: Int, shares: Int) async throws -> OfflineEscrowEntry {
        let seed = try await seedToEscrow(quorum: quorum, shares: shares)
        let made = try seed.withBinary { secret in
            try SecretSharing.split(secret, quorum: quorum, shares: shares, from: platform.random)
        }
        try await noteMade(quorum: quorum, shares: shares)
        return OfflineEscrowEntry(profile: udf, quorum: quorum, keyShares: made, account: nil, locator: nil)
    }

    /// Puts the seed of the profile at the portal of its account, sealed under a new secret, and splits that secret into
    /// shares (sessions specification §F).
    ///
    /// The shares alone recover nothing: the portal has to be asked for what it keeps. The portal alone cannot open it.
    ///
    /// - Parameters:
    ///   - quorum: how many shares recover the profile: 1 to `shares`.
    ///   - shares: how many to make: 1 to 15.
    ///   - replacing: whether all shares of escrows at the portal that were made before are no longer good: the portal lets go
    ///     of what they open. Shares of the seed itself stay good in any case. A portal keeps 64 escrows of an account.
    /// - Throws: as ``escrow(quorum:shares:)``; ``SessionError`` `noAccount`, `notAdministrator`, `noPortal`; ``PortalError``: no
    ///   share was given out then, and earlier ones are good unless they were to be replaced.
    public func escrowAtPortal(
        quorum: Int, shares: Int, replacing: Bool = false
    ) async throws -> OfflineEscrowEntry {
        let context = try await context()
        _ = try context.administratorKeys()
        let client = try await context.client(portal)
        let seed = try await seedToEscrow(quorum: quorum, shares: shares)
        let secret = try EscrowSecret(from: platform.random)
        let made = try secret.withBinary { secret in
            try SecretSharing.split(secret, quorum: quorum, shares: shares, from: platform.random)
        }
        let locator = secret.locator
        // Earlier shares may be worth nothing from here on, also if the answer is lost.
        if replacing { try await noteMade(quorum: quorum, shares: shares) }
        try await client.publish(
            try secret.seal(seed, random: platform.random), as: locator.text, replacing: replacing)
        if !replacing { try await noteMade(quorum: quorum, shares: shares) }
        return OfflineEscrowEntry(
            profile: udf, quorum: quorum, keyShares: made, account: client.account, locator: locator)
    }

    private func seedToEscrow(quorum: Int, shares: Int) async throws -> SecretSeed {
        guard (1...SecretSharing.maximumShares).contains(shares), (1...shares).contains(quorum) else {
            throw SessionError(
                .invalidQuorum, "\(quorum) of \(shares) shares cannot be made.",
                remedy: "Make 1 to 15 shares, with a quorum of at least 1 and at most their number.")
        }
        let (seed, item) = try await keeper.seed(ProfileUser.self, of: udf)
        guard item.isExportable else {
            throw PlatformError(
                .notExportable, store: platform.keys.traits.name, "The key of \(udf) must not leave its store.")
        }
        return seed
    }

    private func noteMade(quorum: Int, shares: Int) async throws {
        try await RecoveryRecord.noteMade(
            quorum: quorum, shares: shares, of: udf, at: platform.clock.now, in: platform.registry)
    }

    /// What is known of the recovery shares of the profile.
    public func recovery() async throws -> RecoveryRecord {
        try await RecoveryRecord.read(of: udf, in: platform.registry)
    }

    /// Tries shares: recovers the profile from them on another machine, compares, and notes that it worked. Shares of an escrow
    /// at the portal need the portal.
    ///
    /// - Parameters:
    ///   - shares: the shares to try, as a person would give them.
    ///   - machine: an empty machine, usually in memory. What is recovered stays there.
    /// - Throws: as ``MeshSession/recover(from:at:expecting:name:device:)``; ``SessionError`` `rehearsalFailed`.
    public func rehearse(with shares: [KeyShare], on machine: any MeshPlatform) async throws {
        let seed = try await MeshSession(platform, portal: portal).seed(from: shares, at: try await accounts().first)
        let recovered = try await MeshSession(machine).recover(
            seed, quorum: shares.first?.quorum, expecting: udf, name: nil, account: profile.content.accountAddress)
        // All keys come from the seed as it is kept there; where the account is, only the profile says.
        let (kept, _) = try await recovered.keeper.seed(ProfileUser.self, of: recovered.udf)
        let content = try ProfileUser(
            seed: kept, accountAddress: profile.content.accountAddress, serviceUDF: profile.content.serviceUDF,
            updated: platform.clock.now)
        guard recovered.udf == udf, content.agrees(with: profile.content) else {
            throw SessionError(
                .rehearsalFailed, "What the shares recovered is not the profile \(udf) as it is here.",
                remedy: "Make new shares, and rehearse with them.")
        }
        try await RecoveryRecord.noteProven(of: udf, at: platform.clock.now, in: platform.registry)
    }
}
