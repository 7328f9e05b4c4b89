import MeshPortals
import Synchronization

/// A portal whose requests a test sees on their way: something happens before one of them, or an answer is lost.
final class WatchedPortal: MeshPortal {
    private struct State {
        var before: [PortalTransaction: @Sendable () async throws -> Void] = [:]
        var lost: Set<PortalTransaction> = []
    }
    private let base: any MeshPortal
    private let state = Mutex(State())

    init(_ base: any MeshPortal) { self.base = base }

    /// Does `body` before the next request for `transaction` goes on.
    func once(before transaction: PortalTransaction, _ body: @escaping @Sendable () async throws -> Void) {
        state.withLock { $0.before[transaction] = body }
    }

    /// The transactions whose answers are lost.
    var lost: Set<PortalTransaction> {
        get { state.withLock { $0.lost } }
        set { state.withLock { $0.lost = newValue } }
    }

    func exchange(_ request: PortalRequest) async throws -> PortalResponse {
        let transaction = try PortalWire.decodeRequest(request.body, limit: 1 << 24).transaction
        if let body = state.withLock({ $0.before.removeValue(forKey: transaction) }) { try await body() }
        let response = try await base.exchange(request)
        if lost.contains(transaction) { throw PortalError(.unreachable, "The answer was lost.") }
        return response
    }
}
