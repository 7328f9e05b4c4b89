import MeshCore

extension JSONValue {
    /// How deep objects and arrays may be nested.
    public static let maximumDepth = 64

    /// Reads one JSON text (RFC 8259), strictly: UTF-8, no duplicate names, nothing before or after but white space.
    ///
    /// The memory it takes is bounded by a small multiple of the input.
    ///
    /// - Throws: ``JSONError``, with the place.
    public init(parsing octets: [UInt8]) throws(JSONError) {
        self = try octets.withUnsafeBufferPointer { (buffer) throws(JSONError) -> JSONValue in
            var parser = JSONParser(buffer)
            return try parser.parseText()
        }
    }

    /// Reads one JSON text; see ``init(parsing:)-([UInt8])``.
    public init(parsing text: String) throws(JSONError) {
        try self.init(parsing: Array(text.utf8))
    }
}

/// A parser over octets that stay in place. Every access is checked against the end.
struct JSONParser {
    private let octets: UnsafeBufferPointer<UInt8>
    private var place = 0

    init(_ octets: UnsafeBufferPointer<UInt8>) { self.octets = octets }

    mutating func parseText() throws(JSONError) -> JSONValue {
        let value = try parseValue(depth: 0)
        skipSpace()
        guard place == octets.count else {
            throw JSONError(.trailingData, at: place, "Something follows the JSON value.")
        }
        return value
    }

    private mutating func skipSpace() {
        while place < octets.count {
            switch octets[place] {
            case 0x20, 0x09, 0x0A, 0x0D: place += 1
            default: return
            }
        }
    }

    /// The next octet, which is not consumed.
    private func peek() throws(JSONError) -> UInt8 {
        guard place < octets.count else { throw JSONError(.truncated, at: place, "The JSON text ends too early.") }
        return octets[place]
    }

    private func unexpected(_ wanted: String) -> JSONError {
        place < octets.count
            ? JSONError(.syntax, at: place, "\(wanted) was expected.")
            : JSONError(.truncated, at: place, "The JSON text ends where \(wanted.lowercased()) was expected.")
    }

    private mutating func parseValue(depth: Int) throws(JSONError) -> JSONValue {
        skipSpace()
        switch try peek() {
        case 0x7B: return .object(try parseObject(depth: depth + 1))
        case 0x5B: return .array(try parseArray(depth: depth + 1))
        case 0x22: return .string(try parseString())
        case 0x2D, 0x30...0x39: return .number(try parseNumber())
        case 0x74:
            try expect("true")
            return .bool(true)
        case 0x66:
            try expect("false")
            return .bool(false)
        case 0x6E:
            try expect("null")
            return .null
        default: throw unexpected("A value")
        }
    }

    private mutating func expect(_ word: StaticString) throws(JSONError) {
        for offset in 0..<word.utf8CodeUnitCount {
            guard place + offset < octets.count, octets[place + offset] == word.utf8Start[offset] else {
                place += offset
                throw unexpected("The word \(word)")
            }
        }
        place += word.utf8CodeUnitCount
    }

    private func check(_ depth: Int) throws(JSONError) {
        if depth > JSONValue.maximumDepth {
            throw JSONError(
                .tooDeep, at: place, "The JSON text is nested deeper than \(JSONValue.maximumDepth) levels.")
        }
    }

    private mutating func parseObject(depth: Int) throws(JSONError) -> JSONObject {
        try check(depth)
        place += 1
        var object = JSONObject()
        skipSpace()
        if try peek() == 0x7D {
            place += 1
            return object
        }
        while true {
            skipSpace()
            guard try peek() == 0x22 else { throw unexpected("A member name") }
            let start = place
            let name = try parseString()
            skipSpace()
            guard try peek() == 0x3A else { throw unexpected("A colon") }
            place += 1
            let value = try parseValue(depth: depth)
            guard object.insert(name, value) else {
                throw JSONError(.duplicateName, at: start, "An object has two members of one name.")
            }
            skipSpace()
            switch try peek() {
            case 0x2C: place += 1
            case 0x7D:
                place += 1
                return object
            default: throw unexpected("A comma or the end of the object")
            }
        }
    }

    private mutating func parseArray(depth: Int) throws(JSONError) -> [JSONValue] {
        try check(depth)
        place += 1
        var elements: [JSONValue] = []
        skipSpace()
        if try peek() == 0x5D {
            place += 1
            return elements
        }
        while true {
            elements.append(try parseValue(depth: depth))
            skipSpace()
            switch try peek() {
            case 0x2C: place += 1
            case 0x5D:
                place += 1
                return elements
            default: throw unexpected("A comma or the end of the array")
            }
        }
    }

    private mutating func parseNumber() throws(JSONError) -> String {
        let start = place
        func isDigit(_ place: Int) -> Bool { place < octets.count && (0x30...0x39).contains(octets[place]) }
        func isOctet(_ place: Int, _ values: UInt8...) -> Bool {
            place < octets.count && values.contains(octets[place])
        }
        if isOctet(place, 0x2D) { place += 1 }
        guard isDigit(place) else { throw unexpected("A digit") }
        if octets[place] == 0x30 {
            place += 1
        } else {
            while isDigit(place) { place += 1 }
        }
        if isOctet(place, 0x2E) {
            place += 1
            guard isDigit(place) else { throw unexpected("A digit") }
            while isDigit(place) { place += 1 }
        }
        if isOctet(place, 0x65, 0x45) {
            place += 1
            if isOctet(place, 0x2B, 0x2D) { place += 1 }
            guard isDigit(place) else { throw unexpected("A digit") }
            while isDigit(place) { place += 1 }
        }
        return String(decoding: UnsafeBufferPointer(rebasing: octets[start..<place]), as: UTF8.self)
    }

    private mutating func parseString() throws(JSONError) -> String {
        place += 1
        let start = place
        while place < octets.count {
            switch octets[place] {
            case 0x22:
                let text = UnsafeBufferPointer(rebasing: octets[start..<place])
                place += 1
                guard let string = String(validating: text, as: UTF8.self) else {
                    throw JSONError(.invalidText, at: start, "A text is not UTF-8.")
                }
                return string
            case 0x5C: return try parseEscapedString(start: start)
            case 0..<0x20: throw JSONError(.syntax, at: place, "A control character stands in a text.")
            default: place += 1
            }
        }
        throw JSONError(.truncated, at: place, "The JSON text ends inside a text.")
    }

    private mutating func parseEscapedString(start: Int) throws(JSONError) -> String {
        var text = Array(octets[start..<place])
        while place < octets.count {
            let octet = octets[place]
            switch octet {
            case 0x22:
                place += 1
                guard let string = String(validating: text, as: UTF8.self) else {
                    throw JSONError(.invalidText, at: start, "A text is not UTF-8.")
                }
                return string
            case 0x5C:
                place += 1
                let mark = try peek()
                place += 1
                switch mark {
                case 0x22, 0x5C, 0x2F: text.append(mark)
                case 0x62: text.append(0x08)
                case 0x66: text.append(0x0C)
                case 0x6E: text.append(0x0A)
                case 0x72: text.append(0x0D)
                case 0x74: text.append(0x09)
                case 0x75: text.append(contentsOf: Array(String(try parseEscapedScalar()).utf8))
                default:
                    place -= 1
                    throw unexpected("An escape that JSON knows")
                }
            case 0..<0x20: throw JSONError(.syntax, at: place, "A control character stands in a text.")
            default:
                text.append(octet)
                place += 1
            }
        }
        throw JSONError(.truncated, at: place, "The JSON text ends inside a text.")
    }

    private mutating func parseEscapedScalar() throws(JSONError) -> Character {
        let start = place
        let first = try parseHex()
        let scalar: UInt32
        if (0xD800..<0xDC00).contains(first) {
            guard place + 1 < octets.count, octets[place] == 0x5C, octets[place + 1] == 0x75 else {
                throw JSONError(.invalidText, at: start, "A text escapes half of a surrogate pair.")
            }
            place += 2
            let second = try parseHex()
            guard (0xDC00..<0xE000).contains(second) else {
                throw JSONError(.invalidText, at: start, "A text escapes half of a surrogate pair.")
            }
            scalar = 0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00)
        } else {
            scalar = first
        }
        guard let unicode = Unicode.Scalar(scalar) else {
            throw JSONError(.invalidText, at: start, "A text escapes half of a surrogate pair.")
        }
        return Character(unicode)
    }

    private mutating func parseHex() throws(JSONError) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            let digit: UInt32
            switch try peek() {
            case let octet where (0x30...0x39).contains(octet): digit = UInt32(octet - 0x30)
            case let octet where (0x41...0x46).contains(octet): digit = UInt32(octet - 0x41 + 10)
            case let octet where (0x61...0x66).contains(octet): digit = UInt32(octet - 0x61 + 10)
            default: throw unexpected("A hexadecimal digit")
            }
            value = value << 4 | digit
            place += 1
        }
        return value
    }
}
