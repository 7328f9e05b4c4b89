import MeshCore
import MeshCryptography
import MeshEncoding

/// An envelope whose body is signed by keys that were asked for. Nothing but ``DAREEnvelope/verify(by:rule:)`` makes one.
///
/// Signed is the body as it is stored, encrypted or not. The header is not: neither annotations, nor content metadata, nor
/// who the recipients are.
public struct VerifiedEnvelope: Sendable {
    /// The envelope.
    public let envelope: DAREEnvelope
    /// The signatures, in the order of the keys that were asked for.
    public let signatures: [VerifiedSignature]
    /// Who signed.
    public var signers: [PublicKey] { signatures.map(\.signer) }

    private let digests: SignedDigests

    fileprivate init(envelope: DAREEnvelope, signatures: [VerifiedSignature], digests: SignedDigests) {
        self.envelope = envelope
        self.signatures = signatures
        self.digests = digests
    }

    /// Decrypts what was verified.
    ///
    /// - Throws: ``DAREError`` as ``DAREEnvelope/open(with:seed:)``; `badWitness` if a verified signature has a witness
    ///   value that its signer did not make with the base seed: another person's body was signed as one's own.
    public func open(with keys: DecryptionKeys = .none, seed: BaseSeed? = nil) throws(DAREError) -> OpenedEnvelope {
        let key = try envelope.members.payloadKey(with: keys, seed: seed)
        let witnessed = try envelope.members.witnessed(signatures, digests: digests, under: key)
        return try envelope.opened(under: key, digest: .valid, signers: signers, witnessed: witnessed)
    }

    /// Decrypts a body that is a secret, of signers that all proved to have known it (a witness value).
    ///
    /// - Throws: ``DAREError`` as ``DAREEnvelope/openSecret(with:seed:)``; `badWitness` if a signer did not prove it.
    public func openSecret(with keys: DecryptionKeys, seed: BaseSeed? = nil) throws(DAREError) -> SecretBytes {
        let key = try envelope.members.payloadKey(with: keys, seed: seed)
        guard try envelope.members.witnessed(signatures, digests: digests, under: key).count == signatures.count else {
            throw DAREError(
                .badWitness, "A signer did not prove that it knew what it signed.",
                remedy: "Do not take the signer for the author.")
        }
        return try envelope.openSecret(with: keys, seed: seed)
    }
}

extension DAREEnvelope {
    /// The digest of the body, with the envelope's hash function.
    ///
    /// - Throws: ``DAREError`` `unsupportedAlgorithm`, `malformed`.
    public func computedDigest() throws(DAREError) -> [UInt8] { try members.digestAlgorithm.digest(body) }

    /// How the digest that the envelope states compares to that of its body.
    ///
    /// - Throws: ``DAREError`` `unsupportedAlgorithm`, `malformed`.
    public func digestState() throws(DAREError) -> DigestState {
        guard try members.payloadDigest != nil else { return .absent }
        return try members.digestState(computed: computedDigest())
    }

    /// Verifies that `keys` signed the body, all of them or at least one. Both forms of signatures are known.
    ///
    /// - Throws: ``DAREError`` `digestMismatch`, `notSigned`, `badSignature`, `unsupportedAlgorithm`, `malformed`.
    public func verify(by keys: [PublicKey], rule: SignerRule = .all) throws(DAREError) -> VerifiedEnvelope {
        let digest = try computedDigest()
        let signatures = try members.verifySignatures(computed: digest, by: keys, rule: rule)
        return VerifiedEnvelope(
            envelope: self, signatures: signatures, digests: try members.signedDigests(computed: digest))
    }

    /// Verifies that `key` signed the body, which is the content itself and not encrypted.
    ///
    /// - Throws: ``DAREError`` as ``verify(by:rule:)``; `unsupportedAlgorithm` for an encrypted envelope.
    public func verifySignature(by key: PublicKey) throws(DAREError) {
        guard try members.encryption == .none else {
            throw DAREError(.unsupportedAlgorithm, "The envelope is encrypted.")
        }
        _ = try verify(by: [key])
    }

    /// Puts `body` into a plain envelope signed by `key`.
    ///
    /// Header and metadata are not covered by the signature: nothing may be concluded from them.
    ///
    /// - Parameters:
    ///   - envelopeID: the `EnvelopeId`, if any.
    ///   - contentMeta: the `ContentMetaData`, if any.
    /// - Throws: ``DAREError`` `wrongKey` if the key cannot sign.
    public static func signed(
        _ body: [UInt8], by key: PrivateKey, envelopeID: UDF? = nil, contentMeta: JSONObject? = nil
    ) throws(DAREError) -> DAREEnvelope {
        var sealer = EnvelopeSealer(signers: [key])
        sealer.envelopeID = envelopeID?.text
        sealer.contentMeta = contentMeta.map { ContentMeta($0) }
        return try sealer.seal(body)
    }
}
