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
        return text.withUTF8 { characters in
            var decoder = Base64URLDecoder(isTolerant: isTolerant)
            var octets: [UInt8] = []
            let isText = decoder.decode(UnsafeRawBufferPointer(characters), into: &octets)
            return isText && decoder.finish(into: &octets) ? octets : nil
        }
    }
}
