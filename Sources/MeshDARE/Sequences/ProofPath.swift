import MeshCryptography

/// The way from the tree digest of one frame down to that of an earlier one: which proofs follow, and nothing else is
/// taken from a proof.
///
/// A tree digest is hashed from the payload digest and the frame's left operands, each of them the tree digest of an
/// earlier frame (``SequenceTree/leftOperands(of:)``). The way goes from frame to frame, always to the earliest operand
/// that is not before the goal; if that one comes twice, by its last place. So there is exactly one way, and who verifies
/// knows from the two numbers what every digest of a proof stands for.
package struct ProofPath {
    /// One frame on the way.
    package struct Step {
        /// The frame that is left.
        package let from: Int
        /// Which of its left operands is the next frame.
        package let place: Int
        /// The left operands that are hashed after that one.
        package let after: [Int]
    }

    /// The steps, the last frame's first.
    package let steps: [Step]

    /// The way from `apex` to `goal`, which is not after it.
    package init(from apex: Int, to goal: Int) {
        var steps: [Step] = []
        var frame = apex
        while frame > goal {
            // After frame 0 there is no operand that is nil.
            let operands = SequenceTree.leftOperands(of: frame).compactMap { $0 }
            // The operands go down, so the last one that is not before the goal is the earliest.
            guard let place = operands.lastIndex(where: { $0 >= goal }) else { break }
            steps.append(Step(from: frame, place: place, after: Array(operands[(place + 1)...])))
            frame = operands[place]
        }
        self.steps = steps
    }

    /// The frames whose tree digests stand on the left on the way, from the earliest on.
    var lefts: [Int] { Set(steps.flatMap(\.after)).sorted() }

    /// The tree digest of the frame the way comes from, given that of the goal.
    ///
    /// - Parameters:
    ///   - rights: for each step from the goal upwards, what the next frame's digest is hashed with first.
    func fold(_ digest: [UInt8], rights: [[UInt8]], lefts: [Int: [UInt8]], _ algorithm: HashAlgorithm) -> [UInt8]? {
        guard rights.count == steps.count else { return nil }
        var digest = digest
        for (step, right) in zip(steps.reversed(), rights) {
            digest = algorithm.digest(digest, right)
            for frame in step.after {
                guard let left = lefts[frame] else { return nil }
                digest = algorithm.digest(left, digest)
            }
        }
        return digest
    }
}
