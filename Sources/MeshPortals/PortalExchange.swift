import MeshCore

/// A request as it goes over the wire: what says who asks, and what is asked (sessions specification §B1).
///
/// Over HTTP the authorization is a header field and the body is the body of a POST; a direct portal hands both over as
/// they are.
public struct PortalRequest: Hashable, Sendable {
    /// The domain of the portal that is meant.
    public var portal: String
    /// Who asks, and the proof of it (``RequestAuthorization``); nil for what anyone may ask.
    public var authorization: [UInt8]?
    /// JSON: one object with one member, named by the transaction.
    public var body: [UInt8]

    /// A request of those parts.
    public init(portal: String, authorization: [UInt8]? = nil, body: [UInt8]) {
        self.portal = portal
        self.authorization = authorization
        self.body = body
    }
}

/// An answer as it comes over the wire.
public struct PortalResponse: Hashable, Sendable {
    /// The code of the status, as in the body: what HTTP says. The body counts.
    public var status: Int
    /// The service's proof that this is its answer to that request (``ResponseAuthorization``).
    public var authorization: [UInt8]?
    /// JSON: one object with one member, named by the response message.
    public var body: [UInt8]

    /// An answer of those parts.
    public init(status: Int, authorization: [UInt8]? = nil, body: [UInt8]) {
        self.status = status
        self.authorization = authorization
        self.body = body
    }
}

/// The way to portals: in the same process, or over a network. A session is given one, and does not know which.
public protocol MeshPortal: Sendable {
    /// Sends `request` to the portal of its domain and returns the answer.
    ///
    /// - Throws: ``PortalError`` `unreachable`, `timedOut`, `tooLarge`; `CancellationError`. An answer that says no is no
    ///   error here.
    func exchange(_ request: PortalRequest) async throws -> PortalResponse
}

/// What answers requests: the service.
public protocol PortalRequestHandler: Sendable {
    /// Answers `request`. Every failure is an answer.
    func handle(_ request: PortalRequest) async -> PortalResponse
}

/// A portal in the same process: requests and answers are octets all the same (guide §6.3).
///
/// It serves the domains it was given; for others there is no portal.
public struct MeshPortalDirect: MeshPortal {
    private let services: [String: any PortalRequestHandler]

    /// A portal that hands requests for `domain` to `service`.
    public init(_ domain: String, _ service: any PortalRequestHandler) {
        services = [domain.lowercased(): service]
    }

    /// A portal that hands requests to the service of their domain.
    public init(_ services: [String: any PortalRequestHandler]) {
        self.services = Dictionary(services.map { ($0.key.lowercased(), $0.value) }) { _, last in last }
    }

    public func exchange(_ request: PortalRequest) async throws -> PortalResponse {
        try Task.checkCancellation()
        guard let service = services[request.portal.lowercased()] else {
            throw PortalError(
                .unreachable, "There is no portal for the domain \(request.portal) here.",
                remedy: "Check the part of the address after the @.")
        }
        return await service.handle(request)
    }
}
