import MeshPlatforms

/// The lines of a text file of SSH's: cut at line feeds alone, octets that are no UTF-8 included, nothing lost.
struct SSHLines {
    /// The most octets that a file may have.
    static let maximumFile = 16 << 20
    /// The most octets that a line may have.
    static let maximumLine = 65_536

    /// The lines, each without its line feed.
    let lines: [ArraySlice<UInt8>]

    /// The lines of `file`. What follows the last line feed is a line only if there is something.
    ///
    /// - Throws: ``PlatformError`` `tooLarge`.
    init(_ file: [UInt8]) throws {
        guard file.count <= Self.maximumFile else {
            throw PlatformError(.tooLarge, store: SSHError.subject, "The file is too large to be one of SSH's.")
        }
        var lines: [ArraySlice<UInt8>] = []
        var rest = file[...]
        while let end = rest.firstIndex(of: 0x0A) {
            lines.append(rest[..<end])
            rest = rest[(end + 1)...]
        }
        if !rest.isEmpty { lines.append(rest) }
        self.lines = lines
    }

    /// The text of a line without the blanks around it; nil for an empty line, a comment, or what is too long.
    static func text(_ line: ArraySlice<UInt8>) -> String? {
        guard line.count <= maximumLine else { return nil }
        let trimmed = trimmed(line)
        guard let first = trimmed.first, first != UInt8(ascii: "#") else { return nil }
        return String(decoding: trimmed, as: UTF8.self)
    }

    static func trimmed(_ line: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        var line = line.drop(while: isBlank)
        while let last = line.last, isBlank(last) { line.removeLast() }
        return line
    }

    private static func isBlank(_ octet: UInt8) -> Bool { octet == 0x20 || octet == 0x09 || octet == 0x0D }

    /// The words of `text`, at most `count`; the last is the rest of it.
    static func words(_ text: Substring, _ count: Int) -> [String] {
        var words: [String] = []
        var rest = text.unicodeScalars[...]
        func isBlank(_ scalar: Unicode.Scalar) -> Bool { scalar == " " || scalar == "\t" }
        while words.count < count {
            rest = rest.drop(while: isBlank)
            guard !rest.isEmpty else { break }
            if words.count == count - 1 {
                words.append(String(Substring(rest)))
            } else {
                let word = rest.prefix { !isBlank($0) }
                words.append(String(Substring(word)))
                rest = rest.dropFirst(word.count)
            }
        }
        return words
    }
}
