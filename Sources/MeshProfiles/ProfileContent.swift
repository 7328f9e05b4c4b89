import MeshCore
import MeshCryptography
import MeshDARE
import MeshEncoding

/// What a kind of profile holds. A value of such a type that was not taken from a ``VerifiedProfile`` proves nothing.
public protocol ProfileContent: Sendable {
    /// The name of the kind on the wire.
    static var tag: String { get }
    /// The type of the seed that the keys of the profile come from.
    static var seedType: KeySpecifier { get }
    /// The key that signs the profile, and whose fingerprint names it.
    var profileSignature: PublicKey { get }
    /// When it was made or changed.
    var updated: Timestamp? { get }

    /// Reads the members of the profile.
    ///
    /// - Throws: ``ProfileError`` `badKey`.
    init(members: JSONObject) throws(ProfileError)

    /// The members of the profile.
    var members: JSONObject { get }
}

extension ProfileContent {
    /// The fingerprint that names the profile: of its signature key.
    public var udf: UDF { profileSignature.udf }

    /// Whether two profiles say the same: all but the time of making, which is not derived from the seed.
    public func agrees(with other: Self) -> Bool {
        var (ours, theirs) = (members, other.members)
        ours["Updated"] = nil
        theirs["Updated"] = nil
        return ours == theirs
    }

    /// The private key for `operation` of the profile whose seed is `seed` (`udf` §6).
    ///
    /// - Throws: ``ProfileError`` `wrongSeed` if such a profile is not made from seeds of this type;
    ///   ``CryptographyError``.
    public static func key(_ operation: MeshKeyName.Operation, from seed: SecretSeed) throws -> PrivateKey {
        guard seed.specifier == seedType else {
            throw ProfileError(.wrongSeed, "The seed is not one that a \(tag) is made from.")
        }
        return try seed.deriveKey(operation)
    }
}

/// A profile whose signature and keys were verified. There is no other way to get one than to verify or to sign.
public struct VerifiedProfile<Content: ProfileContent>: Sendable {
    /// What the profile says.
    public let content: Content
    /// The signed octets: a DARE envelope in JSON, as they are kept and published.
    public let signed: [UInt8]

    /// The fingerprint that names the profile.
    public var udf: UDF { content.udf }

    private init(content: Content, signed: [UInt8]) {
        self.content = content
        self.signed = signed
    }

    /// Verifies a signed profile (`schema-08` §7): it has the key that its fingerprint names, and that key signed it;
    /// every key in it has the fingerprint stated beside it.
    ///
    /// - Parameter expected: the fingerprint the profile must have, if it is known.
    /// - Throws: ``ProfileError``: `malformed`, `wrongKind`, `badKey`, `badSignature`, `wrongProfile`.
    public init(verifying signed: [UInt8], as expected: UDF? = nil) throws(ProfileError) {
        let envelope: DAREEnvelope
        let object: JSONObject
        do {
            envelope = try DAREEnvelope(parsing: signed)
            guard let root = try JSONValue(parsing: envelope.body).object else {
                throw ProfileError(.malformed, "The signed content is no object.")
            }
            object = root
        } catch let error as ProfileError {
            throw error
        } catch {
            throw ProfileError(.malformed, "The octets are no signed profile.", cause: error)
        }
        guard object.count == 1, let members = object[Content.tag]?.object else {
            let found = object.names.first.map { $0.count <= 40 ? $0 : "something else" } ?? "nothing"
            throw ProfileError(.wrongKind, "A \(Content.tag) was expected, and \(found) was found.")
        }
        let content = try Content(members: members)
        do {
            try envelope.verifySignature(by: content.profileSignature)
        } catch {
            throw ProfileError(.badSignature, "The profile is not signed by the key that names it.", cause: error)
        }
        if let expected, !content.udf.matches(expected) {
            throw ProfileError(.wrongProfile, "The profile \(content.udf) stands where \(expected) was expected.")
        }
        self.init(content: content, signed: signed)
    }

    /// Signs a profile with the key from the seed it was made from.
    ///
    /// - Throws: ``ProfileError`` `wrongSeed` if the seed is that of another profile; ``CryptographyError``.
    public init(signing content: Content, seed: SecretSeed, created: Timestamp) throws {
        let key = try Content.key(.profile, from: seed)
        guard key.publicKey.udf == content.udf else {
            throw ProfileError(.wrongSeed, "The seed is that of another profile than \(content.udf).")
        }
        let body = JSONValue.object([Content.tag: .object(content.members)]).compact
        let envelope = try DAREEnvelope.signed(
            body, by: key, envelopeID: content.udf,
            contentMeta: [
                "UniqueId": .string(content.udf.text), "MessageType": .string(Content.tag),
                "cty": "application/mmm/object", "Created": .string(created.description),
            ])
        // What was signed is read back before anyone relies on it.
        try self.init(verifying: envelope.encoded, as: content.udf)
    }
}
