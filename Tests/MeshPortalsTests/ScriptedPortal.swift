import MeshCore
import MeshCryptography
import MeshDARE
import MeshEncoding
import MeshPortals
import Synchronization

/// A portal that authenticates requests as a service does, and then answers as the test says.
final class ScriptedPortal: MeshPortal {
    /// What comes of a request that is in order.
    enum Step: Sendable {
        /// An answer of the service: the encoded message, and the status beside it.
        case answer([UInt8], status: Int = 201)
        /// An answer that is changed on its way.
        case changed([UInt8], @Sendable (inout PortalResponse) -> Void)
        case failure(any Error)
        /// No answer, until the task is cancelled.
        case silence
    }

    struct State {
        var epoch = "first"
        var time: Timestamp
        var key: PrivateKey
        /// The fingerprint and key of the profile that is shown.
        var shown: PrivateKey
        var limits: PortalLimits?
        var showsProfile = true
        /// Keys that the service knows without being shown them.
        var known: [PublicKey] = []
        /// What the next Hello is answered with instead, and the next requests.
        var hellos: [Step] = []
        var steps: [Step] = []
        /// Everything that arrived.
        var requests: [PortalRequest] = []
        var accepted: [AuthenticatedRequest] = []
        var helloCount = 0
    }
    let state: Mutex<State>
    private let windows = Mutex<[String: NonceWindow]>([:])

    init(key: PrivateKey, time: Timestamp, known: [PublicKey]) {
        state = Mutex(State(time: time, key: key, shown: key, known: known))
    }

    func then(_ steps: Step...) { state.withLock { $0.steps += steps } }
    var state_: State { state.withLock { $0 } }

    /// The profile of a service here: an envelope that holds nothing but its key.
    static func read(_ envelope: DAREEnvelope) throws -> ServiceIdentity {
        let key = try PublicKey(algorithm: .ed25519, octets: envelope.body)
        return ServiceIdentity(udf: key.udf, key: key)
    }

    func exchange(_ request: PortalRequest) async throws -> PortalResponse {
        let step = try state.withLock { state in
            state.requests.append(request)
            return try next(request, &state)
        }
        let signer = state_.key
        func signed(_ body: [UInt8], _ status: Int) throws -> PortalResponse {
            let authorization = try ResponseAuthorization(to: request.digest, status: status, body: body, key: signer)
            return PortalResponse(status: status, authorization: try authorization.encoded(), body: body)
        }
        switch step {
        case .answer(let body, let status): return try signed(body, status)
        case .changed(let body, let change):
            var response = try signed(body, 201)
            change(&response)
            return response
        case .failure(let error): throw error
        case .silence:
            try await Task.sleep(for: .seconds(86_400))
            throw CancellationError()
        }
    }

    private func next(_ request: PortalRequest, _ state: inout State) throws -> Step {
        let asked = try PortalWire.decodeRequest(request.body, limit: 1 << 22)
        if asked.transaction == .hello {
            state.helloCount += 1
            return state.hellos.isEmpty ? .answer(try hello(state)) : state.hellos.removeFirst()
        }
        if asked.transaction.access != .anyone {
            do throws(PortalError) {
                guard let octets = request.authorization else { throw PortalError(.unauthorized, "") }
                let authorization = try RequestAuthorization(parsing: octets)
                guard
                    let key = authorization.key
                        ?? state.known.first(where: { $0.udf == authorization.kid })
                else { throw PortalError(.unauthorized, "") }
                let epoch = state.epoch
                let window = windows.withLock { windows in
                    let window = windows[epoch] ?? NonceWindow(epoch: epoch)
                    windows[epoch] = window
                    return window
                }
                state.accepted.append(
                    try authorization.verify(
                        request, of: asked.transaction, by: key,
                        as: RequestExpectation(portal: "example.com", epoch: epoch, now: state.time),
                        remembering: window))
            } catch {
                var answer = ErrorResponse()
                answer.status = PortalStatus(answering: error)
                if error.code == .staleEpoch { answer.epoch = state.epoch }
                return .answer(try PortalWire.encode(answer), status: answer.status?.rawValue ?? 500)
            }
        }
        return state.steps.isEmpty
            ? .failure(PortalError(.serviceFailed, "not in the script")) : state.steps.removeFirst()
    }

    private func hello(_ state: State) throws -> [UInt8] {
        var hello = HelloResponse()
        hello.status = .success
        hello.version = ProtocolVersion(major: 3, minor: 0, encodings: PortalWire.encodings)
        hello.epoch = state.epoch
        hello.time = state.time
        hello.limits = state.limits
        if state.showsProfile { hello.profileService = DAREEnvelope(header: [:], body: state.shown.publicKey.octets) }
        return try PortalWire.encode(hello)
    }
}

/// Waits for nothing. The deadline of calls comes never, or at once.
final class ScriptedSleeper: PortalSleeper {
    private let deadlineComes: Bool
    let waits = Mutex<[Duration]>([])

    init(deadlineComes: Bool = false) { self.deadlineComes = deadlineComes }

    func sleep(for duration: Duration) async throws {
        if duration >= .seconds(30) {
            // Until the call is over, which cancels it.
            if !deadlineComes { try await Task.sleep(for: .seconds(86_400)) }
        } else {
            waits.withLock { $0.append(duration) }
        }
    }
}
