import Glibc
import MeshCore

/// Writes and reads UDFs whose value is a secret: keys, seeds and shares. Their text stays in secret memory too.
public enum SecretUDF {
    /// The longest text that is read, dashes and all.
    static let maximumCharacters = 1536

    /// The text of `octets` (type identifier first): Base32 in upper case, in groups of four.
    public static func text(of octets: borrowing SecretBytes) -> SecretBytes {
        let characters = Base32.encodedCount(octets.count)
        let plain = octets.withUnsafeBytes { source in
            SecretBytes(count: characters) { Base32.encode(source, into: $0) }
        }
        return grouped(plain)
    }

    /// `characters`, upper case and without dashes, in groups of four.
    private static func grouped(_ characters: borrowing SecretBytes) -> SecretBytes {
        let count = characters.count
        return characters.withUnsafeBytes { source in
            SecretBytes(count: count + max(count - 1, 0) / 4) { target in
                var position = 0
                for index in 0..<count {
                    if index > 0, index % 4 == 0 {
                        target[position] = 0x2D
                        position += 1
                    }
                    target[position] = source[index]
                    position += 1
                }
            }
        }
    }

    /// The octets of `text`, type identifier first: any case, dashes anywhere, white space around it ignored.
    ///
    /// - Throws: `UDFError` `invalidCharacter`, `tooShort` or `tooLong`. Nothing of the text is in the error.
    public static func octets(of text: borrowing SecretBytes) throws(UDFError) -> SecretBytes {
        guard text.count <= maximumCharacters else {
            throw UDFError(.tooLong, "The text is too long to be a key, a seed or a share.")
        }
        var written: Int?
        let room = text.withUnsafeBytes { text in
            SecretBytes(count: text.count) { written = Base32.decode(trimmed(text), into: $0) }
        }
        guard let written else {
            throw UDFError(.invalidCharacter, "The text has a character other than A to Z, 2 to 7 and the dash.")
        }
        guard written >= 2 else { throw UDFError(.tooShort, "The text is too short to be a key, a seed or a share.") }
        return room.duplicate(0..<written)
    }

    /// The text of a UDF as it is printed: upper case, in groups of four, no character more or less than was given.
    ///
    /// - Throws: as ``octets(of:)``.
    public static func canonicalText(of text: borrowing SecretBytes) throws(UDFError) -> SecretBytes {
        _ = try octets(of: text)
        var count = 0
        let plain = text.withUnsafeBytes { text in
            SecretBytes(count: text.count) { target in
                for octet in trimmed(text) where octet != 0x2D {
                    // Lower-case letters have bit 5 set; digits too, which must keep it.
                    target[count] = octet >= 0x61 ? octet - 0x20 : octet
                    count += 1
                }
            }
        }
        let canonical = grouped(plain.duplicate(0..<count))
        // Dashes are added where there were none: what is given out must be read again.
        guard canonical.count <= maximumCharacters else {
            throw UDFError(.tooLong, "The text is too long to be a key, a seed or a share.")
        }
        return canonical
    }

    static func trimmed(_ text: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        func isSpace(_ octet: UInt8) -> Bool { octet == 0x20 || (0x09...0x0D).contains(octet) }
        var start = 0
        var end = text.count
        while start < end, isSpace(text[start]) { start += 1 }
        while end > start, isSpace(text[end - 1]) { end -= 1 }
        return UnsafeRawBufferPointer(rebasing: text[start..<end])
    }

    /// The type identifier of `text`; nil when it is no Base32 text of at least two octets.
    public static func type(of text: borrowing SecretBytes) -> UDFType? {
        guard let octets = try? octets(of: text) else { return nil }
        return octets.withUnsafeBytes { UDFType(rawValue: $0[0]) }
    }

    /// The octets of `text` after the type identifier, if that is one of `types`.
    ///
    /// - Throws: as ``octets(of:)``, and `UDFError` `wrongType`, saying that `what` was wanted.
    public static func value(
        of text: borrowing SecretBytes, types: [UDFType], what: String
    ) throws(UDFError) -> SecretBytes {
        let octets = try octets(of: text)
        let type = octets.withUnsafeBytes { UDFType(rawValue: $0[0]) }
        guard types.contains(type) else {
            throw UDFError(.wrongType, "The text is not \(what): it is a UDF of type \(type.rawValue).")
        }
        return octets.duplicate(1..<octets.count)
    }

    /// A UDF of `type` with the octets of `value` as its text.
    public static func text(type: UDFType, value: borrowing SecretBytes) -> SecretBytes {
        text(of: value.prefixed(with: [type.rawValue]))
    }
}

extension SecretBytes {
    /// A secret that starts with `prefix`, then has these octets.
    package func prefixed(with prefix: [UInt8]) -> SecretBytes {
        withUnsafeBytes { source in
            SecretBytes(count: prefix.count + source.count) { target in
                target.copyBytes(from: prefix)
                UnsafeMutableRawBufferPointer(rebasing: target[prefix.count...]).copyMemory(from: source)
            }
        }
    }
}
