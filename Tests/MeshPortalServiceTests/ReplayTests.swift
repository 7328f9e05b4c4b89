import MeshCore
import MeshCryptography
import MeshPortalService
import MeshPortals
import Synchronization
import Testing

/// Requests that were recorded, and are sent again.
struct ReplayTests {
    static let signed = PortalTransaction.allCases.filter { $0.access != .anyone }

    /// Who is answered with a success.
    private func asker(_ transaction: PortalTransaction) -> AuthorizationMatrixTests.Asker {
        transaction.access == .holder ? .pendingDevice : .administrator
    }

    /// A town where a request of that kind was just sent, and taken.
    private func sent(_ transaction: PortalTransaction) async throws -> (town: Town, request: PortalRequest) {
        let town = try await Town()
        if transaction == .createAccount {
            let carol = try TestPerson(town.portal, "carol@example.com")
            #expect(try await town.portal.status(carol.create(), by: carol.owner) == .success)
        } else {
            let signer = try #require(try town.signer(asker(transaction), transaction))
            #expect(try await town.ask(transaction, signer)?.isSuccess == true)
        }
        return (town, try #require(town.portal.sent.withLock { $0 }))
    }

    private func requireRefused(
        _ request: PortalRequest, _ statuses: Set<PortalStatus>, _ town: Town, _ what: String
    ) async throws {
        let before = try await town.portal.snapshot(town.alice.udf, town.bob.udf)
        let response = await (try town.portal.service).handle(request)
        #expect(statuses.contains(PortalStatus(rawValue: response.status)), "\(what): \(response.status)")
        #expect(try await town.portal.snapshot(town.alice.udf, town.bob.udf) == before, "\(what)")
    }

    @Test(
        "A request is done once: at once again, later, and in another life of the service it is refused",
        arguments: signed)
    func again(_ transaction: PortalTransaction) async throws {
        let (town, request) = try await sent(transaction)
        let portal = town.portal
        // What has removed the account has removed who asks.
        let gone: Set<PortalStatus> = transaction == .deleteAccount ? [.unauthorized, .staleEpoch] : [.unauthorized]
        try await requireRefused(request, gone, town, "\(transaction) at once")
        let tolerance = Int64(portal.limits.clockTolerance)
        for step in [tolerance - 1, 1, 1, 1, tolerance, 86_400] {
            portal.clock.advance(by: step)
            try await requireRefused(request, gone, town, "\(transaction) after \(step) more")
        }
        // A clock that is set back lets nothing in again.
        portal.clock.advance(by: -(86_400 + 2 * tolerance + 2))
        try await requireRefused(request, gone, town, "\(transaction) with the clock set back")
        try await portal.restart()
        try await requireRefused(request, [.staleEpoch], town, "\(transaction) after a restart")
    }

    @Test("A signature is good for one account, one body and one portal", arguments: signed)
    func elsewhere(_ transaction: PortalTransaction) async throws {
        let (town, request) = try await sent(transaction)
        let portal = town.portal
        var other = request
        other.body = Array(
            String(decoding: request.body, as: UTF8.self).replacing("alice@example.com", with: "bob@example.com").utf8)
        if other.body != request.body {
            try await requireRefused(other, [.unauthorized], town, "\(transaction) with another account in the body")
        }
        other = request
        let named = String(decoding: try #require(request.authorization), as: UTF8.self)
        other.authorization = Array(named.replacing("alice@example.com", with: "bob@example.com").utf8)
        if other.authorization != request.authorization {
            try await requireRefused(other, [.unauthorized], town, "\(transaction) with another account")
        }
        other = request
        other.body.append(0x20)
        try await requireRefused(other, [.unauthorized], town, "\(transaction) with another body")
        other = request
        other.portal = "example.net"
        try await requireRefused(other, [.unauthorized], town, "\(transaction) at another portal")
        other = request
        other.authorization = nil
        try await requireRefused(other, [.unauthorized], town, "\(transaction) without a signature")
        for asked in PortalTransaction.allCases where asked != transaction && asked.access != .anyone {
            other = request
            other.body = Array(
                String(decoding: request.body, as: UTF8.self)
                    .replacing("{\"\(transaction.rawValue)\":", with: "{\"\(asked.rawValue)\":").utf8)
            #expect(other.body != request.body)
            try await requireRefused(other, [.unauthorized], town, "\(transaction) as \(asked)")
        }
        _ = portal
    }

    @Test("The time of a request may be as far off as the limits say, in both directions, and no second more")
    func window() async throws {
        let portal = try await TestPortal()
        let alice = try await TestPerson.joined(portal, "alice@example.com")
        let tolerance = Int64(portal.limits.clockTolerance)
        for (skew, expected) in [
            (tolerance, PortalStatus.success), (-tolerance, .success), (tolerance + 1, .unauthorized),
            (-tolerance - 1, .unauthorized), (Int64.max / 4, .unauthorized), (Int64.min / 4, .unauthorized),
        ] {
            var signer = alice.administrator
            signer.skew = skew
            let answer = try await portal.send(StatusRequest(account: alice.address), by: signer)
            #expect(answer.status == expected, "\(skew)")
            // Who may ask is told what is wrong.
            if expected != .success { #expect(answer.statusDescription?.contains("clock") == true) }
        }
    }

    @Test("Signed for another life of the service, a request is answered with the epoch to sign for")
    func staleEpoch() async throws {
        let portal = try await TestPortal()
        let alice = try await TestPerson.joined(portal, "alice@example.com")
        var signer = alice.administrator
        signer.epoch = try portal.service.epoch
        try await portal.restart()
        guard case .error(let stale) = try await portal.send(StatusRequest(account: alice.address), by: signer) else {
            Issue.record("no error")
            return
        }
        #expect(stale.status == .staleEpoch)
        #expect(stale.epoch == (try portal.service.epoch))
        signer.epoch = stale.epoch
        #expect(try await portal.status(StatusRequest(account: alice.address), by: signer) == .success)
    }
}
