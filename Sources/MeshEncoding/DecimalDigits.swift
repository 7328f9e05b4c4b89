/// Whole numbers of any size between decimal text and big-endian octets. The time grows as the square of the size.
enum DecimalDigits {
    /// Eighteen digits.
    private static let base: UInt64 = 1_000_000_000_000_000_000

    /// Multiplies by at most 2^56, and adds less than that.
    private static func multiply(_ limbs: inout [UInt64], by factor: UInt64, adding addend: UInt64) {
        var carry = addend
        var index = 0
        while index < limbs.count {
            // Below 10^18 * 2^56 + 2^56: the quotient has 57 bits at most, and the high half is below 10^18.
            var (high, low) = limbs[index].multipliedFullWidth(by: factor)
            let (sum, overflows) = low.addingReportingOverflow(carry)
            low = sum
            if overflows { high &+= 1 }
            (carry, limbs[index]) = base.dividingFullWidth((high, low))
            index += 1
        }
        if carry > 0 { limbs.append(carry) }
    }

    /// The decimal text of a magnitude; zero has no sign.
    static func text(of magnitude: some Collection<UInt8>, isNegative: Bool) -> String {
        // Eighteen digits a limb, the lowest first.
        var limbs: [UInt64] = [0]
        var word: UInt64 = 0
        var filled: UInt64 = 0
        for octet in magnitude {
            word = word << 8 | UInt64(octet)
            filled += 1
            if filled == 7 {
                multiply(&limbs, by: 1 << 56, adding: word)
                (word, filled) = (0, 0)
            }
        }
        if filled > 0 { multiply(&limbs, by: 1 << (8 * filled), adding: word) }
        while limbs.count > 1, limbs.last == 0 { limbs.removeLast() }
        var text: [UInt8] = []
        text.reserveCapacity(limbs.count * 18 + 1)
        if isNegative, limbs != [0] { text.append(0x2D) }
        for (index, limb) in limbs.reversed().enumerated() {
            let digits = String(limb).utf8
            if index > 0 { text.append(contentsOf: repeatElement(0x30, count: 18 - digits.count)) }
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
        // The lowest word first.
        var words: [UInt64] = []
        while !digits.isEmpty {
            let group = digits.prefix(18)
            var carry: UInt64 = 0
            var factor: UInt64 = 1
            for digit in group {
                carry = carry * 10 + UInt64(digit - 0x30)
                factor *= 10
            }
            var index = 0
            while index < words.count {
                // The carry is below 10^18: so is the high half, to which at most one is added.
                let (high, low) = words[index].multipliedFullWidth(by: factor)
                let (sum, overflows) = low.addingReportingOverflow(carry)
                words[index] = sum
                carry = overflows ? high &+ 1 : high
                index += 1
            }
            if carry > 0 { words.append(carry) }
            digits = digits.dropFirst(18)
        }
        let octets = words.reversed().flatMap { word in
            stride(from: 56, through: 0, by: -8).map { UInt8(truncatingIfNeeded: word >> UInt64($0)) }
        }
        return (isNegative && !words.isEmpty, Array(octets.drop { $0 == 0 }))
    }
}
