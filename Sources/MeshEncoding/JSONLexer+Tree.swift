// Whole values, as trees.
extension JSONLexer {
    /// The next value, nested `depth` levels deep.
    mutating func value(depth: Int) throws(JSONError) -> JSONValue {
        try skipSpace()
        if try skipDefinitions() { try skipSpace() }
        let octet = try peek()
        switch octet {
        case 0x22:
            let text = try quoted()
            endedAsText = true
            return .string(text)
        case 0x7B: return .object(try object(depth: depth + 1))
        case 0x5B: return .array(try array(depth: depth + 1))
        case 0x2D, 0x30...0x39:
            endedAsText = true
            return .number(try decimal())
        case 0x80...0xFF: return try tagged(octet)
        default: return try word(octet)
        }
    }

    /// True, false or null.
    mutating func word(_ octet: UInt8) throws(JSONError) -> JSONValue {
        endedAsText = true
        switch octet {
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

    /// Enters an object or array at the `depth`-th level.
    @inline(__always)
    mutating func open(depth: Int) throws(JSONError) {
        guard depth <= maximumDepth else {
            throw JSONError(.tooDeep, at: offset, "The data are nested deeper than \(maximumDepth) levels.")
        }
        place += 1
    }

    /// Whether the object or array just opened has no items; it is left then.
    @inline(__always)
    mutating func isEmpty(_ close: UInt8) throws(JSONError) -> Bool {
        try skipSpace()
        guard try peek() == close else { return false }
        try leave()
        return true
    }

    @inline(__always)
    private mutating func leave() throws(JSONError) {
        place += 1
        // Where tags are read, a comma after an object or array may be missing.
        endedAsText = accepted == .json
    }

    /// Whether another item follows the one just read; if not, the object or array is left.
    ///
    /// Only an item that ended as text needs a comma after it (`jsonbcd-21` §3).
    @inline(__always)
    mutating func isFollowed(_ close: UInt8) throws(JSONError) -> Bool {
        try skipSpace()
        let octet = try peek()
        if octet == 0x2C {
            place += 1
            return true
        }
        if octet == close {
            try leave()
            return false
        }
        if endedAsText { throw unexpected("A comma or the end of the object or array") }
        return true
    }

    mutating func array(depth: Int) throws(JSONError) -> [JSONValue] {
        try open(depth: depth)
        var elements: [JSONValue] = []
        if try isEmpty(0x5D) { return elements }
        repeat {
            let element = try value(depth: depth)
            try memory.append(element, to: &elements, at: offset)
        } while try isFollowed(0x5D)
        return elements
    }

    mutating func object(depth: Int) throws(JSONError) -> JSONObject {
        try open(depth: depth)
        var object = JSONObject()
        if try isEmpty(0x7D) { return object }
        repeat {
            try skipSpace()
            let start = offset
            let name = try self.name()
            let value = try value(depth: depth)
            guard try object.insert(name, value, memory: &memory, at: start) else {
                throw JSONError(.duplicateName, at: start, "An object has two members of one name.")
            }
        } while try isFollowed(0x7D)
        return object
    }

    /// A member name, and the colon after it: a name under a tag needs none.
    mutating func name() throws(JSONError) -> String {
        if try skipDefinitions() { try skipSpace() }
        let octet = try peek()
        if octet == 0x22 {
            let name = try quoted()
            try skipSpace()
            guard try peek() == 0x3A else { throw unexpected("A colon") }
            place += 1
            return name
        }
        guard octet >= 0x80 else { throw unexpected("A member name") }
        let name = try taggedName(octet)
        try skipSpace()
        if try peek() == 0x3A { place += 1 }
        return name
    }

    /// One value and nothing after it but white space.
    mutating func document() throws(JSONError) -> JSONValue {
        try skipByteOrderMark()
        let value = try value(depth: 0)
        try skipSpace()
        guard try peekOrEnd() == nil else {
            throw JSONError(.trailingData, at: offset, "Something follows the value.")
        }
        return value
    }

    /// The next of several values in a row; nil at the end.
    mutating func next() throws(JSONError) -> JSONValue? {
        if offset == 0 { try skipByteOrderMark() }
        try skipSpace()
        if try skipDefinitions() { try skipSpace() }
        guard try peekOrEnd() != nil else { return nil }
        return try value(depth: 0)
    }
}
