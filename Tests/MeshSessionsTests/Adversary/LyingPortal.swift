import MeshCore
import MeshCryptography
import MeshDARE
import MeshInMemory
import MeshPlatforms
import MeshPortalService
import MeshPortals
import MeshProfiles
import MeshSessions
import Synchronization

/// What is done to an answer on its way.
struct Lie: Sendable {
    let tell:
        @Sendable (_ request: PortalRequest, _ response: PortalResponse, _ key: PrivateKey) throws -> PortalResponse

    /// Changes what a service says, and signs it with the service's own key: the service itself lies.
    static func service<M: PortalRequestMessage>(
        _ type: M.Type, _ rewrite: @escaping @Sendable (inout M.Response, M) throws -> Void
    ) -> Lie {
        Lie { request, response, key in
            guard let asked = try? PortalWire.decodeRequest(request.body, limit: 1 << 24),
                asked.transaction == M.transaction,
                case .response(var answer) = try PortalWire.decodeResponse(response.body, to: M.self, limit: 1 << 24)
            else { return response }
            try rewrite(&answer, try asked.message(M.self))
            return try signed(
                PortalWire.encode(answer), answer.status?.rawValue ?? response.status, to: request, by: key)
        }
    }

    /// Changes the octets of answers to `transaction`, without any key: somebody on the way lies.
    static func wire(
        _ transaction: PortalTransaction,
        _ rewrite: @escaping @Sendable (_ request: PortalRequest, inout PortalResponse) throws -> Void
    ) -> Lie {
        Lie { request, response, _ in
            guard try PortalWire.decodeRequest(request.body, limit: 1 << 24).transaction == transaction else {
                return response
            }
            var response = response
            try rewrite(request, &response)
            return response
        }
    }

    static func signed(
        _ body: [UInt8], _ status: Int, to request: PortalRequest, by key: PrivateKey
    ) throws -> PortalResponse {
        let authorization = try ResponseAuthorization(to: request.digest, status: status, body: body, key: key)
        return PortalResponse(status: status, authorization: try authorization.encoded(), body: body)
    }
}

/// A portal with the real service behind it, and with the service's key in the hands of whoever lies.
final class LyingPortal: MeshPortal {
    private struct State {
        var handler: any PortalRequestHandler
        var lies: [Lie] = []
        var seen: [(PortalRequest, PortalResponse)] = []
    }
    private let state: Mutex<State>
    private let key: PrivateKey

    init(_ handler: any PortalRequestHandler, key: PrivateKey) {
        state = Mutex(State(handler: handler))
        self.key = key
    }

    /// The service behind.
    var handler: any PortalRequestHandler {
        get { state.withLock { $0.handler } }
        set { state.withLock { $0.handler = newValue } }
    }
    /// What is done to answers; none at first.
    var lies: [Lie] {
        get { state.withLock { $0.lies } }
        set { state.withLock { $0.lies = newValue } }
    }
    /// What went over the wire.
    var seen: [(PortalRequest, PortalResponse)] { state.withLock { $0.seen } }

    func exchange(_ request: PortalRequest) async throws -> PortalResponse {
        var response = await handler.handle(request)
        for lie in lies { response = try lie.tell(request, response, key) }
        state.withLock { $0.seen.append((request, response)) }
        return response
    }
}

/// The portal `example.com`, run by somebody who lies, and those who have accounts there.
struct Den {
    let clock = ManualClock(Timestamp(secondsSince1970: 1_700_000_000))
    let store: SnapshotStore
    let keys: InMemoryKeyStore
    let service: PortalService
    /// The service's own key.
    let key: PrivateKey
    let portal: LyingPortal

    init() async throws {
        store = SnapshotStore()
        keys = InMemoryKeyStore()
        service = try await PortalService.open(
            domain: "example.com", store: store, keys: keys, clock: clock, random: SystemRandomSource())
        let found = try await keys.withKey(service.profile.udf) { key in
            try ProfileService.key(.sign, from: try SecretSeed(binary: key.secret))
        }
        guard let found else { throw PortalError(.serviceFailed, "There is no key.") }
        key = found
        portal = LyingPortal(service, key: key)
    }

    /// The same portal over a copy of `contents`: started anew from a backup, or the other side of a fork.
    func another(_ contents: SnapshotStore.Contents) async throws -> (service: PortalService, store: SnapshotStore) {
        let copy = SnapshotStore(contents)
        let service = try await PortalService.open(
            domain: "example.com", store: copy, keys: keys, clock: clock, random: SystemRandomSource())
        return (service, copy)
    }

    func machine() -> MeshMachineCached { MeshMachineCached(clock: clock) }

    func session(_ machine: MeshMachineCached? = nil, through portal: LyingPortal? = nil) -> MeshSession {
        MeshSession(machine ?? self.machine(), portal: portal ?? self.portal)
    }

    /// Connects a further machine to the account of `owner`.
    func connect(
        _ session: MeshSession, to owner: PersonalSession, _ address: String = "alice@example.com",
        rights: [Right] = Right.usual
    ) async throws -> PersonalSession {
        let request = try await session.connect(to: address)
        let pending = try await owner.connectPending().first { $0.witness == request.witness }
        guard let pending else { throw PortalError(.notFound, "The request is not listed.") }
        _ = try await owner.connectClose(pending, .accept(rights))
        return try await session.awaitConnection(request, polling: Household.polling)
    }

    static func network(_ service: String) -> CatalogedNetwork {
        var entry = CatalogedNetwork()
        entry.service = service
        entry.password = "1"
        return entry
    }

    static func credential(_ service: String, _ password: String = "1") -> CatalogedCredential {
        var entry = CatalogedCredential()
        entry.service = service
        entry.username = "alice"
        entry.password = password
        return entry
    }
}
