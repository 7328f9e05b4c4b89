import MeshCryptography
import MeshEncoding

/// Where the parts of a frame lie in the file, read without its payload, however large that is.
struct StoredFrame: Sendable {
    let position: Int
    let end: Int
    /// The header's octets.
    let header: [UInt8]
    /// Where the payload lies in the file.
    let payload: Range<Int>
    /// The trailer's octets.
    let trailer: [UInt8]
    /// Whether all lengths have their shortest form.
    let isShortest: Bool

    /// No header or trailer is longer.
    static let mostMembers = 16 << 20

    /// Up to this size a frame is read with one call.
    private static let small = 4096

    /// Reads the frame at `position`, which must end by `limit`.
    ///
    /// - Throws: ``DAREError`` `malformed`, ``PlatformError``.
    init(_ log: FrameLog, at position: Int, limit: Int) throws {
        let window = try FrameWindow(log, at: position, count: max(0, min(StoredFrame.small, limit - position)))
        let opening = window.octets
        let frame = try StoredFrame.located(log, at: position) { () throws(JBCDError) in
            try opening.withOctets { (octets) throws(JBCDError) in try JBCDFrame.frameHead(octets) }
        }
        guard frame.frameSize <= limit - position else {
            throw DAREError(.malformed, "The frame at \(position) of \(log.path) is cut off.")
        }
        self.position = position
        end = position + frame.frameSize
        guard
            try window.read(end - frame.headSize, frame.headSize).reversed().elementsEqual(
                opening.prefix(frame.headSize))
        else { throw DAREError(.malformed, "The two ends of the frame at \(position) of \(log.path) differ.") }
        let contentEnd = end - frame.headSize
        var place = position + frame.headSize
        var ranges: [Range<Int>] = []
        var size = 0
        while place < contentEnd {
            let head = try window.read(place, min(JBCDFrame.largestHead, contentEnd - place))
            let record = try StoredFrame.located(log, at: position) { () throws(JBCDError) in
                try head.withOctets { (octets) throws(JBCDError) in try JBCDFrame.recordHead(octets) }
            }
            let start = place + record.headSize
            guard record.contentSize <= contentEnd - start, ranges.count < 3 else {
                throw DAREError(
                    .malformed, "The frame at \(position) of \(log.path) does not consist of three records.")
            }
            ranges.append(start..<start + record.contentSize)
            size += JBCDFrame.recordSize(record.contentSize)
            place = start + record.contentSize
        }
        guard let first = ranges.first else { throw DAREError(.malformed, "A frame has no header.") }
        payload = ranges.count > 1 ? ranges[1] : contentEnd..<contentEnd
        let last = ranges.count > 2 ? ranges[2] : contentEnd..<contentEnd
        guard first.count <= StoredFrame.mostMembers, last.count <= StoredFrame.mostMembers else {
            throw DAREError(.malformed, "The header or trailer of the frame at \(position) of \(log.path) is too long.")
        }
        header = try window.read(first.lowerBound, first.count)
        trailer = try window.read(last.lowerBound, last.count)
        isShortest =
            size == frame.contentSize && JBCDFrame.Extent(contentSize: frame.contentSize).headSize == frame.headSize
    }

    /// Says where what is wrong is: in the frame that begins, or ends, at `position`.
    private static func located(
        _ log: FrameLog, at position: Int, _ body: () throws(JBCDError) -> JBCDFrame.Extent
    ) throws(DAREError) -> JBCDFrame.Extent {
        do {
            return try body()
        } catch {
            throw DAREError(
                .malformed, "The frame at \(position) of \(log.path) is damaged.",
                remedy: "Verify the sequence to see what can be read.", cause: error)
        }
    }

    /// Reads the frame that ends at `end`.
    ///
    /// - Throws: as ``init(_:at:limit:)``.
    init(_ log: FrameLog, endingAt end: Int) throws {
        let count = min(JBCDFrame.largestHead, end)
        let octets = try log.read(at: end - count, count: count)
        let extent = try StoredFrame.located(log, at: end) { () throws(JBCDError) in
            try octets.withOctets { (octets) throws(JBCDError) in try JBCDFrame.frameTail(octets) }
        }
        guard extent.frameSize <= end else {
            throw DAREError(.malformed, "The frame before \(end) of \(log.path) is longer than the file.")
        }
        try self.init(log, at: end - extent.frameSize, limit: end)
        guard self.end == end else {
            throw DAREError(.malformed, "The two ends of the frame at \(position) of \(log.path) differ.")
        }
    }

    /// The number in the header.
    var index: Int {
        get throws(DAREError) {
            try header.withOctets { (octets) throws(DAREError) in try FrameHeader.index(in: octets) }
        }
    }

    /// Whether the header says a number, or cannot be read.
    var isNumbered: Bool { (try? index) != nil || (try? info) == nil }

    /// Header and trailer.
    var members: EnvelopeMembers {
        get throws(DAREError) {
            EnvelopeMembers(
                header: try FrameHeader.parse(header[...], "header"),
                trailer: try FrameHeader.parse(trailer[...], "trailer"))
        }
    }

    /// The frame's place in the sequence.
    var info: SequenceInfo {
        get throws(DAREError) { SequenceInfo(header: try FrameHeader.parse(header[...], "header")) }
    }

    /// The digest of the payload, read in pieces.
    func payloadDigest(_ log: FrameLog, _ algorithm: HashAlgorithm, isCancelled: () -> Bool = { false }) throws
        -> [UInt8]
    {
        var digest = StreamingDigest(algorithm)
        var place = payload.lowerBound
        while place < payload.upperBound {
            if isCancelled() { throw CancellationError() }
            let piece = try log.read(at: place, count: min(1 << 20, payload.upperBound - place))
            digest.update(piece)
            place += piece.count
        }
        return digest.finalize()
    }
}

/// Octets of a log that were read already, and the others as they are asked for.
private struct FrameWindow {
    let octets: [UInt8]
    private let log: FrameLog
    private let position: Int

    init(_ log: FrameLog, at position: Int, count: Int) throws {
        octets = try log.read(at: position, count: count)
        self.log = log
        self.position = position
    }

    /// The octets from `place` on.
    func read(_ place: Int, _ count: Int) throws -> [UInt8] {
        if place - position + count <= octets.count { return Array(octets[(place - position)...].prefix(count)) }
        return try log.read(at: place, count: count)
    }
}
