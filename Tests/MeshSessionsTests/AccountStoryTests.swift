import MeshCore
import MeshCryptography
import MeshDARE
import MeshInMemory
import MeshPlatforms
import MeshPortals
import MeshProfiles
import MeshSessions
import Testing

/// Accounts, devices and what they share, on machines in memory with a real portal.
struct AccountStoryTests {
    private func credential(_ service: String, _ password: String) -> CatalogedCredential {
        var entry = CatalogedCredential()
        entry.service = service
        entry.username = "alice"
        entry.password = password
        return entry
    }

    @Test func anAccountIsMade() async throws {
        let home = try await Household()
        let session = home.session()
        #expect(try await session.validate("alice@example.com").isValid)
        let alice = try await session.createAccount("Alice@example.com", name: "alice")
        #expect(try await alice.accounts().map(\.canonical) == ["alice@example.com"])
        #expect(alice.profile.content.accountAddress == "alice@example.com")
        #expect(try await session.personalSession("alice@example.com").udf == alice.udf)
        #expect(try await alice.connectedDevices().map(\.isThis) == [true])

        let validation = try await session.validate("alice@example.com")
        #expect(!validation.isValid)
        #expect(validation.reason != nil)
        #expect(!validation.suggestions.isEmpty)
        await #expect(throws: PortalError(.accountExists, "")) {
            try await home.session().createAccount("ALICE@example.com")
        }
        await #expect(throws: SessionError(.alreadyConnected, "")) {
            try await session.createAccount("bob@example.com", for: alice)
        }
        await #expect(throws: PortalError(.invalidName, "")) { try await session.createAccount("al.ice@example.com") }
        await #expect(throws: PortalError(.invalidAddress, "")) { try await session.createAccount("alice") }
        await #expect(throws: PortalError(.unreachable, "")) { try await session.createAccount("bob@example.org") }
        #expect(try await session.personalProfiles().count == 1)
    }

    @Test func aDeviceIsConnectedByItsWitness() async throws {
        let home = try await Household()
        let alice = try await home.session().createAccount("alice@example.com")
        try await alice.store(.credential).add(credential("a.example", "1"))
        #expect(try await alice.sync().sent == [.credential: 1])

        let second = home.session()
        let request = try await second.connect(to: "alice@example.com")
        #expect(request.profile.udf == alice.udf)
        guard case .pending = try await second.complete(request) else {
            Issue.record("connected without an administrator")
            return
        }
        let pending = try #require(try await alice.connectPending().first)
        #expect(pending.witness == request.witness)
        #expect(pending.witness.count == 34)
        #expect(pending.proof == .none)
        let changes = try await alice.connectClose(pending, .accept(Right.usual))
        #expect(!changes.isEmpty)
        #expect(try await alice.connectPending().isEmpty)

        let connected = try await second.awaitConnection(request, polling: Household.polling)
        #expect(connected.udf == alice.udf)
        let password = try await connected.store(.credential).entries(of: CatalogedCredential.self).first?.password
        #expect(password == "1")
        #expect(try await second.connectionRequests().isEmpty)
        #expect(try await connected.connectedDevices().count == 2)
        // It is no administrator.
        await #expect(throws: SessionError(.notAdministrator, "")) { try await connected.connectPending() }

        // And what it writes comes back.
        try await connected.store(.credential).add(credential("b.example", "2"))
        _ = try await connected.sync()
        #expect(try await alice.sync().received[.credential] == 1)
        #expect(try await alice.store(.credential).entries().count == 2)
        #expect(try await alice.sync().isEmpty)
    }

    @Test func aDeviceIsRejected() async throws {
        let home = try await Household()
        let alice = try await home.session().createAccount("alice@example.com")
        let second = home.session()
        let request = try await second.connect(to: "alice@example.com")
        let pending = try #require(try await alice.connectPending().first)
        _ = try await alice.connectClose(pending, .reject)
        await #expect(throws: SessionError(.connectionRejected, "")) {
            try await second.awaitConnection(request, polling: Household.polling)
        }
        #expect(try await second.connectionRequests().isEmpty)
        #expect(try await second.personalProfiles().isEmpty)
        await #expect(throws: SessionError(.requestClosed, "")) {
            try await alice.connectClose(pending, .accept(Right.usual))
        }
        #expect(try await alice.connectedDevices().count == 1)
    }

    @Test func aDeviceIsConnectedByPIN() async throws {
        let home = try await Household()
        let alice = try await home.session().createAccount("alice@example.com")
        let pin = try await alice.makePIN()
        let second = home.session()
        let request = try await second.connect(to: "alice@example.com", pin: pin.pin)
        let changes = try await alice.acceptProven()
        #expect(changes.list.contains(.init(.device, .created, request.device.text)))
        let connected = try await second.awaitConnection(request, polling: Household.polling)
        #expect(connected.udf == alice.udf)
        // It is good for one device.
        let third = home.session()
        _ = try await third.connect(to: "alice@example.com", pin: pin.pin)
        #expect(try await alice.acceptProven().list.contains { $0.effect == .rejected })
        #expect(try await alice.connectedDevices().count == 2)
    }

    @Test func nobodyAnswers() async throws {
        let home = try await Household()
        _ = try await home.session().createAccount("alice@example.com")
        let second = home.session()
        let request = try await second.connect(to: "alice@example.com")
        await #expect(throws: SessionError(.connectionTimedOut, "")) {
            try await second.awaitConnection(request, polling: Household.polling)
        }
        #expect(try await second.connectionRequests().map(\.id) == [request.id])
        home.clock.advance(by: 2 * 86_400)
        await #expect(throws: SessionError(.connectionExpired, "")) {
            try await second.awaitConnection(request, polling: Household.polling)
        }
        await #expect(throws: PortalError(.notFound, "")) { try await second.connect(to: "bob@example.com") }
    }

    @Test func twoDevicesChangeTheSame() async throws {
        let home = try await Household()
        let alice = try await home.session().createAccount("alice@example.com")
        let second = home.session()
        let request = try await second.connect(to: "alice@example.com")
        _ = try await alice.connectClose(try #require(try await alice.connectPending().first), .accept())
        let other = try await second.awaitConnection(request, polling: Household.polling)
        let entry = credential("a.example", "1")
        let key = try #require(entry.primaryKey)
        try await alice.store(.credential).add(entry)
        _ = try await alice.sync()
        _ = try await other.sync()

        try await alice.store(.credential).update(credential("a.example", "2"), from: nil)
        try await other.store(.credential).update(credential("a.example", "3"), from: nil)
        try await other.store(.credential).add(credential("c.example", "4"))
        #expect(try await alice.sync().conflicts.isEmpty)
        let report = try await other.sync()
        #expect(report.sent == [.credential: 1])
        let conflict = try #require(report.conflicts.first)
        #expect(report.conflicts.count == 1)
        #expect(conflict.key == key)
        #expect(conflict.ours != conflict.theirs)
        try await other.resolve(conflict, keepingOurs: true)
        #expect(try await other.sync().conflicts.isEmpty)
        _ = try await alice.sync()
        for device in [alice, other] {
            #expect(try await device.store(.credential).find(key, as: CatalogedCredential.self)?.password == "3")
            #expect(try await device.store(.credential).entries().count == 2)
        }
    }
}
