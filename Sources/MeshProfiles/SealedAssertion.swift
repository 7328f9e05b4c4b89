import MeshCore
import MeshCryptography
import MeshDARE
import MeshEncoding

/// What one kind of object holds that is signed and sealed to one who may read it: an activation, a PIN. It may hold secrets.
protocol SealedContent: Sendable {
    /// The name of the kind on the wire.
    static var tag: String { get }
    /// Reads the members of the object, whose secrets stand in `json`.
    init(members: JSONObject, secrets json: SecretJSON) throws(ProfileError)
    /// The members of the object; adds its secrets to `json`.
    func members(secrets json: inout SecretJSON) throws(ProfileError) -> JSONObject
}

/// Seals and opens objects that are signed by one and sealed to another. What is opened was verified before.
enum SealedAssertion {
    /// The most octets that the envelope of one may have as its body.
    static let maximumSize = 64 << 10

    static func seal<Content: SealedContent>(
        _ content: Content, to recipient: PublicKey, by signer: PrivateKey, created: Timestamp,
        random: any RandomSource
    ) throws(ProfileError) -> DAREEnvelope {
        try seal(content, to: [recipient], by: signer, created: created, random: random)
    }

    /// Seals `content` so that each of the recipients can open it by itself.
    static func seal<Content: SealedContent>(
        _ content: Content, to recipients: [PublicKey], by signer: PrivateKey, created: Timestamp,
        random: any RandomSource
    ) throws(ProfileError) -> DAREEnvelope {
        var json = SecretJSON()
        let members = try content.members(secrets: &json)
        json.value = .object([Content.tag: .object(members)])
        var sealer = EnvelopeSealer(recipients: recipients, signers: [signer])
        sealer.contentMeta = ContentMeta(contentMeta(Content.tag, id: nil, created: created))
        sealer.random = random
        do {
            return try sealer.seal(json.text())
        } catch let error as ProfileError {
            throw error
        } catch {
            throw ProfileError(
                .badKey, "The \(Content.tag) cannot be sealed to \(recipients.map(\.udf.text)).", cause: error)
        }
    }

    /// Opens what `signer` signed and sealed to `key`.
    ///
    /// - Throws: ``ProfileError`` `badSignature`, `cannotOpen`, `malformed`, `wrongKind`, `badKey`, `tooLarge`.
    static func open<Content: SealedContent>(
        _ type: Content.Type, _ envelope: DAREEnvelope, with key: PrivateKey, signedBy signer: PublicKey
    ) throws(ProfileError) -> Content {
        guard envelope.body.count <= maximumSize else { throw .tooLarge(Content.tag) }
        let verified: VerifiedEnvelope
        do {
            verified = try envelope.verify(by: [signer])
        } catch {
            throw ProfileError(
                .badSignature, "The \(Content.tag) is not signed by \(signer.udf), which must have signed it.",
                remedy: "Do not use it. Get it again from where it came from.", cause: error)
        }
        let json: SecretJSON
        do {
            json = try SecretJSON(reading: try verified.openSecret(with: DecryptionKeys([key])))
        } catch let error as ProfileError {
            throw error
        } catch {
            throw ProfileError(
                .cannotOpen, "The \(Content.tag) is not sealed to \(key.publicKey.udf), or was changed.",
                remedy: "Open it on the device it was made for.", cause: error)
        }
        guard let object = json.value.object, object.count == 1, let members = object[Content.tag]?.object else {
            throw ProfileError(.wrongKind, "What was sealed is no \(Content.tag).")
        }
        return try Content(members: members, secrets: json)
    }
}
