import MeshCore
import MeshCryptography
import MeshEncoding

/// What a request says about who asks, with a signature over all of it and the digest of the body (design §7).
///
/// Read from a request it is a claim and no more: ``verify(_:of:by:as:remembering:)`` alone makes an
/// ``AuthenticatedRequest`` of it, which is what a service acts upon.
public struct RequestAuthorization: Hashable, Sendable {
    /// The context of the signatures (RFC 8032 §8.3): a signature made for anything else is none here.
    public static let domain = "mesh-portal-request-1"
    /// How many octets a nonce has.
    public static let nonceSize = 16

    /// The fingerprint of the key that signs.
    public let kid: UDF
    /// The key that signs, for a service that cannot know it yet. It is the key of ``kid``.
    public let key: PublicKey?
    /// The account that the request is about, in canonical form; empty if it is about none.
    public let account: String
    /// The domain of the portal that is meant, in lower case.
    public let portal: String
    /// What is asked for.
    public let transaction: PortalTransaction
    /// When it was signed.
    public let time: Timestamp
    /// 16 octets that come once.
    public let nonce: [UInt8]
    /// The life of the service that it is signed for.
    public let epoch: String
    /// SHA-512 of the body.
    let bodyDigest: [UInt8]
    let signature: [UInt8]

    /// Signs `body` as a request.
    ///
    /// - Parameters:
    ///   - account: in canonical form; empty if the request is about none.
    ///   - key: an Ed448 key, or an Ed25519 key.
    ///   - showingKey: whether the key is sent along, for a service that cannot know it.
    /// - Throws: ``PortalError`` `unauthorized` for a key that does not sign.
    public init(
        _ transaction: PortalTransaction, body: [UInt8], account: String, portal: String, epoch: String,
        time: Timestamp, random: any RandomSource, key: PrivateKey, showingKey: Bool
    ) throws(PortalError) {
        kid = key.publicKey.udf
        self.key = showingKey ? key.publicKey : nil
        self.account = account
        self.portal = portal.lowercased()
        self.transaction = transaction
        self.time = time
        nonce = random.bytes(Self.nonceSize)
        self.epoch = epoch
        bodyDigest = HashAlgorithm.sha512.digest(body)
        let fields = Self.fields(
            kid: kid, key: key.publicKey, isShown: showingKey, account: account, portal: self.portal,
            transaction: transaction, time: time, nonce: nonce, epoch: epoch, bodyDigest: bodyDigest)
        signature = try AuthorizationForm.sign(fields, Self.domain, with: key)
    }

    /// Reads an authorization, of which nothing is believed yet.
    ///
    /// - Throws: ``PortalError`` `malformed`, also when it is longer than 8 KiB or does not stand octet by octet as it would be
    ///   written.
    public init(parsing octets: [UInt8]) throws(PortalError) {
        let form = try AuthorizationForm.decode(Form.self, octets)
        guard let kid = UDF(form.kid), kid.text == form.kid,
            let transaction = PortalTransaction(rawValue: form.transaction),
            form.nonce.octets.count == Self.nonceSize, form.bodyDigest.octets.count == 64
        else { throw PortalError(.malformed, "The authorization has a member that is none.") }
        let key = try form.key.map { (key) throws(PortalError) in try key.publicKey() }
        if let key, key.udf != kid {
            throw PortalError(.malformed, "The authorization names another key than it holds.")
        }
        self.kid = kid
        self.key = key
        account = form.account
        portal = form.portal
        self.transaction = transaction
        time = form.time
        nonce = form.nonce.octets
        epoch = form.epoch
        bodyDigest = form.bodyDigest.octets
        signature = form.signature.octets
    }

    /// The authorization as it goes over the wire: compact JSON.
    ///
    /// - Throws: ``PortalError`` `malformed` if it would be longer than 8 KiB.
    public func encoded() throws(PortalError) -> [UInt8] {
        let octets = try AuthorizationForm.encode(Form(self))
        guard octets.count <= AuthorizationForm.limit else {
            throw PortalError(.malformed, "The authorization is longer than \(AuthorizationForm.limit) octets.")
        }
        return octets
    }

    /// A new epoch, for a service that starts: 16 random octets as text.
    public static func makeEpoch(from random: any RandomSource) -> String { Base64URL.encode(random.bytes(16)) }

    /// Makes sure that `request` is what the holder of `signer` signed, for this portal, now, and for the first time.
    ///
    /// - Parameters:
    ///   - transaction: what the body of the request asks for.
    ///   - signer: the key that ``kid`` means: the one that the service has for it, or ``key``.
    ///   - window: what remembers nonces. One that only serves keys the service knows cannot be filled by strangers.
    /// - Throws: ``PortalError`` `staleEpoch` for another life of the service; `wrongClock` for a time that is too far off, or so
    ///   old that nonces of that time are forgotten; `overloaded` if no more nonces can be remembered; `unauthorized` for
    ///   everything else, such as a nonce that was seen.
    public func verify(
        _ request: PortalRequest, of transaction: PortalTransaction, by signer: PublicKey,
        as service: RequestExpectation, remembering window: NonceWindow
    ) throws(PortalError) -> AuthenticatedRequest {
        guard request.authorization == (try encoded()), portal == service.portal,
            request.portal.lowercased() == service.portal
        else { throw Self.refused("The request is meant for another portal.") }
        guard epoch == service.epoch, window.epoch == service.epoch else {
            throw PortalError(.staleEpoch, "The request is signed for another life of the service.")
        }
        guard transaction == self.transaction else { throw Self.refused("The request asks for something else.") }
        let distance = time.secondsSince1970 - service.now.secondsSince1970
        guard abs(distance) <= Int64(window.tolerance) else {
            throw PortalError(
                .wrongClock, "The time of the request is too far off.", remedy: "Set the clock of this computer.")
        }
        guard AuthorizationForm.equal(bodyDigest, HashAlgorithm.sha512.digest(request.body)) else {
            throw Self.refused("The request has another body than was signed.")
        }
        let fields = Self.fields(
            kid: kid, key: signer, isShown: key != nil, account: account, portal: portal, transaction: transaction,
            time: time, nonce: nonce, epoch: epoch, bodyDigest: bodyDigest)
        guard key == nil || key == signer, signer.udf == kid,
            AuthorizationForm.isValid(signature, of: fields, Self.domain, by: signer)
        else { throw Self.refused("The request is not signed by the key.") }
        // The last of all: only what is otherwise right takes room.
        try window.accept(nonce, by: kid, at: time, now: service.now)
        return AuthenticatedRequest(
            key: signer, kid: kid, account: account, transaction: transaction, time: time, nonce: nonce)
    }

    private static func refused(_ message: String) -> PortalError { PortalError(.unauthorized, message) }

    private static func fields(
        kid: UDF, key: PublicKey, isShown: Bool, account: String, portal: String, transaction: PortalTransaction,
        time: Timestamp, nonce: [UInt8], epoch: String, bodyDigest: [UInt8]
    ) -> SignedFields {
        var fields = SignedFields()
        fields.append(domain)
        fields.append(kid.text)
        fields.append(isShown ? [1] as [UInt8] : [0])
        fields.append(key.algorithm.description)
        fields.append(key.octets)
        fields.append(account)
        fields.append(portal)
        fields.append(transaction.rawValue)
        fields.append(time.secondsSince1970)
        fields.append(nonce)
        fields.append(epoch)
        fields.append(bodyDigest)
        return fields
    }

    /// The members, in their order.
    private struct Form: Codable {
        var kid: String
        var key: AuthorizationKey?
        var account: String
        var portal: String
        var transaction: String
        var time: Timestamp
        var nonce: BinaryValue
        var epoch: String
        var bodyDigest: BinaryValue
        var signature: BinaryValue

        init(_ authorization: RequestAuthorization) {
            kid = authorization.kid.text
            key = authorization.key.map { AuthorizationKey($0) }
            account = authorization.account
            portal = authorization.portal
            transaction = authorization.transaction.rawValue
            time = authorization.time
            nonce = BinaryValue(authorization.nonce)
            epoch = authorization.epoch
            bodyDigest = BinaryValue(authorization.bodyDigest)
            signature = BinaryValue(authorization.signature)
        }
    }
}

/// What a service expects of a request: that it is meant for this service, in this life of it, now.
public struct RequestExpectation: Hashable, Sendable {
    /// The domain of the portal, in lower case.
    public let portal: String
    /// This life of the service.
    public let epoch: String
    /// The service's time.
    public let now: Timestamp

    /// An expectation of those parts.
    public init(portal: String, epoch: String, now: Timestamp) {
        self.portal = portal.lowercased()
        self.epoch = epoch
        self.now = now
    }
}

/// A request of which it is certain who asked, what for, and that it is no replay. Only
/// ``RequestAuthorization/verify(_:of:by:as:remembering:)`` makes one. Whether the key may ask for it is another question.
public struct AuthenticatedRequest: Hashable, Sendable {
    /// The key that signed.
    public let key: PublicKey
    /// Its fingerprint.
    public let kid: UDF
    /// The account that the request is about, in canonical form; empty if it is about none. The body must say the same.
    public let account: String
    /// What was asked for.
    public let transaction: PortalTransaction
    /// When it was signed, by the clock of the one who asks.
    public let time: Timestamp
    /// What makes it unlike any other.
    public let nonce: [UInt8]

    fileprivate init(
        key: PublicKey, kid: UDF, account: String, transaction: PortalTransaction, time: Timestamp, nonce: [UInt8]
    ) {
        self.key = key
        self.kid = kid
        self.account = account
        self.transaction = transaction
        self.time = time
        self.nonce = nonce
    }
}
