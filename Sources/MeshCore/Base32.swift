/// Base32 (RFC 4648 alphabet, no padding), as UDFs are written.
///
/// Works octet by octet without tables indexed by the data, so that it can be used on secrets.
public enum Base32 {
    /// How many characters `count` octets take.
    public static func encodedCount(_ count: Int) -> Int { (count * 8 + 4) / 5 }

    /// Writes the Base32 characters of `source` into `target`, most significant bit first, spare bits zero.
    ///
    /// `target` must have room for ``encodedCount(_:)`` characters.
    public static func encode(_ source: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer) {
        var buffer: UInt32 = 0
        var bits = 0
        var position = 0
        for octet in source {
            buffer = (buffer << 8) | UInt32(octet)
            bits += 8
            while bits >= 5 {
                bits -= 5
                target[position] = character(UInt8(truncatingIfNeeded: buffer >> UInt32(bits)) & 31)
                position += 1
            }
            buffer &= (1 << UInt32(bits)) - 1
        }
        if bits > 0 {
            target[position] = character(UInt8(truncatingIfNeeded: buffer << UInt32(5 - bits)) & 31)
        }
    }

    /// Reads Base32 characters, any case, skipping dashes, into `target`; the bits after the last whole octet are dropped.
    ///
    /// - Returns: how many octets were written, or nil if a character is not Base32.
    public static func decode(_ source: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer) -> Int? {
        var buffer: UInt32 = 0
        var bits = 0
        var written = 0
        for octet in source {
            if octet == 0x2D { continue }
            let value = self.value(octet)
            guard value < 32 else { return nil }
            buffer = (buffer << 5) | UInt32(value)
            bits += 5
            if bits >= 8 {
                bits -= 8
                guard written < target.count else { return nil }
                target[written] = UInt8(truncatingIfNeeded: buffer >> UInt32(bits))
                written += 1
                buffer &= (1 << UInt32(bits)) - 1
            }
        }
        return written
    }

    /// The character of a value below 32, by arithmetic only: `A`...`Z`, then `2`...`7`.
    private static func character(_ value: UInt8) -> UInt8 {
        let isDigit = UInt8(truncatingIfNeeded: (25 - Int16(value)) >> 8)  // all ones when value > 25
        return (0x41 &+ value) &- (isDigit & (0x41 &+ 26 &- 0x32))
    }

    /// The value of a character, 0...31, or 255 when it is none; by arithmetic only.
    private static func value(_ octet: UInt8) -> UInt8 {
        let character = Int16(octet & 0xDF)
        let isLetter = UInt8(truncatingIfNeeded: ((0x40 - character) & (character - 0x5B)) >> 8)
        let digit = Int16(octet)
        let isDigit = UInt8(truncatingIfNeeded: ((0x31 - digit) & (digit - 0x38)) >> 8)
        let isNeither = ~(isLetter | isDigit)
        return (isLetter & (UInt8(truncatingIfNeeded: character) &- 0x41))
            | (isDigit & (octet &- 0x32 &+ 26)) | isNeither
    }
}
