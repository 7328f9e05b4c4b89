import MeshEncoding

/// Some frames that follow each other, for one thread to look at.
struct FrameBlock {
    /// The how-many-th block it is.
    let ordinal: Int
    /// The octets, from `start` in the file on.
    let octets: [UInt8]
    let start: Int
    /// Where the frames lie in `octets`.
    let frames: [(place: Int, extent: JBCDFrame.Extent)]
    /// Instead of those, a frame that is too large to be in memory.
    let large: Int?
    /// Instead of those, octets that are no frame.
    let damage: (fault: SequenceFault, end: Int)?
    /// What the frame before these says.
    let predecessor: LinkState
    /// Where the last of these ends.
    let end: Int
}

/// What a frame says that the next one is computed from.
struct LinkState: Sendable {
    var chain: [UInt8]?
    var check: [UInt8]?
    /// Nothing is known of the frame before, because it cannot be read.
    var isUnknown = false
}

/// Divides a file into blocks of whole frames, from its start to its end, and finds its way past damage.
struct FrameWalker {
    static let blockSize = 1 << 20
    let log: FrameLog
    let end: Int
    private(set) var position: Int
    private var ordinal = 0
    private var predecessor = LinkState()

    init(log: FrameLog, end: Int, position: Int = 0) {
        self.log = log
        self.end = end
        self.position = position
    }

    /// The next block; nil at the end.
    mutating func next() throws -> FrameBlock? {
        guard position < end else { return nil }
        let start = position
        let octets = try log.read(at: start, count: min(FrameWalker.blockSize, end - start))
        var frames: [(place: Int, extent: JBCDFrame.Extent)] = []
        var place = 0
        while place < octets.count, let extent = FrameWalker.wholeFrame(octets, at: place) {
            frames.append((place, extent))
            place += extent.frameSize
        }
        let before = predecessor
        if let (last, extent) = frames.last {
            let content = last + extent.headSize..<last + extent.headSize + extent.contentSize
            predecessor = octets.withUnsafeBytes { LinkState(content: UnsafeRawBufferPointer(rebasing: $0[content])) }
            return block(octets: octets, start: start, frames: frames, predecessor: before, end: start + place)
        }
        if let stored = try largeFrame(at: start) {
            predecessor = LinkState(trailer: stored.trailer)
            return block(start: start, large: start, predecessor: before, end: stored.end)
        }
        let damage = try damage(at: start, octets)
        predecessor = LinkState(isUnknown: true)
        return block(start: start, damage: damage, predecessor: before, end: damage.end)
    }

    private mutating func block(
        octets: [UInt8] = [], start: Int, frames: [(place: Int, extent: JBCDFrame.Extent)] = [], large: Int? = nil,
        damage: (fault: SequenceFault, end: Int)? = nil, predecessor: LinkState, end: Int
    ) -> FrameBlock {
        defer { ordinal += 1 }
        position = end
        return FrameBlock(
            ordinal: ordinal, octets: octets, start: start, frames: frames, large: large, damage: damage,
            predecessor: predecessor, end: end)
    }

    /// The extent of the frame at `place` of `octets`, if all of it is there and its ends agree.
    private static func wholeFrame(_ octets: [UInt8], at place: Int) -> JBCDFrame.Extent? {
        octets.withUnsafeBytes { octets in
            let rest = UnsafeRawBufferPointer(rebasing: octets[place...])
            guard let extent = try? JBCDFrame.frameHead(rest), extent.frameSize <= rest.count else { return nil }
            for index in 0..<extent.headSize where rest[index] != rest[extent.frameSize - 1 - index] { return nil }
            return extent
        }
    }

    /// The frame at `position` if it is one that is larger than a block.
    private func largeFrame(at position: Int) throws -> StoredFrame? {
        do {
            return try StoredFrame(log, at: position, limit: end)
        } catch is DAREError {
            return nil
        }
    }

    /// What is wrong with the octets at `start`, and where frames go on.
    private func damage(at start: Int, _ octets: [UInt8]) throws -> (fault: SequenceFault, end: Int) {
        let extent = octets.withUnsafeBytes { try? JBCDFrame.frameHead($0) }
        if let extent, extent.frameSize <= end - start {
            let next = start + extent.frameSize
            // The length at the start is right if another frame, or nothing, follows.
            if try next == end || isFrame(at: next) {
                return (SequenceFault(.notAFrame, position: start, "the lengths at its two ends differ."), next)
            }
        }
        // From the end back, as far as frames are whole.
        var next = end
        while next > start {
            let tail = try log.read(
                at: max(start, next - JBCDFrame.largestHead), count: min(JBCDFrame.largestHead, next - start))
            guard let extent = tail.withUnsafeBytes({ try? JBCDFrame.frameTail($0) }), extent.frameSize < next - start,
                try isFrame(at: next - extent.frameSize, extent)
            else { break }
            next -= extent.frameSize
        }
        if next == end {
            return (
                SequenceFault(
                    .tornTail, position: start, "the file ends with \(end - start) octets that are no frame."), end
            )
        }
        return (
            SequenceFault(.notAFrame, position: start, "the \(next - start) octets up to \(next) are no frame."), next
        )
    }

    /// Whether a frame (of that extent) begins at `position` and its ends agree.
    private func isFrame(at position: Int, _ wanted: JBCDFrame.Extent? = nil) throws -> Bool {
        let head = try log.read(at: position, count: min(JBCDFrame.largestHead, end - position))
        guard let extent = head.withUnsafeBytes({ try? JBCDFrame.frameHead($0) }),
            extent.frameSize <= end - position, wanted == nil || wanted == extent
        else { return false }
        let tail = try log.read(at: position + extent.frameSize - extent.headSize, count: extent.headSize)
        return tail.reversed().elementsEqual(head.prefix(extent.headSize))
    }
}

extension LinkState {
    /// What the frame with that content says.
    init(content: UnsafeRawBufferPointer) {
        if let records = try? FrameRecords(content) {
            self.init(trailer: Array(content[records.trailer]), header: { Array(content[records.header]) })
        } else {
            self.init(isUnknown: true)
        }
    }

    /// What the frame with that trailer says; a digest may stand in the header instead.
    init(trailer: [UInt8], header: () -> [UInt8] = { [] }) {
        check = trailer.withUnsafeBytes { FrameCheck.stated(in: $0)?.value }
        guard let members = try? FrameHeader.parse(trailer[...], "trailer") else {
            isUnknown = true
            return
        }
        if let digest = members["ChainDigest"] {
            chain = digest.binary
        } else if let header = try? FrameHeader.parse(header()[...], "header") {
            chain = header["ChainDigest"]?.binary
        }
    }
}
