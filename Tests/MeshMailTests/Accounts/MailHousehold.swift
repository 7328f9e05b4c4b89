import MeshCore
import MeshCryptography
import MeshInMemory
import MeshPlatforms
import MeshPortalService
import MeshPortals
import MeshProfiles
import MeshSessions

/// A portal in the same process, and machines in memory that reach it.
struct MailHousehold {
    let clock = ManualClock(Timestamp(secondsSince1970: 1_700_000_000))
    let portal: any MeshPortal

    init() async throws {
        let service = try await PortalService.open(
            domain: "example.com", store: InMemoryPortalStore(), keys: InMemoryKeyStore(), clock: clock,
            random: SystemRandomSource())
        portal = MeshPortalDirect("example.com", service)
    }

    func owner() async throws -> PersonalSession {
        try await MeshSession(MeshMachineCached(clock: clock), portal: portal).createAccount("alice@example.com")
    }

    /// Connects a further machine to the account of `owner`.
    func connect(to owner: PersonalSession, rights: [Right] = Right.usual) async throws -> PersonalSession {
        let session = MeshSession(MeshMachineCached(clock: clock), portal: portal)
        let request = try await session.connect(to: "alice@example.com")
        let pending = try await owner.connectPending().first { $0.witness == request.witness }
        guard let pending else { throw PortalError(.notFound, "The request is not listed.") }
        _ = try await owner.connectClose(pending, .accept(rights))
        let polling = Polling(firstPause: .seconds(1), timeout: .seconds(60)) { _ in }
        return try await session.awaitConnection(request, polling: polling)
    }
}
