import MeshCryptography
import MeshEncoding

extension DARESequence {
    /// The tree digest of a frame of a Merkle sequence.
    ///
    /// It is what the frame says: ``verify(_:)`` tells whether it is true.
    ///
    /// - Throws: ``DAREError`` `noProof` for a sequence without linked tree digests; as ``frame(at:)``.
    public func checkpoint(at index: Int) throws -> SequenceCheckpoint {
        var digests = ProofDigests(self)
        return SequenceCheckpoint(index: index, digest: try digests.tree(index))
    }

    /// Makes the proof that frame `index` is part of the sequence up to frame `apex`.
    ///
    /// - Throws: as ``checkpoint(at:)``.
    public func inclusionProof(of index: Int, under apex: Int) throws -> InclusionProof {
        guard index >= 0, index <= apex, apex < count else {
            throw DAREError(.noSuchFrame, "\(path) has no frame \(index) under a frame \(apex).")
        }
        var digests = ProofDigests(self)
        let path = ProofPath(from: apex, to: index)
        return InclusionProof(
            index: index, apex: apex, algorithm: digest, rights: try digests.rights(path),
            lefts: try InclusionProof.leftFrames(index, path).map { try digests.tree($0) })
    }

    /// Makes the proof that the sequence up to frame `apex` begins with the one up to frame `index`.
    ///
    /// - Throws: as ``checkpoint(at:)``.
    public func consistencyProof(from index: Int, to apex: Int) throws -> ConsistencyProof {
        guard index >= 0, index <= apex, apex < count else {
            throw DAREError(.noSuchFrame, "\(path) has no frame \(index) under a frame \(apex).")
        }
        var digests = ProofDigests(self)
        let path = ProofPath(from: apex, to: index)
        let frames = ConsistencyProof.chain(index, path)
        return ConsistencyProof(
            index: index, apex: apex, algorithm: digest, rights: try digests.rights(path),
            chain: try frames.dropLast().map { try digests.part($0, SequenceTree.leftOperands(of: $0).count - 1) },
            base: try frames.last.map { try digests.tree($0) } ?? [])
    }
}

/// Looks up the digests that proofs are made of.
private struct ProofDigests {
    let sequence: DARESequence
    private var known: [Int: (payload: [UInt8], tree: [UInt8])] = [:]

    init(_ sequence: DARESequence) { self.sequence = sequence }

    private mutating func digests(_ index: Int) throws -> (payload: [UInt8], tree: [UInt8]) {
        if let digests = known[index] { return digests }
        let digests = try written(index) ?? parsed(index)
        known[index] = digests
        return digests
    }

    /// The digests of a frame that the side index leads to and that is as it is written here.
    private func written(_ index: Int) -> (payload: [UInt8], tree: [UInt8])? {
        guard sequence.knownType == .merkle, let place = sequence.known(index).place, place.count <= Self.small else {
            return nil
        }
        // What is wrong with a frame is said when it is read the other way.
        let digests = try? sequence.log.withOctets(at: place.lowerBound, count: place.count) {
            octets -> WrittenDigests? in
            let extent = try JBCDFrame.frame(at: 0, in: octets)
            guard extent.frameSize == octets.count else { return nil }
            let content = UnsafeRawBufferPointer(
                rebasing: octets[extent.headSize..<extent.headSize + extent.contentSize])
            let records = try FrameRecords(content)
            guard try FrameHeader.index(in: UnsafeRawBufferPointer(rebasing: content[records.header])) == index else {
                return nil
            }
            return WrittenDigests(UnsafeRawBufferPointer(rebasing: content[records.trailer]), sequence.digest)
        }
        return digests.map { ($0.payload, $0.tree) }
    }

    /// Up to this size a frame is read with its payload.
    private static let small = 4096

    private func parsed(_ index: Int) throws -> (payload: [UInt8], tree: [UInt8]) {
        let frame = try stored(index)
        if sequence.knownType == .merkle,
            let written = frame.trailer.withUnsafeBytes({ WrittenDigests($0, sequence.digest) })
        {
            return (written.payload, written.tree)
        }
        let members = try frame.members
        guard sequence.knownType == .merkle, let payload = try members.payloadDigest,
            let tree = try members.treeDigest
        else {
            throw DAREError(
                .noProof, "Nothing can be proven about frame \(index) of \(sequence.path): it has no tree digest.",
                remedy: "Proofs are made from sequences of type Merkle.")
        }
        return (payload, tree)
    }

    /// The frame, its payload left out if it is large.
    private func stored(_ index: Int) throws -> StoredFrame {
        let extent = sequence.extent
        if let place = try sequence.indexedPlace(index, extent),
            let frame = try? StoredFrame(sequence.log, at: place.position, limit: place.end ?? extent.end),
            try frame.index == index
        {
            return frame
        }
        return try sequence.storedFrame(at: index)
    }

    mutating func tree(_ index: Int) throws -> [UInt8] { try digests(index).tree }

    /// The digest of a frame's payload with the first `count` of its left operands.
    mutating func part(_ index: Int, _ count: Int) throws -> [UInt8] {
        let operands = SequenceTree.leftOperands(of: index)
        var parts = sequence.proofParts.parts(of: index)
        if let part = parts.dropFirst(count).first { return part }
        var digest = try parts.last ?? digests(index).payload
        if parts.isEmpty { parts.append(digest) }
        for operand in operands[(parts.count - 1)..<count] {
            let left = if let operand { try tree(operand) } else { SequenceTree.zeroBlock(sequence.digest) }
            digest = sequence.digest.digest(left, digest)
            parts.append(digest)
        }
        sequence.proofParts.keep(parts, of: index, operands: operands.count)
        return digest
    }

    mutating func rights(_ path: ProofPath) throws -> [[UInt8]] {
        try path.steps.reversed().map { try part($0.from, $0.place) }
    }
}

extension DAREError.Code {
    /// A sequence from which no proofs can be made.
    public static let noProof = DAREError.Code(name: "dare-no-proof")
}
