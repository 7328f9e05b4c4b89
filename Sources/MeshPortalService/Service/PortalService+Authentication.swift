import MeshCore
import MeshCryptography
import MeshDARE
import MeshEncoding
import MeshPortals
import MeshProfiles

/// A request of which it is known who asks, and that they may; its body has not been read yet.
struct PortalCall: Sendable {
    let transaction: PortalTransaction
    let body: PortalRequestBody
    let caller: Caller

    enum Caller: Sendable {
        case anyone
        case holder(KeyHolder)
        case member(AccountMember)
    }
}

/// Whoever signed with a key, which the request showed.
struct KeyHolder: Sendable {
    let key: PublicKey
    /// The account that the request says it is about.
    let account: String
}

/// A device that is connected to an account, or one by which the profile's owner is about to recover it.
struct AccountMember: Sendable {
    let account: PortalAccount
    let key: PublicKey
    let rights: [Right]

    var isAdministrator: Bool { rights.contains(.administrator) }
    /// Whether it may bring what was elsewhere, or here before: the profile says that its account is at another portal, or that
    /// it was recovered, or made anew, by this device.
    var mayCopy: Bool {
        let content = account.profile.content
        return isAdministrator
            && (content.recoveryKeys.contains(key)
                || content.accountAddress.flatMap { try? AccountAddress($0) } != account.address)
    }
    /// Whether it gets what the store holds: every device what the portal reads, too, and else those with the right.
    func mayRead(_ store: StoreName) -> Bool { store.right.map { rights.give($0) } ?? true }
    /// Whether it may add to the store.
    func mayWrite(_ store: StoreName) -> Bool { store.rightsToWrite.allSatisfy(rights.give) }
}

/// Who claims a device that was published.
enum Claimant: Sendable {
    /// A device of an account here.
    case device(ConnectedDevice, PortalAccount)
    /// Somebody who says to be of an account at another portal, whose devices nobody knows here.
    case stranger(KeyHolder)
}

// Who asks. The order: sizes, the authorization, the account, the key, the signature, the nonce; then the right.
extension PortalService {
    /// Looks at everything about a request but the inside of its body.
    func admit(_ request: PortalRequest) async throws -> PortalCall {
        guard request.portal.lowercased() == domain else { throw PortalFailure.unauthorized }
        let isSigned = request.authorization != nil
        let body: PortalRequestBody
        do {
            body = try PortalWire.decodeRequest(
                request.body, limit: isSigned ? limits.signedBody : limits.anonymousBody)
        } catch {
            throw PortalFailure(reading: error)
        }
        let transaction = body.transaction
        switch transaction.access {
        case .anyone:
            try requireAnonymousSize(request)
            return PortalCall(transaction: transaction, body: body, caller: .anyone)
        case .holder:
            try requireAnonymousSize(request)
            return PortalCall(
                transaction: transaction, body: body, caller: .holder(try holder(of: request, transaction)))
        case .connected, .administrator:
            return PortalCall(
                transaction: transaction, body: body, caller: try await member(of: request, transaction))
        }
    }

    /// Whoever anyone may be sends no more than anyone may.
    private func requireAnonymousSize(_ request: PortalRequest) throws {
        guard request.body.count <= limits.anonymousBody else {
            throw PortalFailure.tooLarge("The request is longer than \(limits.anonymousBody) octets.")
        }
    }

    private func authorization(of request: PortalRequest) throws -> RequestAuthorization {
        guard let octets = request.authorization else { throw PortalFailure.unauthorized }
        do {
            return try RequestAuthorization(parsing: octets)
        } catch {
            throw PortalFailure.badRequest("The authorization cannot be read.", cause: error)
        }
    }

    private func verify(
        _ authorization: RequestAuthorization, _ request: PortalRequest, _ transaction: PortalTransaction,
        by key: PublicKey, remembering window: NonceWindow
    ) throws {
        let expectation = RequestExpectation(portal: domain, epoch: epoch, now: clock.now)
        do {
            _ = try authorization.verify(request, of: transaction, by: key, as: expectation, remembering: window)
        } catch {
            throw PortalFailure(verifying: error)
        }
    }

    private func holder(of request: PortalRequest, _ transaction: PortalTransaction) throws -> KeyHolder {
        let authorization = try authorization(of: request)
        guard let key = authorization.key else { throw PortalFailure.unauthorized }
        try verify(authorization, request, transaction, by: key, remembering: strangerNonces)
        return KeyHolder(key: key, account: authorization.account)
    }

    /// The device that asks. Which key it must have signed with says the account, and what it may says its connection: nothing
    /// that the request says of itself counts.
    private func member(
        of request: PortalRequest, _ transaction: PortalTransaction
    ) async throws -> PortalCall.Caller {
        let authorization = try authorization(of: request)
        guard let address = try? AccountAddress(authorization.account), address.canonical == authorization.account
        else {
            throw PortalFailure.unauthorized
        }
        if address.domain != domain, transaction == .claim {
            // Who claims may have an account elsewhere, whose devices nobody knows here: what counts is what it proves.
            return .holder(try holder(of: request, transaction))
        }
        guard let account = try await account(address) else {
            throw try unknownKey(authorization, request, transaction)
        }
        if let device = account.devices.device(signingBy: authorization.kid) {
            try verify(authorization, request, transaction, by: device.key, remembering: nonces)
            guard transaction.access == .connected || device.isAdministrator else { throw PortalFailure.unauthorized }
            return .member(
                AccountMember(account: account, key: device.key, rights: device.connection.rights))
        }
        if let key = account.devices.recoveryKey(authorization.kid) {
            // Not entered yet: the next thing it does.
            try verify(authorization, request, transaction, by: key, remembering: nonces)
            return .member(AccountMember(account: account, key: key, rights: [.administrator]))
        }
        if let key = account.devices.formerKey(authorization.kid) {
            try verify(authorization, request, transaction, by: key, remembering: nonces)
            throw PortalFailure.revoked
        }
        if transaction == .publish, authorization.key != nil {
            // Who recovers a profile has no device in the account yet: the profile itself has to say that it may.
            try requireAnonymousSize(request)
            return .holder(try holder(of: request, transaction))
        }
        throw try unknownKey(authorization, request, transaction)
    }

    /// A key that is not known gets the answers that any key gets, as far as they do not depend on it.
    private func unknownKey(
        _ authorization: RequestAuthorization, _ request: PortalRequest, _ transaction: PortalTransaction
    ) throws -> PortalFailure {
        guard authorization.portal == domain, authorization.epoch != epoch else { return .unauthorized }
        return PortalFailure(.staleEpoch, Self.staleEpoch)
    }

    fileprivate static let staleEpoch = "The portal was started anew since: sign for its present epoch."

    // MARK: Handing over

    func anyone<M: PortalRequestMessage>(
        _ call: PortalCall, _ body: (M) async throws -> M.Response
    ) async throws -> any PortalResponseMessage {
        try await body(try message(call))
    }

    func holder<M: AddressedRequest>(
        _ call: PortalCall, _ body: (M, KeyHolder) async throws -> M.Response
    ) async throws -> any PortalResponseMessage {
        guard case .holder(let holder) = call.caller else { throw PortalFailure.unauthorized }
        let message: M = try message(call)
        try requireSame(message.address, holder.account)
        return try await body(message, holder)
    }

    func connected<M: AddressedRequest>(
        _ call: PortalCall, _ body: (M, AccountMember) async throws -> M.Response
    ) async throws -> any PortalResponseMessage {
        guard case .member(let member) = call.caller else { throw PortalFailure.unauthorized }
        let message: M = try message(call)
        try requireSame(message.address, member.account.address.canonical)
        return try await body(message, member)
    }

    func administrator<M: AddressedRequest>(
        _ call: PortalCall, _ body: (M, AccountMember) async throws -> M.Response
    ) async throws -> any PortalResponseMessage {
        guard case .member(let member) = call.caller, member.isAdministrator else { throw PortalFailure.unauthorized }
        return try await connected(call, body)
    }

    /// Who publishes: an administrator; or the holder of a key that the profile that is published names.
    func publisher(
        _ call: PortalCall, _ body: (PublishRequest, Publisher) async throws -> PublishResponse
    ) async throws -> any PortalResponseMessage {
        let message: PublishRequest = try message(call)
        switch call.caller {
        case .member(let member) where member.isAdministrator:
            try requireSame(message.address, member.account.address.canonical)
            return try await body(message, .administrator(member))
        case .holder(let holder):
            try requireSame(message.address, holder.account)
            guard let account = try await account(try address(message.address)) else {
                throw PortalFailure.unauthorized
            }
            return try await body(message, .recovery(account, holder.key))
        default: throw PortalFailure.unauthorized
        }
    }

    enum Publisher: Sendable {
        case administrator(AccountMember)
        case recovery(PortalAccount, PublicKey)
    }

    /// Who claims: a device that administers an account here, or somebody of another portal.
    func claimant<M: AddressedRequest>(
        _ call: PortalCall, _ body: (M, Claimant) async throws -> M.Response
    ) async throws -> any PortalResponseMessage {
        let message: M = try message(call)
        switch call.caller {
        case .member(let member) where member.isAdministrator:
            try requireSame(message.address, member.account.address.canonical)
            // The administration key itself is no device, and claims nothing.
            guard let device = member.account.devices.device(signingBy: member.key.udf) else {
                throw PortalFailure.unauthorized
            }
            return try await body(message, .device(device.connection, member.account))
        case .holder(let holder):
            try requireSame(message.address, holder.account)
            return try await body(message, .stranger(holder))
        default: throw PortalFailure.unauthorized
        }
    }

    private func message<M: PortalRequestMessage>(_ call: PortalCall) throws -> M {
        do {
            return try call.body.message(M.self)
        } catch {
            throw PortalFailure(reading: error)
        }
    }

    /// What is signed for one account is not done for another.
    private func requireSame(_ text: String, _ signed: String) throws {
        guard try address(text).canonical == signed else { throw PortalFailure.unauthorized }
    }

    func address(_ text: String) throws -> AccountAddress {
        do {
            return try AccountAddress(text)
        } catch {
            throw PortalFailure.badRequest("There is no account address where one belongs.")
        }
    }

    /// Encodes and signs an answer.
    func answer(
        _ response: any PortalResponseMessage, to request: PortalRequest, as encoding: PortalEncoding = .json
    ) -> PortalResponse {
        var response = response
        // Every way through a transaction says what became of it; one that would not has failed.
        if response.status == nil { response.status = .internalError }
        let status = response.status?.rawValue ?? PortalStatus.internalError.rawValue
        do {
            let body = try Self.encode(response, as: encoding)
            let authorization = try ResponseAuthorization(
                to: request.digest, status: status, body: body, key: identity.signer)
            return PortalResponse(status: status, authorization: try authorization.encoded(), body: body)
        } catch {
            observer(PortalEvent(transaction: nil, status: .internalError, cause: error))
            return PortalResponse(status: PortalStatus.internalError.rawValue, authorization: nil, body: [])
        }
    }

    private static func encode<R: PortalResponseMessage>(_ response: R, as encoding: PortalEncoding) throws -> [UInt8] {
        try PortalWire.encode(response, as: encoding)
    }
}

/// A request that is about an account, or about what an account has published.
protocol AddressedRequest: PortalRequestMessage {
    /// The address, as the body says it.
    var address: String { get }
}

extension CreateAccountRequest: AddressedRequest { var address: String { account } }
extension DeleteAccountRequest: AddressedRequest { var address: String { account } }
extension PublishRequest: AddressedRequest { var address: String { account } }
extension StatusRequest: AddressedRequest { var address: String { account } }
extension DownloadRequest: AddressedRequest { var address: String { account } }
extension TransactRequest: AddressedRequest { var address: String { account } }
extension ConnectStartRequest: AddressedRequest { var address: String { account } }
extension ConnectStatusRequest: AddressedRequest { var address: String { account } }
extension ConnectPendingRequest: AddressedRequest { var address: String { account } }
extension ConnectCompleteRequest: AddressedRequest { var address: String { account } }
extension ClaimRequest: AddressedRequest { var address: String { account } }
extension PollClaimRequest: AddressedRequest { var address: String { publisher } }
extension TransferRequest: AddressedRequest { var address: String { account } }

extension PortalFailure {
    /// What is answered to a body that cannot be read.
    init(reading error: PortalError) {
        switch error.code {
        case .tooLarge: self = .tooLarge("The request is longer than is taken.")
        case .unsupported: self.init(.unknownOperation, "This portal does not do that.")
        default: self = .badRequest("The request cannot be read.", cause: error)
        }
    }

    /// What is answered to an authorization that does not hold.
    init(verifying error: PortalError) {
        switch error.code {
        case .staleEpoch: self.init(.staleEpoch, PortalService.staleEpoch)
        case .overloaded: self = .tooMany("There are too many requests. Try again in some minutes.")
        case .wrongClock:
            self.init(.unauthorized, "The time of the request is too far off. Set the clock of the computer.")
        default: self = .unauthorized
        }
    }
}
