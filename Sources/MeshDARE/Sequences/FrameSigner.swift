import MeshCryptography
import MeshEncoding

/// Signs frames.
enum FrameSigner {
    /// What a signature is over.
    enum Scope {
        /// There is none.
        case none
        /// The frame.
        case frame
        /// The frame and all before it.
        case sequence
    }

    /// The key, as something is to be signed.
    @discardableResult
    static func require(_ key: PrivateKey?) throws(DAREError) -> PrivateKey {
        guard let key else {
            throw DAREError(
                .policyViolation, "The policy of the sequence signs frames, and no signature key was given.",
                remedy: "Open the sequence with the signer's private key.")
        }
        return key
    }

    /// The trailer members that have the signature.
    ///
    /// A frame's is over its payload digest (`signatures`, form A). One for all before it is over the manifest of the
    /// frame with the chain digest, or in `seqsignatures` with the tree digest (form B).
    static func sign(
        _ scope: Scope, _ digests: FrameWriter.Digests, _ algorithm: HashAlgorithm, _ encryption: PayloadEncryption?,
        _ key: PrivateKey?
    ) throws(DAREError) -> JSONObject {
        guard scope != .none, let payload = digests.payload else { return JSONObject() }
        let key = try require(key)
        let witness = encryption.map { (seed: $0.seed, salt: $0.salt) }
        if scope == .sequence, let link = digests.chain ?? digests.tree {
            let signature = try EnvelopeSignature(
                SignedDigests(payload: payload, algorithm: algorithm, chain: link), by: key, form: .manifest)
            return [(digests.chain != nil ? "signatures" : "seqsignatures"): [.object(signature.members)]]
        }
        let signature = try EnvelopeSignature(
            SignedDigests(payload: payload, algorithm: algorithm), by: key, witness: witness)
        return ["signatures": [.object(signature.members)]]
    }
}

extension DARESequence {
    /// What the signature of a new frame is over.
    func signing(_ content: FrameContent, isLast: Bool) throws(DAREError) -> FrameSigner.Scope {
        try FrameSigner.scope(content, policy, path, isLast: isLast)
    }
}

extension FrameSigner {
    /// What the signature of a new frame of the sequence at `path` is over.
    static func scope(
        _ content: FrameContent, _ policy: SequencePolicy, _ path: String, isLast: Bool
    ) throws(DAREError) -> Scope {
        // It is signed already.
        if content.header["signatures"] != nil || content.trailer["signatures"] != nil { return .none }
        switch policy.signature {
        case .none:
            guard content.isSigned else { return .none }
            guard !policy.isSealed else {
                throw DAREError(.policyViolation, "\(path) is sealed, and its frames are not signed.")
            }
            return .frame
        case .isolated: return .frame
        case .last: return isLast ? .sequence : .none
        case .any: return content.isSigned ? .frame : .none
        }
    }
}
