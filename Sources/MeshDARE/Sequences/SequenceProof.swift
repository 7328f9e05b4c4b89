import MeshCryptography
import MeshEncoding

/// The tree digest of a frame of a Merkle sequence, which stands for all frames up to it.
///
/// A proof shows something about the sequence that a checkpoint stands for: the checkpoint has to come from somewhere that
/// is trusted, such as a signature. The number is part of it: the digest alone does not tell what it is over.
public struct SequenceCheckpoint: Hashable, Sendable {
    /// The number of the frame.
    public let index: Int
    /// Its tree digest.
    public let digest: [UInt8]

    /// The tree digest of frame `index`.
    public init(index: Int, digest: [UInt8]) {
        self.index = index
        self.digest = digest
    }
}

/// Shows that a frame is part of a Merkle sequence, without the sequence. The format is in `SequenceProofs.md`.
public struct InclusionProof: Hashable, Sendable {
    /// The number of the frame.
    public let index: Int
    /// The number of the frame whose tree digest it is shown under.
    public let apex: Int
    /// How is hashed.
    public let algorithm: HashAlgorithm
    /// What the next frame's digest is hashed with first, for each step from the frame upwards.
    let rights: [[UInt8]]
    /// The tree digests that stand on the left, from the earliest frame on.
    let lefts: [[UInt8]]

    package init(index: Int, apex: Int, algorithm: HashAlgorithm, rights: [[UInt8]], lefts: [[UInt8]]) {
        self.index = index
        self.apex = apex
        self.algorithm = algorithm
        self.rights = rights
        self.lefts = lefts
    }

    /// Verifies that the frame's payload, as it is stored, has the digest `payloadDigest`.
    ///
    /// - Throws: ``DAREError`` `badProof`.
    public func verify(payloadDigest: [UInt8], under checkpoint: SequenceCheckpoint) throws(DAREError) {
        let size = algorithm.digestSize
        guard index >= 0, index <= apex, checkpoint.index == apex, payloadDigest.count == size else {
            throw DAREError.badProof("It is about frame \(index) under frame \(apex).")
        }
        let path = ProofPath(from: apex, to: index)
        let frames = InclusionProof.leftFrames(index, path)
        guard frames.count == lefts.count, (rights + lefts).allSatisfy({ $0.count == size }) else {
            throw DAREError.badProof("It has not the digests that it needs.")
        }
        let left = Dictionary(uniqueKeysWithValues: zip(frames, lefts))
        // Every operand of the frame is among `frames`.
        let own = SequenceTree.digest(of: index, payloadDigest: payloadDigest, algorithm) { left[$0] ?? [] }
        guard path.fold(own, rights: rights, lefts: left, algorithm) == checkpoint.digest else {
            throw DAREError.badProof("The frame is not part of the sequence with that payload.")
        }
    }

    /// The frames whose tree digests a proof has: those on the way, and those the frame's own one is computed from.
    package static func leftFrames(_ index: Int, _ path: ProofPath) -> [Int] {
        Set(path.lefts + SequenceTree.leftOperands(of: index).compactMap { $0 }).sorted()
    }
}

/// Shows that a Merkle sequence has grown from an earlier state: that everything up to the earlier checkpoint is still
/// there, unchanged. The format is in `SequenceProofs.md`.
///
/// That the earlier tree digest is somewhere below the later one is not enough: who makes up digests could let other ways
/// lead to other frames. So the digests on the left of the way are not given, but computed from what the earlier tree
/// digest consists of: then every way from the later checkpoint to an earlier frame goes through these.
public struct ConsistencyProof: Hashable, Sendable {
    /// The number of the earlier checkpoint.
    public let index: Int
    /// The number of the later checkpoint.
    public let apex: Int
    /// How is hashed.
    public let algorithm: HashAlgorithm
    let rights: [[UInt8]]
    /// What the tree digests of the frame, of the one it points at, and so on, are hashed from last.
    let chain: [[UInt8]]
    /// The tree digest of the earliest frame on the left of the way; empty if there is none.
    let base: [UInt8]

    package init(
        index: Int, apex: Int, algorithm: HashAlgorithm, rights: [[UInt8]], chain: [[UInt8]], base: [UInt8]
    ) {
        self.index = index
        self.apex = apex
        self.algorithm = algorithm
        self.rights = rights
        self.chain = chain
        self.base = base
    }

    /// Verifies that the sequence of `new` begins with that of `old`.
    ///
    /// - Throws: ``DAREError`` `badProof`.
    public func verify(from old: SequenceCheckpoint, to new: SequenceCheckpoint) throws(DAREError) {
        let size = algorithm.digestSize
        guard index >= 0, index <= apex, old.index == index, new.index == apex, old.digest.count == size else {
            throw DAREError.badProof("It is about the checkpoints \(index) and \(apex).")
        }
        let path = ProofPath(from: apex, to: index)
        let frames = ConsistencyProof.chain(index, path)
        let isComplete = frames.count == chain.count + (frames.isEmpty ? 0 : 1) && frames.isEmpty == base.isEmpty
        guard isComplete, (rights + chain).allSatisfy({ $0.count == size }), base.isEmpty || base.count == size else {
            throw DAREError.badProof("It has not the digests that it needs.")
        }
        var lefts: [Int: [UInt8]] = [:]
        if var frame = frames.last {
            var digest = base
            lefts[frame] = digest
            for (next, last) in zip(frames.dropLast(), chain).reversed() {
                digest = algorithm.digest(digest, last)
                frame = next
                lefts[frame] = digest
            }
            guard digest == old.digest else {
                throw DAREError.badProof("The earlier checkpoint does not consist of what it says.")
            }
        }
        guard path.fold(old.digest, rights: rights, lefts: lefts, algorithm) == new.digest else {
            throw DAREError.badProof("The later checkpoint does not follow the earlier one.")
        }
    }

    /// The frame `index`, the one it points at, and so on down to the earliest that stands on the left of the way; none if
    /// nothing stands there.
    package static func chain(_ index: Int, _ path: ProofPath) -> [Int] {
        guard let last = path.lefts.first else { return [] }
        var frames = [index]
        while let frame = frames.last, frame > last, let previous = SequenceTree.previous(of: frame) {
            frames.append(previous)
        }
        return frames
    }
}

extension DAREError.Code {
    /// A proof that shows nothing: forged, damaged, or about something else.
    public static let badProof = DAREError.Code(name: "dare-bad-proof")
}

extension DAREError {
    static func badProof(_ detail: String) -> DAREError {
        DAREError(
            .badProof, "The proof does not hold. \(detail)",
            remedy: "Do not rely on it; ask for another from the sequence.")
    }
}
