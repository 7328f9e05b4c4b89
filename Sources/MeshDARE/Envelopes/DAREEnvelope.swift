import MeshCore
import MeshCryptography
import MeshEncoding

/// A DARE envelope in JSON: header, body and trailer (`dare-12` §3, §5.1). This part knows plain and signed envelopes.
///
/// An envelope that was read proves nothing until ``verifySignature(by:)`` has returned.
public struct DAREEnvelope: Sendable {
    /// What stands before the body.
    public var header: JSONObject
    /// The octets of the body, as stored.
    public var body: [UInt8]
    /// What stands after the body.
    public var trailer: JSONObject

    /// An envelope of these parts.
    public init(header: JSONObject, body: [UInt8], trailer: JSONObject = JSONObject()) {
        self.header = header
        self.body = body
        self.trailer = trailer
    }

    /// Reads an envelope: the bare list, or the list as the member `DareEnvelope` of an object.
    ///
    /// - Throws: ``DAREError`` `malformed`, with the place.
    public init(parsing octets: [UInt8]) throws(DAREError) {
        let value: JSONValue
        do {
            value = try JSONValue(parsing: octets)
        } catch {
            throw DAREError(.malformed, "The envelope is no JSON text.", cause: error)
        }
        guard let parts = value.array ?? value["DareEnvelope"]?.array, (1...3).contains(parts.count) else {
            throw DAREError(.malformed, "An envelope is a list of a header, a body and a trailer.")
        }
        guard let header = parts[0].object else { throw DAREError(.malformed, "The header is no object.") }
        var body: [UInt8] = []
        if parts.count > 1 {
            guard let text = parts[1].string, let octets = Base64URL.decode(text, isTolerant: true) else {
                throw DAREError(.malformed, "The body is not base64url.")
            }
            body = octets
        }
        var trailer = JSONObject()
        if parts.count > 2 {
            guard let object = parts[2].object else { throw DAREError(.malformed, "The trailer is no object.") }
            trailer = object
        }
        self.init(header: header, body: body, trailer: trailer)
    }

    /// The envelope as compact JSON, the form that other implementations read.
    public var encoded: [UInt8] {
        JSONValue.array([.object(header), .string(Base64URL.encode(body)), .object(trailer)]).compact
    }

    /// A trailer member, or the header member of that name: any trailer member may stand in the header instead.
    private func member(_ name: String) -> JSONValue? { trailer[name] ?? header[name] }

    /// Puts `body` into an envelope signed by `key` (form A: the signature covers the digest of the body).
    ///
    /// Header and metadata are not covered by the signature: nothing may be concluded from them.
    ///
    /// - Parameters:
    ///   - envelopeID: the `EnvelopeId`, if any.
    ///   - contentMeta: the `ContentMetaData`, if any.
    /// - Throws: ``CryptographyError`` if the key cannot sign.
    public static func signed(
        _ body: [UInt8], by key: PrivateKey, envelopeID: UDF? = nil, contentMeta: JSONObject? = nil
    ) throws -> DAREEnvelope {
        var header = JSONObject()
        if let envelopeID { header["EnvelopeId"] = .string(envelopeID.text) }
        header["dig"] = "S512"
        if let contentMeta {
            header["ContentMetaData"] = .string(Base64URL.encode(JSONValue.object(contentMeta).compact))
        }
        let digest = HashAlgorithm.sha512.digest(body)
        let signature = try key.sign(digest, context: [])
        let trailer: JSONObject = [
            "signatures": [
                [
                    "alg": "S512", "kid": .string(key.publicKey.udf.text),
                    "signature": .string(Base64URL.encode(signature)),
                ]
            ],
            "PayloadDigest": .string(Base64URL.encode(digest)),
        ]
        return DAREEnvelope(header: header, body: body, trailer: trailer)
    }

    /// Verifies that `key` signed the body (form A).
    ///
    /// - Throws: ``DAREError`` `unsupportedAlgorithm`, `digestMismatch`, `notSigned`, `badSignature`, `malformed`.
    public func verifySignature(by key: PublicKey) throws(DAREError) {
        if let label = member("dig"), label.string != "S512" {
            throw DAREError(
                .unsupportedAlgorithm, "The envelope is digested with an algorithm that is not accepted here.")
        }
        if let encryption = member("enc"), encryption.string != "none" {
            throw DAREError(.unsupportedAlgorithm, "The envelope is encrypted.")
        }
        guard let stated = member("PayloadDigest")?.string.flatMap({ Base64URL.decode($0, isTolerant: true) }) else {
            throw DAREError(.malformed, "The envelope states no digest.")
        }
        let digest = HashAlgorithm.sha512.digest(body)
        guard stated == digest else {
            throw DAREError(.digestMismatch, "The body was altered: it does not have the digest that is signed.")
        }
        guard let signatures = member("signatures")?.array else {
            throw DAREError(.notSigned, "The envelope is not signed.")
        }
        let own = signatures.filter { $0["kid"]?.string.flatMap { UDF($0) }?.matches(key.udf) == true }
        guard !own.isEmpty else { throw DAREError(.notSigned, "The envelope is not signed by \(key.udf).") }
        for signature in own {
            if let label = signature["alg"], label.string != "S512" {
                throw DAREError(.unsupportedAlgorithm, "The signature is of a kind that is not accepted here.")
            }
            guard let octets = signature["signature"]?.string.flatMap({ Base64URL.decode($0, isTolerant: true) }) else {
                throw DAREError(.malformed, "A signature is not base64url.")
            }
            guard key.isValidSignature(octets, for: digest, context: []) else {
                throw DAREError(.badSignature, "The signature of \(key.udf) does not verify.")
            }
        }
    }
}
