import MeshCryptography
import MeshEncoding

/// Where the parts of a frame lie in the file, read without its payload, however large that is.
struct StoredFrame {
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

    /// Reads the frame at `position`, which must end by `limit`.
    ///
    /// - Throws: ``DAREError`` `malformed`, ``JBCDError``, ``PlatformError``.
    init(_ log: FrameLog, at position: Int, limit: Int) throws {
        func head(_ place: Int, _ end: Int) throws -> [UInt8] {
            try log.read(at: place, count: max(0, min(JBCDFrame.largestHead, end - place)))
        }
        let opening = try head(position, limit)
        let frame = try opening.withOctets { (octets) throws(JBCDError) in try JBCDFrame.frameHead(octets) }
        guard frame.frameSize <= limit - position else {
            throw DAREError(.malformed, "The frame at \(position) of \(log.path) is cut off.")
        }
        self.position = position
        end = position + frame.frameSize
        let closing = try log.read(at: end - frame.headSize, count: frame.headSize)
        guard closing.reversed().elementsEqual(opening.prefix(frame.headSize)) else {
            throw DAREError(.malformed, "The two ends of the frame at \(position) of \(log.path) differ.")
        }
        let contentEnd = end - frame.headSize
        var place = position + frame.headSize
        var ranges: [Range<Int>] = []
        var size = 0
        while place < contentEnd {
            let record = try head(place, contentEnd).withOctets { (octets) throws(JBCDError) in
                try JBCDFrame.recordHead(octets)
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
        header = try log.read(at: first.lowerBound, count: first.count)
        trailer = try log.read(at: last.lowerBound, count: last.count)
        isShortest =
            size == frame.contentSize && JBCDFrame.Extent(contentSize: frame.contentSize).headSize == frame.headSize
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
