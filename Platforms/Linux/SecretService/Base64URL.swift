#if SecretService
    /// Base64 with the URL alphabet and without padding (RFC 4648 §5), for secrets: arithmetic only, no table.
    enum Base64URL {
        /// How many characters `count` octets take.
        static func encodedCount(_ count: Int) -> Int { count / 3 * 4 + [0, 2, 3][count % 3] }

        /// Writes the characters of `source` into `target`, which has room for ``encodedCount(_:)`` of them.
        static func encode(_ source: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer) {
            var buffer: UInt32 = 0
            var bits: UInt32 = 0
            var position = 0
            for octet in source {
                buffer = (buffer << 8) | UInt32(octet)
                bits += 8
                while bits >= 6 {
                    bits -= 6
                    target[position] = character(Int16(truncatingIfNeeded: (buffer >> bits) & 63))
                    position += 1
                }
                buffer &= (1 << bits) - 1
            }
            if bits > 0 { target[position] = character(Int16(truncatingIfNeeded: (buffer << (6 - bits)) & 63)) }
        }

        /// How many octets `count` characters stand for; nil if no octets have a text of that length.
        static func decodedCount(_ count: Int) -> Int? {
            count % 4 == 1 ? nil : count / 4 * 3 + [0, 0, 1, 2][count % 4]
        }

        /// Reads `source` into `target`, which has room for ``decodedCount(_:)`` octets.
        ///
        /// - Returns: false if a character is outside the alphabet or spare bits are set, so that one value has one text.
        static func decode(_ source: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer) -> Bool {
            guard let count = decodedCount(source.count), target.count >= count else { return false }
            var buffer: UInt32 = 0
            var bits: UInt32 = 0
            var position = 0
            var invalid: Int16 = 0
            for octet in source {
                let value = value(Int16(octet))
                invalid |= value
                buffer = (buffer << 6) | UInt32(truncatingIfNeeded: value & 63)
                bits += 6
                if bits >= 8 {
                    bits -= 8
                    target[position] = UInt8(truncatingIfNeeded: buffer >> bits)
                    position += 1
                    buffer &= (1 << bits) - 1
                }
            }
            return invalid >= 0 && buffer == 0
        }

        /// `A`...`Z`, `a`...`z`, `0`...`9`, `-`, `_` for 0...63. `(limit - value) >> 8` is all ones above the limit.
        private static func character(_ value: Int16) -> UInt8 {
            let code =
                value + 0x41 + (((25 - value) >> 8) & 6) - (((51 - value) >> 8) & 75) - (((61 - value) >> 8) & 13)
                + (((62 - value) >> 8) & 49)
            return UInt8(truncatingIfNeeded: code)
        }

        /// The value of a character, or a negative number when it is outside the alphabet.
        private static func value(_ code: Int16) -> Int16 {
            func inside(_ low: Int16, _ high: Int16) -> Int16 { ((low - 1 - code) & (code - high - 1)) >> 8 }
            return -1 + (inside(0x41, 0x5A) & (code - 0x40)) + (inside(0x61, 0x7A) & (code - 0x46))
                + (inside(0x30, 0x39) & (code + 5)) + (inside(0x2D, 0x2D) & 63) + (inside(0x5F, 0x5F) & 64)
        }
    }
#endif
