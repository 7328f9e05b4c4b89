import MeshCore
import MeshCryptography
import MeshEncoding

/// What was in an envelope.
public struct OpenedEnvelope: Sendable {
    /// The content.
    public let plaintext: [UInt8]
    /// The annotations. No signature covers them.
    public let annotations: [[UInt8]]
    /// The annotations that are UTF-8 text, and nil for those that are not.
    public var annotationTexts: [String?] { annotations.map { String(validating: $0, as: UTF8.self) } }
    /// The header, its cloaked members in their places. No signature covers it.
    public let header: JSONObject
    /// What the envelope says about its content. No signature covers it.
    public let contentMeta: ContentMeta
    /// Whether the body has the digest that the envelope states. Without a digest, and without a tag, a change of an
    /// encrypted body can pass unseen.
    public let digest: DigestState
    /// Who signed the body; empty unless the envelope was verified before.
    public let signers: [PublicKey]
    /// Those signers that proved to have known the base seed, and not only the encrypted body: with signatures over a
    /// manifest nobody can.
    public let witnessed: [PublicKey]
}

extension DAREEnvelope {
    /// Decrypts the envelope, whoever signed it: see ``verify(by:rule:)``.
    ///
    /// - Parameters:
    ///   - keys: the private keys to try.
    ///   - seed: the seed of a key exchange that stands somewhere else, as in a sequence.
    ///   - reportsInvalidDigest: whether a body that does not have the stated digest is opened nevertheless, and the
    ///     result says so: for diagnosis.
    /// - Throws: ``DAREError`` `digestMismatch`; as ``EnvelopeMembers/payloadKey(with:seed:)``; `decryptionFailed`.
    public func open(
        with keys: DecryptionKeys = .none, seed: BaseSeed? = nil, reportsInvalidDigest: Bool = false
    ) throws(DAREError) -> OpenedEnvelope {
        let state = try digestState()
        if state == .invalid, !reportsInvalidDigest { throw EnvelopeMembers.mismatch }
        return try opened(under: members.payloadKey(with: keys, seed: seed), digest: state)
    }

    /// Decrypts a body that is a secret; see ``open(with:seed:reportsInvalidDigest:)``.
    ///
    /// - Throws: as that; `unsupportedAlgorithm` for a body that is not encrypted, and so no secret.
    public func openSecret(with keys: DecryptionKeys, seed: BaseSeed? = nil) throws(DAREError) -> SecretBytes {
        if try digestState() == .invalid { throw EnvelopeMembers.mismatch }
        guard let key = try members.payloadKey(with: keys, seed: seed) else {
            throw DAREError(.unsupportedAlgorithm, "The envelope is not encrypted: what is in it is no secret.")
        }
        let tag = try members.requiredTag(key.algorithm)
        return try body.span.bytes.withUnsafeBytes { (body) throws(DAREError) in
            try key.seed.decryptSecret(body, tag: tag, with: key.algorithm, salt: key.salt)
        }
    }

    func opened(
        under key: PayloadKey?, digest: DigestState, signers: [PublicKey] = [], witnessed: [PublicKey] = []
    ) throws(DAREError) -> OpenedEnvelope {
        var plaintext = body
        if let key {
            let tag = try members.requiredTag(key.algorithm)
            plaintext = try body.withUnsafeBufferPointer { (body) throws(DAREError) in
                try key.seed.decrypt(UnsafeRawBufferPointer(body), tag: tag, with: key.algorithm, salt: key.salt)
            }
        }
        let header = try members.uncloakedHeader(under: key)
        return OpenedEnvelope(
            plaintext: plaintext, annotations: try members.annotations(under: key), header: header,
            contentMeta: try EnvelopeMembers(header: header, trailer: trailer).contentMeta, digest: digest,
            signers: signers, witnessed: witnessed)
    }
}
