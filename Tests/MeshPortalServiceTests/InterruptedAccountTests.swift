import MeshCore
import MeshDARE
import MeshPortalService
import MeshPortals
import Testing

/// Services that die while they make or remove accounts: a new one over the same store finds a whole account, or a free name.
struct InterruptedAccountTests {
    /// Kills at every write, before it and after it, and looks at what a new life makes of it.
    private func eachKill(
        isShared: Bool, _ prepare: (TestPortal, TestPerson) async throws -> Void,
        _ work: (TestPortal, TestPerson) async throws -> PortalStatus?,
        _ check: (TestPortal, TestPerson, _ what: String) async throws -> Void
    ) async throws -> Int {
        var kills = 0
        for isAfter in [false, true] {
            for call in 1... {
                let store = KillingStore(InMemoryPortalStore(), isShared: isShared)
                let portal = try await TestPortal(store: store)
                let alice = try TestPerson(portal, "alice@example.com")
                try await prepare(portal, alice)
                store.kill(atWrite: call, isAfter: isAfter)
                let status = try await work(portal, alice)
                guard store.isDead else {
                    #expect(status == .success)
                    break
                }
                kills += 1
                #expect(status == .unavailable, "killed at write \(call), after it: \(isAfter)")
                store.revive()
                try await portal.restart()
                // Another process waits for the time that an attempt may take.
                if isShared { portal.clock.advance(by: 60) }
                try await check(portal, alice, "killed at write \(call), after it: \(isAfter)")
            }
        }
        return kills
    }

    /// Whether the account is there, whole, or is not there at all.
    private func isThere(_ portal: TestPortal, _ alice: TestPerson, _ what: String) async throws -> Bool {
        let free = try await portal.success(ValidateAccountRequest(account: alice.address)).valid == true
        let entry = try await portal.send(GetRequest(account: alice.address))
        #expect(entry.status == (free ? .notFound : .success), "\(what)")
        let status = try await portal.send(StatusRequest(account: alice.address), by: alice.administrator)
        #expect(status.status == (free ? .unauthorized : .success), "\(what)")
        if !free, case .response(let response) = status {
            #expect(response.containers?.first?.index == alice.start.frames.count, "\(what)")
            let select = [FrameSelection(container: "MMM_Device", from: 0)]
            let download = try await portal.success(
                DownloadRequest(account: alice.address, select: select), by: alice.administrator)
            #expect(download.updates?.first?.frames.map(\.octets) == alice.start.frames, "\(what)")
        }
        return !free
    }

    @Test(
        "Killed at any write of CreateAccount: the account is whole or its name free, and asking again makes it",
        arguments: [false, true])
    func creation(isShared: Bool) async throws {
        var states: Set<Bool> = []
        let kills = try await eachKill(isShared: isShared) { _, _ in
        } _: { portal, alice in
            try await portal.status(alice.create(), by: alice.owner)
        } _: { portal, alice, what in
            states.insert(try await isThere(portal, alice, what))
            // Somebody else may have the name if it is free; the same person gets it, whatever was left.
            #expect(try await portal.status(alice.create(), by: alice.owner) == .success, "\(what)")
            #expect(try await isThere(portal, alice, what), "\(what)")
            _ = try await portal.service.purgeExpired()
            #expect(try await isThere(portal, alice, what), "\(what)")
            #expect(
                try await portal.store.records("Reservation/", after: nil, limit: 9, in: .portal).isEmpty, "\(what)")
        }
        #expect(kills >= 8 && states == [false, true])
    }

    @Test(
        "Killed at any write of CreateAccount: somebody else gets a name that is free, and a purge leaves nothing behind"
    )
    func creationBySomebodyElse() async throws {
        _ = try await eachKill(isShared: false) { _, _ in
        } _: { portal, alice in
            try await portal.status(alice.create(), by: alice.owner)
        } _: { portal, alice, what in
            let wasThere = try await isThere(portal, alice, what)
            let other = try TestPerson(portal, alice.address)
            #expect(
                try await portal.status(other.create(), by: other.owner) == (wasThere ? .conflict : .success), "\(what)"
            )
            _ = try await portal.service.purgeExpired()
            #expect(
                try await portal.store.records("Reservation/", after: nil, limit: 9, in: .portal).isEmpty, "\(what)")
            if !wasThere { #expect(try await portal.store.remove(.account(alice.udf)) == false, "\(what)") }
        }
    }

    @Test("Killed at any write of DeleteAccount: the account is whole or gone, and its name can be had again")
    func deletion() async throws {
        var states: Set<Bool> = []
        let kills = try await eachKill(isShared: false) { portal, alice in
            _ = try await portal.success(alice.create(), by: alice.owner)
        } _: { portal, alice in
            try await portal.status(DeleteAccountRequest(account: alice.address), by: alice.administrator)
        } _: { portal, alice, what in
            let there = try await isThere(portal, alice, what)
            states.insert(there)
            _ = try await portal.service.purgeExpired()
            #expect(try await isThere(portal, alice, what) == there, "\(what)")
            if there {
                let request = DeleteAccountRequest(account: alice.address)
                #expect(try await portal.status(request, by: alice.administrator) == .success, "\(what)")
            }
            #expect(try await portal.store.remove(.account(alice.udf)) == false, "\(what)")
            #expect(try await portal.status(alice.create(), by: alice.owner) == .success, "\(what)")
        }
        #expect(kills >= 4 && states == [false, true])
    }
}
