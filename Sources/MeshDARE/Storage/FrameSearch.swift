import MeshEncoding

/// Looks for a whole frame behind octets that are none. If there is one, those octets were damaged: who is killed while
/// writing leaves nothing behind what is torn.
///
/// Memory does not grow with the file, and time grows with the octets looked at: what looks like a frame is looked at again,
/// but only ``mostEffort`` of all that.
struct FrameSearch {
    private let log: FrameLog
    /// Where the last whole frame ends, and the octets begin that are none.
    private let place: Int
    private let length: Int

    init(_ log: FrameLog, behind place: Int, length: Int) {
        self.log = log
        self.place = place
        self.length = length
    }

    /// What was found.
    enum Finding: Equatable {
        /// A whole frame, at that place.
        case frame(Int)
        /// None.
        case none
        /// So much that looks like frames that it was not all looked at.
        case tooMuch
    }

    /// - Parameter believing: whether the frame at the place is as long as its first octets say, even if the file ends before:
    ///   then all that follows are its own octets. Who does not believe it takes its length for damaged.
    func wholeFrame(believing: Bool) throws -> Finding {
        var effort = 0
        var position = place + 1
        if let extent = try extent(at: place) {
            if believing, extent.frameSize > length - place { return .none }
            if try isWhole(place, extent) { position = place + extent.frameSize }
        }
        while position < length {
            switch try look(from: position, &effort) {
            case .next(let next): position = next
            case .frame(let place): return .frame(place)
            }
            if effort > Self.mostEffort { return .tooMuch }
        }
        return .none
    }

    private enum Step {
        case next(Int)
        case frame(Int)
    }

    /// A frame is looked for in blocks of that many octets.
    private static let blockSize = 1 << 16
    private static let mostEffort = 64 << 20
    /// What one look at a place costs beside the octets read, in octets that could be looked through meanwhile.
    private static let glance = 64, look = 512
    /// The head of a frame and the tag of its first record.
    private static let opening = JBCDFrame.largestHead + 1

    /// Looks at a block of octets.
    private func look(from start: Int, _ effort: inout Int) throws -> Step {
        let octets = try log.read(at: start, count: min(Self.blockSize, length - start))
        // What begins at the end of this block is in the next one, too.
        let count = start + octets.count == length ? octets.count : octets.count - Self.opening
        var offset = 0
        while let found = Self.opening(in: octets, from: offset, to: count) {
            offset = found.offset + 1
            let position = start + found.offset
            guard found.extent.frameSize <= length - position else { continue }
            effort += Self.glance
            guard try isWhole(position, found.extent) else {
                if effort > Self.mostEffort { break }
                continue
            }
            let end = position + found.extent.frameSize
            effort += Self.look + found.extent.frameSize
            // Payloads may have octets that look like frames.
            if try log.isIntact?(log, position..<end, place) != false {
                guard try FrameScan(log, length: length).hasHole(position..<end) else { return .frame(position) }
                return .next(end)
            }
            if effort > Self.mostEffort { break }
        }
        return .next(start + count)
    }

    /// The first octets in the range that a frame with a record could begin with.
    private static func opening(
        in octets: [UInt8], from start: Int, to end: Int
    ) -> (offset: Int, extent: JBCDFrame.Extent)? {
        octets.withUnsafeBytes { octets in
            for offset in start..<max(start, end) where octets[offset] & 0xFC == 0xF4 {
                guard let extent = try? JBCDFrame.frameHead(UnsafeRawBufferPointer(rebasing: octets[offset...])),
                    extent.contentSize > 0, offset + extent.headSize < octets.count,
                    octets[offset + extent.headSize] & 0xFC == 0xF0
                else { continue }
                return (offset, extent)
            }
            return nil
        }
    }

    private func extent(at position: Int) throws -> JBCDFrame.Extent? {
        let head = try log.read(at: position, count: min(JBCDFrame.largestHead, length - position))
        return head.withUnsafeBytes { try? JBCDFrame.frameHead($0) }
    }

    /// Whether the frame's two ends agree.
    private func isWhole(_ position: Int, _ extent: JBCDFrame.Extent) throws -> Bool {
        guard extent.frameSize <= length - position else { return false }
        let head = try log.read(at: position, count: extent.headSize)
        let tail = try log.read(at: position + extent.frameSize - extent.headSize, count: extent.headSize)
        return head.elementsEqual(tail.reversed())
    }
}
