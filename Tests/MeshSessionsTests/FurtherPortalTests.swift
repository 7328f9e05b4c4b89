import MeshCore
import MeshCryptography
import MeshDARE
import MeshEncoding
import MeshInMemory
import MeshPlatforms
import MeshPortalService
import MeshPortals
import MeshProfiles
import MeshSessions
import Testing

/// A profile at several portals, and what a portal shows of a profile.
struct FurtherPortalTests {
    /// Two portals, one way to both.
    private struct Portals {
        let first: Household
        let second: Household
        let both: any MeshPortal

        init() async throws {
            first = try await Household("example.com")
            second = try await Household("example.net")
            both = MeshPortalDirect(["example.com": first.service, "example.net": second.service])
        }
    }

    private func credential(_ service: String) -> CatalogedCredential {
        var entry = CatalogedCredential()
        entry.service = service
        entry.password = "1"
        return entry
    }

    @Test func aFurtherPortalHasWhatTheFirstHas() async throws {
        let portals = try await Portals()
        let session = MeshSession(portals.first.machine(), portal: portals.both)
        let alice = try await session.createAccount("alice@example.com")
        try await alice.store(.credential).add(credential("a.example"))
        let notes = Right(rawValue: "notes")
        try await alice.makeKeys(of: [notes])
        try await alice.application("notes", of: Int.self, readers: notes).add(1, as: "a")
        _ = try await alice.sync()
        let changes = try await alice.register(at: "alice@example.net")
        #expect(changes.list.contains(.init(.account, .created, "alice@example.net")))
        #expect(try await alice.accounts().map(\.canonical) == ["alice@example.com", "alice@example.net"])
        #expect(try await alice.register(at: "Alice@example.net").isEmpty)
        try await alice.store(.credential).add(credential("b.example"))
        try await alice.application("notes", of: Int.self, readers: notes).add(2, as: "b")
        _ = try await alice.sync()
        let shared = try #require(StoreName.ofApplications(readers: notes, writers: notes))
        for store in [StoreName.device, .credential, shared] {
            let partition = PortalPartition.account(alice.udf)
            let first = try await portals.first.store.state(of: store.containerName, in: partition)
            let second = try await portals.second.store.state(of: store.containerName, in: partition)
            #expect(first == second)
            #expect(first.count > 1)
        }
        #expect(try await session.personalSession("alice@example.net").udf == alice.udf)

        let gone = try await alice.deregister(from: "alice@example.net")
        #expect(gone.list == [.init(.account, .removed, "alice@example.net")])
        #expect(try await alice.accounts().map(\.canonical) == ["alice@example.com"])
        #expect(try await session.validate("alice@example.net").isValid)
        await #expect(throws: SessionError(.noAccount, "")) { try await alice.deregister(from: "alice@example.net") }
        await #expect(throws: PlatformError(.notFound, store: "", "")) {
            try await session.personalSession("alice@example.net")
        }
    }

    @Test func aTakenNameAtAFurtherPortal() async throws {
        let portals = try await Portals()
        _ = try await MeshSession(portals.first.machine(), portal: portals.both).createAccount("alice@example.net")
        let alice = try await MeshSession(portals.first.machine(), portal: portals.both)
            .createAccount("alice@example.com")
        await #expect(throws: PortalError(.accountExists, "")) { try await alice.register(at: "alice@example.net") }
        #expect(try await alice.accounts().count == 1)
    }

    @Test func theProfileComesBackFromTheArchiveOrThePortal() async throws {
        let home = try await Household()
        let machine = home.machine()
        let alice = try await home.session(machine).createAccount("alice@example.com")
        #expect(try await alice.refresh().profile.signed == alice.profile.signed)
        // The older version, from before there was an account, is put in the place of the newest.
        let versions = try await machine.profiles.archive(of: alice.udf)
        #expect(versions.count == 2)
        try await machine.profiles.accept(versions[0], of: alice.udf)
        let old = try await home.session(machine).personalSession()
        #expect(old.profile.content.serviceUDF == nil)
        #expect(try await old.resync().profile.content.serviceUDF == home.service.profile.udf)
        #expect(try await home.session(machine).personalSession().profile.signed == alice.profile.signed)
    }

    @Test func devicesThatMeetCompareWhatTheyHaveSeen() async throws {
        let home = try await Household()
        let alice = try await home.session().createAccount("alice@example.com")
        let second = home.session()
        let request = try await second.connect(to: "alice@example.com")
        _ = try await alice.connectClose(try #require(try await alice.connectPending().first), .accept())
        let other = try await second.awaitConnection(request, polling: Household.polling)
        _ = try await alice.sync()
        try await alice.check(try await other.historyStatement().envelope.value)
        try await other.check(try await alice.historyStatement().envelope.value)
        let stranger = try await home.session().createAccount("bob@example.com")
        let foreign = try await stranger.historyStatement().envelope.value
        await #expect(throws: SessionError(.malformed, "")) { try await alice.check(foreign) }
        await #expect(throws: (any Error).self) { try await alice.check(["x"]) }
    }
}
