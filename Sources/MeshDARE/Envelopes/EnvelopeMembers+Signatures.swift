import MeshCore
import MeshCryptography
import MeshEncoding

/// How the digest that an envelope states compares to that of its body.
public enum DigestState: String, Sendable {
    /// None is stated.
    case absent
    /// It is that of the body.
    case valid
    /// It is not: the body or the digest was changed.
    case invalid
}

/// How a witness value compares to the base seed.
public enum WitnessState: String, Sendable {
    /// There is none.
    case absent
    /// Who made it knew the base seed: the signer, or, where the signature is over a manifest, whoever it was.
    case valid
    /// It was made without the base seed, or changed.
    case invalid
    /// The base seed is not known here, so that nothing can be said.
    case unchecked
}

/// A signature that was verified.
public struct VerifiedSignature: Sendable {
    /// Whose it is.
    public let signer: PublicKey
    /// What it covers.
    public let form: SignatureForm
    /// The entry it was in; nothing but the signature in it was verified.
    public let entry: EnvelopeSignature
}

/// Which of several keys must have signed.
public enum SignerRule: Sendable {
    /// Every one.
    case all
    /// At least one.
    case any
}

// What the members say about digest and signatures.
extension EnvelopeMembers {
    /// How the stated digest compares to `computed`, the digest of the body as it is stored.
    ///
    /// - Throws: ``DAREError`` `malformed`.
    public func digestState(computed: [UInt8]) throws(DAREError) -> DigestState {
        guard let stated = try payloadDigest else { return .absent }
        return stated == computed ? .valid : .invalid
    }

    /// What signatures are made over, the body having the digest `computed`.
    ///
    /// - Throws: ``DAREError`` `unsupportedAlgorithm`; `malformed`, also for a chain digest of a size that it cannot have.
    func signedDigests(computed: [UInt8]) throws(DAREError) -> SignedDigests {
        let chain = try chainDigest
        if let chain, chain.count != computed.count {
            throw DAREError(.malformed, "A chain digest cannot have \(chain.count) octets.")
        }
        return SignedDigests(payload: computed, algorithm: try digestAlgorithm, label: digestLabel, chain: chain)
    }

    static var mismatch: DAREError {
        DAREError(
            .digestMismatch, "The body was altered: it does not have the digest that the envelope states.",
            remedy: "Do not use the content. Get the envelope again from where it came from.")
    }

    /// Verifies the signatures of `keys`, the body having the digest `computed`, and that this is the one stated.
    ///
    /// Every entry that names one of the keys must verify. Where none names a key, the entries that name none of them are
    /// tried, because old entries name keys in ways that nobody can compute.
    ///
    /// - Throws: ``DAREError`` `tooCostly` as ``signatures``, `digestMismatch`, `notSigned` if ``SignerRule`` is not met, `badSignature`,
    ///   `unsupportedAlgorithm`, `malformed`.
    func verifySignatures(
        computed: [UInt8], by keys: [PublicKey], rule: SignerRule
    ) throws(DAREError) -> [VerifiedSignature] {
        let entries = try signatures
        guard !entries.isEmpty else {
            throw DAREError(
                .notSigned, "The envelope is not signed.", remedy: "Do not trust its content; ask for a signed one.")
        }
        switch try digestState(computed: computed) {
        case .valid: break
        case .invalid: throw EnvelopeMembers.mismatch
        case .absent: throw DAREError(.malformed, "The envelope is signed, and states no digest.")
        }
        let digests = try signedDigests(computed: computed)
        let unnamed = entries.filter { entry in !keys.contains { entry.names($0) } }
        var verified: [VerifiedSignature] = []
        for key in keys {
            let own = entries.filter { $0.names(key) }
            for entry in own {
                verified.append(
                    VerifiedSignature(signer: key, form: try entry.verify(digests, by: key), entry: entry))
            }
            guard own.isEmpty else { continue }
            if let (entry, form) = unnamed.lazy.compactMap({ entry in
                (try? entry.verify(digests, by: key)).map { (entry, $0) }
            }).first {
                verified.append(VerifiedSignature(signer: key, form: form, entry: entry))
            } else if rule == .all {
                throw notSigned(by: [key])
            }
        }
        guard !verified.isEmpty else { throw notSigned(by: keys) }
        return verified
    }

    private func notSigned(by keys: [PublicKey]) -> DAREError {
        let names = keys.prefix(4).map(\.udf.text).joined(separator: " or ")
        return DAREError(
            .notSigned,
            keys.isEmpty ? "No key was given that may have signed." : "The envelope is not signed by \(names).",
            remedy: "Do not trust its content, or verify it by the key of whoever signed it.")
    }

    /// How the witness value that goes with a signature compares to the seed.
    ///
    /// - Parameter key: what the body is encrypted under, if it is known.
    /// - Throws: ``DAREError`` `malformed`.
    func witnessState(
        of entry: EnvelopeSignature, form: SignatureForm, digests: SignedDigests, under key: PayloadKey?
    ) throws(DAREError) -> WitnessState {
        let stated = try form == .digest ? entry.witness : witnessValue
        guard let stated else { return .absent }
        guard let key else { return .unchecked }
        let info = try form == .digest ? entry.octets : digests.message(.manifest)
        let isSame = try key.seed.witness(salt: key.salt, info: info).withUnsafeBufferPointer { computed in
            stated.withUnsafeBytes { constantTimeEqual(UnsafeRawBufferPointer(computed), $0) }
        }
        return isSame ? .valid : .invalid
    }

    /// The signers that proved to have known the base seed. A witness value over a manifest is never such a proof: it is the
    /// same whoever signs, so that it can be copied from another's signature.
    ///
    /// - Throws: ``DAREError`` `badWitness` if one has a witness value that was made without it: then another person's
    ///   encrypted body was signed as one's own.
    func witnessed(
        _ signatures: [VerifiedSignature], digests: SignedDigests, under key: PayloadKey?
    ) throws(DAREError) -> [PublicKey] {
        var witnessed: [PublicKey] = []
        for signature in signatures {
            switch try witnessState(of: signature.entry, form: signature.form, digests: digests, under: key) {
            case .valid where signature.form == .digest: witnessed.append(signature.signer)
            case .invalid:
                throw DAREError(
                    .badWitness, "The signer \(signature.signer.udf) did not prove that it knew what it signed.",
                    remedy: "Do not take the signer for the author.")
            case .valid, .absent, .unchecked: break
            }
        }
        return witnessed
    }
}
