import MeshCore
import MeshCryptography
import MeshInMemory
import MeshPlatforms
import MeshPortalService
import MeshPortals
import MeshSessions

/// A portal in the same process, and machines in memory that reach it: what tests of sessions live in.
struct Household {
    let clock = ManualClock(Timestamp(secondsSince1970: 1_700_000_000))
    let store: any PortalStore
    let service: PortalService
    let portal: any MeshPortal

    /// A portal for `domain` that keeps what it keeps in `store`.
    init(_ domain: String = "example.com", store: any PortalStore = InMemoryPortalStore()) async throws {
        self.store = store
        service = try await PortalService.open(
            domain: domain, store: store, keys: InMemoryKeyStore(), clock: clock, random: SystemRandomSource())
        portal = MeshPortalDirect(domain, service)
    }

    /// An empty machine whose clock is that of the household.
    func machine() -> MeshMachineCached { MeshMachineCached(clock: clock) }

    /// A session on `machine`, or on an empty one.
    func session(_ machine: (any MeshPlatform)? = nil) -> MeshSession {
        MeshSession(machine ?? self.machine(), portal: portal)
    }

    /// Waiting without waiting.
    static let polling = Polling(firstPause: .seconds(1), timeout: .seconds(60)) { _ in }
}
