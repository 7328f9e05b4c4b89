/// Base64url that comes in pieces. Runs of characters without white space between them are decoded at once.
struct Base64URLDecoder {
    private let isTolerant: Bool
    /// The values of the characters that make no whole group yet, and how many these are.
    private var group: (bits: UInt32, count: Int) = (0, 0)
    private var isPadded = false

    /// - Parameter isTolerant: as for ``Base64URL/decode(_:isTolerant:)``.
    init(isTolerant: Bool) { self.isTolerant = isTolerant }

    /// Appends to `octets` what the characters so far stand for; false if one is none of base64url.
    mutating func decode(_ text: UnsafeRawBufferPointer, into octets: inout [UInt8]) -> Bool {
        var isText = true
        // Up to three characters are waiting; a whole group is stored as four octets.
        let room = (text.count + 3) / 4 * 3 + 1
        let decoded = [UInt8](unsafeUninitializedCapacity: room) { target, count in
            guard let base = target.baseAddress else { return }
            isText = decode(text, UnsafeMutableRawPointer(base), &count)
        }
        if octets.isEmpty { octets = decoded } else { octets.append(contentsOf: decoded) }
        return isText
    }

    private mutating func decode(
        _ text: UnsafeRawBufferPointer, _ target: UnsafeMutableRawPointer, _ count: inout Int
    ) -> Bool {
        var from = 0
        while true {
            if group.count == 0, !isPadded {
                let rest = UnsafeRawBufferPointer(rebasing: text[from...])
                let taken = Base64URL.decodeGroups(rest, into: target + count)
                from += taken
                count += taken / 4 * 3
            }
            guard from < text.count else { return true }
            guard take(text[from]) else { return false }
            from += 1
            guard group.count == 4 else { continue }
            for shift in [16, 8, 0] as [UInt32] {
                target.storeBytes(
                    of: UInt8(truncatingIfNeeded: group.bits >> shift), toByteOffset: count, as: UInt8.self)
                count += 1
            }
            group = (0, 0)
        }
    }

    /// Takes one character, or what may stand between characters.
    private mutating func take(_ octet: UInt8) -> Bool {
        var character = octet
        if isTolerant {
            switch octet {
            case 0x20, 0x09, 0x0A, 0x0D: return true
            case 0x3D:
                isPadded = true
                return true
            case 0x2B: character = 0x2D
            case 0x2F: character = 0x5F
            default: break
            }
        }
        guard !isPadded, let value = Base64URL.value(of: character) else { return false }
        group = (group.bits << 6 | value, group.count + 1)
        return true
    }

    /// Appends what the last characters stand for; false if they are no end of base64url.
    mutating func finish(into octets: inout [UInt8]) -> Bool {
        // What the two or three characters hold beyond whole octets.
        let spare: UInt32 = group.count == 2 ? 4 : 2
        switch group.count {
        case 0: return true
        case 1: return false
        default: break
        }
        guard isTolerant || group.bits & (1 << spare - 1) == 0 else { return false }
        if group.count == 3 { octets.append(UInt8(truncatingIfNeeded: group.bits >> 10)) }
        octets.append(UInt8(truncatingIfNeeded: group.bits >> spare))
        group = (0, 0)
        return true
    }
}
