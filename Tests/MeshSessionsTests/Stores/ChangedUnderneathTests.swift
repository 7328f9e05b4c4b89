import MeshCore
import MeshDARE
import MeshInMemory
import MeshPlatforms
import Synchronization
import Testing

@testable import MeshSessions

/// Files that another process replaces or cuts back while they are open here.
struct ChangedUnderneathTests {
    /// Containers whose directories go away under the first who use them.
    private final class Shifting: ContainerStore {
        let base: any ContainerStore
        private let left: Mutex<Int>

        init(_ base: any ContainerStore, times: Int) {
            self.base = base
            left = Mutex(times)
        }

        var name: String { base.name }
        var timesLeft: Int { left.withLock { $0 } }
        func root(create: Bool) throws -> (any ContainerDirectory)? { try base.root(create: create) }
        func directory(of account: UDF, create: Bool) throws -> (any ContainerDirectory)? {
            let isShifted = left.withLock { left in
                left -= 1
                return left >= 0
            }
            if isShifted { throw PlatformError(.changedUnderneath, store: name, "It was removed while it was in use.") }
            return try base.directory(of: account, create: create)
        }
        func accounts() throws -> [UDF] { try base.accounts() }
        func removeEmptyDirectory(of account: UDF) throws -> Bool { try base.removeEmptyDirectory(of: account) }
        func eraseTestData(options: CallOptions) async throws { try await base.eraseTestData(options: options) }
    }

    private struct Machine: MeshPlatform {
        let base: MeshMachineCached
        let containers: any ContainerStore

        var mode: PlatformMode { base.mode }
        var keys: any KeyStore { base.keys }
        var registry: any Registry { base.registry }
        var profiles: any ProfileStore { base.profiles }
        var clock: any MeshClock { base.clock }
        var random: any RandomSource { base.random }
    }

    @Test("Stores that change underneath are opened anew, a few times")
    func openedAnew() async throws {
        let home = try await Household()
        let base = home.machine()
        let alice = try await home.session(base).createAccount("alice@example.com")
        try await alice.store(.credential).add(Den.credential("a.example"))
        let keys = try await alice.context().storeKeys
        for times in [1, 3, 4] {
            let containers = Shifting(base.containers, times: times)
            let store = AccountStore(.credential, keys: keys, platform: Machine(base: base, containers: containers))
            if times < 4 {
                #expect(try await store.entries().count == 1)
                #expect(containers.timesLeft < 0)
            } else {
                await #expect(throws: PlatformError(.changedUnderneath, store: "", "")) { try await store.entries() }
            }
        }
        let containers = Shifting(base.containers, times: 2)
        let session = try await home.session(Machine(base: base, containers: containers)).personalSession()
        #expect(try await session.sync().sent[.credential] == 1)
    }

    @Test("What is open is let go of before it is tried again")
    func letGoOf() async throws {
        let home = try await Household()
        let machine = home.machine()
        let alice = try await home.session(machine).createAccount("alice@example.com")
        let stores = OpenedStores(keys: try await alice.context().storeKeys, platform: machine)
        var seen: [DARESequence] = []
        try stores.working { stores in
            seen.append(try #require(try stores.sequence(.device)))
            if seen.count < 3 { throw PlatformError(.changedUnderneath, store: "", "") }
        }
        #expect(seen.count == 3 && Set(seen.map(ObjectIdentifier.init)).count == 3)
    }
}
