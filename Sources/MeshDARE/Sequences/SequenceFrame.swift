import MeshCryptography
import MeshEncoding

/// One frame of a sequence, as it is stored. Nothing about it is verified.
public struct SequenceFrame: Sendable {
    /// Its number.
    public let index: Int
    /// Where it begins in the file.
    public let position: Int
    /// Where the next one begins.
    public let end: Int
    let content: [UInt8]
    let records: FrameRecords

    init(index: Int, position: Int, end: Int, content: [UInt8], records: FrameRecords) {
        self.index = index
        self.position = position
        self.end = end
        self.content = content
        self.records = records
    }

    /// The frame in `content`, which says its number itself, unless `number` does.
    ///
    /// - Throws: ``DAREError`` `malformed`.
    init(position: Int, end: Int, content: [UInt8], number: Int? = nil) throws(DAREError) {
        let records = try content.withOctets { (octets) throws(DAREError) in try FrameRecords(octets) }
        let index: Int
        if let number {
            index = number
        } else {
            index = try content.withOctets { (octets) throws(DAREError) in
                try FrameHeader.index(in: UnsafeRawBufferPointer(rebasing: octets[records.header]))
            }
        }
        self.init(index: index, position: position, end: end, content: content, records: records)
    }

    /// The frame that begins at `position` and fills `octets`.
    ///
    /// - Throws: ``DAREError`` `malformed`, ``JBCDError``.
    init(octets: [UInt8], at position: Int) throws {
        let (records, index) = try octets.withOctets { octets in
            let extent = try JBCDFrame.frame(at: 0, in: octets)
            guard extent.frameSize == octets.count else {
                throw DAREError(.malformed, "There is no frame at \(position).")
            }
            let content = UnsafeRawBufferPointer(
                rebasing: octets[extent.headSize..<extent.headSize + extent.contentSize])
            var records = try FrameRecords(content)
            let index = try FrameHeader.index(in: UnsafeRawBufferPointer(rebasing: content[records.header]))
            records.move(by: extent.headSize)
            return (records, index)
        }
        self.init(index: index, position: position, end: position + octets.count, content: octets, records: records)
    }

    init(_ frame: FrameLog.Frame, number: Int? = nil) throws(DAREError) {
        try self.init(position: frame.position, end: frame.end, content: frame.content, number: number)
    }

    /// The octets of the header.
    public var headerOctets: ArraySlice<UInt8> { content[records.header] }
    /// The octets of the payload as they are stored: encrypted, if the frame is.
    public var payload: ArraySlice<UInt8> { content[records.payload] }
    /// The octets of the trailer.
    public var trailerOctets: ArraySlice<UInt8> { content[records.trailer] }

    /// Header and trailer, read now.
    ///
    /// - Throws: ``DAREError`` `malformed`.
    public var members: EnvelopeMembers {
        get throws(DAREError) {
            EnvelopeMembers(
                header: try FrameHeader.parse(headerOctets, "header"),
                trailer: try FrameHeader.parse(trailerOctets, "trailer"))
        }
    }

    /// The header, read now.
    ///
    /// - Throws: ``DAREError`` `malformed`.
    public var header: JSONObject {
        get throws(DAREError) { try FrameHeader.parse(headerOctets, "header") }
    }

    /// The frame's place in the sequence, read now.
    ///
    /// - Throws: ``DAREError`` `malformed`.
    public var info: SequenceInfo {
        get throws(DAREError) { SequenceInfo(header: try header) }
    }
}

/// Where the records of a frame lie in its content. Missing ones are empty.
struct FrameRecords: Equatable, Sendable {
    var header: Range<Int>
    var payload: Range<Int>
    var trailer: Range<Int>
    /// How many there are.
    var count: Int

    /// - Throws: ``DAREError`` `malformed` for anything but one to three records.
    init(_ content: UnsafeRawBufferPointer) throws(DAREError) {
        var place = 0
        header = 0..<0
        payload = content.count..<content.count
        trailer = payload
        count = 0
        while place < content.count {
            let extent: JBCDFrame.Extent
            do throws(JBCDError) {
                extent = try JBCDFrame.recordHead(UnsafeRawBufferPointer(rebasing: content[place...]))
            } catch {
                throw DAREError(.malformed, "The frame does not consist of records.", cause: error)
            }
            let start = place + extent.headSize
            guard extent.contentSize <= content.count - start else {
                throw DAREError(.malformed, "A record of \(extent.contentSize) octets does not fit into its frame.")
            }
            let range = start..<start + extent.contentSize
            switch count {
            case 0: header = range
            case 1: payload = range
            case 2: trailer = range
            default: throw DAREError(.malformed, "A frame has more than three records.")
            }
            count += 1
            place = range.upperBound
        }
        guard count > 0 else { throw DAREError(.malformed, "A frame has no header.") }
    }

    /// The same records where the content begins `distance` octets later.
    mutating func move(by distance: Int) {
        header = header.lowerBound + distance..<header.upperBound + distance
        payload = payload.lowerBound + distance..<payload.upperBound + distance
        trailer = trailer.lowerBound + distance..<trailer.upperBound + distance
    }

    /// How large the content is when every length has its shortest form.
    var shortestSize: Int {
        var size = JBCDFrame.recordSize(header.count)
        if count > 1 { size += JBCDFrame.recordSize(payload.count) }
        if count > 2 { size += JBCDFrame.recordSize(trailer.count) }
        return size
    }
}

extension [UInt8] {
    /// Lends the octets.
    func withOctets<R, E: Error>(_ body: (UnsafeRawBufferPointer) throws(E) -> R) throws(E) -> R {
        try withUnsafeBufferPointer { (octets) throws(E) in try body(UnsafeRawBufferPointer(octets)) }
    }
}
