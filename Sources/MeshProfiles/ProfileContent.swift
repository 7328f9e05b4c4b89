import MeshCore
import MeshCryptography
import MeshDARE
import MeshEncoding

/// What a kind of profile holds. A value of such a type that was not taken from a ``VerifiedProfile`` proves nothing.
public protocol ProfileContent: AssertionContent {
    /// The type of the seed that the keys of the profile come from.
    static var seedType: KeySpecifier { get }
    /// Whether the keys are those of one of a service's hosts, which have the service's type of seed.
    static var isHost: Bool { get }
    /// Whether the profile may change; each version is then kept.
    static var isUpdatable: Bool { get }
    /// The key that signs the profile, and whose fingerprint names it.
    var profileSignature: PublicKey { get }
    /// When it was made or changed.
    var updated: Timestamp? { get }
}

extension ProfileContent {
    public static var isHost: Bool { false }
    public static var isUpdatable: Bool { true }
    public var envelopeID: UDF? { udf }

    /// The fingerprint that names the profile: of its signature key.
    public var udf: UDF { profileSignature.udf }

    /// Whether two profiles say the same: all but the time of making and the portal's service, which are not derived from the
    /// seed.
    public func agrees(with other: Self) -> Bool {
        var (ours, theirs) = (members, other.members)
        for name in ["Updated", "ServiceUdf"] {
            ours[name] = nil
            theirs[name] = nil
        }
        return ours == theirs
    }

    /// The private key for `operation` of the profile whose seed is `seed` (`udf` §6).
    ///
    /// - Throws: ``ProfileError`` `wrongSeed` if such a profile is not made from seeds of this type;
    ///   ``CryptographyError``.
    public static func key(_ operation: MeshKeyName.Operation, from seed: SecretSeed) throws -> PrivateKey {
        guard seed.specifier == seedType, let name = MeshKeyName(operation, of: seedType, host: isHost) else {
            throw ProfileError(.wrongSeed, "The seed is not one that a \(tag) is made from.")
        }
        return try seed.deriveKey(name)
    }
}

/// A profile whose signature and keys were verified. There is no other way to get one than to verify or to sign.
public struct VerifiedProfile<Content: ProfileContent>: Sendable {
    /// What the profile says.
    public let content: Content
    /// The signed octets: a DARE envelope in JSON, as they are kept and published.
    public let signed: [UInt8]

    /// The same, read.
    public let envelope: DAREEnvelope

    /// The fingerprint that names the profile.
    public var udf: UDF { content.udf }

    private init(content: Content, signed: [UInt8], envelope: DAREEnvelope) {
        self.content = content
        self.signed = signed
        self.envelope = envelope
    }

    /// Verifies a signed profile (`schema-08` §7): it has the key that its fingerprint names, and that key signed it;
    /// every key in it has the fingerprint stated beside it.
    ///
    /// - Parameter expected: the fingerprint the profile must have, if it is known.
    /// - Throws: ``ProfileError``: `malformed`, `wrongKind`, `badKey`, `badSignature`, `wrongProfile`.
    public init(verifying signed: [UInt8], as expected: UDF? = nil) throws(ProfileError) {
        let object = try SignedObject<Content>(reading: signed)
        let content = object.content
        do {
            try object.envelope.verifySignature(by: content.profileSignature)
        } catch {
            throw ProfileError(.badSignature, "The profile is not signed by the key that names it.", cause: error)
        }
        if let expected, !content.udf.matches(expected) {
            throw ProfileError(.wrongProfile, "The profile \(content.udf) stands where \(expected) was expected.")
        }
        self.init(content: content, signed: signed, envelope: object.envelope)
    }

    /// Verifies a profile that stands inside a message or an entry; as ``init(verifying:as:)-swift.init``.
    public init(verifying envelope: DAREEnvelope, as expected: UDF? = nil) throws(ProfileError) {
        try self.init(verifying: envelope.encoded, as: expected)
    }

    /// Signs a profile with the key from the seed it was made from.
    ///
    /// - Throws: ``ProfileError`` `wrongSeed` if the seed is that of another profile; ``CryptographyError``.
    public init(signing content: Content, seed: SecretSeed, created: Timestamp) throws {
        let key = try Content.key(.profile, from: seed)
        guard key.publicKey.udf == content.udf else {
            throw ProfileError(.wrongSeed, "The seed is that of another profile than \(content.udf).")
        }
        let envelope = try DAREEnvelope.signed(
            content.body, by: key, envelopeID: content.udf,
            contentMeta: contentMeta(Content.tag, id: content.udf, created: created))
        // What was signed is read back before anyone relies on it.
        try self.init(verifying: envelope.encoded, as: content.udf)
    }
}
