import MeshCryptography
import MeshEncoding

/// A frame that is to be appended, with everything that does not depend on where it will be: its payload encrypted and
/// hashed, its members known to be such that can be written.
struct PreparedFrame: Sendable {
    let content: FrameContent
    /// Nil if it depends on the place after all.
    let stored: StoredPayload?
    /// The digest of what is stored, where frames have one.
    let digest: [UInt8]?

    /// About how many octets the frame will have.
    var size: Int { (stored?.octets.count ?? content.payload.count) + Self.usualHead }

    private static let usualHead = 384
}

extension DARESequence {
    /// What can be done before the sequence is locked. What is wrong with the content is told here.
    func prepare(_ content: FrameContent) throws -> PreparedFrame {
        try requireAppendable()
        let algorithm = try digestAlgorithm(of: content)
        if try signing(content, isLast: true) != .none { try FrameSigner.require(keys.signer) }
        if !content.header.isEmpty || !content.trailer.isEmpty || content.defaultKey != nil || content.envelopeID != nil
        {
            // Written for nothing: it throws where the members cannot be written.
            let writer = FrameWriter(type: type, encoding: encoding, algorithm: algorithm, hasCheck: hasFrameChecks)
            _ = try writer.header(
                content, index: 1, treePosition: nil, indexPosition: nil, encryption: nil, isDigested: true)
            _ = try writer.trailer(content, FrameWriter.Digests(), tag: nil, signatures: JSONObject())
        }
        // The first of a session has the exchange, and says its number.
        if policy.encryption == .session, !content.isStoredAsIs {
            return PreparedFrame(content: content, stored: nil, digest: nil)
        }
        var session: SequenceAppender.Exchange?
        let stored = try store(content, index: 0, session: &session, random: random)
        return PreparedFrame(
            content: content, stored: stored, digest: type.hasPayloadDigest ? algorithm.digest(stored.octets) : nil)
    }
}

extension SequenceAppender {
    /// Adds a frame that was prepared.
    mutating func append(_ frame: PreparedFrame, isLast: Bool) throws {
        let stored =
            try frame.stored
            ?? sequence.store(frame.content, index: count, session: &session, random: sequence.random)
        try add(frame.content, stored, payloadDigest: frame.digest, isLast: isLast)
    }
}
