import MeshCore
import MeshPlatforms

// The two texts a public SSH key is written in.
extension SSHPublicKey {
    private static let armorStart = "---- BEGIN SSH2 PUBLIC KEY ----"
    private static let armorEnd = "---- END SSH2 PUBLIC KEY ----"
    /// The longest line of RFC 4716, in octets without the line break.
    private static let maximumLine = 72
    /// Larger texts are no keys.
    private static let maximumText = 65_536

    /// One line as `authorized_keys` and `.pub` files have it: kind, key in Base64, comment. Without line break.
    public var openSSHLine: String {
        let line = "\(algorithm.rawValue) \(Base64.standard.encode(wire))"
        return comment.isEmpty ? line : "\(line) \(comment)"
    }

    /// Reads a line as ``openSSHLine`` writes it; blanks around the parts and a line break at the end are accepted.
    /// Lines of `authorized_keys` that start with options are not read.
    ///
    /// - Throws: ``PlatformError`` `corrupt`, `unsupported`, `tooLarge`.
    public init(openSSHLine text: String) throws {
        try Self.requireSize(text)
        let line = text.drop { $0 == " " || $0 == "\t" }
        guard let end = line.firstIndex(where: { $0.isNewline }) ?? Optional(line.endIndex),
            line[end...].allSatisfy({ $0.isNewline })
        else { throw SSHError.corrupt("A public key in OpenSSH form is one line.") }
        let parts = line[..<end].split(maxSplits: 2, whereSeparator: { $0 == " " || $0 == "\t" })
        guard parts.count >= 2, let wire = Base64.standard.decode(String(parts[1])) else {
            throw SSHError.corrupt("The line is no public key in OpenSSH form.")
        }
        let comment = parts.count > 2 ? String(parts[2].drop { $0 == " " || $0 == "\t" }) : ""
        try self.init(wire: wire, comment: comment)
        guard algorithm.rawValue == parts[0] else {
            throw SSHError.corrupt("The line names another kind of key than it holds.")
        }
    }

    /// The key as RFC 4716 says: armour, a `Comment` header if there is a comment, Base64; lines of at most 72 octets,
    /// each ended by a line break.
    public var rfc4716: String {
        var lines = [Self.armorStart]
        if !comment.isEmpty { lines += Self.folded("Comment: \"\(comment)\"") }
        let body = Array(Base64.standard.encode(wire).utf8)
        for start in stride(from: 0, to: body.count, by: 70) {
            lines.append(String(decoding: body[start..<min(start + 70, body.count)], as: UTF8.self))
        }
        lines.append(Self.armorEnd)
        return lines.map { $0 + "\n" }.joined()
    }

    /// A header cut into lines, every one but the last ended by a backslash; no character is cut in two.
    private static func folded(_ header: String) -> [String] {
        var lines: [String] = []
        var line = ""
        for scalar in header.unicodeScalars {
            if line.utf8.count + UTF8.width(scalar) > maximumLine - 1 {
                lines.append(line + "\\")
                line = ""
            }
            line.unicodeScalars.append(scalar)
        }
        // A backslash at the very end would be read as a continuation: the header always ends with a quotation mark.
        return lines + [line]
    }

    /// Reads a key as RFC 4716 says: any line break, any headers, `Comment` with or without quotation marks.
    ///
    /// - Throws: ``PlatformError`` `corrupt`, `unsupported`, `tooLarge`.
    public init(rfc4716 text: String) throws {
        try Self.requireSize(text)
        // "\r\n" is one character of Swift.
        var lines = text.split(omittingEmptySubsequences: false, whereSeparator: { $0.isNewline })[...]
        while lines.last?.isEmpty == true { lines.removeLast() }
        guard lines.popFirst() == Self.armorStart[...], lines.popLast() == Self.armorEnd[...] else {
            throw SSHError.corrupt("The text does not start and end as RFC 4716 says.")
        }
        var comment = ""
        while let first = lines.first, let colon = first.firstIndex(of: ":") {
            var value = String(first[first.index(after: colon)...])
            lines.removeFirst()
            while value.hasSuffix("\\") {
                guard let next = lines.popFirst() else { throw SSHError.corrupt("A header of the key is cut short.") }
                value.removeLast()
                value += next
            }
            guard first[..<colon].lowercased() == "comment" else { continue }
            value = String(value.drop { $0 == " " })
            if value.count >= 2, value.hasPrefix("\""), value.hasSuffix("\"") {
                value = String(value.dropFirst().dropLast())
            }
            comment = value
        }
        guard let wire = Base64.standard.decode(lines.joined()), !wire.isEmpty else {
            throw SSHError.corrupt("The body of the key is no Base64.")
        }
        try self.init(wire: wire, comment: comment)
    }

    private static func requireSize(_ text: String) throws {
        guard text.utf8.count <= maximumText else {
            throw PlatformError(.tooLarge, store: SSHError.subject, "The text is too long to be a public key.")
        }
    }
}
