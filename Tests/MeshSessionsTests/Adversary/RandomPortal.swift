import MeshCore
import MeshCryptography
import MeshPortalService
import MeshPortals
import MeshTestSupport
import Synchronization

/// A portal that answers what it likes to some transactions, under its own signature: something near a good answer, or
/// nothing at all. What would change something at the portal is not done then.
final class RandomPortal: MeshPortal {
    private struct State {
        var mutator: Mutator
        var lies: Set<PortalTransaction> = []
        var good: [PortalTransaction: [[UInt8]]] = [:]
        var told: [String] = []
    }
    private let state: Mutex<State>
    private let handler: any PortalRequestHandler
    private let key: PrivateKey

    /// - Parameter key: the service's own.
    init(_ handler: any PortalRequestHandler, key: PrivateKey, mutator: Mutator) {
        state = Mutex(State(mutator: mutator))
        self.handler = handler
        self.key = key
    }

    /// About what is lied; nothing at first.
    var lies: Set<PortalTransaction> {
        get { state.withLock { $0.lies } }
        set {
            state.withLock { state in
                state.lies = newValue
                state.told = []
            }
        }
    }
    /// The lies since the last change of ``lies``.
    var told: [String] { state.withLock { $0.told } }
    /// The good answers that were given so far.
    var good: [PortalTransaction: [[UInt8]]] { state.withLock { $0.good } }

    func exchange(_ request: PortalRequest) async throws -> PortalResponse {
        let transaction = try PortalWire.decodeRequest(request.body, limit: 1 << 24).transaction
        let example = state.withLock { state -> [UInt8]? in
            guard state.lies.contains(transaction), !Self.reads.contains(transaction) else { return nil }
            return state.good[transaction]?.randomElement(using: &state.mutator)
        }
        let answer: PortalResponse
        if let example {
            answer = PortalResponse(status: 201, authorization: nil, body: example)
        } else {
            answer = await handler.handle(request)
        }
        let lie = state.withLock { state -> (body: [UInt8], isSigned: Bool)? in
            guard state.lies.contains(transaction) else {
                if PortalStatus(rawValue: answer.status).isSuccess {
                    state.good[transaction, default: []].append(answer.body)
                }
                return nil
            }
            let body = Self.lie(answer.body, transaction, &state.mutator)
            state.told.append("\(transaction): \(String(decoding: body, as: UTF8.self).prefix(2000))")
            return (body, state.mutator.next() % 8 != 0)
        }
        guard let lie else { return answer }
        guard lie.isSigned else {
            return PortalResponse(status: answer.status, authorization: answer.authorization, body: lie.body)
        }
        return try Lie.signed(lie.body, answer.status, to: request, by: key)
    }

    /// Something that does not say the same.
    static func lie(_ body: [UInt8], _ transaction: PortalTransaction, _ mutator: inout Mutator) -> [UInt8] {
        let meaning = meaning(body, transaction)
        while true {
            let changed = mutator.changed(body)
            guard let now = self.meaning(changed, transaction), now == meaning else { return changed }
        }
    }

    /// What a client reads in an answer; nil if it can read nothing.
    private static func meaning(_ body: [UInt8], _ transaction: PortalTransaction) -> [UInt8]? {
        func read<M: PortalRequestMessage>(_ type: M.Type) -> [UInt8]? {
            switch try? PortalWire.decodeResponse(body, to: type) {
            case .response(let response): try? PortalWire.encode(response)
            case .error(let error): try? PortalWire.encode(error)
            case nil: nil
            }
        }
        return switch transaction {
        case .hello: read(HelloRequest.self)
        case .validateAccount: read(ValidateAccountRequest.self)
        case .createAccount: read(CreateAccountRequest.self)
        case .deleteAccount: read(DeleteAccountRequest.self)
        case .get: read(GetRequest.self)
        case .publish: read(PublishRequest.self)
        case .status: read(StatusRequest.self)
        case .download: read(DownloadRequest.self)
        case .transact: read(TransactRequest.self)
        case .connectStart: read(ConnectStartRequest.self)
        case .connectStatus: read(ConnectStatusRequest.self)
        case .connectPending: read(ConnectPendingRequest.self)
        case .connectComplete: read(ConnectCompleteRequest.self)
        case .claim: read(ClaimRequest.self)
        case .pollClaim: read(PollClaimRequest.self)
        case .transfer: read(TransferRequest.self)
        }
    }

    private static let reads: Set<PortalTransaction> = [
        .hello, .validateAccount, .get, .status, .download, .connectStart, .connectStatus, .connectPending, .pollClaim,
        .transfer,
    ]
}
