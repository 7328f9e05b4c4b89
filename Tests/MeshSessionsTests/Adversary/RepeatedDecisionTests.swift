import MeshCore
import MeshDARE
import MeshPlatforms
import MeshPortalService
import MeshPortals
import MeshProfiles
import MeshSessions
import Synchronization
import Testing

/// Decisions whose answer is lost, that are cut off in the middle, or that two administrators make at once.
struct RepeatedDecisionTests {
    private static let address = "alice@example.com"

    private func administrator(_ home: Household, of alice: PersonalSession) async throws -> PersonalSession {
        let session = home.session()
        let request = try await session.connect(to: Self.address)
        let pending = try #require(try await alice.connectPending().first)
        _ = try await alice.connectClose(pending, .accept([.administrator]))
        return try await session.awaitConnection(request, polling: Household.polling)
    }

    @Test("An acceptance whose answer is lost is made again, by the one who made it")
    func lostAcceptance() async throws {
        let home = try await Household()
        let portal = WatchedPortal(home.portal)
        let alice = try await MeshSession(home.machine(), portal: portal).createAccount(Self.address)
        let other = try await administrator(home, of: alice)
        for pin in [nil, try await alice.makePIN()] {
            let session = home.session()
            let request = try await session.connect(to: Self.address, pin: pin?.pin)
            let pending = try #require(try await alice.connectPending().first)
            portal.lost = [.connectComplete]
            await #expect(throws: PortalError(.unreachable, "")) { try await alice.connectClose(pending, .accept()) }
            portal.lost = []
            home.clock.advance(by: 1)
            await #expect(throws: SessionError(.requestClosed, "")) {
                try await alice.connectClose(pending, .accept([.administrator]))
            }
            await #expect(throws: SessionError(.requestClosed, "")) { try await alice.connectClose(pending, .reject) }
            await #expect(throws: SessionError(.requestClosed, "")) { try await other.connectClose(pending, .accept()) }
            let changes = try await alice.connectClose(pending, .accept())
            #expect(changes.list.contains(.init(.request, .accepted, request.device.text)))
            #expect(changes.list.contains(.init(.device, .created, request.device.text)))
            if let pin { #expect(changes.list.contains(.init(.pin, .removed, pin.identifier.text))) }
            let connected = try await session.awaitConnection(request, polling: Household.polling)
            #expect(connected.udf == alice.udf)
            #expect(try await alice.connectClose(pending, .accept()).list.prefix(2) == changes.list.prefix(2))
        }
        #expect(try await alice.connectedDevices().count == 4)
        #expect(try await alice.store(.local).entries().isEmpty)
    }

    @Test("A rejection whose answer is lost is made again")
    func lostRejection() async throws {
        let home = try await Household()
        let portal = WatchedPortal(home.portal)
        let alice = try await MeshSession(home.machine(), portal: portal).createAccount(Self.address)
        let session = home.session()
        let request = try await session.connect(to: Self.address)
        let pending = try #require(try await alice.connectPending().first)
        portal.lost = [.connectComplete]
        await #expect(throws: PortalError(.unreachable, "")) { try await alice.connectClose(pending, .reject) }
        portal.lost = []
        home.clock.advance(by: 1)
        await #expect(throws: SessionError(.requestClosed, "")) { try await alice.connectClose(pending, .accept()) }
        let changes = try await alice.connectClose(pending, .reject)
        #expect(changes.list == [.init(.request, .rejected, request.device.text)])
        await #expect(throws: SessionError(.connectionRejected, "")) {
            try await session.awaitConnection(request, polling: Household.polling)
        }
    }

    @Test("A portal that dies after it has entered a device, and before it has noted the answer, is helped out")
    func portalCutOff() async throws {
        let store = ForgetfulStore(InMemoryPortalStore())
        let home = try await Household(store: store)
        let alice = try await home.session().createAccount(Self.address)
        let session = home.session()
        let request = try await session.connect(to: Self.address)
        let pending = try #require(try await alice.connectPending().first)
        store.refuses = "Result/"
        await #expect(throws: (any Error).self) { try await alice.connectClose(pending, .accept()) }
        store.refuses = nil
        home.clock.advance(by: 60)
        #expect(try await alice.connectPending().map(\.id) == [pending.id])
        _ = try await alice.connectClose(pending, .accept())
        _ = try await session.awaitConnection(request, polling: Household.polling)
        #expect(try await alice.connectedDevices().count == 2)
        #expect(try await alice.connectPending().isEmpty)
    }

    @Test("Two administrators accept different devices by one PIN at the same moment: one of them is connected")
    func onePINAtOnce() async throws {
        for isProven in [false, true] {
            let home = try await Household()
            let portal = WatchedPortal(home.portal)
            let alice = try await MeshSession(home.machine(), portal: portal).createAccount(Self.address)
            let other = try await administrator(home, of: alice)
            let pin = try await alice.makePIN()
            _ = try await other.sync()
            let (first, second) = (home.session(), home.session())
            let mine = try await first.connect(to: Self.address, pin: pin.pin)
            let listed = try #require(try await alice.connectPending().first)
            home.clock.advance(by: 1)
            let theirs = try await second.connect(to: Self.address, pin: pin.pin)
            let rival = try #require(try await other.connectPending().first { $0.id == theirs.id })
            #expect(listed.proof == .proved(Right.usual) && rival.proof == .proved(Right.usual))
            // When the one has decided and looked at everything, the other is faster, and dies before it uses the PIN up.
            portal.once(before: .connectComplete) {
                let cut = WatchedPortal(home.portal)
                cut.lost = [.connectComplete]
                let rivals = try await MeshSession(other.platform, portal: cut).personalSession()
                await #expect(throws: PortalError.self) { try await rivals.connectClose(rival, .accept()) }
            }
            if isProven {
                let changes = try await alice.acceptProven()
                #expect(changes.list.contains(.init(.request, .rejected, mine.device.text)))
            } else {
                await #expect(throws: SessionError(.pinRefused, "")) {
                    try await alice.connectClose(listed, .accept())
                }
                _ = try await alice.acceptProven()
            }
            await #expect(throws: SessionError(.connectionRejected, "")) {
                try await first.awaitConnection(mine, polling: Household.polling)
            }
            _ = try await second.awaitConnection(theirs, polling: Household.polling)
            _ = try await alice.acceptProven()
            #expect(try await alice.connectedDevices().count == 3)
            #expect(try await alice.store(.local).entries().isEmpty)
        }
    }

    @Test("A PIN is used up although its administrator dies right after the device is connected")
    func killedBeforeUsingUp() async throws {
        let home = try await Household()
        let portal = WatchedPortal(home.portal)
        let alice = try await MeshSession(home.machine(), portal: portal).createAccount(Self.address)
        let other = try await administrator(home, of: alice)
        let pin = try await alice.makePIN()
        let (first, second) = (home.session(), home.session())
        let request = try await first.connect(to: Self.address, pin: pin.pin)
        portal.lost = [.connectComplete]
        await #expect(throws: PortalError.self) { try await alice.acceptProven() }
        portal.lost = []
        _ = try await first.awaitConnection(request, polling: Household.polling)
        let late = try await second.connect(to: Self.address, pin: pin.pin)
        #expect(try await other.connectPending().map(\.proof) == [.refused])
        let changes = try await other.acceptProven()
        #expect(changes.list.contains(.init(.pin, .removed, pin.identifier.text)))
        await #expect(throws: SessionError(.connectionRejected, "")) {
            try await second.awaitConnection(late, polling: Household.polling)
        }
        #expect(try await other.connectedDevices().count == 3)
    }
}

/// A store that cannot write some records for a while.
private final class ForgetfulStore: PortalStore {
    let name = "forgetful"
    let isShared = false
    private let base: any PortalStore
    private let prefix = Mutex<String?>(nil)

    init(_ base: any PortalStore) { self.base = base }

    /// What the keys begin with that it cannot write.
    var refuses: String? {
        get { prefix.withLock { $0 } }
        set { prefix.withLock { $0 = newValue } }
    }

    func record(_ key: String, in partition: PortalPartition) async throws -> PortalRecord? {
        try await base.record(key, in: partition)
    }
    func records(
        _ prefix: String, after: String?, limit: Int, in partition: PortalPartition
    ) async throws -> [PortalRecord] {
        try await base.records(prefix, after: after, limit: limit, in: partition)
    }
    func commit(_ changes: [PortalChange], in partition: PortalPartition) async throws {
        if let refuses, changes.contains(where: { $0.key.hasPrefix(refuses) }) {
            throw PortalStoreError(.unavailable, "The store is not there.")
        }
        try await base.commit(changes, in: partition)
    }
    func state(of log: String, in partition: PortalPartition) async throws -> PortalLogState {
        try await base.state(of: log, in: partition)
    }
    func frames(
        of log: String, from first: Int, limit: Int, octets: Int, in partition: PortalPartition
    ) async throws -> [[UInt8]] {
        try await base.frames(of: log, from: first, limit: limit, octets: octets, in: partition)
    }
    func append(
        _ frames: [[UInt8]], to log: String, expecting count: Int, in partition: PortalPartition
    ) async throws -> PortalLogState {
        try await base.append(frames, to: log, expecting: count, in: partition)
    }
    func remove(_ partition: PortalPartition) async throws -> Bool { try await base.remove(partition) }
}
