import MeshCore

/// Base64 (RFC 4648) from and to memory that may be secret: by arithmetic, without tables indexed by the data.
enum Base64 {
    /// Which characters stand for 62 and 63, and whether the text is padded with `=`.
    enum Alphabet {
        /// `+` and `/`, padded: as SSH and PEM write it.
        case standard
        /// `-` and `_`, not padded.
        case url
    }

    /// How many characters `count` octets take.
    static func encodedCount(_ count: Int, _ alphabet: Alphabet) -> Int {
        alphabet == .standard ? (count + 2) / 3 * 4 : (count * 4 + 2) / 3
    }

    /// The text of `source`, secret as it is.
    static func encode(_ source: UnsafeRawBufferPointer, _ alphabet: Alphabet) -> SecretBytes {
        SecretBytes(count: encodedCount(source.count, alphabet)) { encode(source, alphabet, into: $0) }
    }

    /// The text of octets that are not secret.
    static func encode(_ octets: [UInt8], _ alphabet: Alphabet) -> String {
        var text = [UInt8](repeating: 0, count: encodedCount(octets.count, alphabet))
        octets.withUnsafeBytes { source in text.withUnsafeMutableBytes { encode(source, alphabet, into: $0) } }
        return String(decoding: text, as: UTF8.self)
    }

    private static func encode(
        _ source: UnsafeRawBufferPointer, _ alphabet: Alphabet, into target: UnsafeMutableRawBufferPointer
    ) {
        var buffer: UInt32 = 0
        var bits = 0
        var position = 0
        for octet in source {
            buffer = (buffer << 8) | UInt32(octet)
            bits += 8
            while bits >= 6 {
                bits -= 6
                target[position] = character(UInt8(truncatingIfNeeded: buffer >> UInt32(bits)) & 63, alphabet)
                position += 1
            }
            buffer &= (1 << UInt32(bits)) - 1
        }
        if bits > 0 {
            target[position] = character(UInt8(truncatingIfNeeded: buffer << UInt32(6 - bits)) & 63, alphabet)
            position += 1
        }
        while position < target.count {
            target[position] = 0x3D
            position += 1
        }
    }

    /// The octets that `text` stands for; nil unless it is written exactly as ``encode(_:_:)`` writes, but for line
    /// breaks, which are skipped if `allowsLineBreaks` is set.
    static func decode(
        _ text: UnsafeRawBufferPointer, _ alphabet: Alphabet, allowsLineBreaks: Bool = false
    ) -> SecretBytes? {
        var isValid = true
        var written = 0
        let room = SecretBytes(count: text.count / 4 * 3 + 3) { target in
            var buffer: UInt32 = 0
            var bits = 0
            var characters = 0
            var padding = 0
            for octet in text {
                if allowsLineBreaks, octet == 0x0A || octet == 0x0D { continue }
                characters += 1
                if alphabet == .standard, octet == 0x3D {
                    padding += 1
                    continue
                }
                let sextet = value(octet, alphabet)
                guard sextet < 64, padding == 0 else {
                    isValid = false
                    return
                }
                buffer = (buffer << 6) | UInt32(sextet)
                bits += 6
                if bits >= 8 {
                    bits -= 8
                    target[written] = UInt8(truncatingIfNeeded: buffer >> UInt32(bits))
                    written += 1
                    buffer &= (1 << UInt32(bits)) - 1
                }
            }
            // Spare bits must be zero and fewer than six, and the padding as the length demands.
            isValid =
                bits < 6 && buffer == 0 && characters == encodedCount(written, alphabet)
                && padding <= 2 && (alphabet == .url || characters % 4 == 0)
        }
        return isValid ? room.duplicate(0..<written) : nil
    }

    /// The octets that a text that is not secret stands for; nil as for secrets.
    static func decode(_ text: String, _ alphabet: Alphabet, allowsLineBreaks: Bool = false) -> [UInt8]? {
        Array(text.utf8).withUnsafeBytes { text -> [UInt8]? in
            guard let octets = decode(text, alphabet, allowsLineBreaks: allowsLineBreaks) else { return nil }
            return octets.withUnsafeBytes { Array($0) }
        }
    }

    /// The character of a value below 64.
    private static func character(_ value: UInt8, _ alphabet: Alphabet) -> UInt8 {
        let value = Int16(value)
        let isLower = (25 - value) >> 8  // all ones from 26 on
        let isDigit = (51 - value) >> 8  // all ones from 52 on
        let is62 = (61 - value) >> 8
        let is63 = (62 - value) >> 8
        let (at62, at63): (Int16, Int16) = alphabet == .standard ? (0x2B, 0x2F) : (0x2D, 0x5F)
        var character = 0x41 + value
        character += isLower & (0x61 - 26 - 0x41)
        character += isDigit & (0x30 - 52 - (0x61 - 26))
        character += is62 & (at62 - 62 - (0x30 - 52))
        character += is63 & ((at63 - 63) - (at62 - 62))
        return UInt8(truncatingIfNeeded: character)
    }

    /// The value of a character, 0...63, or 255 when it is none.
    private static func value(_ octet: UInt8, _ alphabet: Alphabet) -> UInt8 {
        let octet = Int16(octet)
        func isWithin(_ low: Int16, _ high: Int16) -> Int16 { ((low - 1 - octet) & (octet - high - 1)) >> 8 }
        let (at62, at63): (Int16, Int16) = alphabet == .standard ? (0x2B, 0x2F) : (0x2D, 0x5F)
        let upper = isWithin(0x41, 0x5A)
        let lower = isWithin(0x61, 0x7A)
        let digit = isWithin(0x30, 0x39)
        let is62 = isWithin(at62, at62)
        let is63 = isWithin(at63, at63)
        let known =
            (upper & (octet - 0x41)) | (lower & (octet - 0x61 + 26)) | (digit & (octet - 0x30 + 52)) | (is62 & 62)
            | (is63 & 63)
        return UInt8(truncatingIfNeeded: known | ~(upper | lower | digit | is62 | is63))
    }
}
