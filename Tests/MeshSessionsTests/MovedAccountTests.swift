import MeshCore
import MeshDARE
import MeshPlatforms
import MeshPortalService
import MeshPortals
import MeshProfiles
import MeshSessions
import Testing

/// Accounts that are given up, and made again: here or elsewhere, with everything that the machines have.
struct MovedAccountTests {
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

        func session() -> MeshSession { MeshSession(first.machine(), portal: both) }

        /// A further machine with the account of `owner`.
        func connect(_ owner: PersonalSession, _ rights: [Right]) async throws -> PersonalSession {
            let session = session()
            let request = try await session.connect(to: "alice@example.com")
            let pending = try #require(try await owner.connectPending().first)
            _ = try await owner.connectClose(pending, .accept(rights))
            return try await session.awaitConnection(request, polling: Household.polling)
        }
    }

    private func add(_ service: String, to personal: PersonalSession) async throws {
        var entry = CatalogedCredential()
        entry.service = service
        entry.username = "alice"
        try await personal.store(.credential).add(entry)
    }

    private func services(_ personal: PersonalSession) async throws -> Set<String> {
        Set(try await personal.store(.credential).entries(of: CatalogedCredential.self).compactMap(\.service))
    }

    @Test(
        "The last account is given up and made again: every device goes on with all it has", arguments: [false, true])
    func sameAddress(byRegistering: Bool) async throws {
        let portals = try await Portals()
        let session = portals.session()
        var alice = try await session.createAccount("alice@example.com")
        try await add("a.example", to: alice)
        _ = try await alice.sync()
        let other = try await portals.connect(alice, Right.usual)
        // What the other device has sent, and this one not received yet, does not go with the account.
        try await add("b.example", to: other)
        _ = try await other.sync()
        _ = try await alice.deregister(from: "alice@example.com")
        #expect(try await services(alice) == ["a.example", "b.example"])
        try await add("c.example", to: alice)
        try await add("d.example", to: other)
        await #expect(throws: SessionError(.accountGone, "")) { try await other.sync() }
        await #expect(throws: SessionError(.noAccount, "")) { try await alice.sync() }
        #expect(try await services(other) == ["a.example", "b.example", "d.example"])

        portals.first.clock.advance(by: 1)
        if byRegistering {
            #expect(
                try await alice.register(at: "alice@example.com").list.contains(
                    .init(.account, .created, "alice@example.com")))
        } else {
            alice = try await session.createAccount("alice@example.com", for: alice)
        }
        #expect(try await alice.accounts().map(\.canonical) == ["alice@example.com"])
        _ = try await alice.sync()
        _ = try await other.sync()
        _ = try await alice.sync()
        for personal in [alice, other] {
            #expect(try await services(personal) == ["a.example", "b.example", "c.example", "d.example"])
            #expect(try await personal.connectedDevices().count == 2)
            #expect(try await personal.sync().isEmpty)
        }
        try await alice.check(try await other.historyStatement().envelope.value)
        _ = try await portals.connect(alice, Right.usual)
    }

    @Test(
        "Made anew elsewhere: the other device is told, and goes on when it is told the address",
        arguments: [false, true])
    func elsewhere(byRegistering: Bool) async throws {
        let portals = try await Portals()
        let session = portals.session()
        var alice = try await session.createAccount("alice@example.com")
        let other = try await portals.connect(alice, Right.usual)
        try await add("a.example", to: alice)
        _ = try await alice.sync()
        _ = try await other.sync()
        _ = try await alice.deregister(from: "alice@example.com")
        portals.first.clock.advance(by: 1)
        if byRegistering {
            _ = try await alice.register(at: "alice@example.net")
        } else {
            alice = try await session.createAccount("alice@example.net", for: alice)
        }
        try await add("b.example", to: alice)
        _ = try await alice.sync()
        try await add("c.example", to: other)
        let error = await #expect(throws: SessionError.self) { try await other.sync() }
        #expect(error == SessionError(.accountGone, "") && error?.remedy?.isEmpty == false)
        #expect(try await services(other) == ["a.example", "c.example"])
        await #expect(throws: SessionError(.notAdministrator, "")) { try await other.register(at: "carol@example.net") }
        _ = try await other.register(at: "alice@example.net")
        _ = try await other.sync()
        _ = try await alice.sync()
        for personal in [alice, other] {
            #expect(try await personal.accounts().map(\.canonical) == ["alice@example.net"])
            #expect(try await services(personal) == ["a.example", "b.example", "c.example"])
        }
    }

    @Test("Moved to a portal that the other device has heard of: it goes on by itself", arguments: [false, true])
    func announced(isAdministrator: Bool) async throws {
        let portals = try await Portals()
        let alice = try await portals.session().createAccount("alice@example.com")
        let other = try await portals.connect(alice, isAdministrator ? [.administrator] : Right.usual)
        _ = try await alice.register(at: "alice@example.net")
        _ = try await other.sync()
        try await add("a.example", to: other)
        _ = try await other.sync()
        _ = try await alice.deregister(from: "alice@example.com")
        try await add("b.example", to: other)
        let report = try await other.sync()
        #expect(report.changes.list.contains(.init(.account, .removed, "alice@example.com")))
        #expect(report.sent[.credential] == 1)
        _ = try await alice.sync()
        for personal in [alice, other] {
            #expect(try await personal.accounts().map(\.canonical) == ["alice@example.net"])
            #expect(try await services(personal) == ["a.example", "b.example"])
        }
    }

    @Test("An account that was made anew without a device says so to it, and the device keeps what it has")
    func withoutTheDevice() async throws {
        let portals = try await Portals()
        let alice = try await portals.session().createAccount("alice@example.com")
        let other = try await portals.connect(alice, Right.usual)
        try await add("a.example", to: other)
        _ = try await other.sync()
        let shares = try await alice.escrow(quorum: 1, shares: 1).keyShares
        let bare = portals.session()
        let recovered = try await bare.recover(from: shares)
        _ = try await alice.deregister(from: "alice@example.com")
        try await add("b.example", to: other)
        portals.first.clock.advance(by: 1)
        _ = try await bare.createAccount("alice@example.com", for: recovered)
        await #expect(throws: SessionError(.notConnected, "")) { try await other.sync() }
        await #expect(throws: SessionError(.notConnected, "")) { try await alice.register(at: "alice@example.com") }
        #expect(try await alice.accounts().isEmpty)
        #expect(try await services(other) == ["a.example", "b.example"])
        #expect(try await services(alice) == ["a.example"])
        // A name that is somebody else's by now.
        let rival = portals.session()
        _ = try await rival.createAccount("bob@example.com")
        await #expect(throws: PortalError(.accountExists, "")) { try await alice.register(at: "bob@example.com") }
    }

    // MARK: Interrupted before the portal has it

    @Test(
        "Making an account is finished by making it again, with the profile that was begun", arguments: [false, true])
    func interrupted(finishing: Bool) async throws {
        let home = try await Household()
        let portal = WatchedPortal(home.portal)
        let machine = home.machine()
        let session = MeshSession(machine, portal: portal)
        portal.once(before: .createAccount) { throw PortalError(.unreachable, "There is no network.") }
        await #expect(throws: PortalError(.unreachable, "")) {
            try await session.createAccount("alice@example.com", name: "alice")
        }
        if finishing { _ = try await session.finishInterrupted() }
        let begun = try #require(try await session.personalProfiles().first)
        #expect(begun.portals.isEmpty)
        let alice = try await session.createAccount("Alice@example.com")
        #expect(alice.udf == begun.profile)
        #expect(try await session.personalProfiles().count == 1)
        let bob = try await session.createAccount("bob@example.com")
        #expect(bob.udf != alice.udf)
        // One that had an account does not count as begun.
        _ = try await bob.deregister(from: "bob@example.com")
        #expect(try await session.createAccount("bob@example.com").udf != bob.udf)
    }

    // MARK: The person's own contact

    @Test("The person's own contact has the addresses of the accounts, and keeps what else was written")
    func ownContact() async throws {
        let portals = try await Portals()
        let alice = try await portals.session().createAccount("alice@example.com")
        func addresses(_ personal: PersonalSession) async throws -> [String] {
            let contact = try #require(try await personal.ownContact())
            #expect(contact.profile.udf == alice.udf)
            return contact.contact.content.networkAddresses.filter { !$0.isInactive }.compactMap(\.address)
        }
        #expect(try await addresses(alice) == ["alice@example.com"])
        let other = try await portals.connect(alice, Right.usual)
        #expect(try await addresses(other) == ["alice@example.com"])
        let entry = try #require(try await other.store(.contact).find(alice.udf.text, as: CatalogedContact.self))
        #expect(entry.isSelf)
        #expect(try await alice.store(.contact).entries().count == 1)

        // The person writes a name, and an address that is no account.
        var content = try #require(try await alice.ownContact()).contact.content
        var name = PersonName()
        name.fullName = "Alice Example"
        content.commonNames = [name]
        var mail = NetworkAddress()
        mail.address = "mailto:alice@example.org"
        content.networkAddresses.append(mail)
        _ = try await alice.changeOwnContact(content)
        #expect(try await other.sync().received[.contact] == 1)
        portals.first.clock.advance(by: 1)
        _ = try await alice.register(at: "alice@example.net")
        _ = try await alice.rename(other.connectedDevices()[0].udf, to: "desk")
        _ = try await other.sync()
        for personal in [alice, other] {
            #expect(
                try await Set(addresses(personal)) == [
                    "alice@example.com", "alice@example.net", "mailto:alice@example.org",
                ])
            #expect(try await personal.ownContact()?.contact.content.commonNames == [name])
        }
        #expect(try await alice.sync().isEmpty)
        _ = try await alice.deregister(from: "alice@example.net")
        _ = try await other.sync()
        #expect(try await Set(addresses(other)) == ["alice@example.com", "mailto:alice@example.org"])
        await #expect(throws: SessionError(.notAdministrator, "")) { try await other.changeOwnContact(content) }
    }
}
