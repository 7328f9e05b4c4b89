import MeshCore
import MeshCryptography
import MeshEncoding

/// Checks frames, octet by octet as they stand in a file, before they are taken into a copy of a sequence: whether each is
/// the next one, with everything that ``SequenceVerifier`` looks at. It needs no file, and only one frame at a time.
///
/// Digests have to be there and to be linked. Who wrote the frames does not matter; that is for ``RunVerifier``.
public struct FrameRunChecker: Sendable {
    /// How far the frames go that were checked.
    public private(set) var state: FrameRunState

    /// A checker that goes on from `state`.
    public init(_ state: FrameRunState = .empty) { self.state = state }

    /// Takes the next frames. After an error, those before the one it names were taken.
    ///
    /// - Throws: ``ReplicaError`` `invalidFrame`.
    public mutating func take(_ frames: [[UInt8]]) throws(ReplicaError) {
        for frame in frames { _ = try take(frame) }
    }

    /// Takes the next frame.
    ///
    /// - Returns: its parts, all verified except for signatures.
    /// - Throws: ``ReplicaError`` `invalidFrame`, and it was not taken.
    @discardableResult
    public mutating func take(_ octets: [UInt8]) throws(ReplicaError) -> SequenceFrame {
        try takeWithMeta(octets).frame
    }

    /// As ``take(_:)``; with what the header says about the payload.
    mutating func takeWithMeta(
        _ octets: [UInt8]
    ) throws(ReplicaError) -> (frame: SequenceFrame, meta: ContentMeta) {
        let frame: SequenceFrame
        let members: EnvelopeMembers
        let meta: ContentMeta
        let traits: SequenceTraits
        let examined: ExaminedFrame
        do {
            frame = try SequenceFrame(octets: octets, at: state.octets)
            try requireExact(frame, octets)
            members = try frame.members
            traits = try state.traits ?? Self.traits(frame, members)
            // A catalog could not be read any more.
            meta = try members.contentMeta
            examined = try examine(frame, traits)
        } catch let error as ReplicaError {
            throw error
        } catch let error as any MeshError {
            throw invalid(error.message, error)
        } catch {
            throw invalid("it cannot be read.", error)
        }
        var linker = FrameLinker(traits, most: 1, after: state.tail)
        linker.take(examined)
        if let fault = linker.report.faults.first { throw invalid(fault.detail, fault) }
        try requireLinked(examined, linker.report, traits)
        var tail = state.tail
        tail.advance(
            to: SequenceTail.Node(index: state.count, position: state.octets, digest: examined.tree), end: frame.end,
            isTree: traits.type?.hasTreePosition == true, chain: examined.chain,
            check: frame.trailerOctets.withUnsafeBytes { FrameCheck.stated(in: $0)?.value })
        let info = SequenceInfo(header: members.header)
        tail.indexPosition = members.header["SequenceIndex"] != nil ? frame.position : info.indexPosition
        state = FrameRunState(traits: traits, tail: tail)
        return (frame, meta)
    }

    private func invalid(_ detail: String, _ cause: (any Error)? = nil) -> ReplicaError {
        ReplicaError(
            .invalidFrame, frame: state.count, "What should be frame \(state.count) is not: \(detail)",
            remedy: "Get the frames again, from another copy if this one has no others.", cause: cause)
    }

    /// What frame 0 says of all others; it has to be one that can be opened.
    private static func traits(_ frame: SequenceFrame, _ members: EnvelopeMembers) throws(DAREError) -> SequenceTraits {
        let info = SequenceInfo(header: members.header)
        guard info.index == 0, let label = info.type, SequenceType(label: label) != nil else {
            throw DAREError(.malformed, "it does not begin a sequence of a type that is known here.")
        }
        _ = try DataEncoding.encoding(of: info.dataEncoding)
        _ = try SequencePolicy(members.header["policy"]?.object ?? JSONObject())
        return SequenceTraits(header: frame.headerOctets, trailer: frame.trailerOctets)
    }

    /// The octets of a frame follow from its records: no copy can have others.
    private func requireExact(_ frame: SequenceFrame, _ octets: [UInt8]) throws(ReplicaError) {
        guard JBCDFrame.Extent(contentSize: frame.records.shortestSize).frameSize == octets.count,
            frame.records.count > 1
        else { throw invalid("its lengths are not in their shortest form, or it has no payload.") }
        guard frame.headerOctets.count <= StoredFrame.mostMembers,
            frame.trailerOctets.count <= StoredFrame.mostMembers
        else { throw invalid("its header or trailer is too long.") }
    }

    private func examine(_ frame: SequenceFrame, _ traits: SequenceTraits) throws -> ExaminedFrame {
        var link = LinkState(chain: state.tail.chain, check: state.tail.check)
        let examiner = FrameExaminer(log: nil, traits: traits, signers: [])
        return try examiner.examine(
            frame.position..<frame.end, Array(frame.headerOctets), Array(frame.trailerOctets), isShortest: true, &link
        ) { algorithm in frame.payload.withUnsafeBytes { algorithm.digest($0) } }
    }

    /// Every digest that the type has is there, and says something of the frames before.
    private func requireLinked(
        _ frame: ExaminedFrame, _ report: SequenceVerification, _ traits: SequenceTraits
    ) throws(ReplicaError) {
        let type = traits.type
        let hasAll =
            (type?.hasPayloadDigest != true || frame.hasPayloadDigest) && (type != .chain || frame.hasChain)
            && (type != .merkle || frame.tree != nil)
        guard hasAll else { throw invalid("a digest is missing.") }
        guard report.links.keys.allSatisfy({ $0 == .linked }) else {
            throw invalid("its digest says nothing of the frames before.")
        }
    }
}
