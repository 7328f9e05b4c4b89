import MeshCryptography

/// The tree over the frames of a sequence: which frame points at which, and what the digests are made of
/// (`dare-12` §4.1.1, §4.2, §15).
public enum SequenceTree {
    /// The frame that frame `index` points at; nil for frame 0.
    public static func previous(of index: Int) -> Int? {
        guard index > 0 else { return nil }
        // The number as counted from 1 is odd times a power of two.
        let number = index + 1
        let power = number & -number
        return number == power ? power / 2 - 1 : index - power
    }

    /// The frames whose tree digests are the left operands of that of frame `index`, from the first to the last that is
    /// hashed. The last one is nil for frame 0: a block of zeros. When the number counted from 1 is a power of two, the
    /// last frame comes twice: that is how the reference implementation computes it.
    public static func leftOperands(of index: Int) -> [Int?] {
        guard index > 0 else { return [nil] }
        let number = index + 1
        let power = number & -number
        var operands: [Int?] = []
        var distance = 1
        while distance < power {
            operands.append(index - distance)
            distance *= 2
        }
        operands.append(previous(of: index))
        return operands
    }

    /// The tree digest of frame `index`.
    ///
    /// - Parameter left: the tree digest of an earlier frame; a block of zeros instead gives what other writers write.
    public static func digest<E: Error>(
        of index: Int, payloadDigest: [UInt8], _ algorithm: HashAlgorithm, left: (Int) throws(E) -> [UInt8]
    ) throws(E) -> [UInt8] {
        var digest = payloadDigest
        for operand in leftOperands(of: index) {
            let block = if let operand { try left(operand) } else { zeroBlock(algorithm) }
            digest = algorithm.digest(block, digest)
        }
        return digest
    }

    /// The chain digest of a frame: of the one before (nil: of none) and the frame's payload digest.
    public static func chainDigest(after previous: [UInt8]?, payloadDigest: [UInt8], _ algorithm: HashAlgorithm)
        -> [UInt8]
    {
        algorithm.digest(previous ?? zeroBlock(algorithm), payloadDigest)
    }

    /// What stands for the digest of nothing.
    static func zeroBlock(_ algorithm: HashAlgorithm) -> [UInt8] {
        [UInt8](repeating: 0, count: algorithm.digestSize)
    }
}
