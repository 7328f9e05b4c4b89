import MeshCore
import MeshCryptography
import MeshDARE

/// A logical connection to one account at one portal (sessions specification §A4).
///
/// A value: copies share what they have learned of the portal, and nothing else is kept. Every answer is verified to be the
/// service's, to exactly the request that was sent, before anything in it is believed. What is signed is signed for the life
/// of the service that Hello or an answer 419 states. What only reads is tried again when the portal cannot be reached.
public struct MeshClient: Sendable {
    /// The account.
    public let account: AccountAddress
    /// The service that is expected.
    public let pin: ServicePin
    /// What signs requests; nil for what anyone may ask.
    public var signer: (any PortalSigner)?
    /// Whether requests show the key that signs them also where a portal knows its devices: for a key that it is to learn of.
    public var showsKey = false
    /// How long calls may take.
    public var options = PortalCallOptions()

    private let portal: any MeshPortal
    private let clock: any MeshClock
    private let random: any RandomSource
    private let sleeper: any PortalSleeper
    private let readProfile: ServiceProfileReader
    private let contact = PortalContact()

    /// A client for `account` at the portal of its domain. Nothing is sent yet.
    public init(
        _ account: AccountAddress, portal: any MeshPortal, pin: ServicePin, signer: (any PortalSigner)? = nil,
        clock: any MeshClock, random: any RandomSource, sleeper: any PortalSleeper = SystemSleeper(),
        readingProfile readProfile: @escaping ServiceProfileReader = { try ServiceIdentity(verifying: $0) }
    ) {
        self.account = account
        self.portal = portal
        self.pin = pin
        self.signer = signer
        self.clock = clock
        self.random = random
        self.sleeper = sleeper
        self.readProfile = readProfile
    }

    /// Who the service is, once it has answered: what a session pins after the first contact.
    public var service: ServiceIdentity? { contact.knowledge.service }
    /// What the portal takes at once: what Hello stated, until then the usual.
    public var limits: PortalLimits { contact.knowledge.limits }

    /// Sends `message` and returns the answer, which is a success.
    ///
    /// - Throws: ``PortalError`` with the code of what went wrong (see there); what the signer throws; `CancellationError`.
    public func send<M: PortalRequestMessage>(_ message: M) async throws -> M.Response {
        try await withDeadline(options.deadline, sleeper) { try await perform(message) }
    }

    private func perform<M: PortalRequestMessage>(_ message: M) async throws -> M.Response {
        if let hello = message as? HelloRequest, let answer = try await greet(hello) as? M.Response { return answer }
        let isSigned = M.transaction.access != .anyone
        let known = contact.knowledge
        if known.service == nil || isSigned && (known.epoch == nil || known.isClockWrong) {
            _ = try await greet(HelloRequest())
        }
        if isSigned { try checkClock() }
        switch try await exchange(message) {
        case .success(let response): return response
        case .failure(.stale(let epoch)):
            // Once: with the epoch that the portal states now.
            if let epoch {
                contact.update { $0.epoch = epoch }
            } else {
                _ = try await greet(HelloRequest())
            }
            switch try await exchange(message) {
            case .success(let response): return response
            case .failure(let refusal): throw refusal.error
            }
        case .failure(let refusal):
            if isSigned, refusal.error.code == .unauthorized {
                // A clock that is off looks the same from here: Hello tells.
                _ = try await greet(HelloRequest())
                try checkClock()
            }
            throw refusal.error
        }
    }

    /// Why a portal did not do what was asked.
    private enum Refusal: Error {
        case stale(epoch: String?)
        case refused(PortalError)

        var error: PortalError {
            switch self {
            case .stale: PortalError(.staleEpoch, of: .status, words: nil)
            case .refused(let error): error
            }
        }
    }

    /// Asks the portal what it is, and learns from a proved answer.
    private func greet(_ message: HelloRequest) async throws -> HelloResponse {
        let (request, response) = try await transmit(message)
        let answer = try PortalWire.decodeResponse(
            response.body, to: HelloRequest.self, limit: options.maximumResponse)
        guard case .response(let hello) = answer else {
            // Nobody has proved these words.
            throw PortalError(answer.status, of: .hello, words: nil)
        }
        let service = try identity(hello)
        let proved = try ResponseAuthorization.verify(response, to: request, by: service.key)
        try Self.requireSuccess(hello.status, proved, .hello, hello.statusDescription)
        let now = clock.now.secondsSince1970
        contact.update { knowledge in
            knowledge.service = service
            knowledge.epoch = hello.epoch
            knowledge.limits = hello.limits ?? PortalLimits()
            knowledge.clockDistance = (hello.time?.secondsSince1970 ?? now) - now
        }
        return hello
    }

    /// Who `hello` says that the service is: the one that is pinned, and that it was before.
    private func identity(_ hello: HelloResponse) throws -> ServiceIdentity {
        guard let envelope = hello.profileService else {
            throw PortalError(
                .unauthenticated, "The portal does not show its profile.",
                remedy: "Ask the one who runs the portal.")
        }
        let service: ServiceIdentity
        do {
            service = try readProfile(envelope)
        } catch {
            throw PortalError(.unauthenticated, "The profile that the portal shows is not valid.", cause: error)
        }
        let before = contact.knowledge.service
        guard pin.allows(service), before == nil || before?.udf == service.udf else {
            throw PortalError(
                .serviceChanged, "The portal has another profile than before.",
                remedy: "Ask the one who runs the portal whether it was set up anew; do not go on until you know.")
        }
        return service
    }

    private func checkClock() throws(PortalError) {
        let known = contact.knowledge
        guard known.isClockWrong else { return }
        let seconds = known.clockDistance.magnitude
        let direction = known.clockDistance > 0 ? "slow" : "fast"
        throw PortalError(
            .wrongClock, "The clock of this computer is \(seconds) s \(direction), compared with the portal's.",
            remedy: "Set the clock, and try again.")
    }

    private func exchange<M: PortalRequestMessage>(_ message: M) async throws -> Result<M.Response, Refusal> {
        guard let service = contact.knowledge.service else {
            throw PortalError(.unauthenticated, "The portal has not said what it is.")
        }
        let (request, response) = try await transmit(message)
        let proved = try ResponseAuthorization.verify(response, to: request, by: service.key)
        let answer = try PortalWire.decodeResponse(proved.body, to: M.self, limit: options.maximumResponse)
        if case .error(let error) = answer, error.status == .staleEpoch { return .failure(.stale(epoch: error.epoch)) }
        if answer.status == .staleEpoch { return .failure(.stale(epoch: nil)) }
        do throws(PortalError) {
            try Self.requireSuccess(answer.status, proved, M.transaction, answer.statusDescription)
        } catch {
            return .failure(.refused(error))
        }
        guard case .response(let response) = answer else {
            throw PortalError(.malformed, "The portal's answer says that it is an error, and a success.")
        }
        return .success(response)
    }

    /// Both the body and the code beside it must say that it was done.
    private static func requireSuccess(
        _ status: PortalStatus?, _ proved: AuthenticatedResponse, _ transaction: PortalTransaction, _ words: String?
    ) throws(PortalError) {
        let outer = PortalStatus(rawValue: proved.status)
        if let status, status.isSuccess, outer.isSuccess { return }
        throw PortalError(status?.isSuccess == true ? outer : status, of: transaction, words: words)
    }

    /// Sends `message`: as often as the options say, if it only reads. Each attempt is a request of its own.
    private func transmit<M: PortalRequestMessage>(_ message: M) async throws -> (PortalRequest, PortalResponse) {
        var attempt = 1
        while true {
            let request = try await request(message)
            do {
                let response = try await portal.exchange(request)
                guard response.body.count <= options.maximumResponse else {
                    throw PortalError(.tooLarge, "The portal's answer is larger than what is taken.")
                }
                return (request, response)
            } catch let error as PortalError
                where error.code == .unreachable && M.transaction.onlyReads && attempt < options.attempts
            {
                try await sleeper.sleep(for: options.delay(after: attempt, random: random.bytes(1).first ?? 0))
                attempt += 1
            } catch let error as PortalError {
                throw error
            } catch let error as CancellationError {
                throw error
            } catch {
                throw PortalError(
                    .unreachable, "The portal \(account.domain) cannot be reached.", remedy: "Try again later.",
                    cause: error)
            }
        }
    }

    private func request<M: PortalRequestMessage>(_ message: M) async throws -> PortalRequest {
        let known = contact.knowledge
        if var anonymous = message as? any AnonymousRequestMessage {
            anonymous.nonce = BinaryValue(random.bytes(RequestAuthorization.nonceSize))
            return PortalRequest(portal: account.domain, body: try Self.body(anonymous, known.limits.anonymousBody))
        }
        guard let signer else {
            throw PortalError(
                .unauthorized, "There is no key to sign the request with.",
                remedy: "Use a device that is connected to the account.")
        }
        let body = try Self.body(message, known.limits.signedBody)
        let asks = (message as? ClaimRequest)?.account ?? account.canonical
        // A portal does not know the devices of an account elsewhere.
        let isForeign = (try? AccountAddress(asks))?.domain != account.domain
        let authorization = try await signer.sign { key in
            try RequestAuthorization(
                M.transaction, body: body, account: asks, portal: account.domain, epoch: known.epoch ?? "",
                time: clock.now, random: random, key: key,
                showingKey: M.transaction.access == .holder || isForeign || showsKey
            ).encoded()
        }
        return PortalRequest(portal: account.domain, authorization: authorization, body: body)
    }

    private static func body(_ message: some PortalRequestMessage, _ limit: Int) throws(PortalError) -> [UInt8] {
        let body = try PortalWire.encode(message)
        guard body.count <= limit else {
            throw PortalError(
                .tooLarge, "The request has \(body.count) octets, and the portal takes \(limit).",
                remedy: "Send less at once.")
        }
        return body
    }
}
