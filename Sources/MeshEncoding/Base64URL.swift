/// Base64url without padding (RFC 4648 §5), as binary data are written in JSON. For data that are not secret.
public enum Base64URL {
    /// The text of `octets`.
    public static func encode(_ octets: some Sequence<UInt8>) -> String {
        var text: [UInt8] = []
        Array(octets).withUnsafeBytes { append($0, to: &text) }
        return String(decoding: text, as: UTF8.self)
    }

    /// The octets of `text`; nil if it is not base64url in its one canonical form.
    ///
    /// - Parameter isTolerant: whether white space inside, padding at the end, the other alphabet (`+` and `/`) and spare
    ///   bits that are not zero are accepted, as files of others have them.
    public static func decode(_ text: String, isTolerant: Bool = false) -> [UInt8]? {
        var text = text
        if let octets = text.withUTF8({ octets(of: UnsafeRawBufferPointer($0), ignoresSpareBits: false) }) {
            return octets
        }
        guard isTolerant else { return nil }
        return tidied(text)?.withUnsafeBytes { octets(of: $0, ignoresSpareBits: true) }
    }

    /// `text` in the URL alphabet, without white space, and without padding at its end; nil if something follows that.
    private static func tidied(_ text: String) -> [UInt8]? {
        var tidied: [UInt8] = []
        tidied.reserveCapacity(text.utf8.count)
        var isPadded = false
        for octet in text.utf8 {
            switch octet {
            case 0x20, 0x09, 0x0A, 0x0D: continue
            case 0x3D: isPadded = true
            case _ where isPadded: return nil
            case 0x2B: tidied.append(0x2D)
            case 0x2F: tidied.append(0x5F)
            default: tidied.append(octet)
            }
        }
        return tidied
    }
}
