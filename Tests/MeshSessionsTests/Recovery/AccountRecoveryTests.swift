import MeshCore
import MeshCryptography
import MeshDARE
import MeshInMemory
import MeshPlatforms
import MeshPortals
import MeshProfiles
import Testing

@testable import MeshSessions

/// A portal that never answers.
private struct SilentPortal: MeshPortal {
    func exchange(_ request: PortalRequest) async throws -> PortalResponse {
        throw PortalError(.timedOut, "There was no answer.")
    }
}

/// Accounts and their keys lost and found.
struct AccountRecoveryTests {
    private static let address = "alice@example.com"

    private func credential(_ service: String) -> CatalogedCredential {
        var entry = CatalogedCredential()
        entry.service = service
        entry.username = "alice"
        entry.password = "1"
        return entry
    }

    /// Connects a machine to an account.
    private func connect(_ session: MeshSession, to alice: PersonalSession, _ rights: [Right]) async throws
        -> PersonalSession
    {
        let request = try await session.connect(to: Self.address)
        _ = try await alice.connectClose(try #require(try await alice.connectPending().first), .accept(rights))
        return try await session.awaitConnection(request, polling: Household.polling)
    }

    /// The guide's story: the profile is deleted on the one machine and recovered on another, with everything in its account.
    @Test(arguments: [false, true]) func anAccountIsRecovered(atPortal: Bool) async throws {
        let home = try await Household()
        let first = home.session()
        let alice = try await first.createAccount(Self.address)
        try await alice.store(.credential).add(credential("a.example"))
        _ = try await alice.sync()
        let other = try await connect(home.session(), to: alice, Right.usual)
        let entry: OfflineEscrowEntry
        if atPortal {
            entry = try await alice.escrowAtPortal(quorum: 2, shares: 4)
        } else {
            entry = try await alice.escrow(quorum: 2, shares: 4)
        }
        #expect((entry.locator != nil) == atPortal)
        let texts = entry.keyShares.map { SharedSecret($0.text()) }
        let shares = try SecretSharing.parse([texts[0], texts[2]])
        await #expect(throws: SessionError(.recoveryUnproven, "")) { try await alice.delete() }
        await #expect(throws: SessionError(.recoveryUnproven, "")) { try await alice.deleteMasterKey() }
        try await alice.rehearse(with: shares, on: home.machine())
        try await alice.delete()
        #expect(try await first.personalProfiles().isEmpty)

        let machine = home.machine()
        let session = home.session(machine)
        if atPortal {
            await #expect(throws: SessionError(.addressMissing, "")) { try await session.recover(from: shares) }
        }
        await #expect(throws: ShareError.self) { try await session.recover(from: [shares[0]], at: Self.address) }
        #expect(try await session.personalProfiles().isEmpty)
        let recovery = try await session.recover(from: shares, at: Self.address, name: "alice")
        #expect(recovery.session.udf == alice.udf)
        #expect(try #require(recovery.report.received[.credential]) > 0)
        #expect(recovery.changes.list.contains { $0.subject == .connection && $0.effect == .created })
        #expect(try await recovery.session.store(.credential).entries().count == 1)
        // The device of before is still entered, and the other one; this one administers.
        #expect(try await recovery.session.connectedDevices().count == 3)
        #expect(try await recovery.session.connectPending().isEmpty)
        guard case .proven = try await recovery.session.recovery().state else {
            Issue.record("a recovery is no proof")
            return
        }
        try await other.store(.credential).add(credential("b.example"))
        _ = try await other.sync()
        #expect(try await recovery.session.sync().received[.credential] == 1)
        _ = try await connect(home.session(), to: recovery.session, Right.usual)
        // Done again, it changes nothing.
        let again = try await session.recover(from: shares, at: Self.address)
        #expect(again.report.isEmpty)
    }

    @Test func sharesThatReplaceEarlierOnes() async throws {
        let home = try await Household()
        let portal = WatchedPortal(home.portal)
        let alice = try await MeshSession(home.machine(), portal: portal).createAccount(Self.address)
        let offline = try await alice.escrow(quorum: 1, shares: 1).keyShares
        var first: [KeyShare] = []
        for number in 0..<64 {
            let made = try await alice.escrowAtPortal(quorum: 1, shares: 1)
            if number == 0 { first = made.keyShares }
        }
        // There is room for no more.
        await #expect(throws: PortalError(.overloaded, "")) { try await alice.escrowAtPortal(quorum: 1, shares: 1) }
        try await alice.rehearse(with: first, on: home.machine())
        portal.lost = [.publish]
        await #expect(throws: PortalError(.unreachable, "")) {
            try await alice.escrowAtPortal(quorum: 1, shares: 1, replacing: true)
        }
        portal.lost = []
        // Nobody knows whether the earlier ones are good, so that nothing rests on them.
        guard case .made = try await alice.recovery().state else {
            Issue.record("what may be gone counts as proven")
            return
        }
        let new = try await alice.escrowAtPortal(quorum: 2, shares: 3, replacing: true).keyShares
        let session = home.session()
        await #expect(throws: SessionError(.escrowNotFound, "")) {
            try await session.recover(from: first, at: Self.address)
        }
        for shares in [offline, new] { try await alice.rehearse(with: shares, on: home.machine()) }
        // What others keep there stays.
        let bob = try await home.session().createAccount("bob@example.com")
        let bobs = try await bob.escrowAtPortal(quorum: 1, shares: 1).keyShares
        _ = try await alice.escrowAtPortal(quorum: 1, shares: 1, replacing: true)
        try await bob.rehearse(with: bobs, on: home.machine())
    }

    @Test func whatCannotBeRecovered() async throws {
        let home = try await Household()
        let alice = try await home.session().createAccount(Self.address)
        _ = try await home.session().createAccount("bob@example.com")
        let offline = try await alice.escrow(quorum: 1, shares: 1).keyShares
        let sealed = try await alice.escrowAtPortal(quorum: 1, shares: 1).keyShares
        let session = home.session()
        for shares in [offline, sealed] {
            await #expect(throws: SessionError(.wrongAccount, "")) {
                try await session.recover(from: shares, at: "bob@example.com")
            }
            await #expect(throws: SessionError(.noAccount, "")) {
                try await session.recover(from: shares, at: "carol@example.com")
            }
            await #expect(throws: PortalError(.unreachable, "")) {
                try await session.recover(from: shares, at: "alice@example.org")
            }
            await #expect(throws: SessionError(.noPortal, "")) {
                try await MeshSession(home.machine()).recover(from: shares, at: Self.address)
            }
        }
        await #expect(throws: SessionError(.escrowNotFound, "")) {
            let elsewhere = try await Household()
            _ = try await elsewhere.session().recover(from: sealed, at: Self.address)
        }
        #expect(try await session.personalProfiles().isEmpty)
        #expect(try await session.devices().isEmpty)
        // Without an account there is no portal to keep anything.
        let bare = try await home.session().createPersonalProfile()
        await #expect(throws: SessionError(.noAccount, "")) { try await bare.escrowAtPortal(quorum: 1, shares: 1) }
        await #expect(throws: SessionError(.invalidQuorum, "")) { try await alice.escrowAtPortal(quorum: 3, shares: 2) }
    }

    @Test func anEntryThatIsNotTheSeed() throws {
        let random = SystemRandomSource()
        let secret = try EscrowSecret(from: random)
        let seed = SecretSeed(.profileAccount, from: random)
        let entry = try secret.seal(seed, random: random)
        #expect(try secret.open(entry).isEqual(to: seed))
        for index in entry.body.indices {
            var damaged = entry
            damaged.body[index] ^= 1
            #expect(throws: SessionError(.escrowDamaged, "")) { try secret.open(damaged) }
        }
        let other = try EscrowSecret(from: random)
        #expect(other.locator != secret.locator)
        #expect(throws: SessionError(.escrowDamaged, "")) { try other.open(entry) }
        let device = try secret.seal(SecretSeed(.profileDevice, from: random), random: random)
        #expect(throws: SessionError(.wrongEntry, "")) { try secret.open(device) }
        let plain = try EnvelopeSealer().seal([1, 2, 3])
        #expect(throws: SessionError(.wrongEntry, "")) { try secret.open(plain) }
    }

    /// A profile that was recovered without a portal, and so made anew, meets its account later.
    @Test func aProfileIsRecoveredFirstAndItsAccountLater() async throws {
        let home = try await Household()
        let alice = try await home.session().createAccount(Self.address)
        let shares = try await alice.escrow(quorum: 1, shares: 1).keyShares
        home.clock.advance(by: 60)
        let machine = home.machine()
        let bare = try await MeshSession(machine).recover(from: shares)
        #expect(try await bare.accounts().isEmpty)
        let recovery = try await home.session(machine).recover(from: shares, at: Self.address)
        #expect(try await recovery.session.accounts().map(\.canonical) == [Self.address])
        #expect(try await recovery.session.sync().isEmpty)
        let report = try await alice.sync()
        #expect(report.changes.list.contains { $0.subject == .profile && $0.effect == .updated })
        #expect(try await alice.connectedDevices().count == 2)
    }

    @Test func theMasterKeyLeavesTheMachine() async throws {
        let home = try await Household()
        let machine = home.machine()
        let session = home.session(machine)
        let alice = try await session.createAccount(Self.address)
        let shares = try await alice.escrow(quorum: 1, shares: 2).keyShares
        try await alice.rehearse(with: [shares[1]], on: home.machine())
        let changes = try await alice.deleteMasterKey()
        #expect(changes.list == [.init(.key, .removed, alice.udf.text)])
        #expect(try await machine.keys.read(alice.udf) == nil)
        #expect(try await alice.deleteMasterKey().isEmpty)

        // The device goes on.
        try await alice.store(.credential).add(credential("a.example"))
        #expect(try await alice.sync().sent == [.credential: 1])
        let second = try await connect(home.session(), to: alice, [.administrator])
        _ = try await alice.rename(try await device(of: second), to: "phone")
        #expect(try await alice.connectedDevices().contains { $0.name == "phone" })
        _ = try await alice.makePIN()
        for finding in await session.diagnose() { #expect(finding.severity != .problem, "\(finding)") }
        // What takes the key says so.
        let error = try await #require(throws: SessionError.self) { try await alice.escrow(quorum: 1, shares: 1) }
        #expect(error.code == .keyMissing && error.remedy != nil)
        await #expect(throws: SessionError(.keyMissing, "")) { try await alice.escrowAtPortal(quorum: 1, shares: 1) }
        // And comes back.
        _ = try await session.recover(from: [shares[0]], at: Self.address)
        _ = try await alice.escrow(quorum: 1, shares: 1)

        let bare = try await home.session().createPersonalProfile()
        await #expect(throws: SessionError(.noAccount, "")) {
            try await bare.deleteMasterKey(evenIfUnrecoverable: true)
        }
        _ = try await bare.escrow(quorum: 1, shares: 1)
    }

    private func device(of session: PersonalSession) async throws -> UDF {
        try #require(try await session.connectedDevices().first(where: \.isThis)).udf
    }

    /// A device that was connected later holds nothing that would be lost, unless it is the last that administers.
    @Test func aConnectedDeviceLetsGo() async throws {
        let home = try await Household()
        let alice = try await home.session().createAccount(Self.address)
        let machine = home.machine()
        let session = home.session(machine)
        let second = try await connect(session, to: alice, [.administrator])
        try await second.store(.credential).add(credential("a.example"))
        await #expect(throws: SessionError(.unsentChanges, "")) { try await second.delete() }
        _ = try await second.sync()
        #expect(try await second.delete().list == [.init(.profile, .removed, alice.udf.text)])
        #expect(try await session.personalProfiles().isEmpty)
        #expect(try machine.containers.accounts().isEmpty)
        #expect(try await session.devices().count == 1)
        #expect(try await machine.keys.list().items.count == 1)
        await #expect(throws: PlatformError(.notFound, store: "", "")) { try await session.personalSession() }

        _ = try await alice.sync()
        let administrators = try await alice.connectedDevices().filter(\.device.isAdministrator)
        #expect(administrators.count == 2)
    }

    @Test func theLastAdministratorStays() async throws {
        let home = try await Household()
        let session = home.session()
        let alice = try await session.createAccount(Self.address)
        _ = try await alice.deleteMasterKey(evenIfUnrecoverable: true)
        await #expect(throws: SessionError(.recoveryUnproven, "")) { try await alice.delete() }
        try await alice.delete(evenIfUnrecoverable: true)
        #expect(try await session.personalProfiles().isEmpty)
    }

    /// What waits for a portal hinders nothing that needs none.
    @Test func thePortalCannotBeReached() async throws {
        let home = try await Household()
        let machine = home.machine()
        let lost = home.session(machine)
        let alice = try await lost.createPersonalProfile()
        try await ProfileDirectory(machine.registry).setRegistering(Self.address, for: alice.udf)
        let nowhere = MeshSession(machine, portal: SilentPortal())
        #expect(try await nowhere.finishInterrupted().isEmpty)
        _ = try await nowhere.createDevice()
        #expect(try await nowhere.personalProfiles().first?.registering == Self.address)
        #expect(try await MeshSession(machine).finishInterrupted().isEmpty)
        #expect(try await lost.finishInterrupted() == [alice.udf])
        #expect(try await lost.personalProfiles().first?.registering == nil)
        let made = try await lost.createAccount(Self.address, for: alice)
        #expect(try await made.accounts().count == 1)
    }

    /// Every number of shares up to eight, every quorum, every subset.
    @Test func everySubsetOfShares() async throws {
        let alice = try await MeshSession(MeshMachineCached()).createPersonalProfile()
        let (seed, _) = try await alice.keeper.seed(ProfileUser.self, of: alice.udf)
        let session = MeshSession(MeshMachineCached())
        for count in 1...8 {
            for quorum in 1...count {
                let shares = try await alice.escrow(quorum: quorum, shares: count).keyShares
                for subset in 1..<(1 << count) {
                    let given = shares.indices.filter { subset >> $0 & 1 == 1 }.map { shares[$0] }
                    if given.count < quorum {
                        let error = await #expect(throws: ShareError.self) {
                            try await session.seed(from: given, at: nil)
                        }
                        #expect(error?.code == .missing && error?.missingCount == quorum - given.count)
                    } else {
                        #expect(try await session.seed(from: given, at: nil).isEqual(to: seed))
                    }
                }
                #expect(try await session.recover(from: shares.suffix(quorum), expecting: alice.udf).udf == alice.udf)
                try await session.personalSession().delete()
            }
        }
    }

    @Test func aDamagedShareIsNamed() async throws {
        let alice = try await MeshSession(MeshMachineCached()).createPersonalProfile()
        let shares = try await alice.escrow(quorum: 3, shares: 3).keyShares
        for damaged in shares.indices {
            let texts = shares.indices.map { index in
                shares[index].text().withUnsafeBytes { text in
                    var octets = Array(text)
                    if index == damaged { octets[12] = octets[12] == 0x41 ? 0x42 : 0x41 }
                    return SharedSecret(SecretBytes(copying: octets))
                }
            }
            let error = #expect(throws: ShareError.self) { try SecretSharing.parse(texts) }
            #expect(error?.code == .damaged && error?.positions == [damaged + 1])
        }
        await #expect(throws: SessionError(.recoveryUnproven, "")) { try await alice.delete() }
    }
}
