import MeshCore
import MeshDARE
import MeshInMemory
import MeshPlatforms
import MeshProfiles
import MeshSessions
import Testing

/// Which entry is meant when none is named: two people on one machine, and one of them on another machine too.
struct ApplicationDefaultsTests {
    private let home: Household
    private let machine: MeshMachineCached
    private let alice: PersonalSession
    private let bob: PersonalSession

    init() async throws {
        home = try await Household()
        machine = home.machine()
        alice = try await home.session(machine).createAccount("alice@example.com")
        bob = try await home.session(machine).createAccount("bob@example.com")
        for person in [alice, bob] { try await person.networks().add(["a", "b", "c"].map(Self.network)) }
    }

    private static func network(_ name: String) -> CatalogedNetwork {
        CatalogedNetwork(service: name, networkProtocol: "wifi")
    }

    private func networks(_ person: PersonalSession) async throws -> ApplicationDefaults<CatalogedNetwork> {
        try await person.defaults(.network)
    }

    private func current(_ person: PersonalSession) async throws -> String? {
        try await networks(person).current().map { "\($0.item.key) \($0.scope.rawValue)" }
    }

    /// Alice on another machine.
    private func another() async throws -> PersonalSession {
        let session = home.session()
        let request = try await session.connect(to: "alice@example.com")
        let pending = try #require(try await alice.connectPending().first)
        _ = try await alice.connectClose(pending, .accept([.administrator]))
        return try await session.awaitConnection(request, polling: Household.polling)
    }

    @Test func eachProfileHasItsOwnAndTheMachineIsTheLastResort() async throws {
        #expect(try await current(alice) == nil)
        #expect(try await networks(alice).find(nil) == nil)
        try await networks(alice).set("wifi:a", .everyProfile)
        #expect(try await current(alice) == "wifi:a every-profile")
        #expect(try await current(bob) == "wifi:a every-profile")
        try await networks(bob).set("b", .allDevices)
        #expect(try await current(alice) == "wifi:a every-profile")
        #expect(try await current(bob) == "wifi:b all-devices")
        try await networks(bob).set("wifi:c", .thisMachine)
        try await networks(alice).set("wifi:b", .thisMachine)
        #expect(try await current(alice) == "wifi:b this-machine")
        #expect(try await current(bob) == "wifi:c this-machine")
        // What is named comes before all of them.
        #expect(try await networks(bob).find("wifi:a")?.key == "wifi:a")
        // And each, taken away, shows the next.
        let defaults = try await networks(bob)
        for scope in [DefaultScope.thisMachine, .allDevices, .everyProfile] {
            #expect(try await current(bob)?.hasSuffix(scope.rawValue) == true)
            #expect(try await defaults.clear(scope))
            #expect(try await !defaults.clear(scope))
        }
        #expect(try await current(bob) == nil)
        #expect(try await current(alice) == "wifi:b this-machine")
        // The other kinds are their own.
        #expect(try await alice.defaults(.web, of: CatalogedCredential.self).current() == nil)
    }

    @Test func whatIsNotThereIsAnErrorAndNeverAnother() async throws {
        let defaults = try await networks(alice)
        try await defaults.set("wifi:a", .everyProfile)
        try await defaults.set("wifi:b", .allDevices)
        for scope in DefaultScope.allCases {
            await #expect(throws: PlatformError(.notFound, store: "", "")) { try await defaults.set("wifi:x", scope) }
        }
        await #expect(throws: PlatformError(.notFound, store: "", "")) { try await defaults.find("wifi:x") }
        await #expect(throws: PlatformError(.notFound, store: "", "")) { try await defaults.find("") }
        #expect(try await current(alice) == "wifi:b all-devices")
        try await defaults.set("wifi:c", .thisMachine)
        try await alice.networks().remove("wifi:c", from: nil)
        await #expect(throws: SessionError(.defaultMissing, "")) { try await defaults.current() }
        await #expect(throws: SessionError(.defaultMissing, "")) {
            try await defaults.current(among: try await alice.networks().entries())
        }
        try await defaults.clear(.thisMachine)
        #expect(try await current(alice) == "wifi:b all-devices")
        // The mark on all devices goes with its entry.
        try await alice.networks().remove("wifi:b", from: nil)
        #expect(try await current(alice) == "wifi:a every-profile")
        // The machine's default is one that Bob has, until he has it no more.
        #expect(try await current(bob) == "wifi:a every-profile")
        try await bob.networks().remove("wifi:a", from: nil)
        #expect(try await current(bob) == nil)
        #expect(try await current(alice) == "wifi:a every-profile")
    }

    @Test func theDefaultOnAllDevicesIsSynchronised() async throws {
        _ = try await alice.sync()
        let other = try await another()
        _ = try await other.sync()
        try await networks(alice).set("wifi:a")
        _ = try await alice.sync()
        _ = try await other.sync()
        #expect(try await current(other) == "wifi:a all-devices")
        // Of this machine alone: the other does not hear of it.
        try await networks(alice).set("wifi:c", .thisMachine)
        _ = try await alice.sync()
        _ = try await other.sync()
        #expect(try await current(other) == "wifi:a all-devices")
        try await networks(other).set("wifi:b")
        try await networks(alice).clear(.thisMachine)
        _ = try await other.sync()
        _ = try await alice.sync()
        #expect(try await current(alice) == "wifi:b all-devices")
        // Only one is marked.
        #expect(try await alice.networks().entries().compactMap(\.entry.madeDefault).count == 1)
        // Both choose before they hear of each other: the same one counts on both, and clearing it clears both.
        try await networks(other).set("wifi:a")
        home.clock.advance(by: 5)
        try await networks(alice).set("wifi:c")
        for person in [alice, other, alice, other] {
            _ = try await person.sync()
            for conflict in try await person.conflicts() { try await person.resolve(conflict, keepingOurs: true) }
        }
        #expect(try await current(alice) == "wifi:c all-devices")
        #expect(try await current(other) == "wifi:c all-devices")
        #expect(try await networks(other).clear())
        _ = try await other.sync()
        _ = try await alice.sync()
        #expect(try await current(alice) == nil)
    }

    @Test func aMarkOfAClockThatIsAheadIsReplaced() async throws {
        var entry = Self.network("a")
        entry.madeDefault = 9_000_000_000
        try await alice.networks().update(entry, from: nil)
        #expect(try await current(alice) == "wifi:a all-devices")
        try await networks(alice).set("wifi:b")
        #expect(try await current(alice) == "wifi:b all-devices")
        entry.madeDefault = .max
        try await alice.networks().update(entry, from: nil)
        try await networks(alice).set("wifi:b")
        #expect(try await current(alice) == "wifi:b all-devices")
    }

    @Test func mailAccountsAndKeysHaveThemToo() async throws {
        let store = try await alice.entries(of: CatalogedApplication.self, in: .mail)
        var account = CatalogedApplication(.mail, key: "mail/1")
        account.accountAddress = "alice@mail.example"
        try await store.add([account, CatalogedApplication(.other, key: "application/com.example/x")])
        let defaults: ApplicationDefaults<CatalogedApplication> = try await alice.defaults(.mail)
        #expect(try await defaults.find("alice@mail.example")?.key == "mail/1")
        // What another application keeps beside them is no mail account.
        await #expect(throws: PlatformError(.notFound, store: "", "")) {
            try await defaults.set("application/com.example/x")
        }
        try await defaults.set("alice@mail.example")
        #expect(try await defaults.current()?.item.entry.accountAddress == "alice@mail.example")
        let keys = try await alice.entries(of: CatalogedApplication.self, in: .ssh)
        try await keys.add(CatalogedApplication(.ssh, key: "key"))
        let sshDefaults: ApplicationDefaults<CatalogedApplication> = try await alice.defaults(.ssh)
        try await sshDefaults.set("key", .thisMachine)
        #expect(try await sshDefaults.current()?.item.key == "key")
    }
}
