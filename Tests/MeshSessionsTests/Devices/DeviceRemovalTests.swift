import MeshCore
import MeshCryptography
import MeshDARE
import MeshInMemory
import MeshPlatforms
import MeshPortalService
import MeshPortals
import MeshProfiles
import Testing

@testable import MeshSessions

/// What a device reads by its rights, and no longer once they are taken from it.
struct DeviceRemovalTests {
    /// The texts of the entries of a store on a machine.
    private static func services(_ session: PersonalSession, _ store: StoreName = .credential) async throws -> [String]
    {
        try await session.store(store).entries(of: CatalogedCredential.self).compactMap(\.service).sorted()
    }

    /// What is in a store at the portal, opened with the real keys of a device as it was at its best: every entry that opens.
    private static func opened(_ store: StoreName, at den: Den, _ account: UDF, with keys: StoreKeys) throws -> [String]
    {
        let frames = den.store.contents.frames(of: store.containerName, in: .account(account))
        let directory = InMemoryContainerDirectory()
        let options = SequenceKeys(DecryptionKeys(keys.groups.map(\.key) + [keys.encryption]))
        let sequence = try DARESequence.create(store.fileName, in: directory, verbatim: frames, keys: options)
        return (0..<frames.count).compactMap { index in
            guard let content = try? sequence.content(of: sequence.frame(at: index)) else { return nil }
            return try? CatalogContent<CatalogedCredential>(payload: content).entry?.service
        }
    }

    @Test("A device reads what its rights give, and nothing else")
    func rightsDecide() async throws {
        let den = try await Den()
        let alice = try await den.session().createAccount("alice@example.com")
        try await alice.store(.credential).add(Den.credential("web.example"))
        try await alice.store(.network).add(Den.network("home"))
        _ = try await alice.sync()
        let reader = try await den.connect(den.session(), to: alice, rights: [.member, .network])
        _ = try await reader.sync()
        #expect(try await reader.store(.network).entries().count == 1)
        await #expect(throws: SessionError(.rightMissing, "")) { try await reader.store(.credential).entries() }
        await #expect(throws: SessionError(.rightMissing, "")) {
            try await reader.store(.credential).add(Den.credential("x.example"))
        }
        let keys = try await reader.context().storeKeys
        #expect(try Self.opened(.credential, at: den, alice.udf, with: keys).isEmpty)
        let client = try await reader.context().client(reader.portal)
        await #expect(throws: PortalError(.unauthorized, "")) {
            try await client.download([FrameSelection(container: StoreName.credential.containerName, from: 0, to: 1)])
        }
        let threshold = try await den.connect(den.session(), to: alice, rights: [.threshold])
        _ = try await threshold.sync()
        let none = try await threshold.context()
        #expect(none.keys.groups.isEmpty && none.keys.person == nil && none.keys.administratorSignature == nil)

        // Given later, the right opens what was written before.
        _ = try await alice.setRights(of: try await reader.context().record.device, to: [.member, .web])
        _ = try await reader.sync()
        #expect(try await Self.services(reader) == ["web.example"])
        await #expect(throws: SessionError(.rightMissing, "")) { try await reader.store(.network).entries() }
        try await reader.store(.credential).add(Den.credential("reader.example"))
        _ = try await reader.sync()
        _ = try await alice.sync()
        #expect(try await Self.services(alice) == ["reader.example", "web.example"])
    }

    @Test(
        "What is written after a removal does not open with the removed device's real keys", arguments: [false, true])
    func removedDeviceReadsNothingNew(isAdministrator: Bool) async throws {
        let den = try await Den()
        let alice = try await den.session().createAccount("alice@example.com")
        let lost = try await den.connect(
            den.session(), to: alice, rights: isAdministrator ? [.administrator] : Right.usual)
        let kept = try await den.connect(den.session(), to: alice)
        try await lost.store(.credential).add(Den.credential("before.example"))
        _ = try await lost.sync()
        let context = try await lost.context()
        let keys = context.storeKeys
        #expect(try Self.opened(.credential, at: den, alice.udf, with: keys) == ["before.example"])

        let changes = try await alice.remove(context.record.device)
        #expect(changes.list.contains { $0.subject == .device && $0.effect == .removed })
        try await alice.store(.credential).add(Den.credential("after.example"))
        _ = try await alice.sync()
        _ = try await kept.sync()
        #expect(try await Self.services(kept) == ["after.example", "before.example"])
        try await kept.store(.credential).add(Den.credential("kept.example"))
        _ = try await kept.sync()
        // All it opens is what it could open before.
        #expect(try Self.opened(.credential, at: den, alice.udf, with: keys) == ["before.example"])
        await #expect(throws: PortalError(.deviceRevoked, "")) { try await lost.sync() }
        // What it still could sign nobody takes, not even by the administrator's key that it has kept.
        if let key = context.keys.administratorSignature {
            let client = try await PortalAccess(platform: lost.platform, portal: den.portal).client(
                for: AccountAddress("alice@example.com"), signer: key)
            await #expect(throws: PortalError(.unauthorized, "")) { try await client.status() }
        }
        // Everything is written anew, by the newest key.
        let web = try await alice.context().storeKeys
        #expect(web.groups.newest(of: .web)?.generation == 2)
        #expect(try await alice.hasUnfinishedRemovals() == false)

        // Whoever comes later verifies what the removed device wrote, and reads it by the newest key.
        let late = try await den.connect(den.session(), to: alice)
        _ = try await late.sync()
        #expect(try await Self.services(late) == ["after.example", "before.example", "kept.example"])
        #expect(try await late.connectedDevices().count == 3)
    }

    @Test("Whoever recovers the profile has the keys of all rights, and a removed administrator does not come back")
    func recoveryAfterRemoval() async throws {
        let den = try await Den()
        let alice = try await den.session().createAccount("alice@example.com")
        let shares = try await alice.escrow(quorum: 2, shares: 3)
        let other = try await den.connect(den.session(), to: alice, rights: [.administrator])
        _ = try await alice.remove(try await other.context().record.device)
        try await alice.store(.credential).add(Den.credential("one.example"))
        _ = try await alice.sync()
        let recovery = try await den.session().recover(from: Array(shares.keyShares.prefix(2)), at: "alice@example.com")
        #expect(try await Self.services(recovery.session) == ["one.example"])
        // The recovered device administers: it can remove the one that is lost.
        _ = try await recovery.session.remove(try await alice.context().record.device)
        try await recovery.session.store(.credential).add(Den.credential("two.example"))
        _ = try await recovery.session.sync()
        await #expect(throws: PortalError(.deviceRevoked, "")) { try await alice.sync() }
        let late = try await den.connect(den.session(), to: recovery.session)
        _ = try await late.sync()
        #expect(try await Self.services(late) == ["one.example", "two.example"])
    }

    @Test("Changes made offline before a removal are sent after it, without a conflict")
    func encryptingAnewIsNoChange() async throws {
        let den = try await Den()
        let alice = try await den.session().createAccount("alice@example.com")
        let kept = try await den.connect(den.session(), to: alice)
        let lost = try await den.connect(den.session(), to: alice)
        try await alice.store(.credential).add([Den.credential("a.example"), Den.credential("b.example")])
        _ = try await alice.sync()
        _ = try await kept.sync()
        let key = try #require(Den.credential("a.example").primaryKey)
        let found = try #require(try await kept.store(.credential).find(key))
        try await kept.store(.credential).update(Den.credential("a.example", "offline"), from: found.version)
        _ = try await alice.remove(try await lost.context().record.device)
        let report = try await kept.sync()
        #expect(report.conflicts.isEmpty)
        #expect(report.sent[.credential] == 1)
        // A version that was read before the removal is still the version.
        let other = try #require(Den.credential("b.example").primaryKey)
        let read = try #require(try await alice.store(.credential).find(other))
        try await alice.store(.credential).update(Den.credential("b.example", "new"), from: read.version)
        _ = try await alice.sync()
        #expect(try await alice.store(.credential).find(key, as: CatalogedCredential.self)?.password == "offline")
    }

    @Test("A device cannot remove itself, and a member nobody")
    func refusals() async throws {
        let den = try await Den()
        let alice = try await den.session().createAccount("alice@example.com")
        let member = try await den.connect(den.session(), to: alice)
        let own = try await alice.context().record.device
        await #expect(throws: SessionError(.ownDevice, "")) { try await alice.remove(own) }
        await #expect(throws: SessionError(.notAdministrator, "")) { try await member.remove(own) }
        let nobody = try ProfileDevice.key(
            .profile, from: SecretSeed(.profileDevice, from: SystemRandomSource())
        ).publicKey.udf
        await #expect(throws: CatalogError(.notFound, "")) { try await alice.remove(nobody) }
        #expect(try await alice.connectedDevices().count == 2)
    }
}
