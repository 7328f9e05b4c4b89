import MeshCore
import MeshCryptography
import MeshDARE
import MeshEncoding

/// A signed object whose signature was verified by the key that had to sign it. There is no other way to get one than to
/// verify or to sign.
///
/// That the signature verifies says who signed, not that the signer may: which key must have signed which object is the rule
/// of the verified type that is made of it (``ConnectedDevice``, ``VerifiedConnectionRequest`` and their like).
public struct VerifiedAssertion<Content: AssertionContent>: Sendable {
    /// What was signed.
    public let content: Content
    /// The signed octets: a DARE envelope in JSON, as they are kept and sent.
    public let signed: [UInt8]
    /// The same, read.
    public let envelope: DAREEnvelope
    /// Who signed.
    public let signer: PublicKey

    init(_ object: SignedObject<Content>, signed: [UInt8], by signer: PublicKey) throws(ProfileError) {
        try object.verify(by: signer)
        content = object.content
        envelope = object.envelope
        self.signed = signed
        self.signer = signer
    }

    /// Verifies that `signer` signed the object, which is not encrypted.
    ///
    /// - Throws: ``ProfileError`` `malformed`, `tooLarge`, `wrongKind`, `badKey`, `badSignature`.
    public init(verifying signed: [UInt8], by signer: PublicKey) throws(ProfileError) {
        try self.init(SignedObject(reading: signed), signed: signed, by: signer)
    }

    /// As ``init(verifying:by:)-swift.init``, of an envelope that stands inside a message or an entry.
    public init(verifying envelope: DAREEnvelope, by signer: PublicKey) throws(ProfileError) {
        try self.init(SignedObject(envelope), signed: envelope.encoded, by: signer)
    }

    /// Signs `content`.
    ///
    /// - Throws: ``ProfileError`` `tooLarge`, `badSignature` for a key that cannot sign.
    public init(signing content: Content, by key: PrivateKey, created: Timestamp) throws(ProfileError) {
        let body = content.body
        guard body.count <= Content.maximumSize else { throw .tooLarge(Content.tag) }
        let envelope: DAREEnvelope
        do {
            envelope = try DAREEnvelope.signed(
                body, by: key, envelopeID: content.envelopeID,
                contentMeta: contentMeta(Content.tag, id: content.envelopeID, created: created))
        } catch {
            throw ProfileError(.badSignature, "The \(Content.tag) cannot be signed with this key.", cause: error)
        }
        // What was signed is read back before anyone relies on it.
        try self.init(verifying: envelope.encoded, by: key.publicKey)
    }
}
