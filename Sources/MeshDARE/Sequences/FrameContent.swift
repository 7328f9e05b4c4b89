import MeshCore
import MeshCryptography
import MeshEncoding

/// What a frame that is to be appended holds.
public struct FrameContent: Sendable {
    /// The payload, not encrypted yet.
    public var payload: [UInt8]
    /// What the header says about the payload.
    public var meta: ContentMeta?
    /// The identifier of the envelope that the frame is.
    public var envelopeID: String?
    /// When the content was received.
    public var received: Timestamp?
    /// Whether the frame is about the sequence and holds no data.
    public var isMeta = false
    /// The key of the entry that is the default of the store from here on.
    public var defaultKey: String?
    /// Further members of the header, such as those of an envelope that is appended. `SequenceInfo` is not among them.
    public var header = JSONObject()
    /// Further members of the trailer.
    public var trailer = JSONObject()
    /// Whether the payload is stored as it is, although the policy encrypts: it is encrypted already, or to be public.
    public var isStoredAsIs = false
    /// Whether to sign the frame although the policy is ``SequencePolicy/Signature/any``.
    public var isSigned = false

    /// A frame with that payload.
    public init(_ payload: [UInt8] = [], meta: ContentMeta? = nil) {
        self.payload = payload
        self.meta = meta
    }
}

/// How a new sequence is made.
public struct SequenceOptions: Sendable {
    /// The type.
    public var type: SequenceType
    /// How headers after frame 0 are encoded: JSON or JSON-B.
    public var encoding: JSONEncoding
    /// How payloads are hashed.
    public var digest: HashAlgorithm
    /// Who can read, and who signs.
    public var policy: SequencePolicy
    /// What frame 0 says about the whole.
    public var meta: ContentMeta?
    /// Whether frames have a check value over everything that the digests leave open: see the documentation of the
    /// format, `FrameCheck`. Other readers ignore it.
    public var hasFrameChecks: Bool

    /// A sequence of that type.
    public init(
        _ type: SequenceType = .chain, encoding: JSONEncoding = .json, digest: HashAlgorithm = .dareStandard,
        policy: SequencePolicy = .plain, meta: ContentMeta? = nil, hasFrameChecks: Bool = true
    ) {
        self.type = type
        self.encoding = encoding
        self.digest = digest
        self.policy = policy
        self.meta = meta
        self.hasFrameChecks = hasFrameChecks
    }
}

/// The private keys somebody works on a sequence with.
public struct SequenceKeys: Sendable {
    /// What payloads are decrypted with.
    public var decryption: DecryptionKeys
    /// What frames are signed with.
    public var signer: PrivateKey?

    /// These keys.
    public init(_ decryption: DecryptionKeys = .none, signer: PrivateKey? = nil) {
        self.decryption = decryption
        self.signer = signer
    }

    /// No key.
    public static let none = SequenceKeys()
}
