import MeshCryptography

/// How far a sequence goes, and all that has to be known of it to check the frame that comes next, or to make it.
///
/// It does not grow with the sequence, except with the logarithm of its length where frames form a tree.
public struct FrameRunState: Sendable {
    /// How many frames there are: the number of the next one.
    public var count: Int { tail.last + 1 }
    /// How many octets they have together.
    public var octets: Int { tail.end }
    /// The chain digest of the last frame; empty if there is none.
    public var digest: [UInt8] { tail.chain ?? [] }
    /// The check of the last frame, which covers also the headers and trailers of all frames; empty if there is none.
    public var check: [UInt8] { tail.check ?? [] }

    /// Where no frame is yet.
    public static let empty = FrameRunState(traits: nil, tail: SequenceTail())

    /// What frame 0 says; nil before it.
    let traits: SequenceTraits?
    let tail: SequenceTail

    init(traits: SequenceTraits?, tail: SequenceTail) {
        self.traits = traits
        self.tail = tail
    }

    /// Whether the last frame is the same, and all frames before it are.
    func isSame(_ other: SequenceTail) -> Bool {
        tail.last == other.last && tail.end == other.end && tail.chain == other.chain && tail.check == other.check
    }
}

extension DARESequence {
    /// How far the sequence goes now, frames that others appended included. Blocks.
    ///
    /// - Throws: ``DAREError`` `malformed`; ``PlatformError``.
    public func runState() throws -> FrameRunState {
        try refresh()
        return try runState(end: extent.end)
    }

    /// How far the sequence went before it had frame `index`, read and not verified: to check what was read from there on.
    ///
    /// - Throws: ``DAREError`` `noSuchFrame`, `malformed`; ``PlatformError``.
    public func runState(before index: Int) throws -> FrameRunState {
        index == 0 ? .empty : try runState(end: storedFrame(at: index).position)
    }

    func runState(end: Int) throws -> FrameRunState {
        FrameRunState(
            traits: SequenceTraits(log, end: end),
            tail: try SequenceTail.read(log, end: end, isTree: type.hasTreePosition, known: SequenceTail()))
    }
}
