/// Whole numbers of any size between decimal text and big-endian octets. The time grows as the square of the size.
enum DecimalDigits {
    private static let base: UInt64 = 1_000_000_000

    /// The decimal text of a magnitude; zero has no sign.
    static func text(of magnitude: some Collection<UInt8>, isNegative: Bool) -> String {
        // Nine digits a limb, the lowest first.
        var limbs: [UInt64] = [0]
        func multiplyAdd(_ factor: UInt64, _ addend: UInt64) {
            var carry = addend
            for index in limbs.indices {
                // Below 10^9 * 2^32 + 2^33, which fits.
                let value = limbs[index] * factor + carry
                limbs[index] = value % base
                carry = value / base
            }
            while carry > 0 {
                limbs.append(carry % base)
                carry /= base
            }
        }
        var word: UInt64 = 0
        var filled = 0
        for octet in magnitude {
            word = word << 8 | UInt64(octet)
            filled += 1
            if filled == 4 {
                multiplyAdd(1 << 32, word)
                (word, filled) = (0, 0)
            }
        }
        if filled > 0 { multiplyAdd(1 << UInt64(8 * filled), word) }
        while limbs.count > 1, limbs.last == 0 { limbs.removeLast() }
        var text: [UInt8] = []
        text.reserveCapacity(limbs.count * 9 + 1)
        if isNegative, limbs != [0] { text.append(0x2D) }
        for (index, limb) in limbs.reversed().enumerated() {
            let digits = String(limb).utf8
            if index > 0 { text.append(contentsOf: repeatElement(0x30, count: 9 - digits.count)) }
            text.append(contentsOf: digits)
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// The sign and the shortest magnitude of a whole number's text; nil for any other text. Zero is not negative.
    static func magnitude(of text: String) -> (isNegative: Bool, octets: [UInt8])? {
        var digits = Array(text.utf8)[...]
        let isNegative = digits.first == 0x2D
        if isNegative { digits.removeFirst() }
        guard !digits.isEmpty, digits.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        // Words of 32 bits, the lowest first.
        var words: [UInt64] = []
        while !digits.isEmpty {
            let group = digits.prefix(9)
            var carry: UInt64 = 0
            var factor: UInt64 = 1
            for digit in group {
                carry = carry * 10 + UInt64(digit - 0x30)
                factor *= 10
            }
            for index in words.indices {
                let value = words[index] * factor + carry
                words[index] = value & 0xFFFF_FFFF
                carry = value >> 32
            }
            if carry > 0 { words.append(carry) }
            digits = digits.dropFirst(9)
        }
        let octets = words.reversed().flatMap { word in
            [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: word >> $0) }
        }
        return (isNegative && !words.isEmpty, Array(octets.drop { $0 == 0 }))
    }
}
