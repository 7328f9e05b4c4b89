import MeshEncoding
import Testing

@Suite struct HostileTests {
    private struct Failure: Error {}

    /// The octets, and then a failure.
    private static func failing(_ text: String) -> JSONReader {
        var octets: [UInt8]? = Array(text.utf8)
        return JSONReader {
            defer { octets = nil }
            guard let octets, !octets.isEmpty else { throw Failure() }
            return octets
        }
    }

    @Test func `A source that throws where the data could end is no end`() throws {
        #expect(throws: Failure.self) { try Self.failing("").next() }
        #expect(throws: Failure.self) { try Self.failing(" ").peek() }
        #expect(throws: Failure.self) { try Self.failing("").finish() }
        // More digits may follow.
        #expect(throws: Failure.self) { try Self.failing("12").readValue() }
        #expect(throws: Failure.self) { try Self.failing("12").skipValue() }
        let reader = Self.failing("{}")
        #expect(try reader.readValue() == [:])
        for _ in 0..<2 {
            #expect(throws: Failure.self) { try reader.next() }
            #expect(throws: Failure.self) { try reader.finish() }
            #expect(throws: Failure.self) { try reader.readValue() }
        }
        let text = Self.failing("\"abc")
        try text.beginText()
        #expect(throws: Failure.self) { while try text.nextText() != nil {} }
    }

    @Test func `Names and texts are the same only if their octets are`() throws {
        // U+212A is a letter K to Unicode, and U+00E9 is e with U+0301.
        let text = "{\"\u{212A}ey\":1,\"e\u{301}\":2,\"\u{E9}\":3}"
        let object = try #require(try JSONValue(parsing: text).object)
        #expect(object.count == 3 && object["Key"] == nil && object["\u{E9}"] == 3)
        let reader = JSONReader(Array(text.utf8))
        while try reader.next() != nil {}
        #expect(JSONValue.string("e\u{301}") != .string("\u{E9}"))
        #expect(JSONObject(["e\u{301}": 1]) != JSONObject(["\u{E9}": 1]))
        // In an object that has a table of its names, too.
        let many = "{" + (0..<20).map { "\"\($0)\":0," }.joined() + text.dropFirst()
        #expect(try JSONValue(parsing: many).object?.count == 23)
        // A code stands for the octets that it was defined with.
        var options = JSONWritingOptions(.jsonC)
        options.dictionary = JSONDictionary(identifier: [1], items: [.string("e\u{301}")])
        let written = try JSONValue.string("\u{E9}").encoded(options)
        #expect(
            try JSONValue(
                decoding: written, options: JSONReadingOptions(dictionaries: [try #require(options.dictionary)])
            ) == .string("\u{E9}"))
    }

    /// Swift compares texts in a normal form, for which it sorts marks in a time that grows as their square: hours.
    @Test func `A name of a million marks costs no more than another`() throws {
        var name = "a"
        for number in 0..<1_000_000 { name.unicodeScalars.append(number % 2 == 0 ? "\u{301}" : "\u{316}") }
        let members = (0..<14).map { "\"\($0)\":0," }.joined()
        let text = Array("{\(members)\"\(name)\":0,\"\(name)b\":0}".utf8)
        #expect(try JSONValue(parsing: text).object?.count == 16)
        let reader = JSONReader(text)
        while try reader.next() != nil {}
    }

    @Test func `What codes stand for counts each time`() throws {
        // 64 KiB, and a code of two octets for it a thousand times.
        var octets: [UInt8] = [0x5B, 0xC8, 0, 0x8A, 0, 1, 0, 0] + [UInt8](repeating: 7, count: 65_536)
        for _ in 0..<1000 { octets += [0xC0, 0] }
        #expect(throws: JSONError(.tooLarge, "")) { try JSONValue(decoding: octets + [0x5D]) }
        let few = octets[..<(65_536 + 8 + 20)] + [0x5D]
        #expect(try JSONValue(decoding: Array(few)).array?.count == 11)
        // Handed out one by one, they are not there at the same time.
        let reader = JSONReader(octets + [0x5D])
        var count = 0
        while try reader.next() != nil { count += 1 }
        #expect(count == 1003)
    }

    private enum Color: String, Decodable { case red }

    @Test func `Errors do not repeat what was read`() throws {
        do {
            _ = try JSONBCDDecoder().decode([String: Color].self, from: Array(#"{"a":"my password"}"#.utf8))
            Issue.record("an error was expected")
        } catch {
            #expect(error == JSONError(.unexpectedValue, "") && !"\(error) \(error.message)".contains("password"))
            #expect(error.path == ["a"] && error.offset == 5)
        }
    }

    /// The time to turn digits into octets grows as the square of their number.
    @Test func `Long whole numbers are written as text once there were many`() throws {
        let digits = String(repeating: "9", count: 3000)
        let value = JSONValue.array(Array(repeating: .number(digits), count: 300))
        let octets = try value.encoded(JSONWritingOptions(.jsonB))
        // 210 of them are octets, 1,246 each; the rest are digits.
        #expect(octets.count > 500_000)
        #expect(try JSONValue(decoding: octets) == value)
    }
}
