import MeshEncoding
import Testing

@Suite struct ReaderTests {
    /// The tree of what the tokens of `reader` say; nil at the end.
    private static func tree(_ reader: JSONReader) throws -> JSONValue? {
        switch try reader.next() {
        case .beginObject:
            var object = JSONObject()
            while case .name(let name)? = try reader.next() {
                let value = try tree(reader)
                let member: JSONValue = try #require(value)
                object[name] = member
            }
            return .object(object)
        case .beginArray:
            var elements: [JSONValue] = []
            while try reader.peek() != .end {
                let element = try tree(reader)
                elements.append(try #require(element))
            }
            #expect(try reader.next() == .end)
            return .array(elements)
        case .value(let value): return value
        case .name, .end, nil: return nil
        }
    }

    @Test(arguments: Documents.all)
    func `Cut anywhere, a document is the same, as tokens and as a tree`(octets: [UInt8]) throws {
        let value = try JSONValue(decoding: octets)
        for cut in 0...octets.count {
            let reader = JSONReader(source: Documents.source(octets, cutAt: cut))
            #expect(try Self.tree(reader) == value)
            try reader.finish()
            #expect(try JSONReader(source: Documents.source(octets, cutAt: cut)).readValue() == value)
        }
        for size in 1...9 {
            #expect(try Self.tree(JSONReader(source: Documents.source(octets, size: size))) == value)
            let reader = JSONReader(source: Documents.source(octets, size: size))
            try reader.skipValue()
            try reader.finish()
            #expect(reader.offset == octets.count)
        }
    }

    @Test(arguments: Documents.all)
    func `Cut short, a document is refused, and never trapped on`(octets: [UInt8]) throws {
        for count in 0..<octets.count {
            let short = Array(octets[..<count])
            let whole = try? JSONValue(decoding: short)
            // Only what is at the end of a number or of white space may be missing.
            if let whole { #expect(try JSONValue(decoding: whole.encoded(JSONWritingOptions(.jsonD))) == whole) }
            let reader = JSONReader(source: Documents.source(short, size: 3))
            #expect((try? reader.readValue()) == whole || whole == nil)
        }
    }

    @Test(arguments: Documents.all)
    func `With any bit changed, whole and in pieces are read alike, and never trapped on`(octets: [UInt8]) throws {
        for bit in 0..<octets.count * 8 {
            var changed = octets
            changed[bit / 8] ^= 1 << UInt8(bit % 8)
            let whole = try? JSONValue(decoding: changed)
            let reader = JSONReader(source: Documents.source(changed, size: 2))
            let pieces = try? { () throws -> JSONValue? in
                let value = try Self.tree(reader)
                try reader.finish()
                return value
            }()
            #expect(whole == pieces, "bit \(bit)")
            if let whole { #expect(try JSONValue(decoding: whole.encoded(JSONWritingOptions(.jsonD))) == whole) }
        }
    }

    @Test func `Values in a row share their codes`() throws {
        let octets = Documents.hex("c820800548656c6c6f c42188 01 41 7b c020 c021 7d 20 c10020 5b5d31 20 32")
        let values: [JSONValue] = ["Hello", ["Hello": .binary([0x41])], "Hello", [], 1, 2]
        #expect(try JSONValue.values(decoding: octets) == values)
        for size in 1...5 {
            let reader = JSONReader(source: Documents.source(octets, size: size))
            for value in values { #expect(try reader.readValue() == value) }
            #expect(try reader.next() == nil)
            #expect(try reader.next() == nil)
        }
    }

    static let octetForms: [([UInt8], [UInt8])] = [
        (Array("\"-_8\"".utf8), [0xFB, 0xFF]), (Array("\"+/8=\"".utf8), [0xFB, 0xFF]), (Array("\"\"".utf8), []),
        (Array("\"Zm9\n  vYm\\nFy\"".utf8), Array("foobar".utf8)),
        (Documents.hex("8803414243"), [0x41, 0x42, 0x43]), (Documents.hex("8c014188 0142"), [0x41, 0x42]),
        (Documents.hex("8800"), []), (Documents.hex("8c008800"), []), (Documents.hex("80042d5f38 3d"), [0xFB, 0xFF]),
        (Documents.hex("84022d5f 800138"), [0xFB, 0xFF]), (Documents.hex("c80088024142"), [0x41, 0x42]),
    ]

    @Test(arguments: octetForms)
    func `Octets come in pieces, from every form that they may have`(form: [UInt8], octets: [UInt8]) throws {
        let document = [0x5B, 0x7B, 0x7D, 0x2C] + form + [0x2C, 0x7B, 0x7D, 0x5D] as [UInt8]
        for size in 1...document.count {
            let reader = JSONReader(source: Documents.source(document, size: size))
            #expect(try reader.next() == .beginArray)
            #expect(try reader.readValue() == [:])
            try reader.beginOctets()
            var read: [UInt8] = []
            while let piece = try reader.nextOctets() {
                #expect(!piece.isEmpty)
                read += piece
            }
            #expect(read == octets)
            #expect(try reader.nextOctets() == nil)
            #expect(try reader.readValue() == [:])
            #expect(try reader.next() == .end)
            try reader.finish()
        }
    }

    @Test(arguments: ["\"A\"", "\"A!==\"", "\"AA=A\"", "\"é\"", "1", "{}", "null", "\"AAAA", "]"])
    func `What is no base64url is refused, whenever that shows`(text: String) {
        for size in 1...4 {
            #expect(throws: JSONError.self) {
                let reader = JSONReader(source: Documents.source(Array("[\(text)".utf8), size: size))
                _ = try reader.next()
                try reader.beginOctets()
                while try reader.nextOctets() != nil {}
                while try reader.next() != nil {}
            }
        }
    }

    @Test(arguments: [Array("\"é\\n€\\uD83D\\uDE00x\"".utf8), Documents.hex("8402c3a98403 0ae282 8006 acf09f988078")])
    func `A text comes in pieces that cut no character`(document: [UInt8]) throws {
        for size in 1...document.count {
            let reader = JSONReader(source: Documents.source(document, size: size))
            try reader.beginText()
            var text = ""
            while let piece = try reader.nextText() { text += piece }
            #expect(text == "é\n€😀x")
            try reader.finish()
        }
    }

    @Test(arguments: ["22ff22", "22c3", "22c322", "8001ff", "8401e2800182", "8001c3"])
    func `A text in pieces that is not UTF-8 is refused`(hex: String) {
        for size in 1...3 {
            #expect(throws: JSONError.self) {
                let reader = JSONReader(source: Documents.source(Documents.hex(hex), size: size))
                try reader.beginText()
                while try reader.nextText() != nil {}
            }
        }
    }

    @Test func `What the source throws is what the reader throws`() throws {
        struct Failure: Error {}
        var pieces: [[UInt8]] = [Array("[1,\"a".utf8)]
        let reader = JSONReader {
            guard !pieces.isEmpty else { throw Failure() }
            return pieces.removeFirst()
        }
        #expect(try reader.next() == .beginArray)
        #expect(try reader.next() == .value(1))
        #expect(throws: Failure.self) { try reader.next() }
    }

    @Test func `Calls that do not fit what comes are refused`() throws {
        let reader = JSONReader(Array("[{\"a\":1}]".utf8))
        #expect(throws: JSONError(.unexpectedValue, "")) { try reader.beginText() }
        _ = try reader.next()
        #expect(try reader.peek() == .object)
        _ = try reader.next()
        #expect(throws: JSONError(.unexpectedValue, "")) { try reader.readValue() }
        #expect(try reader.next() == .name("a"))
        #expect(throws: JSONError(.unexpectedValue, "")) { try reader.beginOctets() }
        #expect(try reader.readValue() == 1)
        #expect(throws: JSONError(.trailingData, "")) { try reader.finish() }
        #expect(try reader.next() == .end)
        #expect(reader.depth == 1)
        #expect(throws: JSONError(.unexpectedValue, "")) { try reader.readValue() }
        #expect(try reader.next() == .end)
        #expect(throws: JSONError(.truncated, "")) { try reader.readValue() }
    }

    @Test func `A second member of one name is refused in tokens, too`() throws {
        let reader = JSONReader(Array("[{\"a\":1},{\"a\":1,\"b\":2,\"a\":3}]".utf8))
        #expect(throws: JSONError(.duplicateName, "")) { while try reader.next() != nil {} }
    }

    /// As much as the reader has taken from the source and not handed out is what it keeps in memory.
    @Test(arguments: [JSONEncoding.json, .jsonB], [true, false])
    func `A body of any size passes through, and little of it is kept`(encoding: JSONEncoding, isCounted: Bool) throws {
        let count = 3 << 20
        let piece = [UInt8](repeating: 0x5A, count: 48_000)
        var written: [[UInt8]] = []
        var largest = 0
        let writer = JSONWriter(JSONWritingOptions(encoding)) {
            written.append($0)
            largest = max(largest, $0.count)
        }
        try writer.beginArray()
        try writer.write(["dig": "S512"])
        try writer.beginBinary(count: isCounted ? count : nil)
        for start in stride(from: 0, to: count, by: piece.count) {
            try writer.writeBinary(Array(piece.prefix(count - start)))
        }
        try writer.endBinary()
        try writer.write([:])
        try writer.end()
        try writer.finish()
        #expect(largest < 200_000)

        var given = 0
        var next = 0
        let reader = JSONReader {
            guard next < written.count else { return [] }
            defer { next += 1 }
            given += written[next].count
            return written[next]
        }
        #expect(try reader.next() == .beginArray)
        #expect(try reader.readValue() == ["dig": "S512"])
        try reader.beginOctets()
        var read = 0
        while let octets = try reader.nextOctets() {
            #expect(octets.count <= 64 << 10)
            #expect(octets == Array(repeatElement(0x5A, count: octets.count)))
            read += octets.count
            #expect(given - reader.offset < 400_000)
        }
        #expect(read == count)
        #expect(try reader.readValue() == [:])
        #expect(try reader.next() == .end)
        try reader.finish()
    }
}
