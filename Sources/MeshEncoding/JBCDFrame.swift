import MeshCore

/// JBCD records and bidirectional frames (`jsonbcd` §7): a frame is its length, records, and the length again mirrored,
/// so that a file of frames can be walked from either end.
public enum JBCDFrame {
    /// The most octets the tag and length of a record or frame take.
    public static let largestHead = 9

    /// Where the content of a record or frame lies.
    public struct Extent: Hashable, Sendable {
        /// The size of the tag with the length, in octets; a frame has as many again at its end.
        public let headSize: Int
        /// The size of the content, in octets.
        public let contentSize: Int
        /// The size of a whole frame, in octets.
        public var frameSize: Int { contentSize + 2 * headSize }

        init(headSize: Int, contentSize: Int) {
            self.headSize = headSize
            self.contentSize = contentSize
        }

        /// The extent of a frame with `contentSize` octets of content, its length written in the shortest form.
        public init(contentSize: Int) {
            self.init(headSize: 1 + JBCDFrame.lengthSize(of: contentSize), contentSize: contentSize)
        }
    }

    private static let recordTag: UInt8 = 0xF0
    private static let frameTag: UInt8 = 0xF4

    static func lengthSize(of count: Int) -> Int {
        switch count {
        case ...0xFF: 1
        case ...0xFFFF: 2
        case ...0xFFFF_FFFF: 4
        default: 8
        }
    }

    /// The size of a record with `count` octets of content.
    public static func recordSize(_ count: Int) -> Int { 1 + lengthSize(of: count) + count }

    private static func appendHead(_ tag: UInt8, _ count: Int, to octets: inout [UInt8]) {
        let size = lengthSize(of: count)
        octets.append(tag + UInt8(size.trailingZeroBitCount))
        for place in (0..<size).reversed() { octets.append(UInt8(truncatingIfNeeded: count >> (8 * place))) }
    }

    /// Appends the tag and length of a record.
    public static func appendRecordHead(_ count: Int, to octets: inout [UInt8]) {
        appendHead(recordTag, count, to: &octets)
    }

    /// Appends the tag and length that open a frame.
    public static func appendFrameHead(_ contentSize: Int, to octets: inout [UInt8]) {
        appendHead(frameTag, contentSize, to: &octets)
    }

    /// Appends the mirrored length and tag that close a frame.
    public static func appendFrameTail(_ contentSize: Int, to octets: inout [UInt8]) {
        let size = lengthSize(of: contentSize)
        for place in 0..<size { octets.append(UInt8(truncatingIfNeeded: contentSize >> (8 * place))) }
        octets.append(frameTag + UInt8(size.trailingZeroBitCount))
    }

    /// The whole frame that holds `records`.
    public static func encode(_ records: [[UInt8]]) -> [UInt8] {
        let size = records.reduce(0) { $0 + recordSize($1.count) }
        var octets: [UInt8] = []
        octets.reserveCapacity(Extent(contentSize: size).frameSize)
        appendFrameHead(size, to: &octets)
        for record in records {
            appendRecordHead(record.count, to: &octets)
            octets.append(contentsOf: record)
        }
        appendFrameTail(size, to: &octets)
        return octets
    }

    /// The extent of the frame that `octets` begin with; they need not hold the content.
    ///
    /// - Throws: ``JBCDError`` `truncated` (too few octets for the head), `unknownTag`, `tooLarge`.
    public static func frameHead(_ octets: UnsafeRawBufferPointer) throws(JBCDError) -> Extent {
        try head(octets, frameTag, step: 1)
    }

    /// The extent of the frame that `octets` end with; they need not hold the content.
    ///
    /// - Throws: as ``frameHead(_:)``.
    public static func frameTail(_ octets: UnsafeRawBufferPointer) throws(JBCDError) -> Extent {
        try head(octets, frameTag, step: -1)
    }

    /// The extent of the record that `octets` begin with; they need not hold the content.
    ///
    /// - Throws: as ``frameHead(_:)``.
    public static func recordHead(_ octets: UnsafeRawBufferPointer) throws(JBCDError) -> Extent {
        try head(octets, recordTag, step: 1)
    }

    private static func head(
        _ octets: UnsafeRawBufferPointer, _ tag: UInt8, step: Int
    ) throws(JBCDError) -> Extent {
        let first = step > 0 ? 0 : octets.count - 1
        guard octets.count > 0 else { throw JBCDError(.truncated, "A tag was expected where the octets end.") }
        guard octets[first] & 0xFC == tag else {
            throw JBCDError(.unknownTag, "A tag stands where none of this kind may.")
        }
        let size = 1 << Int(octets[first] & 3)
        guard octets.count > size else { throw JBCDError(.truncated, "The octets end inside a length.") }
        var length: UInt64 = 0
        for place in 1...size { length = length << 8 | UInt64(octets[first + step * place]) }
        // So that positions in a file can be added without overflow.
        guard length <= UInt64(Int.max / 4) else {
            throw JBCDError(.tooLarge, "A length of \(length) octets is claimed.")
        }
        return Extent(headSize: 1 + size, contentSize: Int(length))
    }

    /// The frame that begins at `start` in `octets`, both of its ends read and compared.
    ///
    /// - Throws: ``JBCDError`` `truncated` (also when a length is greater than what follows), `unknownTag`, `tooLarge`,
    ///   `endsDiffer`.
    public static func frame(at start: Int, in octets: UnsafeRawBufferPointer) throws(JBCDError) -> Extent {
        guard (0...octets.count).contains(start) else { throw JBCDError(.truncated, "A frame starts past the end.") }
        let rest = UnsafeRawBufferPointer(rebasing: octets[start...])
        let extent = try frameHead(rest)
        guard extent.frameSize <= rest.count else {
            throw JBCDError(.truncated, "A frame of \(extent.contentSize) octets does not end.")
        }
        try checkEnds(UnsafeRawBufferPointer(rebasing: rest[..<extent.frameSize]), extent)
        return extent
    }

    /// The frame that ends before `end` in `octets`, both of its ends read and compared.
    ///
    /// - Throws: as ``frame(at:in:)``.
    public static func frame(endingAt end: Int, in octets: UnsafeRawBufferPointer) throws(JBCDError) -> Extent {
        guard (0...octets.count).contains(end) else { throw JBCDError(.truncated, "A frame ends past the end.") }
        let rest = UnsafeRawBufferPointer(rebasing: octets[..<end])
        let extent = try frameTail(rest)
        guard extent.frameSize <= rest.count else {
            throw JBCDError(.truncated, "A frame of \(extent.contentSize) octets does not begin.")
        }
        try checkEnds(UnsafeRawBufferPointer(rebasing: rest[(end - extent.frameSize)...]), extent)
        return extent
    }

    /// The end of a frame must be the exact mirror of its beginning, also in how the length is written.
    private static func checkEnds(_ frame: UnsafeRawBufferPointer, _ extent: Extent) throws(JBCDError) {
        for place in 0..<extent.headSize where frame[place] != frame[frame.count - 1 - place] {
            throw JBCDError(.endsDiffer, "The end of a frame is not the mirror of its beginning.")
        }
    }

    /// Where the contents of the records lie that fill `content`, the content of a frame.
    ///
    /// - Parameter most: how many records are accepted; the list takes 16 octets for each.
    /// - Throws: ``JBCDError`` `truncated`, `unknownTag`, `tooLarge`.
    public static func records(
        in content: UnsafeRawBufferPointer, atMost most: Int = 1 << 16
    ) throws(JBCDError) -> [Range<Int>] {
        var ranges: [Range<Int>] = []
        ranges.reserveCapacity(3)
        var place = 0
        while place < content.count {
            guard ranges.count < most else { throw JBCDError(.tooLarge, "A frame has more than \(most) records.") }
            let extent = try head(UnsafeRawBufferPointer(rebasing: content[place...]), recordTag, step: 1)
            let start = place + extent.headSize
            guard extent.contentSize <= content.count - start else {
                throw JBCDError(.truncated, "A record of \(extent.contentSize) octets does not fit into its frame.")
            }
            ranges.append(start..<start + extent.contentSize)
            place = start + extent.contentSize
        }
        return ranges
    }
}

/// Why octets are no JBCD frame.
public struct JBCDError: MeshError, Equatable {
    /// The cases.
    public struct Code: Hashable, Sendable {
        /// The stable name.
        public let name: String
        /// The octets end too early.
        public static let truncated = Code(name: "jbcd-truncated")
        /// A tag that may not stand there.
        public static let unknownTag = Code(name: "jbcd-unknown-tag")
        /// A length beyond everything a file can have.
        public static let tooLarge = Code(name: "jbcd-too-large")
        /// The two ends of a frame differ.
        public static let endsDiffer = Code(name: "jbcd-ends-differ")
    }

    /// The case.
    public let code: Code
    public let message: String
    public var codeName: String { code.name }
    public var remedy: String? { nil }
    public var cause: (any Error)? { nil }

    /// An error that says `message`.
    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// Equal when the case is the same.
    public static func == (left: JBCDError, right: JBCDError) -> Bool { left.code == right.code }
}
