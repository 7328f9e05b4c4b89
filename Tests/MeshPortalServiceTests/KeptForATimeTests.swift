import MeshCore
import MeshCryptography
import MeshDARE
import MeshEncoding
import MeshPortalService
import MeshPortals
import MeshProfiles
import Synchronization
import Testing

/// What a portal keeps for a time, and how much of it.
struct KeptForATimeTests {
    private func start(_ device: TestDevice, _ person: TestPerson) async throws -> (request: DAREEnvelope, id: String) {
        let request = try device.request(to: person.address, person.portal)
        let response = try await person.portal.success(
            ConnectStartRequest(account: person.address, request: request), by: device.holder(of: person.address))
        let id = try person.portal.responseID(try #require(response.acknowledgement), person)
        return (request, id.text)
    }

    @Test("A request waits until its time is over: then it is gone for both sides, and can be made anew")
    func requestExpires() async throws {
        let portal = try await TestPortal()
        let alice = try await TestPerson.joined(portal, "alice@example.com")
        let device = try TestDevice(portal)
        let started = try await start(device, alice)
        let holder = device.holder(of: alice.address)
        let ask = ConnectStatusRequest(account: alice.address, device: device.udf.text, responseID: started.id)
        let lifetime = Int64(portal.limits.requestLifetime)
        portal.clock.advance(by: lifetime - 1)
        #expect(try await portal.success(ask, by: holder).result == nil)
        #expect(
            try await portal.success(ConnectPendingRequest(account: alice.address), by: alice.administrator).pending?
                .count
                == 1)
        portal.clock.advance(by: 1)
        #expect(try await portal.status(ask, by: holder) == .gone)
        let result = try alice.result(to: started.request, accepting: nil)
        let complete = ConnectCompleteRequest(
            account: alice.address, device: device.udf.text, responseID: started.id, result: result)
        #expect(try await portal.status(complete, by: alice.administrator) == .gone)
        #expect(
            try await portal.success(ConnectPendingRequest(account: alice.address), by: alice.administrator).pending?
                .isEmpty == true)
        let again = try await start(device, alice)
        #expect(again.id != started.id)
    }

    @Test("A result is kept as long as a request, can be fetched more than once, and is then removed by the purge")
    func resultExpires() async throws {
        let portal = try await TestPortal()
        let alice = try await TestPerson.joined(portal, "alice@example.com")
        let device = try TestDevice(portal)
        let started = try await start(device, alice)
        let result = try alice.result(to: started.request, accepting: nil)
        let complete = ConnectCompleteRequest(
            account: alice.address, device: device.udf.text, responseID: started.id, result: result)
        #expect(try await portal.status(complete, by: alice.administrator) == .success)
        // Its answer was lost.
        #expect(try await portal.status(complete, by: alice.administrator) == .success)
        let ask = ConnectStatusRequest(account: alice.address, device: device.udf.text, responseID: started.id)
        let holder = device.holder(of: alice.address)
        portal.clock.advance(by: Int64(portal.limits.requestLifetime) - 1)
        for _ in 0..<2 { #expect(try await portal.success(ask, by: holder).result?.encoded == result.encoded) }
        let early = try await portal.service.purgeExpired()
        #expect(early.results == 0 && early.requests == 0)
        portal.clock.advance(by: 1)
        #expect(try await portal.status(ask, by: holder) == .gone)
        #expect(try await portal.service.purgeExpired().results == 1)
        #expect(try await portal.status(ask, by: holder) == .notFound)
    }

    @Test("As many requests wait as the limits say; pages have each of them once, the oldest first")
    func pages() async throws {
        var limits = PortalLimits()
        limits.pendingRequests = 7
        let portal = try await TestPortal(limits: limits)
        let alice = try await TestPerson.joined(portal, "alice@example.com")
        var devices: [TestDevice] = []
        for _ in 0..<7 {
            let device = try TestDevice(portal)
            _ = try await start(device, alice)
            devices.append(device)
            if devices.count % 2 == 0 { portal.clock.advance(by: 1) }
        }
        let late = try TestDevice(portal)
        let request = ConnectStartRequest(account: alice.address, request: try late.request(to: alice.address, portal))
        #expect(try await portal.status(request, by: late.holder(of: alice.address)) == .tooMany)
        var found: [DAREEnvelope] = []
        var key: String?
        repeat {
            let page = try await portal.success(
                ConnectPendingRequest(account: alice.address, pageKey: key, maxEntries: 2), by: alice.administrator)
            #expect((1...2).contains(page.pending?.count ?? 0))
            found += page.pending ?? []
            key = page.pageKey
        } while key != nil && found.count < 20
        let asking = try found.map {
            try VerifiedAcknowledgement(
                verifying: $0, by: portal.service.profile.content.serviceSignature, account: alice.profile
            ).request.device.udf
        }
        #expect(asking.count == 7 && Set(asking) == Set(devices.map(\.udf)))
        #expect(Set(asking[..<2]) == Set(devices[..<2].map(\.udf)) && asking[6] == devices[6].udf)
        for text in ["x", "/", "2020-01-01T00:00:00Z/x", String(repeating: "9", count: 1000)] {
            let request = ConnectPendingRequest(account: alice.address, pageKey: text)
            #expect(try await portal.status(request, by: alice.administrator) == .badRequest)
        }
        for most in [0, -1, Int.max, Int.min] {
            let page = try await portal.success(
                ConnectPendingRequest(account: alice.address, maxEntries: most), by: alice.administrator)
            #expect((1...7).contains(page.pending?.count ?? 0))
        }
    }

    /// Appends runs of some bookmarks.
    private func addRuns(_ count: Int, of size: Int, _ person: TestPerson) async throws {
        for run in 0..<count {
            let frames = try bookmarks(size, "\(person.portal.random.bytes(4))-\(run)", person)
            _ = try await person.portal.success(
                TransactRequest(account: person.address, updates: [person.update(.bookmark, frames)]),
                by: person.administrator)
            try person.take(.bookmark, frames)
        }
    }

    private func bookmarks(_ count: Int, _ name: String, _ person: TestPerson) throws -> PreparedFrames {
        try person.prepare(.bookmark, by: try #require(person.device.keys).signature) {
            for number in 0..<count {
                try $0.add("https://example.com/\(name)/\(number)", CatalogFrame(CatalogedBookmark().encoded.compact))
            }
        }
    }

    @Test("Downloads come in pages of whole runs within the limits, and together are everything")
    func download() async throws {
        var limits = PortalLimits()
        limits.frames = 7
        let portal = try await TestPortal(limits: limits)
        let alice = try await TestPerson.joined(portal, "alice@example.com")
        try await addRuns(6, of: 3, alice)
        let replica = try #require(try alice.replicas[.bookmark]?.sequence)
        let all = try replica.frameOctets(from: 0)
        var found: [[UInt8]] = []
        var pages = 0
        while found.count < all.count {
            let answer = try await portal.success(
                DownloadRequest(
                    account: alice.address, select: [FrameSelection(container: "MMM_Bookmark", from: found.count)]),
                by: alice.administrator)
            let update = try #require(answer.updates?.first)
            #expect(update.index == found.count && (1...7).contains(update.frames.count))
            found += update.frames.map(\.octets)
            pages += 1
            #expect(try FrameTrailer(of: try #require(found.last)).endsRun)
        }
        #expect(found == all && pages >= 3)
        for (from, to) in [(-1, nil), (all.count + 1, nil), (Int.max, nil), (Int.min, nil)] as [(Int, Int?)] {
            let request = DownloadRequest(
                account: alice.address, select: [FrameSelection(container: "MMM_Bookmark", from: from, to: to)])
            #expect(try await portal.status(request, by: alice.administrator) == .badRequest)
        }
        for (from, to) in [(0, 0), (2, 1), (all.count, nil), (all.count, Int.max), (3, Int.min)] as [(Int, Int?)] {
            let request = DownloadRequest(
                account: alice.address, select: [FrameSelection(container: "MMM_Bookmark", from: from, to: to)])
            #expect(try await portal.success(request, by: alice.administrator).updates ?? [] == [])
        }
    }

    @Test("An account keeps no more than it may; room that an attempt took which died is found again")
    func quota() async throws {
        var limits = PortalLimits()
        limits.accountOctets = 40_000
        let store = KillingStore(InMemoryPortalStore())
        let portal = try await TestPortal(store: store, limits: limits)
        let alice = try await TestPerson.joined(portal, "alice@example.com")
        // Each dies between the room it took and the frames.
        for attempt in 0..<12 {
            let frames = try bookmarks(6, "lost-\(attempt)", alice)
            store.kill { if case .append = $0 { true } else { false } }
            let status = try await portal.status(
                TransactRequest(account: alice.address, updates: [alice.update(.bookmark, frames)]),
                by: alice.administrator)
            #expect(status == .unavailable)
            store.revive()
            try await portal.restart()
        }
        func kept() async throws -> Int {
            var octets = 0
            for name in StoreName.fixed {
                octets += try await store.frames(
                    of: "MMM_\(name.rawValue)", from: 0, limit: .max, octets: .max, in: .account(alice.udf)
                ).reduce(0) { $0 + $1.count }
            }
            return octets
        }
        #expect(try await kept() < 20_000)
        var refused: PortalStatus?
        for attempt in 0..<40 where refused == nil {
            let frames = try bookmarks(3, "kept-\(attempt)", alice)
            let status = try await portal.status(
                TransactRequest(account: alice.address, updates: [alice.update(.bookmark, frames)]),
                by: alice.administrator)
            if status == .success { try alice.take(.bookmark, frames) } else { refused = status }
        }
        #expect(refused == .tooMany)
        #expect(try await kept() > 30_000)
        #expect(try await kept() <= 40_000)
    }

    // MARK: Claims

    private func publish(_ id: String, _ authenticator: String?, until: Timestamp?, _ person: TestPerson) async throws {
        var entry = CatalogedPublication(id: id)
        entry.authenticator = authenticator
        entry.envelopedData = [[:], ""]
        entry.notOnOrAfter = until
        let made = entry
        let frames = try person.prepare(.publication, by: try #require(person.device.keys).signature) {
            try $0.add(made)
        }
        _ = try await person.portal.success(
            TransactRequest(account: person.address, updates: [person.update(.publication, frames)]),
            by: person.administrator)
        try person.take(.publication, frames)
    }

    @Test("A publication is claimed by one who proves to have its code, once, within its time; others are told nothing")
    func claims() async throws {
        let portal = try await TestPortal()
        let maker = try await TestPerson.joined(portal, "maker@example.com")
        let alice = try await TestPerson.joined(portal, "alice@example.com")
        let bob = try await TestPerson.joined(portal, "bob@example.com")
        // The proof that the claims here bring along.
        try await publish("good", "service", until: nil, maker)
        try await publish("locked", "another", until: nil, maker)
        let end = Timestamp(secondsSince1970: portal.clock.now.secondsSince1970 + 60)
        try await publish("short", nil, until: end, maker)
        func ask(_ id: String, _ person: TestPerson, signedBy key: PrivateKey? = nil) async throws -> PortalAnswer<
            ClaimResponse
        > {
            let claim = try portal.claim(id, by: key ?? person.administrator.key, person.address)
            return try await portal.send(
                ClaimRequest(account: person.address, publisher: maker.address, claim: claim), by: person.administrator)
        }
        let device = try TestDevice(portal)
        func poll(_ id: String) async throws -> DAREEnvelope? {
            try await portal.success(
                PollClaimRequest(publisher: maker.address, publicationID: id), by: device.holder(of: maker.address)
            ).claim
        }
        let before = try await portal.snapshot(maker.udf)
        #expect(try await ask("nothing", alice).status == .notFound)
        #expect(try await ask("locked", alice).status == .notFound)
        #expect(try await ask("good", alice, signedBy: bob.administrator.key).status == .invalid)
        // In the name of another account, and by one of another portal who is not who the claim says.
        let named = try portal.claim("good", by: alice.administrator.key, bob.address)
        #expect(
            try await portal.status(
                ClaimRequest(account: alice.address, publisher: maker.address, claim: named), by: alice.administrator)
                == .invalid)
        var stranger = Signer(alice.administrator.key, "alice@example.net")
        stranger.showsKey = true
        #expect(
            try await portal.status(
                ClaimRequest(account: "alice@example.net", publisher: maker.address, claim: named), by: stranger)
                == .invalid)
        // The administration key is no device's.
        let master = Signer(alice.administration.administratorSignature, alice.address)
        let claim = try portal.claim("good", by: master.key, alice.address)
        #expect(
            try await portal.status(
                ClaimRequest(account: alice.address, publisher: maker.address, claim: claim), by: master)
                == .unauthorized)
        #expect(try await poll("good") == nil)
        #expect(try await portal.snapshot(maker.udf) == before)
        let own = try portal.claim("good", by: alice.administrator.key, alice.address)
        let request = ClaimRequest(account: alice.address, publisher: maker.address, claim: own)
        let answer = try await portal.success(request, by: alice.administrator)
        #expect(answer.publication != nil)
        // Its answer was lost.
        #expect(try await portal.status(request, by: alice.administrator) == .success)
        #expect(try await ask("good", bob).status == .conflict)
        #expect(try await poll("good")?.encoded == own.encoded)
        portal.clock.advance(by: 60)
        #expect(try await ask("short", alice).status == .gone)
        portal.clock.advance(by: Int64(portal.limits.requestLifetime))
        #expect(try await poll("good") == nil)
        #expect(try await portal.service.purgeExpired().claims == 1)
    }
}
