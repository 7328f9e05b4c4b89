import MeshEncoding
import Testing

@Suite struct JSONTests {
    static let valid: [(String, JSONValue)] = [
        ("null", .null), (" true ", .bool(true)), ("false", .bool(false)), ("0", .number("0")), ("-0", .number("-0")),
        ("1.50e+10", .number("1.50e+10")), ("12345678901234567890", .number("12345678901234567890")),
        ("\"\"", .string("")), ("\"a\\u0041\\n\\\"\\\\\\/\"", .string("aA\n\"\\/")),
        ("\"\\uD83D\\uDE00\"", .string("😀")),
        ("\"\\u0000\"", .string("\0")), ("\"é😀\"", .string("é😀")), ("[]", .array([])),
        ("[1,[2]]", .array([.number("1"), .array([.number("2")])])),
        ("{}", .object(JSONObject())),
        ("{\"b\":1,\"a\":{}}", .object(["b": .number("1"), "a": .object(JSONObject())])),
        ("{\"\":null}", .object(["": .null])),
    ]

    @Test(arguments: valid)
    func `A JSON text is read, and comes back as the same value`(text: String, value: JSONValue) throws {
        #expect(try JSONValue(parsing: text) == value)
        #expect(try JSONValue(parsing: value.compact) == value)
        #expect(try JSONValue(parsing: value.indented) == value)
    }

    static let hostile: [(String, JSONError.Code)] = [
        ("", .truncated), (" ", .truncated), ("{", .truncated), ("[", .truncated), ("\"", .truncated),
        ("\"\\", .truncated),
        ("\"\\u12", .truncated), ("{\"a\"", .truncated), ("{\"a\":", .truncated), ("{\"a\":1", .truncated),
        ("[1,", .truncated),
        ("tru", .truncated), ("-", .truncated), ("1.", .truncated), ("1e", .truncated), ("[1", .truncated),
        ("nul!", .syntax), ("TRUE", .syntax), ("+1", .syntax), (".5", .syntax), ("1.x", .syntax),
        ("0x10", .trailingData),
        ("01", .trailingData), ("1 2", .trailingData), ("{}x", .trailingData), ("[1,]", .syntax),
        ("{\"a\":1,}", .syntax),
        ("{a:1}", .syntax), ("{'a':1}", .syntax), ("{1:1}", .syntax), ("[1 2]", .syntax), ("{\"a\" 1}", .syntax),
        ("\"\n\"", .syntax), ("\"\u{1}\"", .syntax), ("\"\\x\"", .syntax), ("\"\\u12G4\"", .syntax), ("NaN", .syntax),
        ("Infinity", .syntax), ("// c\n1", .syntax), ("\u{FEFF}1", .syntax), ("\0", .syntax), ("1\0", .trailingData),
        ("\"\\uD800\"", .invalidText), ("\"\\uDC00\"", .invalidText), ("\"\\uD800\\u0041\"", .invalidText),
        ("\"\\uD800x\"", .invalidText), ("{\"a\":1,\"a\":1}", .duplicateName),
        ("{\"a\":1,\"\\u0061\":1}", .duplicateName),
    ]

    @Test(arguments: hostile)
    func `What is no JSON text is refused, with the case and the place`(text: String, code: JSONError.Code) throws {
        let error = #expect(throws: JSONError.self) { try JSONValue(parsing: text) }
        #expect(error?.code == code)
        #expect((0...text.utf8.count).contains(error?.offset ?? -1))
    }

    @Test(
        arguments: [
            [0x22, 0xFF, 0x22], [0x22, 0xC0, 0x80, 0x22], [0x22, 0xED, 0xA0, 0x80, 0x22], [0x22, 0xE2, 0x82, 0x22],
            [0x22, 0xF4, 0x90, 0x80, 0x80, 0x22], [0x22, 0x5C, 0x6E, 0xFF, 0x22],
        ] as [[UInt8]])
    func `A text that is not UTF-8 is refused`(octets: [UInt8]) {
        #expect(throws: JSONError(.invalidText, "")) { try JSONValue(parsing: octets) }
    }

    @Test func `Nesting is read to the limit and no further, however deep it goes`() throws {
        for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
            func text(_ depth: Int) -> String {
                String(repeating: open, count: depth) + "1" + String(repeating: close, count: depth)
            }
            #expect(try JSONValue(parsing: text(JSONValue.maximumDepth)).compact.count > 64)
            for depth in [JSONValue.maximumDepth + 1, 1_000_000] {
                #expect(throws: JSONError(.tooDeep, "")) { try JSONValue(parsing: text(depth)) }
            }
        }
    }

    @Test func `Every cut of a text is refused`() {
        let whole = Array("{\"a\":[1,true,null,\"x\\u0041\\n\"],\"b\":{\"c\":-1.5e3}}".utf8)
        for count in 0..<whole.count {
            #expect(throws: JSONError.self) { try JSONValue(parsing: Array(whole[..<count])) }
        }
    }

    @Test func `Changed octets never trap, and what is read writes back to the same value`() throws {
        let whole = Array("{\"a\":[1,true,null,\"x\\u0041\\n é\"],\"b\":{\"c\":-1.5e3}}".utf8)
        for place in whole.indices {
            for octet in UInt8.min...UInt8.max {
                var octets = whole
                octets[place] = octet
                guard let value = try? JSONValue(parsing: octets) else { continue }
                #expect(try JSONValue(parsing: value.compact) == value)
            }
        }
    }

    @Test func `Members keep their order through changes, small and large`() throws {
        for count in [5, 5_000] {
            var object = JSONObject()
            for number in 0..<count { object["n\(number)"] = .integer(number) }
            for number in stride(from: 0, to: count, by: 2) { object["n\(number)"] = nil }
            object["n1"] = .string("changed")
            object["new"] = .null
            #expect(object.count == count / 2 + 1)
            #expect(object.names == (0..<count).filter { $0 % 2 == 1 }.map { "n\($0)" } + ["new"])
            #expect(object["n1"] == .string("changed"))
            #expect(object["n0"] == nil)
            #expect(object["n3"] == .integer(3))
        }
    }

    @Test func `An object is changed in place, and put back when the change throws`() {
        struct Stop: Error {}
        var object: JSONObject = ["a": .object(["b": .integer(1)]), "c": .null]
        #expect(object.modifyObject("a") { $0["b"] = .integer(2) } != nil)
        #expect(object["a"]?["b"] == .integer(2))
        #expect(throws: Stop.self) { try object.modifyObject("a") { _ in throw Stop() } }
        #expect(object["a"]?["b"] == .integer(2))
        #expect(object.modifyObject("c") { _ in } == nil)
        #expect(object.modifyObject("d") { _ in } == nil)
        #expect(object.modifyObject("d", create: true) { $0["x"] = .null } != nil)
        #expect(object.names == ["a", "c", "d"])
    }

    @Test func `The text for people has one member a line`() {
        let value = JSONValue.object(["a": .array([.integer(1)]), "b": .object(JSONObject()), "c": .array([])])
        #expect(
            String(decoding: value.indented, as: UTF8.self)
                == "{\n  \"a\": [\n    1\n  ],\n  \"b\": {},\n  \"c\": []\n}\n")
        #expect(String(decoding: value.compact, as: UTF8.self) == "{\"a\":[1],\"b\":{},\"c\":[]}")
    }

    @Test func `A binary item is base64url in JSON, and equals only a binary item`() {
        let value = JSONValue.object(["a": .binary([0xFB, 0xFF]), "b": .binary([])])
        #expect(String(decoding: value.compact, as: UTF8.self) == "{\"a\":\"-_8\",\"b\":\"\"}")
        #expect(JSONValue.binary([0xFB, 0xFF]) != .string("-_8"))
        #expect(JSONValue.binary([1]) == .binary([1]))
    }

    @Test func `A binary member is read from either form`() {
        #expect(JSONValue.binary([0xFB, 0xFF]).binary == [0xFB, 0xFF])
        #expect(JSONValue.string("-_\n  8").binary == [0xFB, 0xFF])
        #expect(JSONValue.string("+/8=").binary == [0xFB, 0xFF])
        #expect(JSONValue.string("?").binary == nil)
        #expect(JSONValue.number("1").binary == nil)
    }

    @Test func `Doubles are written as the shortest text, and null where JSON has none`() {
        let doubles = JSONValue.array([0.1, -0.0, .leastNonzeroMagnitude, .infinity, .nan].map { .real(JSONReal($0)) })
        #expect(String(decoding: doubles.compact, as: UTF8.self) == "[0.1,-0.0,5e-324,null,null]")
        #expect(JSONValue.real(JSONReal(-1.5)).double == -1.5)
        #expect(JSONValue.number("-1.5e2").double == -150)
        #expect(JSONReal(.decimal64, octets: [1, 2, 3, 4, 5, 6, 7, 8])?.double == nil)
        #expect(JSONReal(.decimal64, octets: [1, 2, 3]) == nil)
    }

    @Test func `Control characters are escaped, and nothing else that need not be`() {
        let text = String(decoding: JSONValue.string("\u{0}\u{1F}\u{7F}/\"\\\n\u{2028}é").compact, as: UTF8.self)
        #expect(text == "\"\\u0000\\u001f\u{7F}/\\\"\\\\\\n\u{2028}é\"")
    }
}

@Suite struct Base64URLTests {
    static let pairs: [([UInt8], String)] = [
        ([], ""), ([0], "AA"), ([0xFB, 0xFF], "-_8"), (Array("foobar".utf8), "Zm9vYmFy"), ([0xFF, 0xFF, 0xFF], "____"),
    ]

    @Test(arguments: pairs)
    func `Octets and their text`(octets: [UInt8], text: String) {
        #expect(Base64URL.encode(octets) == text)
        #expect(Base64URL.decode(text) == octets)
    }

    @Test(arguments: ["A", "AAAAA", "AB", "AA=", "AA==", "A A", "AA\n", "+/8", "A!", "é", "AA\0"])
    func `Anything but the one canonical text is refused`(text: String) {
        #expect(Base64URL.decode(text) == nil)
    }

    @Test func `The tolerant reader takes what old files have`() {
        #expect(Base64URL.decode("Zm9v\r\n YmFy\n", isTolerant: true) == Array("foobar".utf8))
        #expect(Base64URL.decode("+/8=", isTolerant: true) == [0xFB, 0xFF])
        #expect(Base64URL.decode("AA=A", isTolerant: true) == nil)
        #expect(Base64URL.decode("A", isTolerant: true) == nil)
    }

    @Test func `Every length comes back`() {
        for count in 0...100 {
            let octets = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 37) }
            #expect(Base64URL.decode(Base64URL.encode(octets)) == octets)
        }
    }
}
