import MeshCore
import MeshCryptography
import MeshEncoding

/// The next frames of a sequence, octet by octet as they will stand in every copy of it, not written anywhere yet.
public struct PreparedFrames: Sendable {
    /// How far the sequence goes before them.
    public let before: FrameRunState
    /// How far it goes with them.
    public let after: FrameRunState
    /// The frames.
    public let frames: [[UInt8]]
    /// The number of the first of them.
    public var first: Int { before.count }

    init(before: FrameRunState, after: FrameRunState, frames: [[UInt8]]) {
        self.before = before
        self.after = after
        self.frames = frames
    }

    /// Frames from another copy. Only for those that a ``RunVerifier`` or a ``FrameRunChecker`` has taken, all of them, on its
    /// way from `before` to `after`.
    package init(verified frames: [[UInt8]], from before: FrameRunState, to after: FrameRunState) {
        precondition(frames.reduce(before.octets) { $0 + $1.count } == after.octets, "Those are other frames.")
        self.init(before: before, after: after, frames: frames)
    }
}

extension DARESequence {
    /// Makes the next frames without writing them: what ``append(_:)`` would write, as the sequence is now. Blocks.
    ///
    /// - Parameter signer: who signs them as one run; see ``RunSignature``. Nil for none.
    /// - Throws: ``DAREError`` `policyViolation`, `wrongRecipient` (a policy of one exchange that no key here opens),
    ///   `wrongKey`, `malformed`; ``ReplicaError`` `unsupported`; ``PlatformError``.
    public func prepare(_ contents: [FrameContent], signedBy signer: RunSigner? = nil) throws -> PreparedFrames {
        try prepare(contents, after: runState(), signedBy: signer)
    }

    /// - Parameter exchange: the key exchange that encrypted frames of a policy of one exchange go by.
    func prepare(
        _ contents: [FrameContent], after state: FrameRunState, signedBy signer: RunSigner?,
        under exchange: KeyPeriod = .first
    ) throws -> PreparedFrames {
        guard knownType != nil, unnumbered == nil else {
            throw DAREError(.unknownSequenceType, "\(path) is a sequence that can be read only.")
        }
        var preparer = FramePreparer(state, encoding: encoding)
        var session: SequenceAppender.Exchange?
        var policy = policy
        if policy.encryption == .once {
            switch exchange {
            case .first: break
            case .frame(let frame): session = SequenceAppender.Exchange(frame: frame, seed: try exchangeSeed(of: frame))
            case .new(let recipients):
                policy.encryption = .session
                policy.recipients = recipients
            }
        }
        for (place, content) in contents.enumerated() {
            let stored = try PayloadSealer.store(
                content, policy, path, index: preparer.count, session: &session, random: random
            ) { try exchangeSeed(of: 0) }
            let isLast = place == contents.count - 1
            let builder = FrameBuilder(
                type: type, encoding: encoding, algorithm: try digestAlgorithm(of: content),
                hasCheck: hasFrameChecks && preparer.hasCheck, signer: keys.signer)
            try preparer.add(
                FirstFrame.Parts(
                    content: content, stored: stored, scope: try signing(content, isLast: isLast), builder: builder),
                signedBy: isLast ? signer : nil)
        }
        return preparer.prepared
    }

    /// Makes frame 0 of a new sequence and the frames after it, without writing them. ``create(_:in:verbatim:wholeRuns:keys:random:)``
    /// makes a file of them.
    ///
    /// - Parameter keys: only the key that frames are signed with is used.
    /// - Throws: ``DAREError`` `policyViolation`, `noRecipients`, `wrongKey`, `malformed`; ``ReplicaError`` `unsupported`.
    public static func prepare(
        new options: SequenceOptions, _ contents: [FrameContent], signedBy signer: RunSigner? = nil,
        keys: SequenceKeys = .none, random: any RandomSource = SystemRandomSource()
    ) throws -> PreparedFrames {
        try NewFrames(options, keys: keys, random: random).prepare(contents, signedBy: signer)
    }

    /// The frames of a sequence that is not there yet.
    struct NewFrames {
        private let first: FirstFrame.Parts
        private let options: SequenceOptions
        private let keys: SequenceKeys
        private let random: any RandomSource

        init(_ options: SequenceOptions, keys: SequenceKeys, random: any RandomSource) throws {
            first = try FirstFrame.parts(options, keys: keys, random: random)
            self.options = options
            self.keys = keys
            self.random = random
        }

        /// What is between the two ends of frame 0 if it does not end a run.
        func firstContent() throws -> [UInt8] {
            let frame = try prepare([], signedBy: nil).frames[0]
            let extent = try frame.withOctets { (octets) throws(JBCDError) in try JBCDFrame.frameHead(octets) }
            return Array(frame[extent.headSize..<extent.headSize + extent.contentSize])
        }

        func prepare(_ contents: [FrameContent], signedBy signer: RunSigner?) throws -> PreparedFrames {
            var preparer = FramePreparer(.empty, encoding: .json)
            try preparer.add(first, signedBy: contents.isEmpty ? signer : nil)
            preparer.restart(options.encoding)
            let seed = first.stored.encryption?.seed
            var session =
                options.policy.encryption == .session
                ? seed.map { SequenceAppender.Exchange(frame: 0, seed: $0) } : nil
            for (place, content) in contents.enumerated() {
                let isLast = place == contents.count - 1
                try preparer.add(
                    parts(content, index: preparer.count, seed, &session, isLast: isLast),
                    signedBy: isLast ? signer : nil)
            }
            return preparer.prepared
        }

        private func parts(
            _ content: FrameContent, index: Int, _ seed: BaseSeed?, _ session: inout SequenceAppender.Exchange?,
            isLast: Bool
        ) throws -> FirstFrame.Parts {
            let name = "The new sequence"
            let stored = try PayloadSealer.store(
                content, options.policy, name, index: index, session: &session, random: random
            ) {
                guard let seed else { throw DAREError(.noRecipients, "\(name) has no key exchange.") }
                return seed
            }
            let builder = FrameBuilder(
                type: options.type, encoding: options.encoding,
                algorithm: try content.header["dig"]?.string.map { try HashAlgorithm(dareLabel: $0) }
                    ?? options.digest,
                hasCheck: options.hasFrameChecks, signer: keys.signer)
            return FirstFrame.Parts(
                content: content, stored: stored,
                scope: try FrameSigner.scope(content, options.policy, name, isLast: isLast), builder: builder)
        }
    }
}

/// Makes frames one after the other, in memory.
struct FramePreparer {
    private let before: FrameRunState
    private var traits: SequenceTraits?
    private var tail: SequenceTail
    private var frames: [[UInt8]] = []
    private var room: FrameBuilder.Room
    private var run: RunDigest

    init(_ state: FrameRunState, encoding: JSONEncoding) {
        before = state
        traits = state.traits
        tail = state.tail
        room = FrameBuilder.Room(encoding)
        run = RunDigest()
    }

    /// The number of the next frame.
    var count: Int { tail.last + 1 }
    /// Whether the frame before has a check.
    var hasCheck: Bool { tail.check != nil }

    var prepared: PreparedFrames {
        PreparedFrames(before: before, after: FrameRunState(traits: traits, tail: tail), frames: frames)
    }

    /// Goes over to another encoding of headers.
    mutating func restart(_ encoding: JSONEncoding) { room = FrameBuilder.Room(encoding) }

    /// Adds the next frame, the last of a run if a signer is given.
    mutating func add(_ parts: FirstFrame.Parts, signedBy signer: RunSigner?) throws {
        var content = parts.content
        guard content.trailer[RunSignature.memberName] == nil else {
            throw DAREError(.malformed, "The content of a frame brings a run signature along.")
        }
        if let signer {
            guard parts.builder.encoding == .json, parts.builder.hasCheck, parts.builder.type == .chain,
                parts.builder.algorithm == .dareStandard
            else { throw RunSignature.unsupported(count) }
            // Everything but the signature follows from the content: it is signed, and then put in its place.
            content.trailer[RunSignature.memberName] = try signer.placeholder().member
            _ = try parts.builder.build(content, parts.stored, parts.scope, after: tail, &room)
            let signature = try signer.sign(
                run, last: count, from: before, header: room.header.octets, trailer: room.trailer.octets)
            content.trailer[RunSignature.memberName] = signature.member
        }
        let built = try parts.builder.build(content, parts.stored, parts.scope, after: tail, &room)
        let (header, trailer) = (room.header.octets, room.trailer.octets)
        let octets = JBCDFrame.encode(
            built.hasTrailer ? [header, parts.stored.octets, trailer] : [header, parts.stored.octets])
        run.take(header: header[...], trailer: trailer[...])
        traits = traits ?? SequenceTraits(header: header[...], trailer: trailer[...])
        let start = tail.end
        frames.append(octets)
        tail.advance(
            to: SequenceTail.Node(index: count, position: start, digest: built.tree), end: start + octets.count,
            isTree: parts.builder.type.hasTreePosition, chain: built.chain, check: built.check)
    }
}
