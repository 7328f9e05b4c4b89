import MeshCore
import MeshCryptography
import MeshEncoding

/// Adds frames to a sequence while it is locked: see ``DARESequence/append(durability:until:_:)``.
///
/// Nothing is in the file until the closure it was lent to has returned; if that throws, nothing is added.
public struct SequenceAppender {
    /// The sequence.
    public let sequence: DARESequence
    var batch: FrameBatch
    var tail: SequenceTail
    /// The exchange that later frames of this session use.
    var session: Exchange?
    private let start: Int

    /// A base seed, and the frame that has its exchange.
    struct Exchange: Sendable {
        let frame: Int
        let seed: BaseSeed
    }

    init(_ sequence: DARESequence, _ batch: consuming FrameBatch, _ tail: SequenceTail, _ session: Exchange?) {
        self.sequence = sequence
        self.batch = batch
        self.tail = tail
        self.session = session
        start = tail.last + 1
    }

    /// How many frames there are, frame 0 and those added here included: the number of the next frame.
    public var count: Int { tail.last + 1 }

    /// A frame that was there before.
    ///
    /// - Throws: as ``DARESequence/frame(at:)``.
    public func frame(at index: Int) throws -> SequenceFrame {
        try sequence.frame(at: index, end: batch.start, last: start - 1)
    }

    /// Adds a frame.
    ///
    /// - Returns: its number.
    /// - Throws: ``DAREError`` `policyViolation`, `wrongRecipient` (a policy of one exchange that no key here opens),
    ///   `wrongKey`, `malformed` (members that cannot be written).
    @discardableResult
    public mutating func append(_ content: FrameContent) throws -> Int {
        try append(content, isLast: false)
    }

    /// Adds frames; under a policy of signing the last, the last of these is signed.
    ///
    /// - Returns: their numbers.
    @discardableResult
    public mutating func append(_ contents: [FrameContent]) throws -> Range<Int> {
        let first = count
        for (place, content) in contents.enumerated() { _ = try append(content, isLast: place == contents.count - 1) }
        return first..<count
    }

    /// Adds a frame, the one that is signed for all before it if `isLast`.
    @discardableResult
    public mutating func append(_ content: FrameContent, isLast: Bool) throws -> Int {
        let index = count
        let stored = try sequence.store(content, index: index, session: &session, random: sequence.random)
        try add(content, stored, isLast: isLast)
        return index
    }

    mutating func add(
        _ content: FrameContent, _ stored: StoredPayload, isLast: Bool
    ) throws {
        let index = count
        let type = sequence.type
        let signing = try sequence.signing(content, isLast: isLast)
        let algorithm = try sequence.digestAlgorithm(of: content)
        let hasCheck = sequence.hasFrameChecks && tail.check != nil
        let writer = FrameWriter(
            type: type, encoding: sequence.encoding, algorithm: algorithm, hasCheck: hasCheck, first: nil)
        var digests = FrameWriter.Digests()
        if type.hasPayloadDigest || signing != .none { digests.payload = algorithm.digest(stored.octets) }
        var target: SequenceTail.Node?
        if type.hasTreePosition, index > 0 {
            target = tail.target(of: index)
            guard target != nil else {
                throw DAREError(.malformed, "The frames that frame \(index) of \(sequence.path) follows are not known.")
            }
        }
        if let payload = digests.payload {
            if type == .chain {
                digests.chain = SequenceTree.chainDigest(after: tail.chain, payloadDigest: payload, algorithm)
            }
            if type == .merkle {
                let tail = tail
                digests.tree = SequenceTree.digest(of: index, payloadDigest: payload, algorithm) { earlier in
                    // A frame of another writer may lack its digest: it counts as none.
                    tail.treeDigest(of: earlier) ?? SequenceTree.zeroBlock(algorithm)
                }
            }
        }
        let signatures = try sequence.sign(signing, digests, algorithm, stored)
        let header = try writer.header(
            content, index: index, treePosition: target?.position, indexPosition: nil, encryption: stored.encryption,
            isDigested: digests.payload != nil)
        var trailer = try writer.trailer(content, digests, tag: stored.encryption?.tag, signatures: signatures)
        var check: [UInt8]?
        if hasCheck {
            let payloadDigest =
                type.hasPayloadDigest ? digests.payload ?? [] : HashAlgorithm.sha256.digest(stored.octets)
            check = writer.check(after: tail.check, header: header, &trailer, payloadDigest: payloadDigest)
        }
        let position = batch.position
        batch.add(trailer.isEmpty ? [header, stored.octets] : [header, stored.octets, trailer])
        tail.advance(
            to: SequenceTail.Node(index: index, position: position, digest: digests.tree), end: batch.position,
            isTree: type.hasTreePosition, chain: digests.chain, check: check)
    }
}
