/// Reads values of JSON, JSON-B, JSON-C or JSON-D one token at a time, from octets that come in chunks.
///
/// The memory it takes does not depend on how much is read: texts and binary items of any size can be taken in pieces.
/// (The names of each open object are kept, to refuse a second member of one name.) Several values may stand in a row.
/// Methods block as the source does. An error ends the reading.
public final class JSONReader {
    /// A token.
    public enum Token: Equatable, Sendable {
        /// An object begins; a name or ``end`` follows.
        case beginObject
        /// An array begins; a value or ``end`` follows.
        case beginArray
        /// The innermost object or array ends.
        case end
        /// The name of a member, whose value follows.
        case name(String)
        /// A text, octets, a number, true, false or null.
        case value(JSONValue)
    }

    /// What kind of token comes next.
    public enum Kind: Hashable, Sendable {
        case object, array, text, binary, number, bool, null, name, end
        /// A code of JSON-C, which stands for a text or octets.
        case code
    }

    private struct Level {
        let close: UInt8
        var isFirst = true
        var hasName = false
        var names: Set<ExactText> = []
        /// What the names take, as counted.
        var memory = 0
    }

    private var lexer: JSONLexer<JSONStreamInput>
    private var levels: [Level] = []
    private var isStarted = false
    /// Whether the reader stands before a token that ``locate()`` has found.
    private var located: Kind?
    private var flow: JSONFlow?
    private var base64: Base64URLDecoder?
    private var text: [UInt8] = []

    /// Reads from `source`, which gives the next octets at each call, and none at the end.
    public init(options: JSONReadingOptions = JSONReadingOptions(), source: @escaping () throws -> [UInt8]) {
        lexer = JSONLexer(
            JSONStreamInput(source), window: UnsafeBufferPointer(start: nil, count: 0), options: options)
    }

    /// Reads `octets`.
    public convenience init(_ octets: [UInt8], options: JSONReadingOptions = JSONReadingOptions()) {
        var rest: [UInt8]? = octets
        self.init(options: options) {
            defer { rest = nil }
            return rest ?? []
        }
    }

    /// How many octets come before what is read next.
    public var offset: Int { lexer.offset }
    /// How many objects and arrays are open.
    public var depth: Int { levels.count }

    // MARK: Tokens

    /// What comes next, which is not consumed; nil at the end of the data.
    ///
    /// - Throws: ``JSONError``, or what the source throws.
    public func peek() throws -> Kind? { try attempt(locate) }

    /// The next token; nil at the end of the data.
    ///
    /// - Throws: ``JSONError``, or what the source throws.
    public func next() throws -> Token? {
        try attempt { () throws(JSONError) -> Token? in
            guard let kind = try locate() else { return nil }
            switch kind {
            case .end:
                lexer.memory.refund(levels.removeLast().memory)
                passed()
                return .end
            case .name: return .name(try name())
            case .object, .array:
                try lexer.open(depth: levels.count + 1)
                levels.append(Level(close: kind == .object ? 0x7D : 0x5D))
                located = nil
                return kind == .object ? .beginObject : .beginArray
            default: return .value(try value())
            }
        }
    }

    /// The next value as a whole.
    ///
    /// - Throws: ``JSONError`` (`unexpectedValue` if no value comes next), or what the source throws.
    public func readValue() throws -> JSONValue {
        try attempt { () throws(JSONError) -> JSONValue in
            try expectValue()
            return try value()
        }
    }

    /// Passes over the next value, in constant memory.
    ///
    /// - Throws: as ``readValue()``.
    public func skipValue() throws {
        try attempt(expectValue)
        let outside = depth
        repeat {
            switch try peek() {
            case .text, .binary:
                try beginPieces()
                while try nextPiece() != nil {}
            case nil: throw lexer.truncated()
            default: _ = try next()
            }
        } while depth > outside
    }

    /// Makes sure that nothing follows but white space.
    ///
    /// - Throws: ``JSONError`` `trailingData`, or what the source throws.
    public func finish() throws {
        guard try peek() == nil else {
            throw JSONError(.trailingData, at: offset, "Something follows the value.")
        }
    }

    // MARK: Pieces

    /// Starts on the octets of the next value: a binary item, or a text of base64url.
    ///
    /// - Throws: ``JSONError`` (`unexpectedValue` if something else comes next), or what the source throws.
    public func beginOctets() throws {
        if try beginPieces() { base64 = Base64URLDecoder(isTolerant: lexer.isTolerant) }
    }

    /// The next octets of the value that ``beginOctets()`` started on, about 64 KiB at most; nil at its end.
    ///
    /// - Throws: ``JSONError`` (`invalidText` if a text is not base64url), or what the source throws.
    public func nextOctets() throws -> [UInt8]? {
        while true {
            let piece = try nextPiece()
            guard var decoder = base64 else { return piece }
            base64 = nil
            var octets: [UInt8] = []
            let isText =
                piece?.withUnsafeBytes { decoder.decode($0, into: &octets) } ?? decoder.finish(into: &octets)
            guard isText else {
                throw JSONError(.invalidText, at: offset, "A text is not base64url.")
            }
            if piece != nil { base64 = decoder }
            if !octets.isEmpty || piece == nil { return octets.isEmpty ? nil : octets }
        }
    }

    /// Starts on the next value, which is a text.
    ///
    /// - Throws: ``JSONError`` (`unexpectedValue` if something else comes next), or what the source throws.
    public func beginText() throws {
        guard try beginPieces() else {
            throw JSONError(.unexpectedValue, at: offset, "Octets come where a text was expected.")
        }
    }

    /// The next characters of the text that ``beginText()`` started on; nil at its end.
    ///
    /// - Throws: ``JSONError`` (`invalidText` if it is not UTF-8), or what the source throws.
    public func nextText() throws -> String? {
        while true {
            let piece = try nextPiece()
            text.append(contentsOf: piece ?? [])
            // A character that is cut stays until the rest of it is there: at most three octets.
            let cut = piece == nil ? 0 : Self.cutOctets(text)
            guard let whole = String(validating: text.dropLast(cut), as: UTF8.self) else {
                throw JSONError(.invalidText, at: offset, "A text is not UTF-8.")
            }
            text.removeSubrange(..<(text.count - cut))
            if piece == nil || !whole.isEmpty { return whole.isEmpty ? nil : whole }
        }
    }

    /// How many octets at the end begin a character that they do not end.
    private static func cutOctets(_ text: [UInt8]) -> Int {
        for (index, octet) in text.reversed().prefix(3).enumerated() where octet & 0xC0 != 0x80 {
            let count = octet < 0xC0 ? 1 : octet < 0xE0 ? 2 : octet < 0xF0 ? 3 : 4
            return index + 1 < count ? index + 1 : 0
        }
        return 0
    }

    /// - Returns: whether the octets are a text's.
    @discardableResult
    private func beginPieces() throws -> Bool {
        try attempt { () throws(JSONError) -> Bool in
            try expectValue()
            let memory = lexer.memory
            let (flow, isText) = try lexer.beginFlow()
            lexer.memory.release(since: memory)
            self.flow = flow
            text = []
            base64 = nil
            return isText
        }
    }

    private func nextPiece() throws -> [UInt8]? {
        try attempt { () throws(JSONError) -> [UInt8]? in
            guard var flow else { return nil }
            var piece: [UInt8] = []
            while piece.isEmpty {
                if case .ended = flow {
                    self.flow = nil
                    passed()
                    return nil
                }
                try lexer.continueFlow(&flow, into: &piece)
            }
            self.flow = flow
            return piece
        }
    }

    // MARK: Places

    /// Goes to the next token. Doing so again changes nothing.
    private func locate() throws(JSONError) -> Kind? {
        if let located { return located }
        guard flow == nil else {
            throw JSONError(.unexpectedValue, at: offset, "The value before was not read to its end.")
        }
        if !isStarted {
            try lexer.skipByteOrderMark()
            isStarted = true
        }
        if let level = levels.last, !level.hasName {
            let ends = level.isFirst ? try lexer.isEmpty(level.close) : try !lexer.isFollowed(level.close)
            if ends {
                located = .end
                return .end
            }
            levels[levels.count - 1].isFirst = false
        }
        try lexer.skipSpace()
        if let level = levels.last, level.close == 0x7D, !level.hasName {
            located = .name
            return .name
        }
        if try lexer.skipDefinitions() { try lexer.skipSpace() }
        if levels.isEmpty, try lexer.peekOrEnd() == nil { return nil }
        located = Self.kind(try lexer.peek())
        guard located != nil else { throw lexer.unexpected("A value") }
        return located
    }

    /// What a value is that begins with `octet`; whatever is none is found out when it is read.
    private static func kind(_ octet: UInt8) -> Kind? {
        switch octet {
        case 0x7B: .object
        case 0x5B: .array
        case 0x22, 0x80...0x87: .text
        case 0x88...0x8F: .binary
        case 0x74, 0x66, 0xB0, 0xB1: .bool
        case 0x6E, 0xB2: .null
        case 0xC0...0xCA: .code
        case 0x2D, 0x30...0x39, 0x90...0xFF: .number
        default: nil
        }
    }

    private func expectValue() throws(JSONError) {
        switch try locate() {
        case nil: throw lexer.truncated()
        case .name, .end: throw JSONError(.unexpectedValue, at: offset, "No value comes next.")
        default: break
        }
    }

    private func value() throws(JSONError) -> JSONValue {
        let memory = lexer.memory
        let value = try lexer.value(depth: levels.count)
        lexer.memory.release(since: memory)
        passed()
        return value
    }

    /// A value was read.
    private func passed() {
        located = nil
        if !levels.isEmpty { levels[levels.count - 1].hasName = false }
    }

    private func name() throws(JSONError) -> String {
        let start = offset
        let memory = lexer.memory
        let name = try lexer.name()
        lexer.memory.release(since: memory)
        // The name itself, and its place in a set that is up to a third full.
        let size = name.utf8.count + 112
        try lexer.memory.charge(size, at: start)
        levels[levels.count - 1].memory += size
        guard levels[levels.count - 1].names.insert(ExactText(name)).inserted else {
            throw JSONError(.duplicateName, at: start, "An object has two members of one name.")
        }
        levels[levels.count - 1].hasName = true
        located = nil
        return name
    }

    /// Does `body`; where it fails because the source threw, that is what is thrown.
    private func attempt<R>(_ body: () throws(JSONError) -> R) throws -> R {
        do {
            return try body()
        } catch {
            throw lexer.input.failure ?? error
        }
    }
}
