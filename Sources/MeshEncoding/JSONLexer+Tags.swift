// Items under tags (`jsonbcd-21` §4–§6). The low two bits of a tag choose the size of the length that follows it.
extension JSONLexer {
    /// The item whose tag, `tag`, is the next octet.
    mutating func tagged(_ tag: UInt8) throws(JSONError) -> JSONValue {
        guard accepted >= .jsonB else { throw unexpected("A value") }
        endedAsText = false
        switch tag {
        case 0x80...0x87: return .string(try taggedText())
        case 0x88...0x8F: return .binary(try taggedBinary())
        case 0xA0...0xA3, 0xA8...0xAB:
            place += 1
            let value = try unsigned(octets: 1 << Int(tag & 3))
            return .number(tag & 8 == 0 || value == 0 ? String(value) : "-\(value)")
        case 0xA4, 0xAC:
            place += 1
            return .number(try integer(octets: 16, isNegative: tag == 0xAC))
        case 0xA7, 0xAF:
            place += 1
            let count = try unsigned(octets: 2)
            return .number(try integer(octets: count, isNegative: tag == 0xAF))
        case 0xB0, 0xB1, 0xB2:
            place += 1
            return tag == 0xB2 ? .null : .bool(tag == 0xB0)
        case 0x90...0x98:
            guard tag == 0x92 || accepted == .jsonD else { break }
            return try real(tag)
        case 0xC0...0xC2:
            guard accepted >= .jsonC else { break }
            place += 1
            return try codes.item(try code(tag), memory: &memory, at: offset)
        case 0xC8...0xCA:
            guard accepted >= .jsonC else { break }
            return try define(tag)
        default: break
        }
        throw JSONError(.unknownTag, at: offset, "A tag that no value has stands where a value must be.")
    }

    /// A text in one chunk or several; the characters may be cut by the chunks.
    mutating func taggedText() throws(JSONError) -> String {
        var tag = window[place]
        place += 1
        if tag & 4 == 0 { return try string(try take(unsigned(octets: 1 << Int(tag & 3)))) }
        scratch.removeAll(keepingCapacity: true)
        while true {
            scratch.append(contentsOf: try take(unsigned(octets: 1 << Int(tag & 3))))
            if tag & 4 == 0 { return try scratchString() }
            tag = try nextChunk(0x80)
        }
    }

    /// Octets in one chunk or several.
    mutating func taggedBinary() throws(JSONError) -> [UInt8] {
        var octets: [UInt8] = []
        var tag = window[place]
        place += 1
        while true {
            let chunk = try take(unsigned(octets: 1 << Int(tag & 3)))
            // Room grows to the double when a chunk has no place.
            let room = octets.capacity
            octets.append(contentsOf: chunk)
            if octets.capacity > room { try memory.charge(octets.capacity - room, at: offset) }
            if tag & 4 == 0 {
                if !octets.isEmpty { try memory.charge(JSONMemory.header, at: offset) }
                return octets
            }
            tag = try nextChunk(0x88)
        }
    }

    /// The tag of the chunk after one that is not the last, which must be of the same kind; consumed.
    mutating func nextChunk(_ kind: UInt8) throws(JSONError) -> UInt8 {
        let tag = try peek()
        guard tag & 0xF8 == kind else { throw JSONError(.syntax, at: offset, "A chunk of the same kind must follow.") }
        place += 1
        return tag
    }

    /// A whole number of many octets.
    private mutating func integer(octets count: UInt64, isNegative: Bool) throws(JSONError) -> String {
        if count > 1024 {
            longIntegers -= Int(count)
            guard longIntegers >= 0 else {
                throw JSONError(.tooLarge, at: offset, "There are more long whole numbers than are read.")
            }
        }
        let digits = DecimalDigits.text(of: try take(count), isNegative: isNegative)
        try memory.chargeText(digits.utf8.count, at: offset)
        return digits
    }

    private mutating func real(_ tag: UInt8) throws(JSONError) -> JSONValue {
        let format: JSONReal.Format
        switch tag {
        case 0x90:
            place += 1
            return try double(HalfPrecision.double(UInt16(try unsigned(octets: 2))))
        case 0x91:
            place += 1
            return try double(Double(Float(bitPattern: UInt32(try unsigned(octets: 4)))))
        case 0x92: format = .binary64
        case 0x94: format = .binary128
        case 0x95: format = .intel80
        case 0x96: format = .decimal32
        case 0x97: format = .decimal64
        case 0x98: format = .decimal128
        default: throw JSONError(.unknownTag, at: offset, "A tag that is not assigned stands where a value must be.")
        }
        place += 1
        try memory.charge(JSONMemory.header + 16, at: offset)
        guard let real = JSONReal(format, octets: Array(try take(UInt64(format.octetCount)))) else {
            throw truncated()
        }
        return .real(real)
    }

    private mutating func double(_ value: Double) throws(JSONError) -> JSONValue {
        try memory.charge(JSONMemory.header + 16, at: offset)
        return .real(JSONReal(value))
    }

    // MARK: Codes (`jsonbcd-21` §5)

    /// A code of the size that the tag says.
    private mutating func code(_ tag: UInt8) throws(JSONError) -> UInt32 {
        // At most four octets.
        UInt32(truncatingIfNeeded: try unsigned(octets: 1 << Int(tag & 3)))
    }

    /// A definition, whose tag is the next octet; the item that it defines.
    private mutating func define(_ tag: UInt8) throws(JSONError) -> JSONValue {
        place += 1
        let code = try code(tag)
        let item: JSONValue
        switch try peek() {
        case 0x22: item = .string(try quoted())
        case 0x80...0x87: item = .string(try taggedText())
        case 0x88...0x8F: item = .binary(try taggedBinary())
        default: throw JSONError(.syntax, at: offset, "A code stands for a text or a binary item.")
        }
        try codes.define(code, as: item, memory: &memory, at: offset)
        return item
    }

    /// Reads definitions that stand before an item; true if there was one.
    @inline(__always)
    mutating func skipDefinitions() throws(JSONError) -> Bool {
        guard let octet = try peekOrEnd(), octet >= 0xC4 else { return false }
        return try readDefinitions()
    }

    private mutating func readDefinitions() throws(JSONError) -> Bool {
        guard accepted >= .jsonC else { return false }
        var isDefined = false
        while let tag = try peekOrEnd() {
            switch tag {
            case 0xC4...0xC6: _ = try define(tag)
            case 0xD0:
                let start = offset
                place += 1
                let base = UInt32(try unsigned(octets: 4))
                let identifier = try take(unsigned(octets: 1))
                try codes.insert(identifier, base: base, at: start)
            default: return isDefined
            }
            isDefined = true
            try skipSpace()
        }
        return isDefined
    }

    /// The text of a member name under a tag.
    mutating func taggedName(_ tag: UInt8) throws(JSONError) -> String {
        guard accepted >= .jsonB else { throw unexpected("A member name") }
        switch tag {
        case 0x80...0x87: return try taggedText()
        case 0xB4...0xB7:
            place += 1
            return try string(try take(unsigned(octets: 1 << Int(tag & 3))))
        case 0xC0...0xC2, 0xC8...0xCA:
            let start = offset
            if case .string(let name) = try tagged(tag) { return name }
            throw JSONError(.undefinedCode, at: start, "A code stands for octets, where a member name must be.")
        default: throw unexpected("A member name")
        }
    }
}

/// IEEE 754 binary16.
enum HalfPrecision {
    /// The value, which a double holds exactly; a NaN keeps its payload.
    static func double(_ bits: UInt16) -> Double {
        let exponent = Int(bits >> 10 & 31)
        let fraction = UInt64(bits & 1023)
        let sign = UInt64(bits >> 15) << 63
        switch exponent {
        case 0:
            let magnitude = Double(fraction) / 16_777_216
            return sign == 0 ? magnitude : -magnitude
        case 31: return Double(bitPattern: sign | 0x7FF << 52 | fraction << 42)
        default: return Double(bitPattern: sign | UInt64(exponent + 1008) << 52 | fraction << 42)
        }
    }
}
