/// Reads octets as tokens: the lexical part of JSON, JSON-B, JSON-C and JSON-D (`jsonbcd-21` §3–§6).
///
/// A lexer works in a window of octets that stay in place until it asks for more. Every access is checked against its end.
struct JSONLexer<Input: JSONInput> {
    var input: Input
    /// The octets that are there.
    var window: UnsafeBufferPointer<UInt8>
    /// The next octet, in the window.
    var place = 0
    /// The first octet that must stay in the window; -1 if that is the next one.
    var mark = -1
    /// How many octets came before the window.
    var origin = 0

    let accepted: JSONEncoding
    let isTolerant: Bool
    let maximumDepth: Int
    let memoryLimit: JSONMemoryLimit
    var memory: JSONMemory
    var codes: JSONCodeTable
    /// How many octets of long whole numbers may still be turned into decimal, which takes a time that grows as their square.
    var longIntegers = 256 << 10
    /// Whether the item just read needs a comma before the next one: it ended as text does.
    var endedAsText = true
    var scratch: [UInt8] = []

    init(_ input: Input, window: UnsafeBufferPointer<UInt8>, options: JSONReadingOptions) {
        self.input = input
        self.window = window
        accepted = options.encoding
        isTolerant = options.isTolerant
        maximumDepth = options.maximumDepth
        memoryLimit = options.memory
        memory = JSONMemory(limit: memoryLimit.limit(after: window.count, isStream: false))
        codes = JSONCodeTable(dictionaries: options.dictionaries)
    }

    /// How many octets come before the next one.
    var offset: Int { origin + place }

    /// Brings more octets than the window has; false at the end.
    @inline(__always)
    mutating func more() throws(JSONError) -> Bool {
        let keep = mark >= 0 ? mark : place
        guard let wider = try input.refill(window, keeping: keep, memory: &memory, offset: offset) else {
            return false
        }
        window = wider
        origin += keep
        place -= keep
        if mark >= 0 { mark = 0 }
        memory.limit = memoryLimit.limit(after: origin + wider.count, isStream: true)
        return true
    }

    /// The next octet, which is not consumed; nil at the end.
    @inline(__always)
    mutating func peekOrEnd() throws(JSONError) -> UInt8? {
        if place < window.count { return window[place] }
        return try more() ? window[place] : nil
    }

    /// The next octet, which is not consumed.
    @inline(__always)
    mutating func peek() throws(JSONError) -> UInt8 {
        if place < window.count { return window[place] }
        guard try more() else { throw truncated() }
        return window[place]
    }

    func truncated() -> JSONError { JSONError(.truncated, at: offset, "The data end too early.") }

    /// Something else stands at the next octet than `wanted`, or nothing.
    mutating func unexpected(_ wanted: StaticString) -> JSONError {
        place < window.count
            ? JSONError(.syntax, at: offset, "\(wanted) was expected.")
            : JSONError(.truncated, at: offset, "The data end before \(wanted).")
    }

    @inline(__always)
    mutating func skipSpace() throws(JSONError) {
        while true {
            while place < window.count {
                switch window[place] {
                case 0x20, 0x09, 0x0A, 0x0D: place += 1
                default: return
                }
            }
            guard try more() else { return }
        }
    }

    /// Skips a byte order mark, which only the first octets can be.
    mutating func skipByteOrderMark() throws(JSONError) {
        guard isTolerant, try peekOrEnd() == 0xEF else { return }
        mark = place
        defer { mark = -1 }
        while window.count - place < 3 { guard try more() else { return } }
        if window[place + 1] == 0xBB, window[place + 2] == 0xBF { place += 3 }
    }

    /// `count` octets in one piece, consumed; they stay in place until the next call. Nothing is reserved for octets that
    /// are not there.
    @inline(__always)
    mutating func take(_ count: UInt64) throws(JSONError) -> UnsafeBufferPointer<UInt8> {
        if count > UInt64(window.count - place) { try gather(count) }
        let start = place
        place += Int(count)
        return UnsafeBufferPointer(rebasing: window[start..<place])
    }

    /// Makes the window hold `count` octets.
    @inline(never)
    private mutating func gather(_ count: UInt64) throws(JSONError) {
        mark = place
        defer { mark = -1 }
        while UInt64(window.count - place) < count {
            guard try more() else {
                throw JSONError(.truncated, at: offset, "A length is greater than what follows.")
            }
        }
    }

    /// A number of 1, 2, 4 or 8 octets.
    @inline(__always)
    mutating func unsigned(octets count: Int) throws(JSONError) -> UInt64 {
        var value: UInt64 = 0
        for octet in try take(UInt64(count)) { value = value << 8 | UInt64(octet) }
        return value
    }

    mutating func expect(_ word: StaticString) throws(JSONError) {
        for offset in 0..<word.utf8CodeUnitCount {
            guard let octet = try peekOrEnd(), octet == word.utf8Start[offset] else { throw unexpected(word) }
            place += 1
        }
    }
}
