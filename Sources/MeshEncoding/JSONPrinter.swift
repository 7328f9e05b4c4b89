/// Appends items to octets, with the marks between them that the encoding and the layout want.
struct JSONPrinter {
    /// Where white space goes in a JSON text.
    enum Layout {
        case compact, indented, reference
    }

    var octets: [UInt8] = []
    var codes: JSONCodeBook?
    /// Whether a number was written as null, for want of a text.
    private(set) var lostNumber = false
    let isText: Bool
    private let layout: Layout
    private let encoding: JSONEncoding
    private let nameTag: UInt8
    private let sortsNames: Bool
    /// Whether the next item of the same object or array stands after a comma.
    private var needsComma = false
    private var level = 0
    /// How many characters the line has that the next value begins on, as the reference layout counts them.
    private var column = 0
    /// How many digits of long whole numbers may still be turned into octets, which takes a time that grows as their square:
    /// no more octets than a reader takes, see `JSONLexer.longIntegers`.
    private var longDigits = 630_000

    init(_ options: JSONWritingOptions, layout: Layout = .compact) {
        self.layout = layout
        encoding = options.encoding
        isText = encoding == .json
        nameTag = options.nameTag.rawValue
        sortsNames = options.sortsNames
        octets.reserveCapacity(512)
        if encoding >= .jsonC {
            codes = JSONCodeBook(dictionary: options.dictionary)
            if let dictionary = options.dictionary {
                octets.append(contentsOf: [0xD0, 0, 0, 0, 0, UInt8(truncatingIfNeeded: dictionary.identifier.count)])
                octets.append(contentsOf: dictionary.identifier)
            }
        }
    }

    func checkNumbers() throws(JSONError) {
        if lostNumber { throw JSONError(.notEncodable, "The encoding has no form of a number that was written.") }
    }

    mutating func write(_ value: JSONValue) {
        switch value {
        case .object(let object): write(object)
        case .array(let elements):
            begin(0x5B)
            for element in elements {
                item(isInArray: true)
                write(element)
            }
            end(0x5D, isEmpty: elements.isEmpty)
        case .string(let text): write(text)
        case .binary(let data): write(data)
        case .number(let text): writeNumber(text)
        case .real(let real): write(real)
        case .bool(let value): writeWord(value ? "true" : "false", tag: value ? 0xB0 : 0xB1)
        case .null: writeWord("null", tag: 0xB2)
        }
    }

    private mutating func write(_ object: JSONObject) {
        begin(0x7B)
        var isEmpty = true
        func member(_ name: String, _ value: JSONValue) {
            if layout == .reference, case .null = value { return }
            isEmpty = false
            self.name(name)
            write(value)
        }
        if sortsNames {
            for (name, value) in object.members.sorted(by: { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }) {
                member(name, value)
            }
        } else {
            for (name, value) in object.members { member(name, value) }
        }
        end(0x7D, isEmpty: isEmpty)
    }

    /// Opens an object or an array.
    @inline(__always)
    mutating func begin(_ mark: UInt8) {
        octets.append(mark)
        needsComma = false
        level += 1
    }

    /// Closes an object or an array.
    @inline(__always)
    mutating func end(_ mark: UInt8, isEmpty: Bool) {
        level -= 1
        if layout == .indented, !isEmpty { newLine() }
        octets.append(mark)
        needsComma = isText
    }

    /// Before a member name, or before a value in an array.
    @inline(__always)
    mutating func item(isInArray: Bool) {
        let isFirst = !needsComma
        if needsComma { octets.append(0x2C) }
        switch layout {
        case .compact: break
        case .indented: newLine()
        case .reference:
            if !isInArray || !isFirst { newLine() }
            column = 4
        }
        needsComma = false
    }

    /// After a text that was not written by ``write(_:)``.
    mutating func endText() { needsComma = true }

    /// Before a value that stands in no other. After one that ended as text it is on a line of its own.
    mutating func beginDocument() {
        if needsComma { octets.append(0x0A) }
        needsComma = false
    }

    private mutating func newLine() {
        octets.append(0x0A)
        for _ in 0..<level * 2 { octets.append(0x20) }
    }

    /// A member name; its value is next.
    mutating func name(_ name: String) {
        item(isInArray: false)
        guard isText else {
            if writeCode(ofName: name) { return }
            return writeTagged(name, tag: nameTag)
        }
        writeQuoted(name)
        octets.append(0x3A)
        if layout != .compact { octets.append(0x20) }
        column = 4 + name.utf8.count
    }

    mutating func write(_ text: String) {
        guard isText else {
            if let code = codes?.texts[ExactText(text)] { return writeCode(code, tag: 0xC0) }
            return writeTagged(text, tag: 0x80)
        }
        writeQuoted(text)
        needsComma = true
    }

    mutating func write(_ data: [UInt8]) {
        guard isText else {
            if let code = codes?.binaries[data] { return writeCode(code, tag: 0xC0) }
            writeLength(data.count, tag: 0x88)
            return octets.append(contentsOf: data)
        }
        octets.append(0x22)
        if layout == .reference {
            writeBroken(Base64URL.encode(data))
        } else {
            data.withUnsafeBytes { Base64URL.append($0, to: &octets) }
        }
        octets.append(0x22)
        needsComma = true
    }

    /// Base64url over several lines: on the first one, 62 characters with the name and its four marks; later ones have 62.
    private mutating func writeBroken(_ text: String) {
        var rest = Array(text.utf8)[...]
        var room = max(62 - column, 0)
        while rest.count > room {
            octets.append(contentsOf: rest.prefix(room))
            octets.append(contentsOf: [0x0A, 0x20, 0x20])
            rest = rest.dropFirst(room)
            room = 62
        }
        octets.append(contentsOf: rest)
    }

    @inline(__always)
    private mutating func append(_ text: String) {
        var text = text
        text.withUTF8 { octets.append(contentsOf: $0) }
    }

    mutating func writeWord(_ word: StaticString, tag: UInt8) {
        guard isText else { return octets.append(tag) }
        octets.append(contentsOf: UnsafeBufferPointer(start: word.utf8Start, count: word.utf8CodeUnitCount))
        needsComma = true
    }

    /// A number from its text: a whole one under the shortest tag, any other as the text. So is a zero with a sign, of which
    /// the tags know none.
    mutating func writeNumber(_ text: String) {
        if !isText, text != "-0" {
            if let value = Int64(text) {
                return writeInteger(value.magnitude, isNegative: value < 0)
            }
            if isAffordable(text), let (isNegative, octets) = DecimalDigits.magnitude(of: text) {
                if octets.count <= 8 {
                    let value = octets.reduce(0) { $0 << 8 | UInt64($1) }
                    return writeInteger(value, isNegative: isNegative)
                }
                if let count = UInt16(exactly: octets.count) {
                    self.octets.append(isNegative ? 0xAF : 0xA7)
                    self.octets.append(contentsOf: [UInt8(count >> 8), UInt8(count & 255)])
                    return self.octets.append(contentsOf: octets)
                }
            }
        }
        append(text)
        needsComma = true
    }

    /// Whether a whole number may be turned into octets; when there were many long ones, further ones stay text.
    private mutating func isAffordable(_ text: String) -> Bool {
        let count = text.utf8.count
        guard count > 2400 else { return true }
        guard count < 160_000, count <= longDigits else { return false }
        longDigits -= count
        return true
    }

    private mutating func writeInteger(_ magnitude: UInt64, isNegative: Bool) {
        writeUnsigned(magnitude, tag: isNegative ? 0xA8 : 0xA0)
    }

    mutating func write(_ real: JSONReal) {
        if isText {
            guard let text = real.text else {
                lostNumber = true
                return writeWord("null", tag: 0xB2)
            }
            append(text)
            needsComma = true
            return
        }
        guard real.format == .binary64 || encoding == .jsonD else {
            lostNumber = true
            return octets.append(0xB2)
        }
        octets.append(real.format.tag)
        octets.append(contentsOf: real.octets)
    }

    // MARK: Tags

    private mutating func writeTagged(_ text: String, tag: UInt8) {
        var text = text
        text.withUTF8 {
            writeLength($0.count, tag: tag)
            octets.append(contentsOf: $0)
        }
    }

    mutating func writeLength(_ count: Int, tag: UInt8) {
        // A count is not negative.
        writeUnsigned(UInt64(count), tag: tag)
    }

    /// A number of 1, 2, 4 or 8 octets after a tag that says how many.
    @inline(__always)
    private mutating func writeUnsigned(_ value: UInt64, tag: UInt8) {
        if value < 0x100 {
            octets.append(tag)
            return octets.append(UInt8(truncatingIfNeeded: value))
        }
        let size = value < 0x1_0000 ? 1 : value < 0x1_0000_0000 ? 2 : 3
        octets.append(tag + UInt8(size))
        for shift in stride(from: (8 << size) - 8, through: 0, by: -8) {
            octets.append(UInt8(truncatingIfNeeded: value >> UInt64(shift)))
        }
    }

    /// Writes a name by its code, or with a definition of one; false if it has none.
    private mutating func writeCode(ofName name: String) -> Bool {
        guard codes != nil else { return false }
        if let code = codes?.texts[ExactText(name)] {
            writeCode(code, tag: 0xC0)
            return true
        }
        guard let code = codes?.define(name) else { return false }
        writeCode(code, tag: 0xC8)
        writeTagged(name, tag: 0x80)
        return true
    }

    private mutating func writeCode(_ code: UInt32, tag: UInt8) { writeUnsigned(UInt64(code), tag: tag) }

    // MARK: Text

    /// A text in quotes, with only those characters escaped that JSON says must be.
    mutating func writeQuoted(_ text: String) {
        octets.append(0x22)
        var text = text
        text.withUTF8 { characters in
            var start = 0
            for place in 0..<characters.count {
                let octet = characters[place]
                guard octet < 0x20 || octet == 0x22 || octet == 0x5C else { continue }
                octets.append(contentsOf: UnsafeBufferPointer(rebasing: characters[start..<place]))
                start = place + 1
                writeEscaped(octet)
            }
            octets.append(contentsOf: UnsafeBufferPointer(rebasing: characters[start...]))
        }
        octets.append(0x22)
    }

    private mutating func writeEscaped(_ octet: UInt8) {
        octets.append(0x5C)
        switch octet {
        case 0x22, 0x5C: octets.append(octet)
        case 0x08: octets.append(0x62)
        case 0x09 where layout != .reference: octets.append(0x74)
        case 0x0A: octets.append(0x6E)
        case 0x0C: octets.append(0x66)
        case 0x0D: octets.append(0x72)
        default:
            let digits: StaticString = layout == .reference ? "0123456789ABCDEF" : "0123456789abcdef"
            octets.append(contentsOf: [0x75, 0x30, 0x30])
            octets.append(digits.utf8Start[Int(octet >> 4)])
            octets.append(digits.utf8Start[Int(octet & 15)])
        }
    }
}

/// The codes that a writer of JSON-C uses.
struct JSONCodeBook {
    private(set) var texts: [ExactText: UInt32] = [:]
    private(set) var binaries: [[UInt8]: UInt32] = [:]
    /// The names for which codes are defined; nil if for each one that comes.
    var wanted: Set<ExactText>? = []
    private var next: UInt32 = 0

    init(dictionary: JSONDictionary?) {
        guard let dictionary else { return }
        for item in dictionary.items {
            switch item {
            case .string(let text): texts[ExactText(text)] = texts[ExactText(text)] ?? next
            case .binary(let octets): binaries[octets] = binaries[octets] ?? next
            default: break
            }
            next += 1
        }
    }

    /// A new code for `name`; nil if it is to have none, or is so short that a code saves nothing.
    mutating func define(_ name: String) -> UInt32? {
        guard name.utf8.count > 1, wanted?.contains(ExactText(name)) ?? true, next < 0xFFFF else { return nil }
        defer { next += 1 }
        texts[ExactText(name)] = next
        return next
    }
}

extension JSONReal.Format {
    /// The tag before the octets.
    var tag: UInt8 {
        switch self {
        case .binary64: 0x92
        case .binary128: 0x94
        case .intel80: 0x95
        case .decimal32: 0x96
        case .decimal64: 0x97
        case .decimal128: 0x98
        }
    }
}
