import MeshCore
import MeshCryptography
import MeshDARE
import MeshEncoding
import MeshInMemory
import MeshPlatforms
import MeshPortalService
import MeshPortals
import MeshProfiles
import Synchronization
import Testing

/// Defects that the reference implementation had, and this one must not.
struct ReferenceDefectTests {
    @Test("K03: an answer that is not the service's to this request is not taken")
    func unsignedAnswers() async throws {
        let portal = try await TestPortal()
        let alice = try await TestPerson.joined(portal, "alice@example.com")
        let request = try portal.request(StatusRequest(account: alice.address), by: alice.administrator)
        let other = try portal.request(StatusRequest(account: alice.address), by: alice.administrator)
        let service = try portal.service
        let answer = await service.handle(request)
        let key = service.profile.content.serviceSignature
        _ = try ResponseAuthorization.verify(answer, to: request, by: key)
        func expectRefused(_ answer: PortalResponse, to request: PortalRequest, _ what: String) {
            #expect(throws: PortalError.self, "\(what)") {
                try ResponseAuthorization.verify(answer, to: request, by: key)
            }
        }
        var changed = answer
        changed.status = 202
        expectRefused(changed, to: request, "another status")
        changed = answer
        changed.body.append(0x20)
        expectRefused(changed, to: request, "another body")
        changed = answer
        changed.authorization = nil
        expectRefused(changed, to: request, "no signature")
        expectRefused(answer, to: other, "the answer to another request")
        #expect(throws: PortalError.self) {
            try ResponseAuthorization.verify(answer, to: request, by: alice.profile.content.administratorSignature)
        }
        // Refusals are signed, too.
        let refused = try portal.request(StatusRequest(account: alice.address), by: nil)
        let refusal = await service.handle(refused)
        #expect(refusal.status == PortalStatus.unauthorized.rawValue)
        _ = try ResponseAuthorization.verify(refusal, to: refused, by: key)
    }

    @Test(
        "K10: what an account trusts is signed by who administers it: a device of another account, or none, is refused")
    func untrustedSigner() async throws {
        let town = try await Town()
        let (alice, bob, portal) = (town.alice, town.bob, town.portal)
        let before = try await portal.snapshot(alice.udf)
        // A connection that another account's administrator signed, in a run that a true administrator signs.
        let device = try TestDevice(portal, "foreign")
        let foreign = try DeviceConnector(account: bob.profile, keys: bob.administration).connect(
            device.profile, rights: [.administrator], at: portal.clock.now, random: portal.random)
        let own = try alice.admit(device, rights: [.administrator]).entry
        let keys = [
            (foreign, try #require(alice.device.keys).signature), (own, try #require(bob.device.keys).signature),
            (own, try #require(town.member.keys).signature), (own, try #require(town.revoked.keys).signature),
            (own, town.pending.baseSignature),
        ]
        for (number, (entry, key)) in keys.enumerated() {
            let frames = try alice.prepare(.device, by: key) { try $0.add(entry) }
            let request = TransactRequest(account: alice.address, updates: [alice.update(.device, frames)])
            #expect(try await portal.status(request, by: alice.administrator) == .invalid, "case \(number)")
            #expect(try await portal.snapshot(alice.udf) == before, "case \(number)")
        }
    }

    @Test("K14: a lock that somebody else keeps is waited for, and then said to be kept: nothing is done without it")
    func lockTimeOut() async throws {
        let containers = InMemoryContainerStore()
        let store = DAREPortalStore(containers, deadline: .milliseconds(400))
        let portal = try await TestPortal(store: store)
        let alice = try await TestPerson.joined(portal, "alice@example.com")
        let directory = try #require(try containers.directory(of: alice.udf, create: false))
        let sidecar = try #require(try directory.openSidecar("account.dcat", .append))
        let before = try await portal.snapshot(alice.udf)
        let device = try TestDevice(portal)
        let request = ConnectStartRequest(
            account: alice.address, request: try device.request(to: alice.address, portal))
        try sidecar.acquire(.append, until: .now + .seconds(10))
        #expect(try await portal.status(request, by: device.holder(of: alice.address)) == .unavailable)
        sidecar.release(.append)
        #expect(try await portal.snapshot(alice.udf) == before)
        #expect(portal.events.withLock { $0.map(\.transaction) } == [.connectStart])
        #expect(try await portal.status(request, by: device.holder(of: alice.address)) == .success)
    }

    @Test("K15: a damaged octet is a failure that names the file; the history is never taken to end before it")
    func damage() async throws {
        let containers = InMemoryContainerStore()
        let portal = try await TestPortal(store: DAREPortalStore(containers))
        let alice = try await TestPerson.joined(portal, "alice@example.com")
        let frames = try alice.prepare(.bookmark, by: try #require(alice.device.keys).signature) {
            for number in 0..<6 {
                try $0.add("https://example.com/\(number)", CatalogFrame([UInt8](repeating: 7, count: 400)))
            }
        }
        _ = try await portal.success(
            TransactRequest(account: alice.address, updates: [alice.update(.bookmark, frames)]), by: alice.administrator
        )
        let directory = try #require(try containers.directory(of: alice.udf, create: false))
        let file = try #require(try directory.openFile("MMM_Bookmark.dcat", .append))
        let place = frames.frames[..<3].joined().count + frames.frames[3].count / 2
        try withUnsafeBytes(of: UInt8(0)) { try file.write($0, at: place) }
        let damaged = try await TestPortal(store: DAREPortalStore(containers), keys: portal.keys)
        let select = [FrameSelection(container: "MMM_Bookmark", from: 0)]
        let request = DownloadRequest(account: alice.address, select: select)
        let answer = try await damaged.send(request, by: alice.administrator)
        #expect(answer.status == .internalError)
        // Whoever asks is told nothing of files; whoever runs the portal is.
        #expect(answer.statusDescription?.contains("MMM_") == false)
        #expect(damaged.events.withLock { $0.last?.message.contains("MMM_Bookmark.dcat") } == true)
    }

    @Test("K24: every answer says what became of the request", arguments: PortalTransaction.allCases)
    func status(_ transaction: PortalTransaction) async throws {
        let town = try await Town()
        for asker in AuthorizationMatrixTests.Asker.allCases {
            _ = try await town.ask(transaction, try town.signer(asker, transaction))
            let request = try #require(town.portal.sent.withLock { $0 })
            let response = await (try town.portal.service).handle(request)
            let tree = try #require(try JSONValue(decoding: response.body).object)
            let message = try #require(tree.names.first.flatMap { tree[$0]?.object })
            #expect(message["Status"]?.integer == Int64(response.status), "\(transaction) by \(asker)")
        }
    }
}
