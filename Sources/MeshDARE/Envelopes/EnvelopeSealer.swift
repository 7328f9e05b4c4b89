import MeshCore
import MeshCryptography
import MeshEncoding

/// How envelopes are made: what they are encrypted to, signed by and labelled with (`dare-12` §3).
///
/// Any number of envelopes may be sealed with one; each gets a salt and, unless ``seed`` is set, a base seed of its own.
public struct EnvelopeSealer: Sendable {
    /// To whom the body is encrypted; with none, and no ``seed``, it is left plain.
    public var recipients: [PublicKey] = []
    /// The seed of an exchange that stands somewhere else, as in the first frame of a sequence.
    public var seed: BaseSeed?
    /// How the body is encrypted, if it is. Everything but the standard is read by this package alone.
    public var encryption = EncryptionAlgorithm.standard
    /// Who signs.
    public var signers: [PrivateKey] = []
    /// What the signatures cover.
    public var signatureForm = SignatureForm.digest
    /// The hash function of digest and signatures.
    public var digest = HashAlgorithm.dareStandard
    /// Whether the digest of the body is stated. A signed envelope always has it.
    public var statesDigest = false
    /// The identifier of the envelope.
    public var envelopeID: String?
    /// What is said about the content. It is neither encrypted nor signed.
    public var contentMeta: ContentMeta?
    /// Encrypted with the body, but neither digested nor signed.
    public var annotations: [[UInt8]] = []
    /// Header members that are to be seen by recipients only; neither digested nor signed.
    public var cloaked = JSONObject()
    /// Further header members, such as those of sequences. What the sealer itself writes cannot be replaced.
    public var header = JSONObject()
    /// Where seeds, salts and ephemeral keys come from.
    public var random: any RandomSource = SystemRandomSource()

    /// Seals nothing but the body: plain, undigested and unsigned.
    public init() {}

    /// Encrypts to `recipients` and signs by `signers`.
    public init(recipients: [PublicKey] = [], signers: [PrivateKey] = []) {
        self.recipients = recipients
        self.signers = signers
    }

    private var isEncrypted: Bool { seed != nil || !recipients.isEmpty }

    /// Does everything that comes before the body: exchanges the keys and writes the header.
    ///
    /// - Throws: ``DAREError`` `wrongKey` for a recipient or signer whose key cannot be used; `unsupportedAlgorithm` for
    ///   recipients with the algorithm none; `tooCostly` for more than ``EnvelopeMembers/maximumSignatures`` signers.
    public func begin() throws(DAREError) -> EnvelopeInProgress {
        var header = JSONObject()
        header["EnvelopeId"] = envelopeID.map { .string($0) }
        var key: PayloadKey?
        if isEncrypted {
            guard encryption != .none else {
                throw DAREError(
                    .unsupportedAlgorithm, "An envelope with recipients must be encrypted, and none encrypts nothing.",
                    remedy: "Use \(EncryptionAlgorithm.standard.label).")
            }
            header["enc"] = .string(encryption.label)
            let made = PayloadKey(
                seed: seed ?? BaseSeed(random: random), algorithm: encryption,
                salt: BaseSeed.makeSalt(random: random))
            key = made
        }
        for signer in signers where !signer.algorithm.canSign {
            throw DAREError(
                .wrongKey, "The \(signer.algorithm) key \(signer.publicKey.udf) cannot sign.",
                remedy: "Sign with an Ed448 or Ed25519 signature key.")
        }
        guard signers.count <= EnvelopeMembers.maximumSignatures else { throw EnvelopeMembers.tooManySignatures }
        let isDigested = statesDigest || !signers.isEmpty
        if isDigested { header["dig"] = .string(digest.dareLabel) }
        if let key {
            if !recipients.isEmpty { header["kid"] = .string(key.seed.identifier.text) }
            header["Salt"] = .binary(key.salt)
        }
        try sealSegments(under: key, into: &header)
        if let key, !recipients.isEmpty {
            var entries: [JSONValue] = []
            for recipient in recipients {
                entries.append(.object(try Recipient(wrapping: key.seed, for: recipient, random: random).members))
            }
            header["recipients"] = .array(entries)
        }
        if let contentMeta {
            header["ContentMetaData"] = .binary(JSONValue.object(contentMeta.members).compact)
        }
        for (name, value) in self.header.members where header[name] == nil { header[name] = value }
        return EnvelopeInProgress(
            header: header, key: key, digest: isDigested ? digest : nil, signers: signers, form: signatureForm)
    }

    private func sealSegments(under key: PayloadKey?, into header: inout JSONObject) throws(DAREError) {
        var number = 0
        if !cloaked.isEmpty {
            let content = JSONValue.object(cloaked).compact
            header["cloaked"] = .binary(
                try EncryptedDataSegment(sealing: content, number: number, under: key).encoded)
            number += 1
        }
        var segments: [JSONValue] = []
        for annotation in annotations {
            segments.append(
                .binary(try EncryptedDataSegment(sealing: annotation, number: number, under: key).encoded))
            number += 1
        }
        if !segments.isEmpty { header["annotations"] = .array(segments) }
    }

    /// Seals a payload that is in memory.
    ///
    /// - Throws: as ``begin()``.
    public func seal(_ payload: UnsafeRawBufferPointer) throws(DAREError) -> DAREEnvelope {
        let begun = try begin()
        var body: [UInt8]
        var tag: [UInt8]?
        if let key = begun.key {
            let sealed = try key.seed.encrypt(payload, with: key.algorithm, salt: key.salt)
            (body, tag) = (sealed.body, sealed.tag)
        } else {
            body = Array(payload)
        }
        return DAREEnvelope(
            header: begun.header, body: body,
            trailer: try begun.trailer(payloadDigest: begun.digest?.digest(body), tag: tag))
    }

    /// Seals a payload that is in memory.
    ///
    /// - Throws: as ``begin()``.
    public func seal(_ payload: [UInt8]) throws(DAREError) -> DAREEnvelope {
        try payload.withUnsafeBufferPointer { (payload) throws(DAREError) in
            try seal(UnsafeRawBufferPointer(payload))
        }
    }

    /// Seals a secret that is in memory. It should be encrypted: otherwise it is not secret any more.
    ///
    /// - Throws: as ``begin()``.
    public func seal(_ secret: borrowing SecretBytes) throws(DAREError) -> DAREEnvelope {
        try secret.withUnsafeBytes { (secret) throws(DAREError) in try seal(secret) }
    }
}

/// An envelope whose header is made and whose body is on its way.
public struct EnvelopeInProgress: Sendable {
    /// The header.
    public let header: JSONObject
    /// What the body is to be encrypted under; nil: it stays plain.
    public let key: PayloadKey?
    /// What the body is to be digested with, as it is stored; nil: not at all.
    public let digest: HashAlgorithm?
    private let signers: [PrivateKey]
    private let form: SignatureForm

    init(header: JSONObject, key: PayloadKey?, digest: HashAlgorithm?, signers: [PrivateKey], form: SignatureForm) {
        self.header = header
        self.key = key
        self.digest = digest
        self.signers = signers
        self.form = form
    }

    /// The trailer: the digest, the signatures over it, and the tag.
    ///
    /// - Parameters:
    ///   - payloadDigest: the digest of the body as it is stored; nil only where ``digest`` is.
    ///   - tag: the tag that the cipher gave, if any.
    ///   - chainDigest: in sequences that have one, the digest of the chain.
    /// - Throws: ``DAREError`` `wrongKey` if a key cannot sign.
    public func trailer(
        payloadDigest: [UInt8]?, tag: [UInt8]? = nil, chainDigest: [UInt8]? = nil
    ) throws(DAREError) -> JSONObject {
        var trailer = JSONObject()
        if let payloadDigest, let digest {
            let digests = SignedDigests(payload: payloadDigest, algorithm: digest, chain: chainDigest)
            let witness = key.map { (seed: $0.seed, salt: $0.salt) }
            var signatures: [JSONValue] = []
            for signer in signers {
                signatures.append(
                    .object(try EnvelopeSignature(digests, by: signer, form: form, witness: witness).members))
            }
            if !signatures.isEmpty { trailer["signatures"] = .array(signatures) }
            trailer["PayloadDigest"] = .binary(payloadDigest)
            if form == .manifest, !signers.isEmpty, let key {
                trailer["WitnessValue"] = .binary(
                    try key.seed.witness(salt: key.salt, info: digests.message(.manifest)))
            }
        }
        trailer["ChainDigest"] = chainDigest.map { .binary($0) }
        trailer["PayloadTag"] = tag.map { .binary($0) }
        return trailer
    }
}
