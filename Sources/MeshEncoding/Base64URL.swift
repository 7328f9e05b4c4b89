/// Base64url without padding (RFC 4648 §5), as binary data are written in JSON. For data that are not secret.
public enum Base64URL {
    private static let alphabet: StaticString = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

    /// The text of `octets`.
    public static func encode(_ octets: some Sequence<UInt8>) -> String {
        var text: [UInt8] = []
        var buffer: UInt32 = 0
        var bits: UInt32 = 0
        for octet in octets {
            buffer = buffer << 8 | UInt32(octet)
            bits += 8
            while bits >= 6 {
                bits -= 6
                text.append(alphabet.utf8Start[Int(buffer >> bits & 63)])
            }
            buffer &= (1 << bits) - 1
        }
        if bits > 0 { text.append(alphabet.utf8Start[Int(buffer << (6 - bits) & 63)]) }
        return String(decoding: text, as: UTF8.self)
    }

    /// The octets of `text`; nil if it is not base64url in its one canonical form.
    ///
    /// - Parameter isTolerant: whether white space inside, padding at the end, the other alphabet (`+` and `/`) and spare
    ///   bits that are not zero are accepted, as files of others have them.
    public static func decode(_ text: String, isTolerant: Bool = false) -> [UInt8]? {
        var octets: [UInt8] = []
        octets.reserveCapacity(text.utf8.count * 3 / 4)
        var buffer: UInt32 = 0
        var bits: UInt32 = 0
        var characters = 0
        var isPadded = false
        for octet in text.utf8 {
            let value: UInt8
            switch octet {
            case 0x41...0x5A: value = octet - 0x41
            case 0x61...0x7A: value = octet - 0x61 + 26
            case 0x30...0x39: value = octet - 0x30 + 52
            case 0x2D: value = 62
            case 0x5F: value = 63
            case 0x2B where isTolerant: value = 62
            case 0x2F where isTolerant: value = 63
            case 0x3D where isTolerant:
                isPadded = true
                continue
            case 0x20, 0x09, 0x0A, 0x0D:
                guard isTolerant else { return nil }
                continue
            default: return nil
            }
            guard !isPadded else { return nil }
            characters += 1
            buffer = buffer << 6 | UInt32(value)
            bits += 6
            if bits >= 8 {
                bits -= 8
                octets.append(UInt8(truncatingIfNeeded: buffer >> bits))
                buffer &= (1 << bits) - 1
            }
        }
        guard characters % 4 != 1, isTolerant || buffer == 0 else { return nil }
        return octets
    }
}
