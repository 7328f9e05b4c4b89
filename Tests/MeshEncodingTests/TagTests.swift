import MeshEncoding
import Testing

/// The rules of the encodings that the published vectors do not show.
@Suite struct TagTests {
    private static func code(_ hex: String, _ options: JSONReadingOptions = JSONReadingOptions()) -> JSONError.Code? {
        do throws(JSONError) {
            _ = try JSONValue(decoding: Documents.hex(hex), options: options)
            return nil
        } catch {
            return error.code
        }
    }

    @Test func `Each tag belongs to an encoding, and none that is not assigned is read`() {
        let forms: [(String, JSONEncoding)] = [
            ("8000", .jsonB), ("840080 00", .jsonB), ("8800", .jsonB), ("8c008800", .jsonB),
            ("920000000000000000", .jsonB),
            ("a000", .jsonB), ("a800", .jsonB), ("a70000", .jsonB), ("af0000", .jsonB), ("b0", .jsonB), ("b1", .jsonB),
            ("b2", .jsonB), ("7bb400b07d", .jsonB), ("7b8000b07d", .jsonB), ("c8008000", .jsonC),
            ("c400800022 22", .jsonC),
            ("c4008000c000", .jsonC), ("900000", .jsonD), ("9100000000", .jsonD), ("9600000000", .jsonD),
        ]
        for (hex, least) in forms {
            for encoding in JSONEncoding.allCases {
                let code = Self.code(hex, JSONReadingOptions(encoding: encoding))
                #expect((code == nil) == (encoding >= least), "\(hex) as \(encoding): \(String(describing: code))")
            }
        }
        let filler = String(repeating: "00", count: 40)
        let unassigned: [ClosedRange<UInt8>] = [
            0x93...0x93, 0x99...0x9F, 0xA5...0xA6, 0xAD...0xAE, 0xB3...0xBF, 0xC3...0xC3, 0xC7...0xC7, 0xCB...0xCF,
            0xD1...0xFF,
        ]
        for tag in unassigned.joined() {
            #expect(Self.code(String(tag, radix: 16) + filler) == .unknownTag, "\(tag)")
        }
    }

    @Test func `Commas: needed after text, free after tags, objects and arrays; none too many`() {
        let good = [
            "5ba0012ca0025d", "5ba001a0025d", "5b312ca0025d", "5ba00131 5d", "5b7b7d7b7d5d", "5b5b5d5b5d5d",
            "5b7b7da0015d", "7b2261223aa001226222 3ab07d", "7b2261223aa0012c226222 3ab07d",
            "7b 800161 20 3a 20 31 2c b40162 3a b0 7d",
            "5b a001 20 0a 2c 20 31 5d",
        ]
        for hex in good { #expect(Self.code(hex) == nil, "\(hex)") }
        let bad = [
            "5b31a0025d", "5b22 22 8000 5d", "5b74727565 b0 5d", "5ba0012c5d", "5b2ca0015d", "5ba0012c2ca0015d",
            "7b800161 31 800162 32 7d", "7b2261 22a0017d", "7b8001613a3ab07d", "7bb07d", "7b8001617d",
            "7b800161a0012c7d",
        ]
        for hex in bad { #expect(Self.code(hex) == .syntax || Self.code(hex) == .unknownTag, "\(hex)") }
    }

    @Test func `In JSON alone each comma is needed`() {
        for text in ["[{}{}]", "[[] []]", "{\"a\":{}\"b\":1}"] {
            #expect(throws: JSONError(.syntax, "")) { try JSONValue(parsing: text) }
        }
    }

    @Test func `One name in several forms is still one name`() {
        for hex in [
            "7b 226122 3a31 2c 800161b0 7d", "7b b40161b0 800161b0 7d", "7b c800800161b0 c000b0 7d",
            "7b 8400800161b0 b5000161b0 7d",
        ] {
            #expect(Self.code(hex) == .duplicateName, "\(hex)")
        }
    }

    @Test func `Codes: defined before use, the last definition counts, never octets for a name`() throws {
        #expect(Self.code("5b c000 c8008000 5d") == .undefinedCode)
        #expect(
            try JSONValue(decoding: Documents.hex("5b c800800161 c800800162 c000 c10000 5d")) == ["a", "b", "b", "b"])
        #expect(Self.code("7b c80088 0161 b0 7d") == .undefinedCode)
        #expect(Self.code("c400b0 31") == .syntax)
        #expect(Self.code("c400c000 31") == .syntax)
        #expect(Self.code("5b c400800161 5d") != nil)
        #expect(Self.code("7b c400800161 7d") != nil)
        #expect(
            try JSONValue(decoding: Documents.hex("7b c400226122 c000 c401 88 01 ff c001 7d")) == ["a": .binary([0xFF])]
        )
        #expect(Self.code("31 c400800161") == .trailingData)
        for tag in ["cc00", "cd0000", "ce00000000"] { #expect(Self.code(tag + "31") == .unknownTag) }
    }

    @Test func `Dictionaries are inserted at their offset, and definitions may change their codes`() throws {
        let dictionary = try #require(JSONDictionary(identifier: [1, 2], items: ["x", .binary([9])]))
        let options = JSONReadingOptions(dictionaries: [dictionary])
        func read(_ hex: String) throws -> JSONValue { try JSONValue(decoding: Documents.hex(hex), options: options) }
        #expect(try read("d0 00000100 02 0102 5b c10100 c10101 5d") == ["x", .binary([9])])
        #expect(try read("d0 00000000 02 0102 5b c000 c800800179 c000 5d") == ["x", "y", "y"])
        #expect(try read("5b c800800179 d0 00000000 02 0102 c000 5d") == ["y", "x"])
        #expect(try read("d0 ffffffff 02 0102 c2ffffffff") == "x")
        #expect(Self.code("d0 00000100 02 0102 5b c10102 5d", options) == .undefinedCode)
        #expect(Self.code("d0 00000100 02 0103 31", options) == .unknownDictionary)
        #expect(Self.code("d0 00000100 02 01", options) == .truncated)
        #expect(Self.code(String(repeating: "d0 00000000 02 0102", count: 65) + "31", options) == .tooLarge)
        #expect(JSONDictionary(identifier: [], items: [1]) == nil)
        #expect(JSONDictionary(identifier: [UInt8](repeating: 0, count: 256), items: []) == nil)
    }

    @Test func `Claimed lengths are checked before anything is reserved`() {
        for tag in ["83", "87", "8b", "8f", "7bb7"] {
            for length in ["8000000000000000", "7fffffffffffffff", "ffffffffffffffff", "0000000000000001"] {
                #expect(Self.code(tag + length) == .truncated, "\(tag)\(length)")
                let reader = JSONReader(source: Documents.source(Documents.hex(tag + length), size: 3))
                #expect(throws: JSONError(.truncated, "")) { try reader.readValue() }
            }
        }
        #expect(Self.code("a7ffff00") == .truncated)
        #expect(Self.code("9400") == .truncated)
    }

    @Test func `Nesting is read to 200 levels, whatever forms it takes, and no further`() throws {
        for (open, close) in [("5b", "5d"), ("7b800161", "7d"), ("7b2261223a", "7d"), ("5b c8008000 ", "5d")] {
            func hex(_ depth: Int) -> String {
                String(repeating: open, count: depth) + "b0" + String(repeating: close, count: depth)
            }
            #expect(Self.code(hex(200)) == nil)
            #expect(Self.code(hex(201)) == .tooDeep)
            #expect(Self.code(String(repeating: open, count: 20_000)) == .tooDeep)
            let reader = JSONReader(Documents.hex(hex(201)))
            #expect(throws: JSONError(.tooDeep, "")) { while try reader.next() != nil {} }
            #expect(throws: JSONError(.tooDeep, "")) { try JSONReader(Documents.hex(hex(201))).skipValue() }
        }
    }

    @Test func `What real files have is read, unless strictness is asked for`() throws {
        let files = ["\u{FEFF}{}", "\"a\nb\"", "\"a\u{1}\"", "[{}{}]"]
        for text in files {
            #expect(throws: Never.self) { try JSONValue(decoding: Array(text.utf8)) }
            #expect(throws: JSONError(.syntax, "")) { try JSONValue(decoding: Array(text.utf8), options: .strict) }
        }
        #expect(throws: JSONError(.unknownTag, "")) { try JSONValue(decoding: Array("[\u{FEFF}1]".utf8)) }
        #expect(throws: JSONError(.unknownTag, "")) { try JSONValue(decoding: [0xEF, 0xBB, 0x31]) }
    }

    @Test func `Long whole numbers are exact, and not read without end`() throws {
        let digits = "-" + String(repeating: "1234567890", count: 200)
        let octets = try JSONValue.number(digits).encoded(JSONWritingOptions(.jsonB))
        #expect(octets.first == 0xAF)
        #expect(try JSONValue(decoding: octets) == .number(digits))
        let long = [0xA7, 0xFF, 0xFF] + [UInt8](repeating: 0xFF, count: 65_535)
        #expect(throws: JSONError(.tooLarge, "")) {
            try JSONValue(decoding: [0x5B] + Array(repeatElement(long, count: 8).joined()) + [0x5D])
        }
    }

    @Test func `Small values in great number end in an error and not in all the memory`() throws {
        let little = JSONReadingOptions(memory: .octets(256 << 10))
        for (piece, close) in [("30 2c", "30 5d"), ("5b5d", "5d"), ("b2", "5d"), ("7b7d", "5d"), ("880100", "5d")] {
            let octets =
                [0x5B] + Array(repeatElement(Documents.hex(piece), count: 20_000).joined()) + Documents.hex(close)
            #expect(throws: JSONError(.tooLarge, "")) { try JSONValue(decoding: octets, options: little) }
            #expect(throws: JSONError(.tooLarge, "")) { try JSONReader(octets, options: little).readValue() }
            #expect(try JSONValue(decoding: octets).array?.count ?? 0 >= 20_000)
        }
        let row = [UInt8](repeating: 0xB2, count: 600_000)
        #expect(throws: JSONError(.tooLarge, "")) { try JSONValue.values(decoding: row) }
        #expect(throws: JSONError(.tooLarge, "")) { try JSONValue(decoding: [0x5B] + row + [0x5D]) }
        let all = JSONReadingOptions(memory: .unlimited)
        #expect(try JSONValue(decoding: [0x5B] + row + [0x5D], options: all).array?.count == row.count)
    }

    @Test func `The names of an object that is read in tokens take no more memory than they may`() {
        let members = (0..<5_000).map { "\"n\($0)\":1" }.joined(separator: ",")
        let objects = Array("[{\(members)},{\(members)}]".utf8)
        func read(_ limit: Int) throws {
            let reader = JSONReader(objects, options: JSONReadingOptions(memory: .octets(limit)))
            while try reader.next() != nil {}
        }
        #expect(throws: JSONError(.tooLarge, "")) { try read(400_000) }
        // What one object took is free for the next.
        #expect(throws: Never.self) { try read(900_000) }
    }
}
