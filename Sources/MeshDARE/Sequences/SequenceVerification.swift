import MeshCryptography
import MeshPlatforms

/// How digests over several frames were computed (`dare-12` §7.4, §7.5).
public enum LinkMode: String, CaseIterable, Sendable {
    /// From the digests of earlier frames: the only way that says anything about the sequence.
    case linked
    /// From blocks of zeros: says no more than the payload digest.
    case unlinked
    /// From blocks of zeros, for the number of the next frame: says no more than the payload digest.
    case unlinkedAhead = "unlinked+1"
}

/// What verifying a sequence has found.
public struct SequenceVerification: Sendable {
    /// How many frames there are.
    public internal(set) var frames = 0
    /// How many octets were looked at: all of the file.
    public internal(set) var octets = 0
    /// What is wrong, in the order of the file; at most ``SequenceVerificationOptions/mostFaults``.
    public internal(set) var faults: [SequenceFault] = []
    /// How much is wrong.
    public internal(set) var faultCount = 0
    /// How many frames after frame 0 have a chain or tree digest of each mode.
    public internal(set) var links: [LinkMode: Int] = [:]
    /// How many frames have a payload that a digest or check covers.
    public internal(set) var coveredPayloads = 0
    /// How many frames have a check, which covers header and trailer, and the order of frames.
    public internal(set) var checks = 0
    /// How many signatures verified.
    public internal(set) var validSignatures = 0
    /// How many signatures are by keys that were not given.
    public internal(set) var unknownSignatures = 0
    /// The last frame with a valid signature for all frames before it.
    public internal(set) var signedThrough: Int?
    /// The chain or tree digest of the last frame.
    public internal(set) var apex: [UInt8]?

    /// Whether nothing is wrong. What no digest covers may have been changed all the same.
    public var isIntact: Bool { faultCount == 0 }
    /// Whether every payload is covered.
    public var coversPayloads: Bool { coveredPayloads == frames }
    /// Whether headers and trailers are covered.
    public var coversHeaders: Bool { checks == frames }
    /// Whether it is covered that frames follow each other as they were appended: by linked digests or by checks.
    public var coversOrder: Bool { coversHeaders || (links[.linked] ?? 0) >= frames - 1 }

    mutating func add(_ fault: SequenceFault, most: Int) {
        faultCount += 1
        if faults.count < most { faults.append(fault) }
    }
}

/// How a sequence is verified.
public struct SequenceVerificationOptions: Sendable {
    /// The public keys whose signatures are verified.
    public var signers: [PublicKey]
    /// How many threads hash: all cores, unless something else is asked for.
    public var workers: Int
    /// How many faults are kept.
    public var mostFaults = 1000
    /// Told now and then how many octets are done, and of how many, by one thread after the other.
    public var progress: (@Sendable (_ done: Int, _ total: Int) -> Void)?
    /// Asked now and then whether to give up.
    public var isCancelled: (@Sendable () -> Bool)?

    /// On all cores, without looking at signatures.
    public init(
        signers: [PublicKey] = [], workers: Int? = nil, progress: (@Sendable (Int, Int) -> Void)? = nil,
        isCancelled: (@Sendable () -> Bool)? = nil
    ) {
        self.signers = signers
        self.workers = workers ?? ParallelWork.coreCount
        self.progress = progress
        self.isCancelled = isCancelled
    }
}
