import MeshCore
import MeshCryptography
import MeshEncoding

/// Encrypts payloads as a policy says.
enum PayloadSealer {
    /// The payload of frame `index` as `policy` says it is to be stored.
    ///
    /// - Parameters:
    ///   - path: where the sequence is, for messages.
    ///   - first: gives the base seed that is exchanged in frame 0.
    static func store(
        _ content: FrameContent, _ policy: SequencePolicy, _ path: String, index: Int,
        session: inout SequenceAppender.Exchange?, random: any RandomSource, first: () throws -> BaseSeed
    ) throws -> StoredPayload {
        let isSealed = content.header["enc"].map { $0.string?.asLabel != "none" } ?? false
        if policy.encryption == .none || isSealed || content.isMeta {
            return StoredPayload(octets: content.payload, encryption: nil)
        }
        if content.isStoredAsIs {
            guard !policy.isSealed || content.payload.isEmpty else {
                throw DAREError(
                    .policyViolation, "\(path) is sealed: everything in it has to be encrypted to its recipients.")
            }
            return StoredPayload(octets: content.payload, encryption: nil)
        }
        switch policy.encryption {
        case .once:
            if let session {
                return try seal(
                    content.payload, policy, seed: session.seed, exchange: session.frame, random: random)
            }
            let seed = try first()
            return try seal(content.payload, policy, seed: seed, exchange: 0, random: random)
        case .session:
            if let session {
                return try seal(
                    content.payload, policy, seed: session.seed, exchange: session.frame, random: random)
            }
            let seed = BaseSeed(random: random)
            session = SequenceAppender.Exchange(frame: index, seed: seed)
            return try seal(content.payload, policy, seed: seed, exchange: nil, random: random)
        default:
            return try seal(
                content.payload, policy, seed: BaseSeed(random: random), exchange: nil, random: random)
        }
    }

    /// - Parameter exchange: the earlier frame that has the key exchange; nil for one in this frame.
    static func seal(
        _ payload: [UInt8], _ policy: SequencePolicy, seed: BaseSeed, exchange: Int?, random: any RandomSource
    ) throws(DAREError) -> StoredPayload {
        var recipients: [Recipient] = []
        if exchange == nil {
            for key in policy.recipients { recipients.append(try Recipient(wrapping: seed, for: key, random: random)) }
            guard !recipients.isEmpty else {
                throw DAREError(
                    .noRecipients, "The policy encrypts, and names nobody who could read.",
                    remedy: "Name at least one recipient, or choose the encryption None.")
            }
        }
        let salt = BaseSeed.makeSalt(random: random)
        let sealed = try payload.withOctets { (payload) throws(DAREError) in
            try seed.encrypt(payload, with: policy.algorithm, salt: salt)
        }
        return StoredPayload(
            octets: sealed.body,
            encryption: PayloadEncryption(
                seed: seed, algorithm: policy.algorithm, salt: salt, tag: sealed.tag, recipients: recipients,
                exchange: exchange))
    }
}

extension DARESequence {
    /// The payload of a new frame as the policy says it is to be stored.
    func store(
        _ content: FrameContent, index: Int, session: inout SequenceAppender.Exchange?, random: any RandomSource
    ) throws -> StoredPayload {
        try PayloadSealer.store(content, policy, path, index: index, session: &session, random: random) {
            try exchangeSeed(of: 0)
        }
    }

    /// How the payload of a new frame is hashed: as it came, if it came with a label.
    func digestAlgorithm(of content: FrameContent) throws(DAREError) -> HashAlgorithm {
        guard let label = content.header["dig"]?.string else { return digest }
        return try HashAlgorithm(dareLabel: label)
    }
}
