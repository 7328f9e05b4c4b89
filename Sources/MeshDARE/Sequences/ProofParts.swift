import Synchronization

/// What the tree digests of frames are hashed from, step by step, kept for the frames that many proofs go through: those
/// with many left operands, which are few, and each of which would have to be read from the file again.
final class ProofParts: Sendable {
    /// Less than 4 MiB in all.
    private static let most = 4096
    private static let fewestOperands = 6
    private let kept = Mutex<[Int: [[UInt8]]]>([:])

    /// The digest of the payload of frame `index`, then with its first left operand, and so on as far as known.
    func parts(of index: Int) -> [[UInt8]] { kept.withLock { $0[index] ?? [] } }

    /// Keeps these, if the frame has many left operands.
    func keep(_ parts: [[UInt8]], of index: Int, operands: Int) {
        guard operands >= Self.fewestOperands else { return }
        kept.withLock { kept in
            if kept.count >= Self.most { kept.removeAll() }
            kept[index] = parts
        }
    }
}
