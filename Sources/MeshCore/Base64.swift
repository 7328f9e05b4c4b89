/// Base64 (RFC 4648 §4 and §5), from and to memory that may be secret.
///
/// Works by arithmetic, without tables indexed by the data and without branches on it, so that it can be used on secrets:
/// the time depends on lengths and on whether the text is padded. Every octet string has exactly one text that is read.
public struct Base64: Hashable, Sendable {
    /// Which characters stand for 62 and 63.
    public enum Alphabet: Hashable, Sendable {
        /// `+` and `/` (RFC 4648 §4).
        case standard
        /// `-` and `_` (RFC 4648 §5).
        case url
    }

    /// The standard alphabet, padded: as SSH and PEM write it.
    public static let standard = Base64(.standard, isPadded: true)
    /// The URL alphabet, not padded: as JSON texts of the Mesh and the stores of keys write it.
    public static let url = Base64(.url, isPadded: false)

    /// Whether texts are filled up with `=` to a multiple of four characters.
    public let isPadded: Bool
    private let at62: Int32
    private let at63: Int32

    /// Base64 with this alphabet and this padding.
    public init(_ alphabet: Alphabet, isPadded: Bool) {
        self.isPadded = isPadded
        (at62, at63) = alphabet == .standard ? (0x2B, 0x2F) : (0x2D, 0x5F)
    }

    /// How many characters `count` octets take.
    public func encodedCount(_ count: Int) -> Int {
        isPadded ? (count + 2) / 3 * 4 : count / 3 * 4 + (count % 3 * 4 + 2) / 3
    }

    /// Writes the characters of `source` into `target`, which must have room for ``encodedCount(_:)`` of them (a
    /// programmer's mistake otherwise).
    public func encode(_ source: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer) {
        precondition(target.count >= encodedCount(source.count), "no room for the text")
        let whole = source.count / 3
        for block in 0..<whole {
            let (from, to) = (block &* 3, block &* 4)
            let bits = Int32(source[from]) &<< 16 | Int32(source[from &+ 1]) &<< 8 | Int32(source[from &+ 2])
            target[to] = character(bits &>> 18)
            target[to &+ 1] = character(bits &>> 12 & 63)
            target[to &+ 2] = character(bits &>> 6 & 63)
            target[to &+ 3] = character(bits & 63)
        }
        let rest = source.count - whole * 3
        guard rest > 0 else { return }
        let (from, to) = (whole * 3, whole * 4)
        let bits = Int32(source[from]) &<< 16 | (rest == 2 ? Int32(source[from + 1]) &<< 8 : 0)
        target[to] = character(bits &>> 18)
        target[to + 1] = character(bits &>> 12 & 63)
        if rest == 2 { target[to + 2] = character(bits &>> 6 & 63) }
        if isPadded { for index in to + rest + 1..<to + 4 { target[index] = 0x3D } }
    }

    /// How many octets `text` stands for if it is Base64; nil if its length or its padding say that it is none.
    public func decodedCount(_ text: UnsafeRawBufferPointer) -> Int? {
        var count = text.count
        if isPadded {
            guard count % 4 == 0 else { return nil }
            for _ in 0..<2 where count > 0 && text[count - 1] == 0x3D { count -= 1 }
        }
        return count % 4 == 1 ? nil : count / 4 * 3 + count % 4 * 3 / 4
    }

    /// Reads `text` into `target`.
    ///
    /// - Parameter ignoresSpareBits: whether the bits after the last whole octet may be other than zero (RFC 4648 §3.5).
    /// - Returns: how many octets were written, or nil if the text is not written as ``encode(_:into:)`` writes it or
    ///   `target` has no room for ``decodedCount(_:)`` octets; what is in `target` then means nothing.
    public func decode(
        _ text: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer, ignoresSpareBits: Bool = false
    ) -> Int? {
        guard let count = decodedCount(text), target.count >= count else { return nil }
        let whole = count / 3
        // Negative as soon as one character was none: the value of such a one is -1, and no shift makes that positive.
        var seen: Int32 = 0
        for block in 0..<whole {
            let (from, to) = (block &* 4, block &* 3)
            let bits =
                value(text[from]) &<< 18 | value(text[from &+ 1]) &<< 12 | value(text[from &+ 2]) &<< 6
                | value(text[from &+ 3])
            seen |= bits
            target[to] = UInt8(truncatingIfNeeded: bits &>> 16)
            target[to &+ 1] = UInt8(truncatingIfNeeded: bits &>> 8)
            target[to &+ 2] = UInt8(truncatingIfNeeded: bits)
        }
        let rest = count - whole * 3
        if rest > 0 {
            // Two characters for one octet, three for two.
            let (from, to) = (whole * 4, whole * 3)
            let bits =
                value(text[from]) &<< 18 | value(text[from + 1]) &<< 12 | (rest == 2 ? value(text[from + 2]) &<< 6 : 0)
            seen |= bits
            target[to] = UInt8(truncatingIfNeeded: bits &>> 16)
            if rest == 2 { target[to + 1] = UInt8(truncatingIfNeeded: bits &>> 8) }
            let spare = bits & (rest == 2 ? 0xFF : 0xFFFF)
            guard spare == 0 || ignoresSpareBits else { return nil }
        }
        return seen < 0 ? nil : count
    }

    /// The character of a value, 0...63. `(limit - value) >> 8` is all ones above the limit.
    private func character(_ value: Int32) -> UInt8 {
        let code =
            value &+ 0x41 &+ ((25 &- value) &>> 8 & (0x61 - 0x41 - 26)) &+ ((51 &- value) &>> 8 & (0x30 - 0x61 - 26))
            &+ ((61 &- value) &>> 8 & (at62 &- 0x30 &- 10)) &+ ((62 &- value) &>> 8 & (at63 &- at62 &- 1))
        return UInt8(truncatingIfNeeded: code)
    }

    /// The value of a character, 0...63, or -1 when it is none. Each term is zero but for the character it is about.
    private func value(_ octet: UInt8) -> Int32 {
        let code = Int32(octet)
        let upper = ((0x40 &- code) & (code &- 0x5B)) &>> 8 & (code &- 0x41 &+ 1)
        let lower = ((0x60 &- code) & (code &- 0x7B)) &>> 8 & (code &- 0x61 &+ 27)
        let digit = ((0x2F &- code) & (code &- 0x3A)) &>> 8 & (code &- 0x30 &+ 53)
        let is62 = ((code ^ at62) &- 1) &>> 8 & 63
        let is63 = ((code ^ at63) &- 1) &>> 8 & 64
        return (upper | lower | digit | is62 | is63) &- 1
    }
}

// The same from and to values that hold their octets themselves.
extension Base64 {
    /// The text of `octets`, which are not secret.
    public func encode(_ octets: [UInt8]) -> String {
        let count = encodedCount(octets.count)
        return String(unsafeUninitializedCapacity: count) { text in
            octets.withUnsafeBytes {
                encode($0, into: UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(text)[..<count]))
            }
            return count
        }
    }

    /// The octets of a text that is not secret; nil as ``decode(_:into:ignoresSpareBits:)``.
    public func decode(_ text: String, ignoresSpareBits: Bool = false) -> [UInt8]? {
        var text = text
        return text.withUTF8 { text in
            let text = UnsafeRawBufferPointer(text)
            guard let count = decodedCount(text) else { return nil }
            var octets = [UInt8](repeating: 0, count: count)
            let written = octets.withUnsafeMutableBytes { decode(text, into: $0, ignoresSpareBits: ignoresSpareBits) }
            return written == nil ? nil : octets
        }
    }

    /// The text of `secret`, secret as it is.
    public func encode(_ secret: borrowing SecretBytes) -> SecretBytes {
        secret.withUnsafeBytes { source in
            SecretBytes(count: encodedCount(source.count)) { encode(source, into: $0) }
        }
    }

    /// The secret that `text` stands for; nil as ``decode(_:into:ignoresSpareBits:)``.
    public func decode(_ text: UnsafeRawBufferPointer) -> SecretBytes? {
        guard let count = decodedCount(text) else { return nil }
        var written: Int?
        let secret = SecretBytes(count: count) { written = decode(text, into: $0) }
        guard written != nil else { return nil }
        return secret
    }
}
