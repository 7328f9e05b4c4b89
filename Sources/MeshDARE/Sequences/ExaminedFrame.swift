import MeshCryptography

/// What looking at frames by themselves has found: one frame, or some that follow each other and are right.
enum ExaminedPart {
    case frame(ExaminedFrame)
    case run(ExaminedRun)
}

/// What looking at one frame by itself has found.
struct ExaminedFrame {
    let position: Int
    /// Where the next one begins.
    let end: Int
    /// The number in the header, if it can be read.
    var index: Int?
    var treePosition: Int?
    var algorithm = HashAlgorithm.dareStandard
    /// The digest of the payload, where tree digests need it.
    var payloadDigest: [UInt8]?
    var hasPayloadDigest = false
    var hasCheck = false
    var hasValidDigest = false
    var chain: [UInt8]?
    var hasChain = false
    var chainMode: LinkMode?
    var tree: [UInt8]?
    var validSignatures = 0
    var unknownSignatures = 0
    var isSignedThrough = false
    var faults: [SequenceFault] = []

    init(position: Int, end: Int) {
        self.position = position
        self.end = end
    }

    mutating func add(_ reason: SequenceFault.Reason, _ detail: String, _ cause: (any Error)? = nil) {
        faults.append(SequenceFault(reason, position: position, detail, cause: cause))
    }
}

/// Frames that follow each other, in a sequence without tree, each of which ``FrameTemplate`` has found right.
struct ExaminedRun {
    /// The number of the first one.
    let first: Int
    /// Where the first one is.
    let range: Range<Int>
    let hasPayloadDigest: Bool
    let isChain: Bool
    /// How many there are.
    private(set) var count = 1
    /// Where the last one ends.
    private(set) var end: Int
    /// The chain digest of the last one.
    var chain: [UInt8]?

    init(first: Int, _ range: Range<Int>, hasPayloadDigest: Bool, isChain: Bool) {
        self.first = first
        self.range = range
        self.hasPayloadDigest = hasPayloadDigest
        self.isChain = isChain
        end = range.upperBound
    }

    /// Adds the next frame.
    ///
    /// - Returns: false if it has not the next number.
    mutating func extend(_ index: Int, end: Int) -> Bool {
        guard index == first + count else { return false }
        count += 1
        self.end = end
        return true
    }

    /// The first frame alone.
    var firstFrame: ExaminedFrame {
        var frame = ExaminedFrame(position: range.lowerBound, end: range.upperBound)
        frame.index = first
        frame.hasPayloadDigest = hasPayloadDigest
        frame.hasChain = isChain
        frame.chainMode = isChain ? .linked : nil
        frame.chain = chain
        frame.hasCheck = true
        frame.hasValidDigest = true
        return frame
    }
}
