import MeshCryptography

/// Looks at frames one after the other: their numbers, where they point, and the digests of the tree.
struct FrameLinker {
    private(set) var report = SequenceVerification()
    private let traits: SequenceTraits
    private let most: Int
    private var expected = 0
    /// After a wrong number: what comes next if the sequence goes on from there.
    private var alternative: Int?
    /// After damage any higher number may come.
    private var isAfterDamage = false
    private var tail = SequenceTail()
    private var lacksDigest = true

    init(_ traits: SequenceTraits, most: Int) {
        self.traits = traits
        self.most = most
    }

    /// A linker that goes on after the frames up to `tail`.
    init(_ traits: SequenceTraits, most: Int, after tail: SequenceTail) {
        self.init(traits, most: most)
        expected = tail.last + 1
        self.tail = tail
    }

    /// Takes in the next frames.
    mutating func take(_ part: ExaminedPart) {
        switch part {
        case .frame(let frame): take(frame)
        case .run(let run): take(run)
        }
    }

    private mutating func take(_ run: ExaminedRun) {
        take(run.firstFrame)
        let others = run.count - 1
        guard others > 0 else { return }
        // They go on from the first one, whatever that was expected to be.
        if let next = alternative { expected = next }
        alternative = nil
        expected += others
        report.frames += others
        report.octets = run.end
        report.checks += others
        report.coveredPayloads += others
        if run.isChain { report.links[.linked, default: 0] += others }
        lacksDigest = false
    }

    /// Takes in the next frame.
    mutating func take(_ frame: ExaminedFrame) {
        report.frames += 1
        report.octets = frame.end
        let index = number(of: frame)
        for var fault in frame.faults {
            fault.index = index
            report.add(fault, most: most)
        }
        if frame.hasCheck { report.checks += 1 }
        if frame.hasValidDigest { report.coveredPayloads += 1 }
        report.validSignatures += frame.validSignatures
        report.unknownSignatures += frame.unknownSignatures
        if frame.isSignedThrough { report.signedThrough = index }
        guard frame.index != nil else { return }
        if index > 0, let mode = frame.chainMode { report.links[mode, default: 0] += 1 }
        missing(frame, index)
        if traits.type?.hasTreePosition == true { tree(frame, index) }
        report.apex = frame.chain ?? frame.tree
    }

    private mutating func fault(_ reason: SequenceFault.Reason, _ frame: ExaminedFrame, _ index: Int, _ detail: String)
    {
        report.add(SequenceFault(reason, index: index, position: frame.position, detail), most: most)
    }

    /// The number of the frame by its place.
    private mutating func number(of frame: ExaminedFrame) -> Int {
        defer { isAfterDamage = frame.index == nil }
        guard let found = frame.index else {
            let index = expected
            expected += 1
            alternative = nil
            return index
        }
        if found == alternative || (isAfterDamage && found > expected) { expected = found }
        let index = expected
        alternative = nil
        if found != index {
            fault(.wrongIndex, frame, index, "it says that it is frame \(found).")
            // Numbers do not come near the end of the range.
            alternative = found < Int.max ? found + 1 : nil
        }
        expected += 1
        return index
    }

    /// A digest that frames before have is not left out.
    private mutating func missing(_ frame: ExaminedFrame, _ index: Int) {
        guard let type = traits.type, type.hasPayloadDigest else { return }
        let lacks =
            !frame.hasPayloadDigest || (type == .chain && !frame.hasChain) || (type == .merkle && frame.tree == nil)
        if lacks, !lacksDigest { fault(.missingDigest, frame, index, "it has no digest, and frames before it do.") }
        // Some writers have digests in frame 0 only.
        lacksDigest = lacks || index == 0
    }

    private mutating func tree(_ frame: ExaminedFrame, _ index: Int) {
        if let target = tail.target(of: index) {
            if frame.treePosition != target.position {
                fault(
                    .wrongTreePosition, frame, index,
                    "it points at \(frame.treePosition.map { "\($0)" } ?? "nothing"), but frame \(target.index) is at \(target.position)."
                )
            }
        } else if index == 0, let position = frame.treePosition, position != 0 {
            fault(.wrongTreePosition, frame, index, "the first frame points at \(position).")
        }
        if let stated = frame.tree, let payload = frame.payloadDigest {
            switch mode(stated, payload, index, frame.algorithm) {
            case .some(let mode): if index > 0 { report.links[mode, default: 0] += 1 }
            case .none:
                if isComplete(index) {
                    fault(
                        .treeDigest, frame, index, "the tree digest is not that of the frames before and the payload.")
                }
            }
        }
        tail.advance(
            to: SequenceTail.Node(index: index, position: frame.position, digest: frame.tree), end: frame.end,
            isTree: true, chain: nil, check: nil)
    }

    /// Whether all tree digests that the one of frame `index` is computed from are known.
    private func isComplete(_ index: Int) -> Bool {
        SequenceTree.leftOperands(of: index).allSatisfy { $0 == nil || tail.treeDigest(of: $0 ?? 0) != nil }
    }

    private func mode(_ stated: [UInt8], _ payload: [UInt8], _ index: Int, _ algorithm: HashAlgorithm) -> LinkMode? {
        let zeros = SequenceTree.zeroBlock(algorithm)
        if isComplete(index),
            SequenceTree.digest(
                of: index, payloadDigest: payload, algorithm, left: { tail.treeDigest(of: $0) ?? zeros }) == stated
        {
            return .linked
        }
        if SequenceTree.digest(of: index, payloadDigest: payload, algorithm, left: { _ in zeros }) == stated {
            return .unlinked
        }
        if SequenceTree.digest(of: index + 1, payloadDigest: payload, algorithm, left: { _ in zeros }) == stated {
            return .unlinkedAhead
        }
        return nil
    }
}
