import MeshEncoding

/// Goes through a text that is expected to be of one form.
struct TextScan {
    private let octets: UnsafeRawBufferPointer
    private var place = 0

    init(_ octets: UnsafeRawBufferPointer) { self.octets = octets }

    var isAtEnd: Bool { place == octets.count }

    /// The octet that comes next; nil at the end.
    var next: UInt8? { isAtEnd ? nil : octets[place] }

    /// Goes past `text`, if it comes next.
    mutating func take(_ text: StaticString) -> Bool {
        let text = UnsafeRawBufferPointer(text.octets)
        guard octets.count - place >= text.count else { return false }
        var index = 0
        while text.count - index >= 8 {
            guard
                octets.loadUnaligned(fromByteOffset: place + index, as: UInt64.self)
                    == text.loadUnaligned(fromByteOffset: index, as: UInt64.self)
            else { return false }
            index += 8
        }
        while index < text.count {
            guard octets[place + index] == text[index] else { return false }
            index += 1
        }
        place += text.count
        return true
    }

    /// A whole number in its shortest form.
    mutating func number() -> Int? {
        let start = place
        var value = 0
        while place < octets.count, place < start + 16, case let digit = octets[place] &- 0x30, digit < 10 {
            value = value * 10 + Int(digit)
            place += 1
        }
        guard place > start, octets[start] != 0x30 || place == start + 1 else { return nil }
        return value
    }

    /// `count` octets in base64url.
    mutating func binary(_ count: Int) -> [UInt8]? {
        let size = Base64URL.encodedCount(count)
        guard octets.count - place >= size else { return nil }
        let text = UnsafeRawBufferPointer(rebasing: octets[place..<place + size])
        var isRead = false
        // Proof: `count` octets are counted as filled only when all of them were decoded.
        let value = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            let target = UnsafeMutableRawBufferPointer(UnsafeMutableBufferPointer(rebasing: buffer[..<count]))
            isRead = Base64URL.decode(text, filling: target)
            filled = isRead ? count : 0
        }
        guard isRead else { return nil }
        place += size
        return value
    }

    /// Goes past the characters of base64url.
    mutating func skipBase64() -> Bool {
        let start = place
        while place < octets.count {
            switch octets[place] {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x5F: place += 1
            default: return (place - start) % 4 != 1
            }
        }
        return false
    }
}
