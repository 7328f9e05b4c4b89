import MeshCore
import MeshCryptography
import MeshPlatforms
import MeshPortals
import MeshProfiles

/// What a recovery has brought back.
public struct Recovery: Sendable {
    /// The session of the recovered profile.
    public let session: PersonalSession
    /// What was received from the account: its devices and everything in its stores. Empty without an account.
    public let report: SyncReport
    /// What is different on this machine and at the portal.
    public let changes: SessionChanges
}

// Personal profiles from their shares (guide §6.8, sessions specification §A2).
extension MeshSession {
    /// Recovers a personal profile from shares of its seed, onto this machine, without its account.
    ///
    /// Everything in the profile is derived from the seed again, so the fingerprint and all keys are the same. If the
    /// profile is here already, what is missing of it is put back.
    ///
    /// - Parameters:
    ///   - shares: at least a quorum of shares of one set.
    ///   - expected: the fingerprint the profile must have, if it is known.
    /// - Throws: ``ShareError`` naming the share that is damaged, foreign, repeated, or saying how many are missing;
    ///   ``SessionError`` `wrongShares`, `addressMissing`; ``PlatformError``.
    public func recover(
        from shares: [KeyShare], expecting expected: UDF? = nil, name: String? = nil, account: String? = nil
    ) async throws -> PersonalSession {
        let seed = try await seed(from: shares, at: nil)
        return try await recover(
            seed, quorum: shares.first?.quorum, expecting: expected, name: name, account: account)
    }

    /// Recovers a personal profile from shares, and with it its account at a portal.
    ///
    /// The profile at `address` must be that of the shares; nothing is kept here before that is certain. This machine's device
    /// becomes a device that administers the account, and everything that the account keeps is received: its other devices stay
    /// connected. Interrupted anywhere, it is finished by the next ``finishInterrupted()`` that reaches the portal.
    ///
    /// - Parameters:
    ///   - shares: at least a quorum of shares of one set: of the seed itself, or of an escrow at the portal.
    ///   - address: the account; nil recovers the profile alone.
    ///   - expected: the fingerprint the profile must have, if it is known.
    ///   - name: a name for a person.
    ///   - device: the device; nil: the default device, which is made if there is none.
    /// - Throws: ``ShareError`` as ``recover(from:expecting:name:account:)``; ``SessionError`` `wrongShares`; `escrowNotFound`,
    ///   `escrowDamaged`, `wrongEntry` for shares of an escrow at the portal; `noAccount` if there is no account at `address`,
    ///   `wrongAccount` if it is another profile's; `addressMissing`, `noPortal`; ``PortalError``, ``PlatformError``.
    public func recover(
        from shares: [KeyShare], at address: String?, expecting expected: UDF? = nil, name: String? = nil,
        device: DeviceRegistration? = nil
    ) async throws -> Recovery {
        guard let address else {
            let session = try await recover(from: shares, expecting: expected, name: name)
            return Recovery(
                session: session, report: SyncReport(),
                changes: SessionChanges([.init(.profile, .created, session.udf.text)]))
        }
        let account = try AccountAddress(address)
        let seed = try await seed(from: shares, at: account)
        let udf = try Self.fingerprint(of: seed, expecting: expected)
        _ = try await finishInterrupted()
        let shown = try await profile(of: udf, at: account)
        let registration: DeviceRegistration
        if let device { registration = device } else { registration = try await defaultDevice() }
        // From the first step on the mark says what is under way.
        try await keeper.directory.begin(udf, kind: .personal, name: name, device: registration.udf)
        try await keeper.directory.setRegistering(account.canonical, for: udf)
        let kept = try await keep(
            shown, seed: seed, name: name, account: account.canonical, device: registration.udf, makeDefault: nil)
        try await noteProven(kept, quorum: shares.first?.quorum)
        do {
            let report = try await AccountAttachment(platform: platform, portal: portal).attach(
                registration, as: nil, to: shown, seed: seed, at: account)
            var changes = SessionChanges([
                .init(.profile, .created, udf.text), .init(.account, .downloaded, account.canonical),
            ])
            changes.note(report.changes)
            let session = try await personalSession(udf.text)
            try await session.sendOwnContact()
            return Recovery(session: session, report: report, changes: changes)
        } catch let error as PortalError where Self.isRefusal(error) {
            try? await keeper.directory.setRegistering(nil, for: udf)
            throw error
        }
    }

    /// Recovers a profile whose seed is known, without its account.
    func recover(
        _ seed: SecretSeed, quorum: Int?, expecting expected: UDF?, name: String?, account: String?
    ) async throws -> PersonalSession {
        _ = try Self.fingerprint(of: seed, expecting: expected)
        _ = try await finishInterrupted()
        let personal = try await keep(seed, name: name, account: account, device: nil, makeDefault: nil)
        try await noteProven(personal, quorum: quorum)
        return personal
    }

    /// What has just happened is the best proof that the shares recover the profile.
    private func noteProven(_ personal: PersonalSession, quorum: Int?) async throws {
        try await RecoveryRecord.noteProven(
            quorum: quorum, of: personal.udf, at: platform.clock.now, in: platform.registry)
    }

    /// The seed that shares give: by themselves, or with what the portal of `address` keeps.
    func seed(from shares: [KeyShare], at address: AccountAddress?) async throws -> SecretSeed {
        let secret = SharedSecret(try SecretSharing.recover(shares))
        if let escrow = EscrowSecret(recovered: secret.bytes) { return try await seed(escrow, at: address) }
        let seed: SecretSeed
        do {
            seed = try SecretSeed(binary: secret.bytes)
        } catch {
            throw SessionError(
                .wrongShares, "What the shares give is not the seed of a profile.",
                remedy: "Check that all shares were made for this profile, in one set.", cause: error)
        }
        guard seed.specifier == ProfileUser.seedType else {
            throw SessionError(
                .wrongShares, "What the shares give is the seed of something else than a personal profile.",
                remedy: "Use the shares of the profile.")
        }
        return seed
    }

    private func seed(_ escrow: EscrowSecret, at address: AccountAddress?) async throws -> SecretSeed {
        guard let address else {
            throw SessionError(
                .addressMissing, "The shares open what the portal of the account keeps, and no account was named.",
                remedy: "Recover with the address of the account.")
        }
        guard let entry = try await access.client(for: address).entry(escrow.locator.text) else {
            throw SessionError(
                .escrowNotFound, "The portal \(address.domain) keeps nothing that the shares would open.",
                remedy: "Check the address, and that all shares were made for this profile, in one set.")
        }
        return try escrow.open(entry)
    }

    private static func fingerprint(of seed: SecretSeed, expecting expected: UDF?) throws -> UDF {
        let found = try ProfileUser.key(.profile, from: seed).publicKey.udf
        if let expected, !found.matches(expected) {
            throw SessionError(
                .wrongShares, "The shares are those of the profile \(found), not of \(expected).",
                remedy: "Use the shares of the profile that is wanted.")
        }
        return found
    }

    /// The profile of an account, which must be that of `udf`.
    private func profile(of udf: UDF, at address: AccountAddress) async throws -> VerifiedProfile<ProfileUser> {
        guard let envelope = try await access.client(for: address).profile() else {
            throw SessionError(
                .noAccount, "There is no account \(address) at the portal.",
                remedy: "Check the address; or recover the profile without it, and create an account.")
        }
        let shown = try VerifiedProfile<ProfileUser>(verifying: envelope)
        guard shown.udf == udf else {
            throw SessionError(
                .wrongAccount,
                "The account \(address) is that of the profile \(shown.udf), and the shares give \(udf).",
                remedy: "Check the address, and whether these are the right shares.")
        }
        return shown
    }
}
