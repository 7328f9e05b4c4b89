import MeshEncoding
import Testing

@Suite struct WriterTests {
    private static func written(
        _ options: JSONWritingOptions, _ body: (JSONWriter) throws -> Void
    ) throws -> [UInt8] {
        var octets: [UInt8] = []
        let writer = JSONWriter(options) { octets += $0 }
        try body(writer)
        try writer.finish()
        return octets
    }

    private static func write(_ value: JSONValue, to writer: JSONWriter) throws {
        switch value {
        case .object(let object):
            try writer.beginObject()
            for (name, value) in object.members {
                try writer.name(name)
                try write(value, to: writer)
            }
            try writer.end()
        case .array(let elements):
            try writer.beginArray()
            for element in elements { try write(element, to: writer) }
            try writer.end()
        default: try writer.write(value)
        }
    }

    @Test(arguments: Documents.all, [JSONWritingOptions.NameTag.text, .name])
    func `Item by item comes out as whole values do`(octets: [UInt8], tag: JSONWritingOptions.NameTag) throws {
        let value = try JSONValue(decoding: octets)
        for encoding in JSONEncoding.allCases {
            let options = JSONWritingOptions(encoding, nameTag: tag, definesNames: false)
            guard let whole = try? value.encoded(options) else { continue }
            #expect(try Self.written(options) { try Self.write(value, to: $0) } == whole)
            if encoding > .json { #expect(try JSONValue(decoding: whole) == value) }
        }
        let coded = try Self.written(JSONWritingOptions(.jsonD)) { try Self.write(value, to: $0) }
        #expect(try JSONValue(decoding: coded) == value)
    }

    @Test func `Names that come again are codes in JSON-C, and only they`() throws {
        let value: JSONValue = [["Name": 1, "Once": 2, "x": 3], ["Name": 4, "x": 5]]
        #expect(
            try value.encoded(JSONWritingOptions(.jsonC))
                == Documents.hex("5b7b c80080044e616d65a001 80044f6e6365a002 800178a003 7d7b c000a004 800178a005 7d5d"))
        let dictionary = try #require(JSONDictionary(identifier: [7], items: ["Name", .binary([1, 2, 3]), "v"]))
        let coded = try JSONValue.object(["Name": "v", "b": .binary([1, 2, 3])])
            .encoded(JSONWritingOptions(.jsonC, dictionary: dictionary))
        #expect(coded == Documents.hex("d0000000000107 7b c000c002 800162c001 7d"))
        #expect(
            try JSONValue(decoding: coded, options: JSONReadingOptions(dictionaries: [dictionary]))
                == ["Name": "v", "b": .binary([1, 2, 3])])
        #expect(throws: JSONError(.unknownDictionary, "")) { try JSONValue(decoding: coded) }
    }

    @Test func `Names are sorted when asked for`() throws {
        let value: JSONValue = ["b": ["z": 1, "é": 2, "a": 3], "a": 0]
        #expect(
            String(decoding: try value.encoded(JSONWritingOptions(sortsNames: true)), as: UTF8.self)
                == "{\"a\":0,\"b\":{\"a\":3,\"z\":1,\"é\":2}}")
    }

    @Test func `Whole numbers are written in their shortest form`() throws {
        let forms: [(String, String)] = [
            ("0", "a000"), ("-0", "2d30"), ("255", "a0ff"), ("256", "a10100"), ("65535", "a1ffff"),
            ("65536", "a200010000"), ("4294967295", "a2ffffffff"), ("4294967296", "a30000000100000000"),
            ("9223372036854775808", "a38000000000000000"), ("18446744073709551615", "a3ffffffffffffffff"),
            ("18446744073709551616", "a70009010000000000000000"), ("-1", "a801"), ("-256", "a90100"),
            ("-9223372036854775808", "ab8000000000000000"), ("-9223372036854775809", "ab8000000000000001"),
            ("-18446744073709551616", "af0009010000000000000000"),
        ]
        for (text, hex) in forms {
            #expect(try JSONValue.number(text).encoded(JSONWritingOptions(.jsonB)) == Documents.hex(hex), "\(text)")
            let back = try JSONValue(decoding: Documents.hex(hex))
            #expect(back == .number(text))
        }
        #expect(
            try JSONValue.array([1, .number("1.5"), 2, .number("1e3")]).encoded(JSONWritingOptions(.jsonB))
                == [0x5B, 0xA0, 1] + Array("1.5,".utf8) + [0xA0, 2] + Array("1e3]".utf8))
    }

    @Test func `A number without a form is refused`() throws {
        let decimal = JSONValue.real(try #require(JSONReal(.decimal32, octets: [1, 2, 3, 4])))
        for encoding in [JSONEncoding.json, .jsonB, .jsonC] {
            #expect(throws: JSONError(.notEncodable, "")) { try decimal.encoded(JSONWritingOptions(encoding)) }
        }
        #expect(throws: JSONError(.notEncodable, "")) {
            try JSONValue.real(JSONReal(.nan)).encoded(JSONWritingOptions())
        }
        #expect(throws: JSONError(.notEncodable, "")) {
            try JSONWriter { _ in }.write(.real(JSONReal(.infinity)))
        }
        #expect(try JSONValue.real(JSONReal(.infinity)).encoded(JSONWritingOptions(.jsonB)).first == 0x92)
    }

    @Test(arguments: [JSONEncoding.json, .jsonB, .jsonC], [0, 1, 2, 3, 5, 4096, 100_000])
    func `An envelope is streamed in and out`(encoding: JSONEncoding, count: Int) throws {
        let body = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        for (step, counted) in [(1, true), (7, false), (5000, true), (5000, false)] where step > 1 || count < 10 {
            let octets = try Self.written(JSONWritingOptions(encoding)) { writer in
                try writer.beginArray()
                try writer.write(["dig": "S512"])
                try writer.beginBinary(count: counted ? count : nil)
                for start in stride(from: 0, to: count, by: step) {
                    try writer.writeBinary(Array(body[start..<min(start + step, count)]))
                }
                try writer.endBinary()
                try writer.write([:])
                try writer.end()
            }
            let tree = try JSONValue(decoding: octets)
            #expect(tree.array?.count == 3)
            #expect(tree.array?[1].binary == body)
            #expect(
                tree
                    == .array([
                        ["dig": "S512"], encoding == .json ? .string(Base64URL.encode(body)) : .binary(body), [:],
                    ]))
        }
    }

    @Test func `A binary item must have as many octets as were announced`() throws {
        let writer = JSONWriter(JSONWritingOptions(.jsonB)) { _ in }
        try writer.beginBinary(count: 3)
        try writer.writeBinary([1, 2])
        #expect(throws: JSONError(.notEncodable, "")) { try writer.endBinary() }
        #expect(throws: JSONError(.notEncodable, "")) { try writer.writeBinary([3, 4]) }
        try writer.writeBinary([3])
        try writer.endBinary()
        try writer.finish()
    }

    @Test func `What the sink throws comes through`() {
        struct Full: Error {}
        let writer = JSONWriter { _ in throw Full() }
        #expect(throws: Full.self) {
            try writer.write("x")
            try writer.finish()
        }
    }

    @Test func `Values in a row are told apart`() throws {
        for encoding in JSONEncoding.allCases {
            let values: [JSONValue] = [1, 2, "a", "b", [:], [:], .number("1.5"), .null, .null, .number("1.5")]
            let octets = try Self.written(JSONWritingOptions(encoding)) { writer in
                for value in values { try writer.write(value) }
            }
            #expect(try JSONValue.values(decoding: octets) == values)
        }
    }
}
