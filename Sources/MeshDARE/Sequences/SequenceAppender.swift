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
    /// Where the frames begin that were added.
    var places: [Int] = []
    private let start: Int
    private var room: FrameBuilder.Room

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
        room = FrameBuilder.Room(sequence.encoding)
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

    /// - Parameter payloadDigest: that of what is stored, if it is known.
    mutating func add(
        _ content: FrameContent, _ stored: StoredPayload, payloadDigest: [UInt8]? = nil, isLast: Bool
    ) throws(DAREError) {
        try sequence.requireOpenForFrames()
        let builder = FrameBuilder(
            type: sequence.type, encoding: sequence.encoding, algorithm: try sequence.digestAlgorithm(of: content),
            hasCheck: sequence.hasFrameChecks && tail.check != nil, signer: sequence.keys.signer)
        let frame = try builder.build(
            content, stored, payloadDigest: payloadDigest, sequence.signing(content, isLast: isLast), after: tail,
            &room)
        let position = batch.position
        batch.add(room.header.octets, stored.octets, frame.hasTrailer ? room.trailer.octets : nil)
        places.append(position)
        tail.advance(
            to: SequenceTail.Node(index: count, position: position, digest: frame.tree), end: batch.position,
            isTree: sequence.type.hasTreePosition, chain: frame.chain, check: frame.check)
    }
}
