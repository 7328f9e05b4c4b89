import MeshCore
import MeshCryptography
import MeshDARE
import MeshInMemory
import MeshPlatforms
import MeshPortals
import MeshProfiles
import Synchronization
import Testing

@testable import MeshSessions

/// What one case of a crash begins with.
private struct Scene: Sendable {
    let home: Household
    /// The machine whose process dies.
    let machine: MeshMachineCached
    /// Another machine, on which nothing goes wrong.
    let other: MeshMachineCached

    init() async throws {
        home = try await Household()
        machine = home.machine()
        other = home.machine()
    }

    /// A session of a new process on the machine.
    var fresh: MeshSession { home.session(machine) }
    var second: MeshSession { home.session(other) }

    /// Whatever a crash has left, after the first thing a new process does.
    func requireWhole() async throws {
        _ = try await fresh.finishInterrupted()
        for entry in try await fresh.personalProfiles() {
            #expect(entry.stage == nil && entry.registering == nil)
            _ = try await fresh.personalSession(entry.profile.text)
        }
        for entry in try await fresh.devices() { #expect(try await machine.keys.read(entry.udf) != nil) }
    }
}

/// A process that dies at any step that changes something (key store, profile store, registry, containers, the exchange with the
/// portal), before or after the step had its effect: the next process on the machine finishes or takes back, loses nothing,
/// and ends where it would have without the crash.
struct AccountCrashTests {
    /// - Parameter leastSteps: fewer steps mean that the crash points are not where they should be.
    private func everyStep(
        _ afterEffect: Bool, leastSteps: Int, from makeScene: () async throws -> Scene,
        work: (MeshSession) async throws -> Void, check: (Scene) async throws -> Void
    ) async throws {
        var steps = 0
        while true {
            let scene = try await makeScene()
            let point = CrashPoint(after: steps, afterEffect: afterEffect)
            let dying = MeshSession(
                CrashingPlatform(base: scene.machine, point: point),
                portal: CrashingPortal(base: scene.home.portal, point: point))
            do {
                try await work(dying)
            } catch  where point.isDead {
            }
            do {
                try await scene.requireWhole()
                try await check(scene)
            } catch {
                Issue.record(error, "died after \(steps) steps, \(afterEffect ? "after" : "before") the effect")
            }
            guard point.isDead else {
                #expect(steps >= leastSteps)
                return
            }
            steps += 1
        }
    }

    private static let address = "alice@example.com"

    private func account() async throws -> Scene {
        let scene = try await Scene()
        let alice = try await scene.fresh.createAccount(Self.address)
        try await alice.store(.credential).add(Self.credential)
        _ = try await alice.sync()
        return scene
    }

    private static var credential: CatalogedCredential {
        var entry = CatalogedCredential()
        entry.service = "a.example"
        entry.username = "alice"
        entry.password = "1"
        return entry
    }

    private static let notes = Right(rawValue: "notes")

    /// What an application of its own keeps by a right of its own.
    private func notes(_ session: PersonalSession) async throws -> ApplicationStore<Int> {
        try await session.application("notes", readers: Self.notes)
    }

    /// The session of a connected machine on which everything works.
    private func requireConnected(_ session: MeshSession, devices: Int, credentials: Int) async throws {
        let personal = try await session.personalSession(Self.address)
        #expect(try await personal.accounts().map(\.canonical) == [Self.address])
        _ = try await personal.sync()
        let again = try await personal.sync()
        #expect(again.isEmpty, "\(again)")
        #expect(try await personal.connectedDevices().count == devices)
        #expect(try await personal.store(.credential).entries().count == credentials)
    }

    @Test(arguments: [false, true]) func creatingAnAccount(afterEffect: Bool) async throws {
        try await everyStep(afterEffect, leastSteps: 10) {
            let scene = try await Scene()
            _ = try await scene.fresh.createDevice()
            return scene
        } work: {
            _ = try await $0.createAccount(Self.address)
        } check: { scene in
            let isTaken = try await !scene.fresh.validate(Self.address).isValid
            let entries = try await scene.fresh.personalProfiles()
            #expect(entries.count <= 1)
            #expect(isTaken == (entries.first?.portals == [Self.address]))
            if !isTaken { _ = try await scene.fresh.createAccount(Self.address) }
            #expect(try await scene.fresh.personalProfiles().count == 1)
            try await requireConnected(scene.fresh, devices: 1, credentials: 0)
        }
    }

    @Test(arguments: [false, true]) func askingForAConnection(afterEffect: Bool) async throws {
        try await everyStep(afterEffect, leastSteps: 2) {
            let scene = try await Scene()
            _ = try await scene.second.createAccount(Self.address)
            return scene
        } work: {
            _ = try await $0.connect(to: Self.address)
        } check: { scene in
            #expect(try await scene.fresh.personalProfiles().isEmpty)
            var requests = try await scene.fresh.connectionRequests()
            #expect(requests.count <= 1)
            if requests.isEmpty { requests = [try await scene.fresh.connect(to: Self.address)] }
            let alice = try await scene.second.personalSession()
            let pending = try await alice.connectPending()
            #expect(pending.map(\.witness) == requests.map(\.witness))
            _ = try await alice.connectClose(try #require(pending.first), .accept())
            for request in requests { _ = try await scene.fresh.complete(request) }
            try await requireConnected(scene.fresh, devices: 2, credentials: 0)
        }
    }

    @Test(arguments: [false, true]) func completingAConnection(afterEffect: Bool) async throws {
        try await everyStep(afterEffect, leastSteps: 5) {
            let scene = try await Scene()
            let alice = try await scene.second.createAccount(Self.address)
            try await alice.store(.credential).add(Self.credential)
            _ = try await alice.sync()
            _ = try await scene.fresh.connect(to: Self.address)
            _ = try await alice.connectClose(try #require(try await alice.connectPending().first), .accept())
            return scene
        } work: { session in
            let request = try #require(try await session.connectionRequests().first)
            _ = try await session.complete(request)
        } check: { scene in
            for request in try await scene.fresh.connectionRequests() {
                guard case .connected = try await scene.fresh.complete(request) else {
                    Issue.record("the answer is gone")
                    return
                }
            }
            #expect(try await scene.fresh.connectionRequests().isEmpty)
            try await requireConnected(scene.fresh, devices: 2, credentials: 1)
        }
    }

    @Test(arguments: [false, true]) func acceptingADevice(afterEffect: Bool) async throws {
        try await everyStep(afterEffect, leastSteps: 2) {
            let scene = try await account()
            _ = try await scene.second.connect(to: Self.address)
            return scene
        } work: { session in
            let alice = try await session.personalSession()
            let pending = try #require(try await alice.connectPending().first)
            _ = try await alice.connectClose(pending, .accept([.administrator]))
        } check: { scene in
            let alice = try await scene.fresh.personalSession()
            _ = try await alice.sync()
            for pending in try await alice.connectPending() { _ = try await alice.connectClose(pending, .accept()) }
            let request = try #require(try await scene.second.connectionRequests().first)
            guard case .connected = try await scene.second.complete(request) else {
                Issue.record("the device was not answered")
                return
            }
            try await requireConnected(scene.fresh, devices: 2, credentials: 1)
            try await requireConnected(scene.second, devices: 2, credentials: 1)
        }
    }

    @Test(arguments: [false, true]) func removingADevice(afterEffect: Bool) async throws {
        try await everyStep(afterEffect, leastSteps: 8) {
            let scene = try await account()
            let request = try await scene.second.connect(to: Self.address)
            let alice = try await scene.fresh.personalSession()
            _ = try await alice.connectClose(
                try #require(try await alice.connectPending().first), .accept([.web, Self.notes]))
            try await notes(alice).add(1, as: "a")
            _ = try await alice.sync()
            _ = try await scene.second.complete(request)
            _ = try await scene.second.personalSession().sync()
            return scene
        } work: { session in
            let alice = try await session.personalSession()
            let lost = try #require(try await alice.connectedDevices().first { !$0.isThis })
            _ = try await alice.remove(lost.udf)
        } check: { scene in
            // What a new process does first has finished it, if it was begun.
            let alice = try await scene.fresh.personalSession()
            _ = try await alice.sync()
            #expect(try await !alice.hasUnfinishedRemovals())
            let isRemoved = try await alice.connectedDevices().count == 1
            let other = try await scene.second.personalSession()
            if isRemoved {
                await #expect(throws: PortalError(.deviceRevoked, "")) { try await other.sync() }
            } else {
                _ = try await other.sync()
                let lost = try #require(try await alice.connectedDevices().first { !$0.isThis })
                _ = try await alice.remove(lost.udf)
            }
            try await requireConnected(scene.fresh, devices: 1, credentials: 1)
            // A device that comes now reads everything.
            let third = scene.home.session(scene.home.machine())
            let request = try await third.connect(to: Self.address)
            _ = try await alice.connectClose(
                try #require(try await alice.connectPending().first), .accept([.web, Self.notes]))
            _ = try await third.complete(request)
            try await requireConnected(third, devices: 2, credentials: 1)
            #expect(try await notes(try await third.personalSession()).find("a")?.value == 1)
            #expect(try await alice.context().keys.groups.newest(of: Self.notes)?.generation == 2)
        }
    }

    @Test(arguments: [false, true]) func givingARightThatIsNew(afterEffect: Bool) async throws {
        try await everyStep(afterEffect, leastSteps: 5) {
            let scene = try await account()
            let request = try await scene.second.connect(to: Self.address)
            let alice = try await scene.fresh.personalSession()
            _ = try await alice.connectClose(try #require(try await alice.connectPending().first), .accept())
            _ = try await scene.second.complete(request)
            return scene
        } work: { session in
            let alice = try await session.personalSession()
            let other = try #require(try await alice.connectedDevices().first { !$0.isThis })
            _ = try await alice.setRights(of: other.udf, to: [.web, Self.notes])
        } check: { scene in
            let alice = try await scene.fresh.personalSession()
            _ = try await alice.sync()
            // A key that is there is kept for who recovers the profile.
            let kept = try await alice.store(.access).entries(of: CatalogedAccess.self).compactMap { KeptGroupKey($0) }
            let isMade = try await alice.context().keys.groups.newest(of: Self.notes) != nil
            #expect(kept.count { $0.right == Self.notes } == (isMade ? 1 : 0))
            #expect(try await !alice.hasUnfinishedRemovals())
            let device = try #require(try await alice.connectedDevices().first { !$0.isThis }).udf
            _ = try await alice.setRights(of: device, to: [.web, Self.notes])
            let other = try await scene.second.personalSession()
            _ = try await other.sync()
            try await notes(other).add(2, as: "b")
            _ = try await other.sync()
            _ = try await alice.sync()
            #expect(try await notes(alice).find("b")?.value == 2)
            try await requireConnected(scene.fresh, devices: 2, credentials: 1)
        }
    }

    @Test(arguments: [false, true]) func recovering(afterEffect: Bool) async throws {
        let made = Mutex<[KeyShare]>([])
        try await everyStep(afterEffect, leastSteps: 10) {
            let scene = try await Scene()
            let alice = try await scene.second.createAccount(Self.address)
            try await alice.store(.credential).add(Self.credential)
            _ = try await alice.sync()
            _ = try await scene.fresh.createDevice()
            let shares = try await alice.escrow(quorum: 2, shares: 2).keyShares
            made.withLock { $0 = shares }
            return scene
        } work: { session in
            _ = try await session.recover(from: made.withLock { $0 }, at: Self.address)
        } check: { scene in
            if try await scene.fresh.personalProfiles().first?.portals.isEmpty ?? true {
                _ = try await scene.fresh.recover(from: made.withLock { $0 }, at: Self.address)
            }
            try await requireConnected(scene.fresh, devices: 2, credentials: 1)
            try await requireConnected(scene.second, devices: 2, credentials: 1)
            let recovered = try await scene.fresh.personalSession()
            #expect(try await recovered.connectPending().isEmpty)
            _ = try await recovered.escrow(quorum: 1, shares: 1)
        }
    }

    @Test(arguments: [false, true]) func deregistering(afterEffect: Bool) async throws {
        try await everyStep(afterEffect, leastSteps: 3) {
            try await account()
        } work: { session in
            _ = try await session.personalSession().deregister(from: Self.address)
        } check: { scene in
            let alice = try await scene.fresh.personalSession()
            if try await !alice.accounts().isEmpty { _ = try await alice.deregister(from: Self.address) }
            #expect(try await alice.accounts().isEmpty)
            #expect(try await scene.fresh.validate(Self.address).isValid)
            #expect(try await alice.store(.credential).entries().count == 1)
        }
    }

    @Test(arguments: [false, true]) func makingTheLastAccountAnew(afterEffect: Bool) async throws {
        try await everyStep(afterEffect, leastSteps: 6) {
            let scene = try await account()
            _ = try await scene.second.connect(to: Self.address)
            let alice = try await scene.fresh.personalSession()
            _ = try await alice.connectClose(try #require(try await alice.connectPending().first), .accept())
            _ = try await scene.second.complete(try #require(try await scene.second.connectionRequests().first))
            _ = try await alice.deregister(from: Self.address)
            scene.home.clock.advance(by: 1)
            return scene
        } work: { session in
            _ = try await session.createAccount(Self.address, for: session.personalSession())
        } check: { scene in
            let alice = try await scene.fresh.personalSession()
            if try await alice.accounts().isEmpty { _ = try await scene.fresh.createAccount(Self.address, for: alice) }
            try await requireConnected(scene.fresh, devices: 2, credentials: 1)
            try await requireConnected(scene.second, devices: 2, credentials: 1)
        }
    }

    @Test(arguments: [false, true]) func removingTheMasterKey(afterEffect: Bool) async throws {
        try await everyStep(afterEffect, leastSteps: 1) {
            try await account()
        } work: { session in
            _ = try await session.personalSession().deleteMasterKey(evenIfUnrecoverable: true)
        } check: { scene in
            let alice = try await scene.fresh.personalSession()
            _ = try await alice.deleteMasterKey(evenIfUnrecoverable: true)
            #expect(try await scene.machine.keys.read(alice.udf) == nil)
            try await requireConnected(scene.fresh, devices: 1, credentials: 1)
        }
    }

    @Test(arguments: [false, true]) func deleting(afterEffect: Bool) async throws {
        try await everyStep(afterEffect, leastSteps: 6) {
            try await account()
        } work: { session in
            try await session.personalSession().delete(evenIfUnrecoverable: true)
        } check: { scene in
            if try await !scene.fresh.personalProfiles().isEmpty {
                try await requireConnected(scene.fresh, devices: 1, credentials: 1)
                try await scene.fresh.personalSession().delete(evenIfUnrecoverable: true)
            }
            #expect(try await scene.fresh.personalProfiles().isEmpty)
            #expect(try scene.machine.containers.accounts().isEmpty)
            let root = try #require(try scene.machine.containers.root(create: false))
            #expect(try HostCatalog.open(in: root)?.machines().isEmpty == true)
            let devices = try await scene.fresh.devices().map(\.udf)
            #expect(try await scene.machine.keys.list().items.map(\.identifier) == devices)
            #expect(try await scene.machine.profiles.list() == devices)
        }
    }
}
