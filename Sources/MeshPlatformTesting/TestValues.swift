import MeshCore

/// Values and texts that have broken stores before.
package enum TestValues {
    /// Octets with a name for messages.
    package struct Sample: Sendable {
        package let name: String
        package let octets: [UInt8]
    }

    /// Values that a store must give back octet for octet, as far as they are not larger than it declares.
    package static let corpus: [Sample] = [
        Sample(name: "no octets", octets: []),
        Sample(name: "one NUL", octets: [0]),
        Sample(name: "one newline", octets: [10]),
        Sample(name: "one blank", octets: [32]),
        Sample(name: "all octets", octets: Array(0...255)),
        Sample(name: "all octets backwards", octets: (0...255).reversed()),
        Sample(name: "text with a newline", octets: Array("first\nsecond\n".utf8)),
        Sample(name: "text with carriage returns", octets: Array("\r\nfirst\rsecond\r\n".utf8)),
        Sample(name: "blanks around", octets: Array("  \tkey\t  ".utf8)),
        Sample(name: "backslashes", octets: Array("\\n\\\\0\\x00\\".utf8)),
        Sample(name: "an ini section", octets: Array("\n[section]\nsecret=1\n[1:attribute0]\n".utf8)),
        Sample(name: "quotes", octets: Array("\"'`$(x)%s%n\"".utf8)),
        Sample(name: "JSON", octets: Array("{\"a\":[null,\"\\u0000\"]}".utf8)),
        Sample(
            name: "an OpenSSH key",
            octets: Array(
                """
                -----BEGIN OPENSSH PRIVATE KEY-----
                b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gt
                ZWQyNTUxOQ==
                -----END OPENSSH PRIVATE KEY-----

                """.utf8)),
        Sample(name: "invalid UTF-8", octets: [0xC3, 0x28, 0xFF, 0xFE, 0xED, 0xA0, 0x80, 0x80]),
        Sample(name: "a byte order mark", octets: [0xEF, 0xBB, 0xBF, 0x41]),
        Sample(name: "56 zero octets", octets: [UInt8](repeating: 0, count: 56)),
    ]

    /// Sizes around which stores have limits of their own (a line, a page, a datagram, a message).
    package static let sizes = [57, 255, 4096, 8191, 8192, 8193, 65_535, 65_536, 1 << 20]

    /// Texts without control characters that a store must give back scalar for scalar.
    package static let texts: [String] = [
        "", "plain", " leading", "trailing ", "  ", "\u{1F511}\u{1F469}\u{200D}\u{1F4BB}", "\u{202E}evil\u{202C}",
        "\"quoted\" 'twice' `thrice`", "a=b", "a,b;c", "back\\slash\\n", "[section]", "%s%n$(id)", "<b>&amp;</b>",
        "../../etc/passwd", "-n", "#comment", "alice@example.com", "e\u{301} and \u{E9}", "\u{5D0}\u{628}",
        "\u{FEFF}bom",
        "\u{FFFF}", "null", "1", String(repeating: "x", count: 1024), String(repeating: "\u{1F511}", count: 256),
    ]

    /// Texts that ``texts`` leaves out and a registry value may hold too.
    package static let textsWithControls: [String] = [
        "\n", "line\nline\r\n", "\u{0}", "a\u{0}b", "\t", "\u{1B}[31m", "\u{7F}\u{85}\u{9F}", "\u{2028}\u{2029}",
    ]

    /// Whether two texts have the same scalars; Swift's own equality takes composed and decomposed letters for one.
    package static func isIdentical(_ left: String?, _ right: String?) -> Bool {
        left.map { Array($0.utf8) } == right.map { Array($0.utf8) }
    }

    /// How a text is shown in a failure: short, and on one line.
    package static func shown(_ text: String?) -> String {
        guard let text else { return "none" }
        return text.utf8.count > 60 ? "a text of \(text.utf8.count) octets" : text.debugDescription
    }

    /// How octets are shown in a failure: the number, and the first few.
    package static func shown(_ octets: [UInt8]?) -> String {
        guard let octets else { return "no value" }
        let digits = octets.prefix(16).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: " ")
        return "\(octets.count) octets (\(digits)\(octets.count > 16 ? " ..." : ""))"
    }
}

/// A value that says whose it is, so that a torn, foreign or stale one can be told.
struct TaggedValue: Hashable, Sendable {
    let identifier: UDF
    let writer: Int
    let round: Int

    /// The octets: who, which, how many, filler that follows from these, and a check over all of it.
    var octets: [UInt8] {
        let count = 16 + Int(fnv1a(Self.bytes(UInt64(writer)) + Self.bytes(UInt64(round))) % 700)
        let head =
            Self.bytes(fnv1a(Array(identifier.text.utf8))) + Self.bytes(UInt64(writer)) + Self.bytes(UInt64(round))
            + Self.bytes(UInt64(count))
        let body = head + SeededRandomSource(seed: fnv1a(head)).bytes(count)
        return body + Self.bytes(fnv1a(body))
    }

    /// Reads what ``octets`` gave for `identifier`; nil if it is anything else.
    static func read(_ octets: [UInt8], of identifier: UDF) -> TaggedValue? {
        guard octets.count >= 40 else { return nil }
        func number(_ offset: Int) -> UInt64 {
            octets[offset..<offset + 8].reduce(0) { $0 << 8 | UInt64($1) }
        }
        guard let writer = Int(exactly: number(8)), let round = Int(exactly: number(16)) else { return nil }
        let value = TaggedValue(identifier: identifier, writer: writer, round: round)
        return value.octets == octets ? value : nil
    }

    private static func bytes(_ number: UInt64) -> [UInt8] {
        (0..<8).map { UInt8(truncatingIfNeeded: number >> (56 - 8 * UInt64($0))) }
    }
}
