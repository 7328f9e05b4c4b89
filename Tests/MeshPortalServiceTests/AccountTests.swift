import MeshCore
import MeshCryptography
import MeshDARE
import MeshInMemory
import MeshPlatforms
import MeshPortalService
import MeshPortals
import MeshProfiles
import Testing

/// Accounts come, say what they are, and go.
struct AccountTests {
    @Test("K01: a name that is taken is said to be, in any case, with names that are free")
    func validation() async throws {
        let portal = try await TestPortal()
        let free = try await portal.success(ValidateAccountRequest(account: "Alice@example.com"))
        #expect(free.valid == true && free.reason == nil)
        _ = try await TestPerson.joined(portal, "Alice@Example.com")
        let taken = try await portal.success(ValidateAccountRequest(account: "aLICE@example.COM"))
        #expect(taken.valid == false && taken.reason != nil)
        for suggestion in try #require(taken.suggestions) {
            #expect(try await portal.success(ValidateAccountRequest(account: suggestion)).valid == true)
        }
        for name in ["", "a.b", "alice@", "x\u{301}", String(repeating: "a", count: 65), "a\u{200B}b"] {
            let answer = try await portal.success(ValidateAccountRequest(account: "\(name)@example.com"))
            #expect(answer.valid == false && answer.reason != nil, "\(name)")
        }
        #expect(try await portal.success(ValidateAccountRequest(account: "alice@example.net")).valid == false)
    }

    @Test("K02: an account that is made twice by its owner is made once, and the answer is the same")
    func repetition() async throws {
        let portal = try await TestPortal()
        let alice = try TestPerson(portal, "alice@example.com")
        let request = try alice.create()
        #expect(try await portal.status(request, by: alice.owner) == .success)
        let snapshot = try await portal.snapshot(alice.udf)
        #expect(try await portal.status(request, by: alice.owner) == .success)
        #expect(try await portal.snapshot(alice.udf) == snapshot)
        let other = try TestPerson(portal, "Alice@example.com")
        #expect(try await portal.status(try other.create(), by: other.owner) == .conflict)
        #expect(try await portal.snapshot(alice.udf) == snapshot)
    }

    @Test("Of many who want one name at a time exactly one gets it, and of the others nothing is left")
    func race() async throws {
        let portal = try await TestPortal()
        let people = try (0..<12).map { _ in try TestPerson(portal, "alice@example.com") }
        let requests = try people.map { try portal.request($0.create(), by: $0.owner) }
        let statuses = await withTaskGroup(of: Int.self) { group in
            for request in requests {
                group.addTask {
                    (try? await portal.answer(to: request, CreateAccountRequest.self).status?.rawValue) ?? 0
                }
            }
            return await group.reduce(into: [Int]()) { $0.append($1) }
        }
        #expect(statuses.count { $0 == 201 } == 1 && statuses.count { $0 == 409 } == 11)
        let entries = try await portal.success(GetRequest(account: "alice@example.com")).entries
        let winner = try VerifiedProfile<ProfileUser>(verifying: try #require(entries?.first))
        for person in people where person.udf != winner.udf {
            #expect(try await portal.store.remove(.account(person.udf)) == false)
        }
    }

    @Test("A profile that is another's, of another portal, or for another address makes no account")
    func foreignProfiles() async throws {
        let portal = try await TestPortal()
        let elsewhere = try await TestPortal(seed: 2)
        let alice = try TestPerson(portal, "alice@example.com")
        let other = try TestPerson(portal, "other@example.com")
        let foreign = try TestPerson(elsewhere, "alice@example.com")
        let before = try await portal.snapshot(alice.udf, other.udf, foreign.udf)
        func status(_ request: CreateAccountRequest, _ signer: Signer) async throws -> PortalStatus? {
            try await portal.status(request, by: signer)
        }
        #expect(try await status(alice.create(), other.owner) == .unauthorized)
        var stranger = other.owner
        stranger.account = alice.address
        #expect(try await status(alice.create(), stranger) == .unauthorized)
        #expect(try await status(foreign.create(), foreign.owner) == .invalid)
        var request = try alice.create()
        request.profile = other.profile.envelope
        #expect(try await status(request, stranger) == .invalid)
        request = try alice.create()
        request.updates = []
        #expect(try await status(request, alice.owner) == .invalid)
        request.updates = try other.create().updates
        #expect(try await status(request, alice.owner) == .invalid)
        request.updates = try alice.create().updates
        request.updates[0].frames.removeLast()
        #expect(try await status(request, alice.owner) == .invalid)
        request.profile.body[40] ^= 1
        #expect(try await status(request, alice.owner) == .invalid)
        #expect(try await portal.snapshot(alice.udf, other.udf, foreign.udf) == before)
    }

    @Test("K16: what was removed is not there, and its name is free")
    func deletion() async throws {
        let portal = try await TestPortal()
        let alice = try await TestPerson.joined(portal, "alice@example.com")
        #expect(
            try await portal.status(DeleteAccountRequest(account: alice.address), by: alice.administrator) == .success)
        #expect(try await portal.status(GetRequest(account: alice.address)) == .notFound)
        #expect(try await portal.status(GetRequest(identifier: alice.udf.text)) == .notFound)
        #expect(
            try await portal.status(StatusRequest(account: alice.address), by: alice.administrator) == .unauthorized)
        #expect(try await portal.store.remove(.account(alice.udf)) == false)
        #expect(try await portal.success(ValidateAccountRequest(account: alice.address)).valid == true)
        _ = try await TestPerson.joined(portal, "alice@example.com")
    }

    @Test("K08, K09: a newer profile takes the place of the older, and nothing else does")
    func publication() async throws {
        let portal = try await TestPortal()
        let alice = try await TestPerson.joined(portal, "alice@example.com")
        let bob = try await TestPerson.joined(portal, "bob@example.com")
        func version(_ seconds: Int64, _ person: TestPerson) throws -> DAREEnvelope {
            let time = Timestamp(secondsSince1970: portal.clock.now.secondsSince1970 + seconds)
            return try VerifiedProfile(
                signing: ProfileUser(
                    seed: person.seed, accountAddress: alice.address, serviceUDF: portal.service.profile.udf,
                    updated: time), seed: person.seed, created: time
            ).envelope
        }
        func status(_ entry: DAREEnvelope) async throws -> PortalStatus? {
            try await portal.status(PublishRequest(account: alice.address, entry: entry), by: alice.administrator)
        }
        #expect(try await status(version(-10, alice)) == .conflict)
        #expect(try await status(version(10, bob)) == .invalid)
        let newer = try version(10, alice)
        #expect(try await status(newer) == .updated)
        #expect(try await status(newer) == .success)
        #expect(try await status(alice.profile.envelope) == .conflict)
        let entry = try await portal.success(GetRequest(identifier: alice.udf.text)).entries?.first
        #expect(entry?.encoded == newer.encoded)
        var forged = try version(20, alice)
        forged.body[60] ^= 1
        #expect(try await status(forged) == .invalid)
    }

    @Test("A portal that is opened by several at a time has one profile; without its seed it does not open")
    func identity() async throws {
        let store = InMemoryPortalStore()
        let keys = InMemoryKeyStore()
        let profiles = try await withThrowingTaskGroup(of: UDF.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    try await PortalService.open(domain: "example.com", store: store, keys: keys).profile.udf
                }
            }
            return try await group.reduce(into: Set<UDF>()) { $0.insert($1) }
        }
        #expect(profiles.count == 1)
        #expect(try await keys.list().items.count == 1)
        await #expect(throws: PortalError.self) {
            try await PortalService.open(domain: "example.com", store: store, keys: InMemoryKeyStore())
        }
    }
}
