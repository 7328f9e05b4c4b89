import MeshCore
import MeshCryptography
import MeshEncoding

/// What a signature of an envelope covers, and how (`dare-12` §3.5; the two forms are not compatible).
public enum SignatureForm: String, CaseIterable, Sendable {
    /// The octets of the payload digest: Ed25519ctx with an empty context, or plain Ed448. What is written unless the
    /// other is asked for; all drafts and all files until 2023.
    case digest = "payload digest"
    /// A manifest of the digest's label, the payload digest and, in sequences, the chain digest: plain Ed25519 or Ed448.
    /// Release 1.0.2.
    case manifest
}

/// What a signature is made over.
public struct SignedDigests: Sendable {
    /// The label of the hash function, as the envelope states it.
    let label: String
    /// The hash function.
    let algorithm: HashAlgorithm
    /// The digest of the body as it is stored.
    let payload: [UInt8]
    /// The digest of the chain, in sequences that have one.
    let chain: [UInt8]?

    /// These digests, of a body that was hashed with `algorithm`.
    ///
    /// - Parameter label: the label the envelope states, if it is not the standard one.
    public init(payload: [UInt8], algorithm: HashAlgorithm, label: String? = nil, chain: [UInt8]? = nil) {
        self.payload = payload
        self.algorithm = algorithm
        self.label = label ?? algorithm.dareLabel
        self.chain = chain
    }

    /// The octets that are signed.
    func message(_ form: SignatureForm) -> [UInt8] {
        switch form {
        case .digest: payload
        case .manifest: manifest
        }
    }

    /// The label, the payload digest and the chain digest as items of JSON-B.
    private var manifest: [UInt8] {
        var manifest: [UInt8] = []
        BinaryItem.append(Array(label.utf8), isText: true, to: &manifest)
        for digest in [payload, chain ?? []] where !digest.isEmpty { BinaryItem.append(digest, to: &manifest) }
        return manifest
    }
}

/// One entry of `signatures`: unverified (`dare-12` §5.3.1).
public struct EnvelopeSignature: Sendable {
    /// The entry as it stands in the envelope, members of others included.
    public let members: JSONObject

    /// The entry of those members, which are looked at when it is verified.
    public init(_ members: JSONObject) { self.members = members }

    /// Signs `digests`.
    ///
    /// - Parameters:
    ///   - seed: the base seed and the salt of an encrypted body, to prove with a witness value that the signer knew it.
    /// - Throws: ``DAREError`` `wrongKey` for a key that cannot sign.
    public init(
        _ digests: SignedDigests, by key: PrivateKey, form: SignatureForm = .digest,
        witness seed: (seed: BaseSeed, salt: [UInt8])? = nil
    ) throws(DAREError) {
        let signature: [UInt8]
        do {
            signature = try key.sign(digests.message(form), context: form == .digest ? [] : nil)
        } catch {
            throw DAREError(
                .wrongKey, "The \(key.algorithm) key \(key.publicKey.udf) cannot sign.",
                remedy: "Sign with an Ed448 or Ed25519 signature key.", cause: error)
        }
        var members: JSONObject = [
            "alg": .string(form == .digest ? digests.label : key.algorithm.description.uppercased()),
            "kid": .string(key.publicKey.udf.text), "signature": .binary(signature),
        ]
        if form == .digest, let seed {
            members["witness"] = .binary(try seed.seed.witness(salt: seed.salt, info: signature))
        }
        self.members = members
    }

    /// The signer's key as the entry names it; there are several forms of such names.
    public var keyIdentifier: String? { members["kid"]?.string }

    /// Whether the entry names `key`, in one of the forms of its fingerprint.
    public func names(_ key: PublicKey) -> Bool {
        guard let identifier = keyIdentifier.flatMap({ UDF($0) }) else { return false }
        return key.matches(identifier)
    }

    /// The octets of the signature.
    var octets: [UInt8] {
        get throws(DAREError) {
            guard let octets = members["signature"]?.binary else {
                throw DAREError(.malformed, "A signature is not binary.")
            }
            return octets
        }
    }

    /// Verifies that `key` made the signature over `digests`, in one form or the other.
    ///
    /// - Returns: the form it has.
    /// - Throws: ``DAREError`` `badSignature`; `unsupportedAlgorithm` for a signature of a kind that is not known here;
    ///   `malformed`.
    public func verify(_ digests: SignedDigests, by key: PublicKey) throws(DAREError) -> SignatureForm {
        let octets = try octets
        for form in try forms(digests)
        where key.isValidSignature(octets, for: digests.message(form), context: form == .digest ? [] : nil) {
            return form
        }
        throw DAREError(
            .badSignature, "The signature of \(key.udf) does not verify: what it covers was changed, or it was forged.",
            remedy: "Do not use the content. Get the envelope again from its signer.")
    }

    /// The forms that the labels of the entry allow. Both name the hash function or the key's algorithm there.
    private func forms(_ digests: SignedDigests) throws(DAREError) -> [SignatureForm] {
        for name in ["dig", "alg"] {
            guard let value = members[name], value != .null else { continue }
            guard let label = value.string else { throw DAREError(.malformed, "The member \(name) is no text.") }
            if name == "alg", ["ED25519", "ED448"].contains(label.asLabel.uppercased()) {
                return [.manifest, .digest]
            }
            guard try HashAlgorithm(dareLabel: label) == digests.algorithm else {
                throw DAREError(.unsupportedAlgorithm, "A signature is over another digest than the envelope's.")
            }
        }
        return SignatureForm.allCases
    }

    /// The witness value in the entry.
    var witness: [UInt8]? {
        get throws(DAREError) {
            guard let value = members["witness"], value != .null else { return nil }
            guard let octets = value.binary else { throw DAREError(.malformed, "A witness value is not binary.") }
            return octets
        }
    }
}
