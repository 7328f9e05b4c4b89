import MeshCore
import MeshCryptography

/// What a frame of a run does, as its header says.
public struct RunFrame: Sendable, Hashable {
    /// The number of the frame.
    public let index: Int
    /// What it does; nil for frame 0 and others that are no events of a catalog.
    public let event: ContentMeta.Event?
    /// The primary key of the entry that it does that to.
    public let key: String?

    package init(index: Int, event: ContentMeta.Event?, key: String?) {
        self.index = index
        self.event = event
        self.key = key
    }
}

/// Frames that somebody says to have signed: not verified yet.
public struct RunClaim: Sendable {
    /// The numbers of the frames.
    public let range: ClosedRange<Int>
    /// The signer's key, as the signature names it.
    public let signer: String
    /// What the frames do.
    public let frames: [RunFrame]
}

/// Frames of which it is verified that they, and no others, were signed for this place of this store of this account.
public struct VerifiedRun: Sendable {
    /// The numbers of the frames.
    public let range: ClosedRange<Int>
    /// Who signed them.
    public let signer: PublicKey
    /// What the frames do.
    public let frames: [RunFrame]
    /// How far the sequence goes with them.
    public let after: FrameRunState
}

/// Goes through the frames of a sequence, one after the other, and gives the runs that they were signed in: see
/// ``RunSignature``. Needs no file; holds one frame, and what the frames of the run that was begun do.
public struct RunVerifier: Sendable {
    /// What the runs have to belong to.
    public let scope: RunScope
    /// How far complete runs go.
    public private(set) var covered: FrameRunState
    private var checker: FrameRunChecker
    private var digest = RunDigest()
    private var frames: [RunFrame] = []

    /// A verifier of the runs of `scope` that goes on from `covered`, where a run must end.
    public init(_ scope: RunScope, from covered: FrameRunState = .empty) {
        self.scope = scope
        self.covered = covered
        checker = FrameRunChecker(covered)
    }

    /// The frames that were taken since the last complete run: nobody answers for them.
    public var uncovered: Range<Int> { covered.count..<checker.state.count }

    /// Takes the next frame, octet by octet as it stands in the file.
    ///
    /// - Parameter signer: gives the key that a run may be signed with, by the name in it; nil to refuse it. Only it decides
    ///   who may sign what; it is asked before the signature is verified.
    /// - Returns: the run that the frame completes; nil if it completes none.
    /// - Throws: ``ReplicaError`` `invalidFrame`, `badRunSignature`, `unknownSigner`, `unsupported`, and what `signer` throws.
    ///   The frame was not taken then.
    public mutating func take(
        _ octets: [UInt8], signer: (RunClaim) throws -> PublicKey?
    ) throws -> VerifiedRun? {
        var next = checker
        let (frame, meta) = try next.takeWithMeta(octets)
        try requireSupported(next.state)
        let taken = RunFrame(index: frame.index, event: meta.event, key: meta.uniqueID)
        guard let (signature, opening) = RunSignature.stated(in: frame.trailerOctets) else {
            checker = next
            digest.take(header: frame.headerOctets, trailer: frame.trailerOctets)
            frames.append(taken)
            return nil
        }
        let claim = RunClaim(
            range: covered.count...frame.index, signer: signature.signer, frames: frames + [taken])
        guard let key = try signer(claim) else {
            throw ReplicaError(
                .unknownSigner, frame: frame.index,
                "The frames \(claim.range) are signed by \(signature.signer), who may not change this store.",
                remedy: "Get the newest device catalog. If the signer is not in it, do not use the frames.")
        }
        let run = digest.with(header: frame.headerOctets, trailer: opening)
        let message = scope.message(run, last: frame.index, from: covered, signer: signature.signer)
        guard key.isValidSignature(signature.octets, for: message) else {
            throw ReplicaError(
                .badRunSignature, frame: frame.index,
                "The frames \(claim.range) are not what \(signature.signer) signed for this place of \(scope.store).",
                remedy: "Do not use the frames. Get them again, from another copy if this one has no others.")
        }
        checker = next
        covered = next.state
        digest = RunDigest()
        frames = []
        return VerifiedRun(range: claim.range, signer: key, frames: claim.frames, after: covered)
    }

    /// The parts that are signed say everything only in sequences of this kind.
    private func requireSupported(_ state: FrameRunState) throws(ReplicaError) {
        guard let traits = state.traits, traits.type == .chain, traits.hasChecks, traits.digest == .dareStandard,
            !state.check.isEmpty
        else { throw RunSignature.unsupported(state.count - 1) }
    }
}

extension DARESequence {
    /// Verifies the runs of the sequence as it is now, in constant memory for each. Blocks.
    ///
    /// - Parameters:
    ///   - covered: how far it was verified before: the ``RunVerifier/covered`` of then.
    ///   - signer: as of ``RunVerifier/take(_:signer:)``.
    ///   - body: is given the runs in their order, before the signer of the next one is asked for.
    /// - Returns: the verifier, which says how far complete runs go, and what frames are behind them.
    /// - Throws: as ``RunVerifier/take(_:signer:)``; what `body` throws; ``DAREError`` `malformed`; ``PlatformError``.
    public func verifyRuns(
        _ scope: RunScope, from covered: FrameRunState = .empty, signer: (RunClaim) throws -> PublicKey?,
        _ body: (VerifiedRun) throws -> Void = { _ in }
    ) throws -> RunVerifier {
        var verifier = RunVerifier(scope, from: covered)
        try refresh()
        let end = extent.end
        var position = covered.octets
        while position < end {
            for frame in try frameOctets(at: position, to: end, limit: .max, octets: 1 << 20) {
                position += frame.count
                if let run = try verifier.take(frame, signer: signer) { try body(run) }
            }
        }
        return verifier
    }
}
