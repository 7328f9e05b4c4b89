import MeshCore
import MeshHomeDirectory
import MeshInMemory
import MeshLinuxPlatform
import MeshPlatforms
import MeshPortalService
import MeshPortals
import MeshSessions

/// A portal in the same process, and machines whose files are in a directory of their own.
struct World {
    static let domain = "example.com"

    private let root: String
    private let portal: any MeshPortal

    init(root: String) async throws {
        self.root = root
        let store = DAREPortalStore(
            FileContainerStore(HomeDirectory(mode: .test("portal"), path: "\(root)/portal")))
        let service = try await PortalService.open(
            domain: Self.domain, store: store, keys: InMemoryKeyStore(), clock: SystemClock(),
            random: SystemRandomSource())
        portal = MeshPortalDirect(Self.domain, service)
    }

    /// A session on a new machine.
    func session(_ machine: String = "first") -> MeshSession {
        let home = HomeDirectory(mode: .test("machine"), path: "\(root)/\(machine)")
        return MeshSession(
            LinuxPlatform(home: home, keys: InMemoryKeyStore(mode: home.mode)), portal: portal)
    }

    /// The account of `alice` on a second machine.
    func connected(to alice: PersonalSession) async throws -> PersonalSession {
        guard let address = try await alice.accounts().first else {
            throw ApplicationBenchmark.Failure("account")
        }
        let session = session("second")
        let request = try await session.connect(to: address.canonical)
        guard let pending = try await alice.connectPending().first, pending.witness == request.witness
        else {
            throw ApplicationBenchmark.Failure("connect")
        }
        _ = try await alice.connectClose(pending, .accept([.administrator]))
        guard case .connected(let connected) = try await session.complete(request) else {
            throw ApplicationBenchmark.Failure("connect")
        }
        return connected
    }
}
