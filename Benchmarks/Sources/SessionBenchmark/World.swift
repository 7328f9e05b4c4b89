import MeshCore
import MeshHomeDirectory
import MeshInMemory
import MeshLinuxPlatform
import MeshPlatforms
import MeshPortalService
import MeshPortals
import MeshSessions
import Synchronization

/// A portal in the same process, and machines whose files are in a directory of their own.
final class World: Sendable {
    /// Where the portal keeps what it keeps.
    enum Kind: String, CaseIterable, CustomStringConvertible {
        case memory
        case disk

        var description: String { rawValue }
    }

    static let domain = "example.com"

    let kind: Kind
    /// Counts the requests.
    let portal: CountingPortal
    private let root: String
    private let machines = Mutex(0)

    init(_ kind: Kind, root: String) async throws {
        self.kind = kind
        self.root = root
        let store: any PortalStore =
            switch kind {
            case .memory: InMemoryPortalStore()
            case .disk:
                DAREPortalStore(
                    FileContainerStore(HomeDirectory(mode: .test("portal"), path: "\(root)/portal")))
            }
        let service = try await PortalService.open(
            domain: Self.domain, store: store, keys: InMemoryKeyStore(), clock: SystemClock(),
            random: SystemRandomSource())
        portal = CountingPortal(MeshPortalDirect(Self.domain, service))
    }

    /// A session on a new machine.
    func session() -> MeshSession {
        let number = machines.withLock {
            $0 += 1
            return $0
        }
        let home = HomeDirectory(mode: .test("machine"), path: "\(root)/machine-\(number)")
        return MeshSession(LinuxPlatform(home: home, keys: InMemoryKeyStore(mode: home.mode)), portal: portal)
    }

    /// The account of `alice` on a new machine, connected by comparing witnesses.
    func connected(to alice: PersonalSession) async throws -> PersonalSession {
        guard let address = try await alice.accounts().first else { throw SessionBenchmark.Failure() }
        let session = session()
        let request = try await session.connect(to: address.canonical)
        guard let pending = try await alice.connectPending().first, pending.witness == request.witness else {
            throw SessionBenchmark.Failure()
        }
        _ = try await alice.connectClose(pending, .accept())
        guard case .connected(let connected) = try await session.complete(request) else {
            throw SessionBenchmark.Failure()
        }
        return connected
    }
}
