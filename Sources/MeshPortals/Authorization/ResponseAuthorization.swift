import MeshCore
import MeshCryptography

/// The service's proof that an answer is its own, and the answer to exactly that request (design §7).
public struct ResponseAuthorization: Hashable, Sendable {
    /// The context of the signatures (RFC 8032 §8.3).
    public static let domain = "mesh-portal-response-1"

    /// The fingerprint of the service's signature key.
    public let kid: UDF
    let signature: [UInt8]

    /// Signs the answer `body` with `status` to `request`, of which ``PortalRequest/digest`` is `requestDigest`.
    ///
    /// - Throws: ``PortalError`` `unauthorized` for a key that does not sign.
    public init(
        to requestDigest: [UInt8], status: Int, body: [UInt8], key: PrivateKey
    ) throws(PortalError) {
        kid = key.publicKey.udf
        let fields = Self.fields(key.publicKey, requestDigest, status, body)
        signature = try AuthorizationForm.sign(fields, Self.domain, with: key)
    }

    /// Reads an authorization, of which nothing is believed yet.
    ///
    /// - Throws: ``PortalError`` `malformed`, as ``RequestAuthorization/init(parsing:)``.
    public init(parsing octets: [UInt8]) throws(PortalError) {
        let form = try AuthorizationForm.decode(Form.self, octets)
        guard let kid = UDF(form.kid), kid.text == form.kid else {
            throw PortalError(.malformed, "The authorization has a member that is none.")
        }
        self.kid = kid
        signature = form.signature.octets
    }

    /// The authorization as it goes over the wire: compact JSON.
    ///
    /// - Throws: ``PortalError`` `malformed`, which the values of this type do not cause.
    public func encoded() throws(PortalError) -> [UInt8] {
        try AuthorizationForm.encode(Form(kid: kid.text, signature: BinaryValue(signature)))
    }

    /// Makes sure that `response` is the answer of the service with the key `service` to `request`.
    ///
    /// - Throws: ``PortalError`` `unauthenticated` if it is not signed, or the answer to something else; `serviceChanged` if
    ///   it says that another key signed it; `malformed`.
    public static func verify(
        _ response: PortalResponse, to request: PortalRequest, by service: PublicKey
    ) throws(PortalError) -> AuthenticatedResponse {
        guard let octets = response.authorization else {
            throw PortalError(
                .unauthenticated, "The portal's answer is not signed.",
                remedy: "Try again; if it stays so, something stands between this computer and the portal.")
        }
        let authorization = try ResponseAuthorization(parsing: octets)
        guard authorization.kid == service.udf else {
            throw PortalError(
                .serviceChanged, "The portal's answer is signed by another key than the portal's.",
                remedy: "Ask the one who runs the portal whether its key was changed.")
        }
        let fields = fields(service, request.digest, response.status, response.body)
        guard AuthorizationForm.isValid(authorization.signature, of: fields, domain, by: service) else {
            throw PortalError(
                .unauthenticated, "The portal's answer is not the one that its key signed for this request.",
                remedy: "Try again; if it stays so, something stands between this computer and the portal.")
        }
        return AuthenticatedResponse(status: response.status, body: response.body, service: service)
    }

    private static func fields(
        _ key: PublicKey, _ requestDigest: [UInt8], _ status: Int, _ body: [UInt8]
    ) -> SignedFields {
        var fields = SignedFields()
        fields.append(domain)
        fields.append(key.algorithm.description)
        fields.append(key.octets)
        fields.append(requestDigest)
        fields.append(Int64(status))
        fields.append(HashAlgorithm.sha512.digest(body))
        return fields
    }

    private struct Form: Codable {
        var kid: String
        var signature: BinaryValue
    }
}

/// An answer of which it is certain that the service gave it to that request. Only
/// ``ResponseAuthorization/verify(_:to:by:)`` makes one.
public struct AuthenticatedResponse: Hashable, Sendable {
    /// The code of the status.
    public let status: Int
    /// The body.
    public let body: [UInt8]
    /// The service's key.
    public let service: PublicKey

    fileprivate init(status: Int, body: [UInt8], service: PublicKey) {
        self.status = status
        self.body = body
        self.service = service
    }
}
