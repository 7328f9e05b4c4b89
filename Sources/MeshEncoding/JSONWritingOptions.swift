/// How values are written. The same value always comes out as the same octets.
public struct JSONWritingOptions: Sendable {
    /// The tag that stands before a member name in JSON-B and JSON-C.
    public enum NameTag: UInt8, Sendable {
        /// As any text: x80 to x83, the form of the draft.
        case text = 0x80
        /// xB4 to xB7, the form of the reference implementation, which reads no other tag there.
        case name = 0xB4
    }

    /// The encoding: JSON, JSON-B, or JSON-C, which is JSON-B with codes.
    public var encoding: JSONEncoding
    /// Whether members are written in the order of their names' octets, and not in their own.
    public var sortsNames: Bool
    /// How names are tagged.
    public var nameTag: NameTag
    /// In JSON-C: a dictionary that the reader has, too.
    public var dictionary: JSONDictionary?
    /// In JSON-C: whether codes are defined for names that come more than once.
    public var definesNames: Bool

    /// Compact JSON by default.
    public init(
        _ encoding: JSONEncoding = .json, sortsNames: Bool = false, nameTag: NameTag = .text,
        dictionary: JSONDictionary? = nil, definesNames: Bool = true
    ) {
        self.encoding = encoding
        self.sortsNames = sortsNames
        self.nameTag = nameTag
        self.dictionary = dictionary
        self.definesNames = definesNames
    }
}

extension JSONValue {
    /// The value in one of the encodings: without white space, lengths and whole numbers in their shortest form.
    ///
    /// Decimal numbers that are not whole stay text in every encoding. A ``real(_:)`` is written under its tag, and as
    /// decimal text in JSON.
    ///
    /// - Throws: ``JSONError`` `notEncodable` if the encoding has no form of a number in it.
    public func encoded(_ options: JSONWritingOptions) throws(JSONError) -> [UInt8] {
        var printer = JSONPrinter(options)
        if options.encoding >= .jsonC, options.definesNames { printer.codes?.wanted = repeatedNames }
        printer.write(self)
        try printer.checkNumbers()
        return printer.octets
    }

    /// The JSON text without white space, as everything that is signed or sent is written.
    ///
    /// A binary item becomes base64url; a number of which JSON has no text (not finite, or of JSON-D) becomes null.
    public var compact: [UInt8] {
        var printer = JSONPrinter(JSONWritingOptions())
        printer.write(self)
        return printer.octets
    }

    /// The JSON text for people: two blanks a level, one member a line, a line break at the end.
    public var indented: [UInt8] {
        var printer = JSONPrinter(JSONWritingOptions(), layout: .indented)
        printer.write(self)
        printer.octets.append(0x0A)
        return printer.octets
    }

    /// The JSON text as the reference implementation lays it out, to the octet; positions in its sequences depend on it.
    ///
    /// Two blanks a level, closing marks on the line of the last member, long base64url of members broken, members that are
    /// null left out.
    public var referenceText: [UInt8] {
        var printer = JSONPrinter(JSONWritingOptions(), layout: .reference)
        printer.write(self)
        return printer.octets
    }

    /// The member names that come more than once anywhere in the value.
    private var repeatedNames: Set<ExactText> {
        var seen: Set<ExactText> = []
        var repeated: Set<ExactText> = []
        func visit(_ value: JSONValue) {
            switch value {
            case .object(let object):
                for (name, value) in object.members {
                    if !seen.insert(ExactText(name)).inserted { repeated.insert(ExactText(name)) }
                    visit(value)
                }
            case .array(let elements): elements.forEach(visit)
            default: break
            }
        }
        visit(self)
        return repeated
    }
}
