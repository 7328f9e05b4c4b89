import MeshEncoding
import Testing

@Suite struct FrameTests {
    private static func forward(_ octets: [UInt8], at start: Int = 0) throws -> JBCDFrame.Extent {
        try octets.withUnsafeBytes { try JBCDFrame.frame(at: start, in: $0) }
    }

    private static func backward(_ octets: [UInt8]) throws -> JBCDFrame.Extent {
        try octets.withUnsafeBytes { try JBCDFrame.frame(endingAt: $0.count, in: $0) }
    }

    private static func records(_ octets: [UInt8], atMost most: Int = 1 << 16) throws -> [[UInt8]] {
        try octets.withUnsafeBytes { try JBCDFrame.records(in: $0, atMost: most) }.map { Array(octets[$0]) }
    }

    /// The sizes around which the form of a length changes.
    @Test(arguments: [0, 1, 250, 251, 252, 253, 254, 255, 256, 257, 65_529, 65_530, 65_531, 65_535, 65_536, 70_000])
    func `A frame is read from both ends, and holds its records`(size: Int) throws {
        let records = [[UInt8](repeating: 7, count: size), [], [1, 2]]
        let frame = JBCDFrame.encode(records)
        let extent = try Self.forward(frame)
        #expect(try Self.backward(frame) == extent)
        #expect(extent.frameSize == frame.count)
        #expect(extent == JBCDFrame.Extent(contentSize: extent.contentSize))
        #expect(extent.contentSize == records.reduce(0) { $0 + JBCDFrame.recordSize($1.count) })
        #expect(try Self.records(Array(frame[extent.headSize...].prefix(extent.contentSize))) == records)
        #expect(frame.prefix(extent.headSize).elementsEqual(frame.reversed().prefix(extent.headSize)))
    }

    @Test func `The example of the draft`() {
        var octets: [UInt8] = []
        JBCDFrame.appendFrameHead(0x173, to: &octets)
        JBCDFrame.appendFrameTail(0x173, to: &octets)
        #expect(octets == [0xF5, 0x01, 0x73, 0x73, 0x01, 0xF5])
    }

    @Test func `Any form of a length is read, and the end must have the same`() throws {
        for frame in [
            "f40161f4", "f5000161 0100f5", "f600000001 61 01000000f6", "f70000000000000001 61 0100000000000000f7",
        ] {
            let octets = frame == "f40161f4" ? Documents.hex("f401 61 01f4") : Documents.hex(frame)
            #expect(try Self.forward(octets).contentSize == 1)
            #expect(try Self.backward(octets).contentSize == 1)
        }
        let mixed = Documents.hex("f500016101f4")
        #expect(throws: JBCDError.self) { try Self.forward(mixed) }
        #expect(throws: JBCDError.self) { try Self.backward(mixed) }
    }

    @Test func `Every cut and every changed bit of what frames a content is refused from both ends`() throws {
        let frame = JBCDFrame.encode([[UInt8](repeating: 0, count: 300)])
        for count in 0..<frame.count {
            #expect(throws: JBCDError.self) { try Self.forward(Array(frame[..<count])) }
            #expect(throws: JBCDError.self) { try Self.backward(Array(frame[(frame.count - count)...])) }
        }
        for place in [0, 1, 2, frame.count - 3, frame.count - 2, frame.count - 1] {
            for bit in 0..<8 {
                var changed = frame
                changed[place] ^= 1 << UInt8(bit)
                #expect(throws: JBCDError.self) { try Self.forward(changed) }
                #expect(throws: JBCDError.self) { try Self.backward(changed) }
            }
        }
    }

    @Test func `Lengths beyond everything are refused, and nothing overflows`() {
        for length in [
            "8000000000000000", "7fffffffffffffff", "ffffffffffffffff", "2000000000000000", "00000000ffffffff",
        ] {
            for head in ["f7", "f3"] {
                let octets = Documents.hex(head + length)
                #expect(throws: JBCDError.self) { try Self.forward(octets) }
                #expect(throws: JBCDError.self) { try Self.backward(octets.reversed()) }
                #expect(throws: JBCDError.self) { try Self.records(octets) }
            }
        }
    }

    @Test func `Other tags than those of frames and records are refused where these must be`() {
        for tag in UInt8.min...UInt8.max {
            let octets = [tag, 0, 0, tag]
            if tag != 0xF4 { #expect(throws: JBCDError.self, "\(tag)") { try Self.forward(octets) } }
            if tag != 0xF0 { #expect(throws: JBCDError.self, "\(tag)") { try Self.records([tag, 0]) } }
        }
        #expect(throws: JBCDError.self) { try Self.forward([0xF4, 0, 0, 0xF4], at: 5) }
    }

    @Test func `A frame of countless records is refused before it takes memory`() throws {
        let content = [UInt8]((0..<200_000).map { $0 % 2 == 0 ? 0xF0 : 0 })
        #expect(throws: JBCDError(.tooLarge, "")) { try Self.records(content) }
        #expect(try Self.records(content, atMost: .max).count == 100_000)
    }
}
