import MeshCryptography
import MeshDARE
import MeshEncoding

/// A signed object that was read and not verified yet.
struct SignedObject<Content: AssertionContent> {
    let envelope: DAREEnvelope
    let content: Content

    /// Reads an envelope with the object in it.
    ///
    /// - Throws: ``ProfileError`` `malformed`, `tooLarge`, `wrongKind`, `badKey`.
    init(reading signed: [UInt8]) throws(ProfileError) {
        // As base64url a body takes a third more; header and signatures have room beside it.
        guard signed.count <= 2 * Content.maximumSize + (64 << 10) else { throw .tooLarge(Content.tag) }
        do {
            try self.init(DAREEnvelope(parsing: signed))
        } catch let error as ProfileError {
            throw error
        } catch {
            throw ProfileError(.malformed, "The octets are no signed \(Content.tag).", cause: error)
        }
    }

    /// Reads the object that is the body of `envelope`, which is not encrypted.
    ///
    /// - Throws: as ``init(reading:)``.
    init(_ envelope: DAREEnvelope) throws(ProfileError) {
        guard envelope.body.count <= Content.maximumSize else { throw .tooLarge(Content.tag) }
        let value: JSONValue
        do {
            value = try JSONValue(parsing: envelope.body)
        } catch {
            throw ProfileError(.malformed, "The signed content of a \(Content.tag) is no JSON.", cause: error)
        }
        self.envelope = envelope
        content = try Content(members: SignedObject.members(of: value))
    }

    /// The members of a tagged object.
    ///
    /// - Throws: ``ProfileError`` `malformed`, `wrongKind`.
    static func members(of value: JSONValue) throws(ProfileError) -> JSONObject {
        guard let object = value.object else {
            throw ProfileError(.malformed, "The content is no object.")
        }
        guard object.count == 1, let members = object[Content.tag]?.object else {
            let found = object.names.first.map { $0.count <= 40 ? $0 : "something else" } ?? "nothing"
            throw ProfileError(.wrongKind, "A \(Content.tag) was expected, and \(found) was found.")
        }
        return members
    }

    /// - Throws: ``ProfileError`` `badSignature`.
    func verify(by signer: PublicKey) throws(ProfileError) {
        do {
            try envelope.verifySignature(by: signer)
        } catch {
            throw ProfileError(
                .badSignature, "The \(Content.tag) is not signed by \(signer.udf), which must have signed it.",
                remedy: "Do not trust it. Get it again from where it came from.", cause: error)
        }
    }
}
