import MeshCore
import MeshCryptography
import MeshDARE
import MeshEncoding
import MeshInMemory
import MeshPlatforms
import MeshPortalService
import MeshPortals
import MeshProfiles
import Synchronization
import Testing

/// A portal over a store in memory, with a clock that stands still and repeatable randomness.
final class TestPortal: Sendable {
    static let domain = "example.com"

    let clock = ManualClock()
    let random: SeededRandomSource
    let store: any PortalStore
    let keys: InMemoryKeyStore
    let limits: PortalLimits
    /// What the portal told of failures inside.
    let events = Mutex<[PortalEvent]>([])
    /// What was sent last.
    let sent: Mutex<PortalRequest?> = Mutex(nil)
    /// Whether messages are made, and not sent.
    let isHoldingBack = Mutex(false)
    struct HeldBack: Error {}
    private let current: Mutex<PortalService?> = Mutex(nil)

    var service: PortalService {
        get throws { try #require(current.withLock { $0 }) }
    }

    init(
        seed: UInt64 = 1, store: any PortalStore = InMemoryPortalStore(), keys: InMemoryKeyStore = InMemoryKeyStore(),
        limits: PortalLimits = PortalLimits()
    ) async throws {
        random = SeededRandomSource(seed: seed)
        self.store = store
        self.keys = keys
        self.limits = limits
        try await restart()
    }

    /// A new life of the service over the same store.
    func restart() async throws {
        let service = try await PortalService.open(
            domain: Self.domain, store: store, keys: keys, clock: clock, random: random, limits: limits,
            observer: { [weak self] event in self?.events.withLock { $0.append(event) } })
        current.withLock { $0 = service }
    }

    /// Sends a message, signed by `signer`, and takes the answer only with the service's signature.
    func send<M: PortalRequestMessage>(
        _ message: M, by signer: Signer? = nil, _ location: SourceLocation = #_sourceLocation
    ) async throws -> PortalAnswer<M.Response> {
        let request = try request(message, by: signer)
        if isHoldingBack.withLock({ $0 }) { throw HeldBack() }
        return try await self.answer(to: request, M.self, location)
    }

    /// The status with which a message is answered.
    func status<M: PortalRequestMessage>(_ message: M, by signer: Signer? = nil) async throws -> PortalStatus? {
        try await send(message, by: signer).status
    }

    /// The answer to a message, which must be a success.
    func success<M: PortalRequestMessage>(
        _ message: M, by signer: Signer? = nil, _ location: SourceLocation = #_sourceLocation
    ) async throws -> M.Response {
        let answer = try await send(message, by: signer, location)
        guard case .response(let response) = answer, response.isSuccess else {
            Issue.record(
                "\(M.tag): \(answer.status?.rawValue ?? 0) \(answer.statusDescription ?? "")", sourceLocation: location)
            throw PortalError(.rejected, "no success")
        }
        return response
    }

    /// The octets of a request.
    func request<M: PortalRequestMessage>(_ message: M, by signer: Signer?) throws -> PortalRequest {
        let body = try PortalWire.encode(message)
        var request = PortalRequest(portal: Self.domain, body: body)
        if let signer {
            request.authorization = try signer.authorization(M.transaction, body, self).encoded()
        }
        let made = request
        sent.withLock { $0 = made }
        return request
    }

    func answer<M: PortalRequestMessage>(
        to request: PortalRequest, _ type: M.Type, _ location: SourceLocation = #_sourceLocation
    ) async throws -> PortalAnswer<M.Response> {
        let service = try service
        let response = await service.handle(request)
        let verified = try ResponseAuthorization.verify(
            response, to: request, by: service.profile.content.serviceSignature)
        let answer = try PortalWire.decodeResponse(verified.body, to: M.self)
        #expect(answer.status?.rawValue == response.status, sourceLocation: location)
        return answer
    }

    /// Everything in the store of the portal itself and of those accounts, to be compared: with how often it was written,
    /// too, or without.
    func snapshot(_ accounts: UDF..., versions: Bool = true) async throws -> [String] {
        var lines: [String] = []
        for partition in [.portal] + accounts.map({ PortalPartition.account($0) }) {
            for record in try await store.records("", after: nil, limit: .max, in: partition) {
                let digest = HashAlgorithm.sha256.digest(record.octets)
                let version = versions ? "\(record.version)" : "-"
                lines.append("\(partition) \(record.key) \(version) \(Base64URL.encode(digest))")
            }
            for name in StoreName.fixed {
                let state = try await store.state(of: "MMM_\(name.rawValue)", in: partition)
                if state.count > 0 {
                    lines.append("\(partition) \(name) \(state.count) \(Base64URL.encode(state.digest))")
                }
            }
        }
        return lines
    }
}

/// Whoever signs requests.
struct Signer: Sendable {
    var key: PrivateKey
    var account: String
    var showsKey = false
    var portal = TestPortal.domain
    var epoch: String?
    var skew: Int64 = 0

    init(_ key: PrivateKey, _ account: String, showsKey: Bool = false) {
        self.key = key
        self.account = account
        self.showsKey = showsKey
    }

    func authorization(
        _ transaction: PortalTransaction, _ body: [UInt8], _ portal: TestPortal
    ) throws -> RequestAuthorization {
        try RequestAuthorization(
            transaction, body: body, account: account, portal: self.portal, epoch: epoch ?? portal.service.epoch,
            time: Timestamp(secondsSince1970: portal.clock.now.secondsSince1970 + skew), random: portal.random,
            key: key, showingKey: showsKey)
    }
}
