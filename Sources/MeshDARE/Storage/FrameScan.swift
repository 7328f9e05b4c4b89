import MeshEncoding
import MeshPlatforms

/// A walk through the frames of a file, which believes nothing but what it has walked over: what stands at the end of a file
/// may be the middle of a payload that looks like a frame.
struct FrameScan {
    private let log: FrameLog
    private let length: Int

    init(_ log: FrameLog, length: Int) {
        self.log = log
        self.length = length
    }

    /// Where the last frame ends that is whole, beginning at `start`, where a frame begins or the file ends.
    ///
    /// - Parameters:
    ///   - doubting: whether frames may have holes where the system did not write what was before a power cut. All are looked at
    ///     that begin at `start` or behind it; if that is the start of the file, those that were not durable.
    ///   - durable: up to where the file was durable; 0 if that is not known: then the last octets are looked at.
    func wholeEnd(from start: Int, doubting: Bool, durable: Int = 0) throws -> Int {
        var position = start
        var window = Window(log: log, length: length)
        let doubted =
            if !doubting || log.defects.contains(.ignoresHoles) {
                length
            } else if start > 0 {
                start
            } else {
                min(durable > 0 ? durable : length, max(0, length - Self.mostUnwritten))
            }
        while position < length {
            guard let end = try window.frameEnd(at: position) else { break }
            if position >= doubted, try hasHole(position..<end) { break }
            position = end
        }
        return position
    }

    /// Whether a whole frame begins at `place`.
    func frameBegins(at place: Int) throws -> Bool {
        var window = Window(log: log, length: length)
        return try window.frameEnd(at: place) != nil
    }

    /// Whether the last octets before `place` are the end of a frame, which begins as it ends.
    func frameEnds(at place: Int) throws -> Bool {
        let start = max(0, place - JBCDFrame.largestHead)
        let tail = try log.read(at: start, count: place - start)
        guard let extent = try? tail.withUnsafeBytes({ try JBCDFrame.frameTail($0) }), extent.frameSize <= place else {
            return false
        }
        let head = try log.read(at: place - extent.frameSize, count: extent.headSize)
        return head.elementsEqual(tail.suffix(extent.headSize).reversed())
    }

    /// Whether what stands at `place`, where no whole frame is, was changed after it was written. Else it was never written to
    /// its end: it stops where the file does, or parts of it are empty.
    func isDamaged(at place: Int) throws -> Bool {
        let head = try log.read(at: place, count: min(JBCDFrame.largestHead, length - place))
        // Each sector was written, or was not.
        let inFirst = Self.sector - place % Self.sector
        let headSize = 1 + (1 << Int(head[0] & 3))
        if head[0] == 0 || inFirst < headSize && head.prefix(headSize).dropFirst(inFirst).allSatisfy({ $0 == 0 }) {
            return false
        }
        if let extent = try? head.withUnsafeBytes({ try JBCDFrame.frameHead($0) }), extent.frameSize <= length - place {
            let end = place + extent.frameSize
            let tail = try log.read(at: end - extent.headSize, count: extent.headSize)
            if head.prefix(extent.headSize).elementsEqual(tail.reversed()) { return false }
            let inLast = min(end % Self.sector, extent.headSize)
            return ![tail.dropLast(inLast), tail.suffix(inLast)].contains { part in
                !part.isEmpty && part.allSatisfy { $0 == 0 }
            }
        }
        // Back from the end of the file, frame by frame, to the end of this one: its length was changed. Frames in a payload
        // that was torn do not lead here.
        var end = length
        while end > place {
            let start = max(place, end - JBCDFrame.largestHead)
            let tail = try log.read(at: start, count: end - start)
            guard let extent = try? tail.withUnsafeBytes({ try JBCDFrame.frameTail($0) }),
                extent.frameSize <= end - place
            else { return false }
            if extent.frameSize == end - place { return true }
            let head = try log.read(at: end - extent.frameSize, count: extent.headSize)
            guard head.elementsEqual(tail.suffix(extent.headSize).reversed()) else { return false }
            end -= extent.frameSize
        }
        return false
    }

    /// More is hardly left unwritten by a system for as long as nobody asks it to synchronize: what is looked at of a file of
    /// which nothing is known.
    private static let mostUnwritten = 64 << 20
    /// What a disk writes all of or nothing.
    private static let sector = 512

    /// Whether the frame has empty sectors that it was not written with.
    func hasHole(_ frame: Range<Int>) throws -> Bool {
        let first = (frame.lowerBound + Self.sector - 1) / Self.sector * Self.sector
        var place = first
        while place + Self.sector <= frame.upperBound {
            let count = min(1 << 18, (frame.upperBound - place) / Self.sector * Self.sector)
            let octets = try log.read(at: place, count: count)
            for start in stride(from: 0, to: count, by: Self.sector)
            where octets[start] == 0 && octets[start..<start + Self.sector].allSatisfy({ $0 == 0 }) {
                return try log.isIntact?(log, frame, nil) == false
            }
            place += count
        }
        return false
    }

    /// The octets that are looked at, read a block at a time.
    private struct Window {
        let log: FrameLog
        let length: Int
        private var start = 0
        private var octets: [UInt8] = []

        init(log: FrameLog, length: Int) {
            self.log = log
            self.length = length
        }

        private static let blockSize = 1 << 16

        /// Where the frame at `position` ends; nil if there is none, or not all of it.
        mutating func frameEnd(at position: Int) throws -> Int? {
            let head = try octets(at: position, count: min(JBCDFrame.largestHead, length - position))
            guard let extent = try? head.withUnsafeBytes({ try JBCDFrame.frameHead($0) }),
                extent.frameSize <= length - position
            else { return nil }
            let end = position + extent.frameSize
            let tail = try octets(at: end - extent.headSize, count: extent.headSize)
            return head.prefix(extent.headSize).elementsEqual(tail.reversed()) ? end : nil
        }

        private mutating func octets(at position: Int, count: Int) throws -> ArraySlice<UInt8> {
            if position < start || position + count > start + octets.count {
                // A large frame is stepped over, not read.
                let size = position > start + octets.count + Self.blockSize ? 4096 : Self.blockSize
                octets = try log.read(at: position, count: max(count, min(size, length - position)))
                start = position
            }
            return octets[(position - start)..<(position - start + count)]
        }
    }
}
