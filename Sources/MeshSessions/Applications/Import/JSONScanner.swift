import MeshCore

/// JSON text, read where it lies: what a string holds is copied only when it is asked for, so that secrets in it stay where they
/// are wiped.
struct JSONScanner {
    /// Where a string lies, without its quotes.
    typealias Text = Range<Int>

    private let octets: UnsafeRawBufferPointer
    private(set) var place: Int
    private static let deepest = 64

    /// - Parameter octets: valid UTF-8.
    init(_ octets: UnsafeRawBufferPointer, place: Int) {
        self.octets = octets
        self.place = place
    }

    /// The line of a place, the first being 1.
    func line(of place: Int) -> Int { octets[..<min(place, octets.count)].count { $0 == 0x0A } + 1 }

    func malformed(_ what: String) -> CredentialFileError { .malformed(line(of: place), what) }

    /// The next octet that is no white space, which is not taken; nil at the end.
    mutating func peek() -> UInt8? {
        while place < octets.count, [0x20, 0x09, 0x0A, 0x0D].contains(octets[place]) { place += 1 }
        return place < octets.count ? octets[place] : nil
    }

    private mutating func take(_ octet: Character) throws(CredentialFileError) {
        guard let found = peek(), octet.asciiValue == found else { throw malformed("'\(octet)' is missing") }
        place += 1
    }

    private mutating func takes(_ octet: Character) -> Bool {
        guard let found = peek(), octet.asciiValue == found else { return false }
        place += 1
        return true
    }

    /// Goes through the members of an object. `body` is given each name, and takes the value.
    mutating func object(
        _ body: (String, inout JSONScanner) throws(CredentialFileError) -> Void
    ) throws(CredentialFileError) {
        try take("{")
        if takes("}") { return }
        repeat {
            let name = try string()
            try take(":")
            try body(try text(name), &self)
        } while takes(",")
        try take("}")
    }

    /// Goes through the elements of an array. `body` takes each.
    mutating func array(_ body: (inout JSONScanner) throws(CredentialFileError) -> Void) throws(CredentialFileError) {
        try take("[")
        if takes("]") { return }
        repeat { try body(&self) } while takes(",")
        try take("]")
    }

    /// Takes a string.
    mutating func string() throws(CredentialFileError) -> Text {
        try take("\"")
        let start = place
        while place < octets.count, octets[place] != UInt8(ascii: "\"") {
            guard octets[place] >= 0x20 else { throw malformed("a string has a control character in it") }
            place += octets[place] == UInt8(ascii: "\\") ? 2 : 1
        }
        guard place < octets.count else {
            place = start
            throw malformed("a string is opened and never closed")
        }
        place += 1
        return start..<place - 1
    }

    /// Takes a string, or passes over a value of another kind.
    mutating func optionalString() throws(CredentialFileError) -> Text? {
        if peek() == UInt8(ascii: "\"") { return try string() }
        try skip()
        return nil
    }

    /// Passes over a value, and says where it lies.
    @discardableResult
    mutating func skip() throws(CredentialFileError) -> Range<Int> { try skip(depth: 0) }

    private mutating func skip(depth: Int) throws(CredentialFileError) -> Range<Int> {
        guard depth < Self.deepest else { throw malformed("it is nested too deeply") }
        guard let first = peek() else { throw malformed("a value is missing") }
        let start = place
        switch first {
        case UInt8(ascii: "{"):
            try object { (_, scanner) throws(CredentialFileError) in _ = try scanner.skip(depth: depth + 1) }
        case UInt8(ascii: "["):
            try array { (scanner) throws(CredentialFileError) in _ = try scanner.skip(depth: depth + 1) }
        case UInt8(ascii: "\""): _ = try string()
        default:
            let ends = Array(",]} \t\r\n".utf8)
            while place < octets.count, !ends.contains(octets[place]) { place += 1 }
            guard place > start, place - start <= 64 else { throw malformed("there is no value") }
            let word = String(decoding: octets[start..<place], as: UTF8.self)
            let isNumber = first == UInt8(ascii: "-") || (0x30...0x39).contains(first)
            guard ["true", "false", "null"].contains(word) || isNumber && Double(word) != nil else {
                throw malformed("there is no value")
            }
        }
        return start..<place
    }

    /// What a word or number is written as.
    func word(_ range: Range<Int>) -> String {
        range.count <= 64 ? String(decoding: octets[range], as: UTF8.self) : ""
    }

    /// What a string holds.
    func secret(_ range: Text) throws(CredentialFileError) -> SecretBytes {
        var count = 0
        // Counting lines takes its time: only for an error.
        func fail(_ what: String) -> CredentialFileError { .malformed(line(of: range.lowerBound), what) }
        let all = try SecretBytes(count: range.count) { (target) throws(CredentialFileError) in
            var place = range.lowerBound
            func hex() -> UInt32? {
                guard place + 4 <= range.upperBound else { return nil }
                defer { place += 4 }
                let digits = octets[place..<place + 4]
                // A sign would be taken for a part of the number.
                guard !digits.contains(UInt8(ascii: "+")), !digits.contains(UInt8(ascii: "-")) else { return nil }
                return UInt32(String(decoding: digits, as: UTF8.self), radix: 16)
            }
            func put(_ octet: UInt8) {
                target[count] = octet
                count += 1
            }
            while place < range.upperBound {
                let octet = octets[place]
                place += 1
                guard octet == UInt8(ascii: "\\") else {
                    put(octet)
                    continue
                }
                guard place < range.upperBound else { throw fail("a string ends with a backslash") }
                let escape = octets[place]
                place += 1
                switch escape {
                case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): put(escape)
                case UInt8(ascii: "b"): put(0x08)
                case UInt8(ascii: "f"): put(0x0C)
                case UInt8(ascii: "n"): put(0x0A)
                case UInt8(ascii: "r"): put(0x0D)
                case UInt8(ascii: "t"): put(0x09)
                case UInt8(ascii: "u"):
                    guard var code = hex() else { throw fail("a string has an escape that is none") }
                    if (0xD800..<0xDC00).contains(code), place + 2 <= range.upperBound,
                        octets[place] == UInt8(ascii: "\\"), octets[place + 1] == UInt8(ascii: "u")
                    {
                        place += 2
                        guard let low = hex(), (0xDC00..<0xE000).contains(low) else {
                            throw fail("a string has half a character in it")
                        }
                        code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
                    }
                    guard let scalar = UnicodeScalar(code) else {
                        throw fail("a string has half a character in it")
                    }
                    // No longer than the escape that it was written as.
                    for unit in UTF8.encode(scalar).map(Array.init) ?? [] { put(unit) }
                default: throw fail("a string has an escape that is none")
                }
            }
        }
        return all.duplicate(0..<count)
    }

    /// What a string holds that is no secret.
    func text(_ range: Text) throws(CredentialFileError) -> String {
        try secret(range).withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
    }
}
