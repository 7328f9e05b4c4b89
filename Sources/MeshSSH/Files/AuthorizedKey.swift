/// A line of `authorized_keys` (sshd(8)): who may log in, and how.
public struct AuthorizedKey: Hashable, Sendable {
    /// The options in front of the key, as they are written: `restrict,pty`. Empty if there are none.
    public let options: String
    /// The key.
    public let key: SSHKeyBlob
    /// Words about the key.
    public let comment: String

    /// A line without options.
    public init(_ key: SSHPublicKey) {
        options = ""
        self.key = SSHKeyBlob(key)
        comment = key.comment
    }

    /// Reads a line; nil for an empty one, a comment, or what `sshd` would not take for a key either.
    public init?(_ line: String) {
        guard !line.utf8.contains(0x0A), let text = SSHLines.text(Array(line.utf8)[...]) else { return nil }
        if let found = Self.key(text[...]) {
            (options, key, comment) = ("", found.key, found.comment)
            return
        }
        // Options end at the first blank that stands in no quotation marks.
        var isQuoted = false
        var end = text.unicodeScalars.startIndex
        var isEscaped = false
        while end < text.unicodeScalars.endIndex {
            let scalar = text.unicodeScalars[end]
            if isEscaped {
                isEscaped = false
            } else if scalar == "\\", isQuoted {
                isEscaped = true
            } else if scalar == "\"" {
                isQuoted.toggle()
            } else if !isQuoted, scalar == " " || scalar == "\t" {
                break
            }
            end = text.unicodeScalars.index(after: end)
        }
        guard !isQuoted, let found = Self.key(text[end...]) else { return nil }
        options = String(text[..<end])
        (key, comment) = (found.key, found.comment)
    }

    private static func key(_ text: Substring) -> (key: SSHKeyBlob, comment: String)? {
        let words = SSHLines.words(text, 3)
        guard words.count >= 2, let key = SSHKeyBlob(algorithm: words[0], base64: words[1]) else { return nil }
        return (key, words.count > 2 ? words[2] : "")
    }

    /// The line, without its end.
    public var line: String {
        let parts = (options.isEmpty ? [] : [options]) + [key.algorithm, key.base64]
        return (comment.isEmpty ? parts : parts + [SSHPublicKey.oneLine(comment)]).joined(separator: " ")
    }

    /// The keys in a file. Lines that are none are left out.
    ///
    /// - Throws: ``PlatformError`` `tooLarge`.
    public static func read(_ file: [UInt8]) throws -> [AuthorizedKey] {
        try SSHLines(file).lines.compactMap { AuthorizedKey(String(decoding: $0, as: UTF8.self)) }
    }
}
