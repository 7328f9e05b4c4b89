// Texts and numbers as JSON writes them.
extension JSONLexer {
    /// A text in quotes; the quote is the next octet.
    mutating func quoted() throws(JSONError) -> String {
        place += 1
        mark = place
        defer { mark = -1 }
        while true {
            skipPlain()
            guard place < window.count else {
                guard try more() else { throw unterminated() }
                continue
            }
            switch window[place] {
            case 0x22:
                let text = try string(UnsafeBufferPointer(rebasing: window[mark..<place]))
                place += 1
                return text
            case 0x5C: return try escaped()
            default:
                guard isTolerant else { throw controlCharacter() }
                place += 1
            }
        }
    }

    func unterminated() -> JSONError { JSONError(.truncated, at: offset, "The data end inside a text.") }

    func controlCharacter() -> JSONError {
        JSONError(.syntax, at: offset, "A control character stands in a text.")
    }

    /// Moves to the next quote, backslash or control character in the window, or to its end.
    @inline(__always)
    mutating func skipPlain() {
        let ones: UInt64 = 0x0101_0101_0101_0101
        guard let base = window.baseAddress else { return }
        while window.count - place >= 8 {
            let word = UInt64(littleEndian: UnsafeRawPointer(base + place).loadUnaligned(as: UInt64.self))
            // The highest bit of each octet that is searched for; above the lowest one there may be false ones.
            let quote = word ^ (ones &* 0x22)
            let backslash = word ^ (ones &* 0x5C)
            let found =
                ((quote &- ones) & ~quote | (backslash &- ones) & ~backslash | (word &- (ones &* 0x20)) & ~word)
                & (ones &* 0x80)
            if found != 0 {
                place += found.trailingZeroBitCount >> 3
                return
            }
            place += 8
        }
        while place < window.count {
            switch window[place] {
            case 0x22, 0x5C, 0..<0x20: return
            default: place += 1
            }
        }
    }

    /// Octets as a text.
    @inline(__always)
    mutating func string(_ octets: UnsafeBufferPointer<UInt8>) throws(JSONError) -> String {
        try memory.chargeText(octets.count, at: offset)
        guard let string = String(validating: octets, as: UTF8.self) else {
            throw JSONError(.invalidText, at: offset, "A text is not UTF-8.")
        }
        return string
    }

    /// The rest of a text of which the next octet is the first backslash; its start is marked.
    private mutating func escaped() throws(JSONError) -> String {
        scratch.removeAll(keepingCapacity: true)
        while true {
            // What needs no change is taken over in one piece.
            scratch.append(contentsOf: UnsafeBufferPointer(rebasing: window[mark..<place]))
            mark = -1
            guard let octet = try peekOrEnd() else { throw unterminated() }
            switch octet {
            case 0x22:
                place += 1
                return try scratchString()
            case 0x5C: try escape()
            case 0..<0x20:
                guard isTolerant else { throw controlCharacter() }
                scratch.append(octet)
                place += 1
            default: break
            }
            mark = place
            skipPlain()
        }
    }

    /// What was gathered in `scratch` as a text. Much room is given back.
    mutating func scratchString() throws(JSONError) -> String {
        defer { if scratch.count > 1 << 16 { scratch = [] } }
        try memory.chargeText(scratch.count, at: offset)
        guard let string = String(validating: scratch, as: UTF8.self) else {
            throw JSONError(.invalidText, at: offset, "A text is not UTF-8.")
        }
        return string
    }

    /// One escape, appended to `scratch`; the backslash is the next octet.
    mutating func escape() throws(JSONError) {
        place += 1
        let mark = try peek()
        switch mark {
        case 0x22, 0x5C, 0x2F: scratch.append(mark)
        case 0x62: scratch.append(0x08)
        case 0x66: scratch.append(0x0C)
        case 0x6E: scratch.append(0x0A)
        case 0x72: scratch.append(0x0D)
        case 0x74: scratch.append(0x09)
        case 0x75:
            place += 1
            // A scalar always has a form in UTF-8.
            scratch.append(contentsOf: UTF8.encode(try escapedScalar()) ?? UTF8.encodedReplacementCharacter)
            return
        default: throw unexpected("An escape that JSON knows")
        }
        place += 1
    }

    private mutating func escapedScalar() throws(JSONError) -> Unicode.Scalar {
        let start = offset
        func half() -> JSONError {
            JSONError(.invalidText, at: start, "A text escapes half of a surrogate pair.")
        }
        var scalar = try hexadecimal()
        if (0xD800..<0xDC00).contains(scalar) {
            for octet in [0x5C, 0x75] as [UInt8] {
                guard try peek() == octet else { throw half() }
                place += 1
            }
            let second = try hexadecimal()
            guard (0xDC00..<0xE000).contains(second) else { throw half() }
            scalar = 0x10000 + ((scalar - 0xD800) << 10) + (second - 0xDC00)
        }
        guard let unicode = Unicode.Scalar(scalar) else { throw half() }
        return unicode
    }

    private mutating func hexadecimal() throws(JSONError) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            let digit: UInt8
            switch try peek() {
            case let octet where (0x30...0x39).contains(octet): digit = octet - 0x30
            case let octet where (0x41...0x46).contains(octet): digit = octet - 0x41 + 10
            case let octet where (0x61...0x66).contains(octet): digit = octet - 0x61 + 10
            default: throw unexpected("A hexadecimal digit")
            }
            value = value << 4 | UInt32(digit)
            place += 1
        }
        return value
    }

    /// A number as JSON writes it, kept as it is written.
    mutating func decimal() throws(JSONError) -> String {
        mark = place
        defer { mark = -1 }
        if try peek() == 0x2D { place += 1 }
        if try peekOrEnd() == 0x30 {
            place += 1
        } else {
            try digits()
        }
        if try peekOrEnd() == 0x2E {
            place += 1
            try digits()
        }
        if let octet = try peekOrEnd(), octet | 0x20 == 0x65 {
            place += 1
            if let sign = try peekOrEnd(), sign == 0x2B || sign == 0x2D { place += 1 }
            try digits()
        }
        let text = UnsafeBufferPointer(rebasing: window[mark..<place])
        try memory.chargeText(text.count, at: offset)
        return String(decoding: text, as: UTF8.self)
    }

    /// At least one digit.
    @inline(__always)
    private mutating func digits() throws(JSONError) {
        guard let first = try peekOrEnd(), (0x30...0x39).contains(first) else { throw unexpected("A digit") }
        place += 1
        while let octet = try peekOrEnd(), (0x30...0x39).contains(octet) { place += 1 }
    }
}
