import MeshCore
import MeshCryptography
import MeshDARE
import MeshEncoding
import MeshPlatforms
import MeshPortals
import MeshProfiles
import Synchronization

/// A portal: what is done with each request (sessions specification §B3, design §7).
///
/// It takes octets and gives octets, and knows neither sockets nor sessions. What it keeps is in a ``PortalStore``; what it
/// remembers itself can be lost at any time. Several of them, in one process or in several, may serve one domain over one
/// store, if the store is shared.
///
/// The order in which a request is looked at: sizes, then the authorization, and only then the body. Whoever asks for an
/// account that is not there, with a key that is not known, or without the right, gets one answer.
public final class PortalService: PortalRequestHandler {
    /// The domain, in lower case: what stands behind the `@` of the accounts.
    public let domain: String
    /// Who the portal is: what accounts name, and clients pin.
    public var profile: VerifiedProfile<ProfileService> { identity.profile }
    /// This life of the service: requests are signed for it.
    public let epoch: String

    let identity: ServiceIdentity
    let store: any PortalStore
    let clock: any MeshClock
    let random: any RandomSource
    let limits: PortalLimits
    let rules: AccountNameRules
    let observer: PortalObserver
    /// The nonces of keys that accounts know; those of others cannot fill it.
    let nonces: NonceWindow
    let strangerNonces: NonceWindow
    let accounts: AccountCache
    /// The reservations of this life that somebody is working on.
    let underWay = Mutex<Set<String>>([])

    init(
        domain: String, identity: ServiceIdentity, store: any PortalStore, clock: any MeshClock,
        random: any RandomSource, limits: PortalLimits, rules: AccountNameRules, observer: @escaping PortalObserver
    ) {
        self.domain = domain
        self.identity = identity
        self.store = store
        self.clock = clock
        self.random = random
        self.limits = limits
        self.rules = rules
        self.observer = observer
        epoch = RequestAuthorization.makeEpoch(from: random)
        nonces = NonceWindow(epoch: epoch, tolerance: limits.clockTolerance)
        strangerNonces = NonceWindow(epoch: epoch, tolerance: limits.clockTolerance)
        accounts = AccountCache()
    }

    /// Opens the portal of `domain` over `store`.
    ///
    /// The first time, it gets a profile: its seed goes to `keys`, and the signed profile to the store, where it stays. Of
    /// several that open a new store at the same time, all get the same one.
    ///
    /// - Parameters:
    ///   - observer: told of what failed inside; called on the task of the request, and may be called by several at a time.
    /// - Throws: ``PortalError`` `invalidAddress` for a domain that is none, `serviceFailed` if the seed of the profile is
    ///   not in `keys`; ``PortalStoreError``; ``PlatformError`` of the key store.
    public static func open(
        domain: String, store: any PortalStore, keys: any KeyStore, clock: any MeshClock = SystemClock(),
        random: any RandomSource = SystemRandomSource(), limits: PortalLimits = PortalLimits(),
        rules: AccountNameRules = AccountNameRules(), observer: @escaping PortalObserver = { _ in }
    ) async throws -> PortalService {
        let domain = try check(domain: domain)
        let identity = try await ServiceIdentity.open(store, keys, domain: domain, now: clock.now, random: random)
        return PortalService(
            domain: domain, identity: identity, store: store, clock: clock, random: random, limits: limits,
            rules: rules, observer: observer)
    }

    /// `domain` in lower case, if a portal could serve it.
    ///
    /// - Throws: ``PortalError`` `invalidAddress`.
    @discardableResult
    public static func check(domain: String) throws(PortalError) -> String {
        try AccountAddress("portal@\(domain)").domain
    }

    /// The addresses of the accounts, in their order, from the one after `after` on.
    ///
    /// - Throws: ``PortalStoreError``.
    public func accountAddresses(after: String? = nil, limit: Int = 256) async throws -> [String] {
        let after = after.map { AccountRecord.key($0.lowercased()) }
        return try await store.list(AccountRecord.self, after: after, limit: limit, in: .portal).map(\.content.account)
    }

    /// Answers `request`. Every failure is an answer, signed by the service like any other.
    public func handle(_ request: PortalRequest) async -> PortalResponse {
        let call: PortalCall
        do {
            call = try await admit(request)
        } catch {
            return answer(failure(error, nil), to: request)
        }
        do {
            return answer(try await respond(to: call), to: request, as: call.body.encoding)
        } catch {
            return answer(failure(error, call.transaction), to: request, as: call.body.encoding)
        }
    }

    /// One table: what can be asked, who may, and what does it.
    private func respond(to call: PortalCall) async throws -> any PortalResponseMessage {
        switch call.transaction {
        case .hello: try await anyone(call, hello)
        case .validateAccount: try await anyone(call, validateAccount)
        case .createAccount: try await holder(call, createAccount)
        case .deleteAccount: try await administrator(call, deleteAccount)
        case .get: try await anyone(call, get)
        case .publish: try await publisher(call, publish)
        case .status: try await connected(call, status)
        case .download: try await connected(call, download)
        case .transact: try await connected(call, transact)
        case .connectStart: try await holder(call, connectStart)
        case .connectStatus: try await holder(call, connectStatus)
        case .connectPending: try await administrator(call, connectPending)
        case .connectComplete: try await administrator(call, connectComplete)
        case .claim: try await claimant(call, claim)
        case .pollClaim: try await holder(call, pollClaim)
        case .transfer: try await administrator(call, transfer)
        }
    }

    /// The answer for what went wrong, under the name of the response that was expected.
    private func failure(_ error: any Error, _ transaction: PortalTransaction?) -> any PortalResponseMessage {
        let failure = PortalFailure(error)
        if let cause = failure.cause, failure.status.rawValue >= 500 {
            observer(PortalEvent(transaction: transaction, status: failure.status, cause: cause))
        }
        guard let transaction, failure.status != .staleEpoch, failure.status != .unknownOperation else {
            var response = ErrorResponse()
            response.status = failure.status
            response.statusDescription = failure.description
            response.epoch = failure.status == .staleEpoch ? epoch : nil
            return response
        }
        var response = transaction.emptyResponse
        response.status = failure.status
        response.statusDescription = failure.description
        return response
    }
}

extension PortalFailure {
    /// What is answered for `error`: of failures inside nothing but that there was one.
    init(_ error: any Error) {
        switch error {
        case let failure as PortalFailure: self = failure
        case let error as PortalStoreError where error.code == .conflict:
            self.init(.conflict, "Somebody changed it meanwhile.")
        case let error as PortalStoreError where error.code == .invalidFrames:
            self = .invalid("The frames are not the next ones of their container.")
        case let error as PortalStoreError where error.code == .invalidKey:
            self = .badRequest("A name in the request is none that can be kept.")
        case let error as PortalStoreError where error.code == .full:
            self.init(.full, "There is no space for the portal's data.", cause: error)
        case let error as PortalStoreError where error.code == .unavailable:
            self.init(.unavailable, "Its data cannot be read or written.", cause: error)
        case is CancellationError: self.init(.unavailable, "The portal is closing.")
        default: self.init(.internalError, "The portal failed.", cause: error)
        }
    }
}

extension PortalTransaction {
    /// A response that says nothing yet.
    var emptyResponse: any PortalResponseMessage {
        switch self {
        case .hello: HelloResponse()
        case .validateAccount: ValidateAccountResponse()
        case .createAccount: CreateAccountResponse()
        case .deleteAccount: DeleteAccountResponse()
        case .get: GetResponse()
        case .publish: PublishResponse()
        case .status: StatusResponse()
        case .download: DownloadResponse()
        case .transact: TransactResponse()
        case .connectStart: ConnectStartResponse()
        case .connectStatus: ConnectStatusResponse()
        case .connectPending: ConnectPendingResponse()
        case .connectComplete: ConnectCompleteResponse()
        case .claim: ClaimResponse()
        case .pollClaim: PollClaimResponse()
        case .transfer: TransferResponse()
        }
    }
}
