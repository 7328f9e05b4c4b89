import MeshEncoding

extension DARESequence {
    /// The frames from number `index` on, in their order, up to where the sequence was when it was last looked at.
    ///
    /// - Throws: as ``frame(at:)``.
    public func frames(from index: Int = 0) throws -> SequenceFrames {
        let extent = extent
        let position: Int
        switch index {
        case ...0: position = 0
        case extent.last + 1: position = extent.end
        default: position = try frame(at: index).position
        }
        return SequenceFrames(
            log: log, position: position, end: extent.end, next: max(index, 0), isNumbered: unnumbered == nil)
    }

    /// The frames from the last one back to frame 0, as the sequence was when it was last looked at.
    public func framesBackward() -> SequenceFramesBackward {
        let extent = extent
        return SequenceFramesBackward(
            log: log, end: extent.end, last: extent.last, isNumbered: unnumbered == nil)
    }
}

/// Reads frames in their order, many with one read.
public struct SequenceFrames {
    private static let blockSize = 1 << 18
    private let log: FrameLog
    private let end: Int
    private let isNumbered: Bool
    private var position: Int
    private var nextIndex: Int
    private var block: [UInt8] = []
    private var blockStart = 0

    init(log: FrameLog, position: Int, end: Int, next index: Int, isNumbered: Bool = true) {
        self.log = log
        self.isNumbered = isNumbered
        self.position = position
        self.end = end
        nextIndex = index
    }

    /// The next frame; nil after the last.
    ///
    /// - Throws: ``DAREError`` `malformed`, also for a frame with another number than its place; ``PlatformError``.
    public mutating func next() throws -> SequenceFrame? {
        guard position < end else { return nil }
        let frame = try read()
        guard frame.index == nextIndex else {
            throw DAREError(
                .malformed, "Where frame \(nextIndex) of \(log.path) should be, frame \(frame.index) is.",
                remedy: "Verify the sequence to see what was changed.")
        }
        position = frame.end
        nextIndex += 1
        return frame
    }

    private mutating func read() throws -> SequenceFrame {
        try fill(min(JBCDFrame.largestHead, end - position))
        let start = position - blockStart
        let extent = try block.withOctets { (octets) throws(JBCDError) in
            try JBCDFrame.frameHead(UnsafeRawBufferPointer(rebasing: octets[start...]))
        }
        guard extent.frameSize <= end - position else {
            throw DAREError(.malformed, "The frame at \(position) of \(log.path) is cut off.")
        }
        guard extent.frameSize <= SequenceFrames.blockSize else {
            return try SequenceFrame(log.frame(at: position), number: number)
        }
        try fill(extent.frameSize)
        let first = position - blockStart
        let content = first + extent.headSize
        let last = content + extent.contentSize
        guard (0..<extent.headSize).allSatisfy({ block[first + $0] == block[last + extent.headSize - 1 - $0] }) else {
            throw DAREError(.malformed, "The two ends of the frame at \(position) of \(log.path) differ.")
        }
        return try SequenceFrame(
            position: position, end: position + extent.frameSize, content: Array(block[content..<last]),
            number: number)
    }

    /// The number of the frame where frames do not say it.
    private var number: Int? { isNumbered ? nil : nextIndex }

    /// Has `count` octets from the present position in memory.
    private mutating func fill(_ count: Int) throws {
        guard position < blockStart || position + count > blockStart + block.count else { return }
        block = try log.read(at: position, count: min(SequenceFrames.blockSize, end - position))
        blockStart = position
    }
}

/// Reads frames from the last to the first.
public struct SequenceFramesBackward {
    private let log: FrameLog
    private let isNumbered: Bool
    private var end: Int
    private var nextIndex: Int

    init(log: FrameLog, end: Int, last index: Int, isNumbered: Bool) {
        self.log = log
        self.isNumbered = isNumbered
        self.end = end
        nextIndex = index
    }

    /// The frame before; nil before frame 0.
    ///
    /// - Throws: as ``SequenceFrames/next()``.
    public mutating func next() throws -> SequenceFrame? {
        guard end > 0 else { return nil }
        let frame = try SequenceFrame(log.frame(endingAt: end), number: isNumbered ? nil : nextIndex)
        guard frame.index == nextIndex else {
            throw DAREError(
                .malformed, "Where frame \(nextIndex) of \(log.path) should be, frame \(frame.index) is.",
                remedy: "Verify the sequence to see what was changed.")
        }
        end = frame.position
        nextIndex -= 1
        return frame
    }
}
