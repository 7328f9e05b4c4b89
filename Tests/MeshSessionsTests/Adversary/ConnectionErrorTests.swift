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

/// Requests for connection that cannot end as they should (sessions specification §G).
struct ConnectionErrorTests {
    private let den: Den
    private let alice: PersonalSession

    init() async throws {
        den = try await Den()
        alice = try await den.session().createAccount("alice@example.com")
    }

    @Test("A request that the portal does not know any more is closed, for both sides")
    func unknownRequest() async throws {
        let earlier = den.store.contents
        let session = den.session()
        let request = try await session.connect(to: "alice@example.com")
        let pending = try #require(try await alice.connectPending().first)
        let lost = try await den.another(earlier)
        den.portal.handler = lost.service
        let states = (try await MachineState(session.platform), try await MachineState(alice.platform))
        await #expect(throws: SessionError(.requestClosed, "")) { try await session.complete(request) }
        for decision in [ConnectionDecision.accept(), .reject] {
            await #expect(throws: SessionError(.requestClosed, "")) { try await alice.connectClose(pending, decision) }
        }
        #expect(try await MachineState(session.platform) == states.0)
        #expect(try await MachineState(alice.platform) == states.1)
        #expect(
            lost.store.contents.records("", in: .account(alice.udf)) == earlier.records("", in: .account(alice.udf)))
        // Made again, it is one like any other.
        try await session.abandon(request)
        #expect(try await den.connect(session, to: alice).udf == alice.udf)
    }

    @Test("A request that has expired is gone for both sides")
    func expiredRequest() async throws {
        let session = den.session()
        let request = try await session.connect(to: "alice@example.com")
        let pending = try #require(try await alice.connectPending().first)
        den.clock.advance(by: Int64(PortalLimits().requestLifetime))
        let state = try await MachineState(alice.platform)
        for decision in [ConnectionDecision.accept(), .reject] {
            await #expect(throws: SessionError(.requestClosed, "")) { try await alice.connectClose(pending, decision) }
        }
        #expect(try await alice.connectPending().isEmpty)
        #expect(try await MachineState(alice.platform) == state)
        await #expect(throws: SessionError(.connectionExpired, "")) { try await session.complete(request) }
        #expect(try await session.connectionRequests().isEmpty)
        #expect(try await session.personalProfiles().isEmpty)
        #expect(try await alice.connectedDevices().count == 1)
    }

    @Test("A device that is connected, or an account that there is, is not made again")
    func alreadyThere() async throws {
        let session = den.session()
        let second = try await den.connect(session, to: alice)
        let states = (try await MachineState(session.platform), try await MachineState(alice.platform))
        await #expect(throws: SessionError(.alreadyConnected, "")) {
            try await session.connect(to: "Alice@Example.com")
        }
        for personal in [alice, second] {
            await #expect(throws: SessionError(.alreadyConnected, "")) {
                try await MeshSession(personal.platform, portal: den.portal).createAccount(
                    "other@example.com", for: personal)
            }
        }
        #expect(try await MachineState(session.platform) == states.0)
        #expect(try await MachineState(alice.platform) == states.1)
        #expect(try await alice.connectPending().isEmpty)
        #expect(try await den.session().validate("other@example.com").isValid)
    }

    /// A portal that cannot be reached.
    private struct NoPortal: MeshPortal {
        func exchange(_ request: PortalRequest) async throws -> PortalResponse {
            throw PortalError(.unreachable, "There is no way to the portal.")
        }
    }

    @Test("What cannot be sent waits, and is sent once")
    func unreachable() async throws {
        let nowhere = try await MeshSession(alice.platform, portal: NoPortal()).personalSession()
        try await nowhere.store(.credential).add(Den.credential("a.example"))
        let state = try await MachineState(alice.platform)
        let calls: [(String, () async throws -> Void)] = [
            ("sync", { _ = try await nowhere.sync() }), ("commit", { _ = try await nowhere.commit() }),
            ("pending", { _ = try await nowhere.connectPending() }),
            ("escrow", { _ = try await nowhere.escrowAtPortal(quorum: 1, shares: 1) }),
            ("register", { _ = try await nowhere.register(at: "alice@example.net") }),
            ("deregister", { _ = try await nowhere.deregister(from: "alice@example.com") }),
        ]
        for (what, call) in calls {
            await #expect(throws: PortalError(.unreachable, ""), "\(what)") { try await call() }
            #expect(try await MachineState(alice.platform) == state, "\(what)")
        }
        #expect(try await nowhere.store(.credential).entries().count == 1)
        #expect(try await alice.sync().sent == [.credential: 1])
        #expect(try await alice.sync().isEmpty)
    }
}
