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

/// Mistakes that the public reference made (reference features, K), where sessions could make them too.
struct KnownDefectTests {
    private static func transactions(_ portal: LyingPortal) -> [PortalTransaction] {
        portal.seen.compactMap { try? PortalWire.decodeRequest($0.0.body, limit: 1 << 24).transaction }
    }

    @Test("K01: a name that is taken is not said to be free")
    func k01() async throws {
        let den = try await Den()
        _ = try await den.session().createAccount("alice@example.com")
        for address in ["alice@example.com", "Alice@Example.COM"] {
            #expect(!(try await den.session().validate(address).isValid), "\(address)")
        }
        #expect(try await den.session().validate("alicf@example.com").isValid)
    }

    @Test("K02: an account is asked for once")
    func k02() async throws {
        let den = try await Den()
        _ = try await den.session().createAccount("alice@example.com")
        #expect(Self.transactions(den.portal).filter { $0 == .createAccount }.count == 1)
    }

    @Test(
        "K03: a refusal is a refusal, and leaves no account on the machine",
        arguments: [
            PortalStatus.conflict, .unauthorized, .invalid, .internalError, .notFound, .badRequest,
        ])
    func k03(_ status: PortalStatus) async throws {
        let den = try await Den()
        den.portal.lies = [.service(CreateAccountRequest.self) { answer, _ in answer.status = status }]
        let session = den.session()
        await #expect(throws: PortalError.self) { try await session.createAccount("alice@example.com") }
        for profile in try await session.personalProfiles() {
            #expect(try await session.personalSession(profile.profile.text).accounts().isEmpty)
        }
    }

    @Test("K05: what was named and is not there is not replaced by a default")
    func k05() async throws {
        let den = try await Den()
        let session = den.session()
        let alice = try await session.createAccount("alice@example.com")
        for selector in ["bob@example.com", "alice@example.net", den.service.profile.udf.text] {
            await #expect(throws: (any Error).self, "\(selector)") { try await session.personalSession(selector) }
        }
        #expect(try await session.personalSession().udf == alice.udf)
        await #expect(throws: PortalError(.notFound, "")) { try await den.session().connect(to: "bob@example.com") }
    }

    @Test("K08: the device is in the catalog, for everybody, as soon as it is accepted")
    func k08() async throws {
        let den = try await Den()
        let alice = try await den.session().createAccount("alice@example.com")
        let other = try await den.connect(den.session(), to: alice)
        let session = den.session()
        let request = try await session.connect(to: "alice@example.com")
        let pending = try #require(try await alice.connectPending().first)
        _ = try await alice.connectClose(pending, .accept())
        #expect(try await alice.connectedDevices().contains { $0.udf == request.device })
        _ = try await other.sync()
        #expect(try await other.connectedDevices().contains { $0.udf == request.device })
    }

    @Test(
        "K24: an answer without a status is no success",
        arguments: [
            PortalTransaction.connectStart, .connectStatus, .connectPending, .connectComplete,
        ])
    func k24(_ transaction: PortalTransaction) async throws {
        let den = try await Den()
        let alice = try await den.session().createAccount("alice@example.com")
        let session = den.session()
        let request = try await session.connect(to: "alice@example.com")
        let pending = try #require(try await alice.connectPending().first)
        den.portal.lies = [
            .service(ConnectStartRequest.self) { answer, _ in answer.status = nil },
            .service(ConnectStatusRequest.self) { answer, _ in answer.status = nil },
            .service(ConnectPendingRequest.self) { answer, _ in answer.status = nil },
            .service(ConnectCompleteRequest.self) { answer, _ in answer.status = nil },
        ]
        await #expect(throws: PortalError(.serviceFailed, "")) {
            switch transaction {
            case .connectStart: _ = try await den.session().connect(to: "alice@example.com")
            case .connectStatus: _ = try await session.complete(request)
            case .connectPending: _ = try await alice.connectPending()
            default: _ = try await alice.connectClose(pending, .accept())
            }
        }
        // It was done at the portal, or was not; asked again, it ends the same.
        den.portal.lies = []
        _ = try await alice.connectClose(pending, .accept())
        #expect(try await session.awaitConnection(request, polling: Household.polling).udf == alice.udf)
        #expect(try await alice.connectedDevices().count == 2)
    }

    @Test("What needs a portal, an account or a right says so")
    func errorRows() async throws {
        let den = try await Den()
        let alone = MeshSession(den.machine())
        let alice = try await den.session().createAccount("alice@example.com")
        let member = try await den.connect(den.session(), to: alice)
        let stranger = try await den.session().createPersonalProfile()
        let device = try await alice.context().record.device
        let rows: [(String, any Error, () async throws -> Void)] = [
            ("validate, no portal", SessionError(.noPortal, ""), { _ = try await alone.validate("a@example.com") }),
            ("account, no portal", SessionError(.noPortal, ""), { _ = try await alone.createAccount("a@example.com") }),
            ("connect, no portal", SessionError(.noPortal, ""), { _ = try await alone.connect(to: "a@example.com") }),
            ("no domain", PortalError(.invalidAddress, ""), { _ = try await den.session().validate("alice") }),
            ("connect, no domain", PortalError(.invalidAddress, ""), { _ = try await den.session().connect(to: "x") }),
            ("sync, no account", SessionError(.noAccount, ""), { _ = try await stranger.sync() }),
            ("store, no account", SessionError(.noAccount, ""), { _ = try await stranger.store(.credential) }),
            ("pending, no account", SessionError(.noAccount, ""), { _ = try await stranger.connectPending() }),
            ("pending, member", SessionError(.notAdministrator, ""), { _ = try await member.connectPending() }),
            ("PIN, member", SessionError(.notAdministrator, ""), { _ = try await member.makePIN() }),
            ("rename, member", SessionError(.notAdministrator, ""), { _ = try await member.rename(device, to: "x") }),
            (
                "register, member", SessionError(.notAdministrator, ""),
                { _ = try await member.register(at: "carol@example.com") }
            ),
            (
                "deregister, member", SessionError(.notAdministrator, ""),
                { _ = try await member.deregister(from: "alice@example.com") }
            ),
            (
                "deregister elsewhere", SessionError(.noAccount, ""),
                { _ = try await alice.deregister(from: "alice@example.net") }
            ),
            ("rename nobody", CatalogError(.notFound, ""), { _ = try await alice.rename(stranger.udf, to: "x") }),
            (
                "a statement that is none", SessionError(.malformed, ""),
                {
                    try await alice.check(
                        try await den.session().createAccount("bob@example.com").historyStatement().envelope.value)
                }
            ),
        ]
        for (what, expected, call) in rows {
            do {
                try await call()
                Issue.record("\(what): done")
            } catch {
                let isSame =
                    switch (expected, error) {
                    case (let left as SessionError, let right as SessionError): left == right
                    case (let left as PortalError, let right as PortalError): left == right
                    case (let left as CatalogError, let right as CatalogError): left == right
                    default: false
                    }
                #expect(isSame, "\(what): \(error)")
            }
        }
    }

    @Test("Whoever stops waiting for a connection can go on later")
    func cancelledWaiting() async throws {
        let den = try await Den()
        let alice = try await den.session().createAccount("alice@example.com")
        let session = den.session()
        let request = try await session.connect(to: "alice@example.com")
        let waiting = Task {
            try await session.awaitConnection(
                request, polling: Polling { _ in withUnsafeCurrentTask { (task) -> Void in task?.cancel() } })
        }
        await #expect(throws: CancellationError.self) { try await waiting.value }
        #expect(try await session.connectionRequests().map(\.id) == [request.id])
        let pending = try #require(try await alice.connectPending().first)
        _ = try await alice.connectClose(pending, .accept())
        let again = try #require(try await session.connectionRequests().first)
        #expect(try await session.awaitConnection(again, polling: Household.polling).udf == alice.udf)
        #expect(try await session.connectionRequests().isEmpty)
    }
}
