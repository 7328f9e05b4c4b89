import MeshCore
import MeshCryptography
import MeshPlatforms

/// Reads the strict text that key files are written in: lines `name: value` of plain ASCII, each ended by a line feed, the
/// last one a check value over all before it.
struct FieldReader {
    /// The path, for messages.
    let path: String
    private let text: UnsafeRawBufferPointer
    private(set) var position = 0

    /// Starts on `text` (which must outlive the reader): its version and its check value.
    ///
    /// - Parameter kind: the word in front of the version: `mesh-key-file`.
    /// - Throws: ``PlatformError`` `corrupt`, `unknownVersion`.
    init(_ text: UnsafeRawBufferPointer, kind: String, path: String) throws {
        self.path = path
        self.text = text
        let version = try String(decoding: line(), as: UTF8.self)
        guard version.hasPrefix(kind + "-"), let number = UInt32(version.dropFirst(kind.utf8.count + 1)),
            version == "\(kind)-\(number)"
        else { throw corrupt("It does not start with the version of a \(kind).") }
        guard number == 1 else {
            throw PlatformError(
                .unknownVersion, store: path, "It has version \(number), and version 1 is known here.",
                remedy: "Use the newer program that wrote it.")
        }
        let checked = text.count - Self.checkLine
        guard checked >= position,
            text.suffix(Self.checkLine).elementsEqual(
                Self.checkText(of: UnsafeRawBufferPointer(rebasing: text[..<checked]), kind: kind).utf8)
        else { throw corrupt("Its check value is wrong.") }
    }

    /// The error of a file that is damaged.
    func corrupt(_ message: String, cause: (any Error)? = nil) -> PlatformError {
        Self.corrupt(path, message, cause: cause)
    }

    static func corrupt(_ path: String, _ message: String, cause: (any Error)? = nil) -> PlatformError {
        PlatformError(
            .corrupt, store: path, "The file is damaged. \(message)", remedy: "Restore it from a backup.", cause: cause)
    }

    /// The rest of the line, without its line feed.
    private mutating func line() throws -> UnsafeRawBufferPointer {
        guard let end = text[position...].firstIndex(of: 0x0A) else { throw corrupt("It is cut short.") }
        let line = UnsafeRawBufferPointer(rebasing: text[position..<end])
        guard line.allSatisfy({ (0x20...0x7E).contains($0) }) else { throw corrupt("It holds more than plain text.") }
        position = end + 1
        return line
    }

    /// The value of the next line, which must be called `name`.
    mutating func octets(_ name: String) throws -> UnsafeRawBufferPointer {
        let line = try line()
        let prefix = name.utf8.count + 2
        guard line.count >= prefix, line.prefix(prefix).elementsEqual("\(name): ".utf8) else {
            throw corrupt("The line '\(name)' is missing.")
        }
        return UnsafeRawBufferPointer(rebasing: line[prefix...])
    }

    /// The value of the next line, which must be called `name`, as text. Not for secrets.
    mutating func text(_ name: String) throws -> String { try String(decoding: octets(name), as: UTF8.self) }

    /// As ``text(_:)``; nil if the next line has another name.
    mutating func optionalText(_ name: String) throws -> String? {
        text[position...].starts(with: "\(name): ".utf8) ? try text(name) : nil
    }

    /// The octets that the next line, called `name`, has in Base64. Not for secrets.
    mutating func base64(_ name: String) throws -> [UInt8] {
        guard let octets = try Base64.url.decode(text(name)) else {
            throw corrupt("The line '\(name)' is no Base64.")
        }
        return octets
    }

    /// The check value, after which there must be nothing.
    mutating func end() throws -> String {
        let check = try text("check")
        guard position == text.count else { throw corrupt("There is something after its end.") }
        return check
    }

    private static let checkOctets = 32
    private static let checkLine = "check: ".utf8.count + Base64.url.encodedCount(checkOctets) + 1

    /// The last line of a file of `kind` that has `text` before it.
    static func checkText(of text: UnsafeRawBufferPointer, kind: String) -> String {
        var digest = StreamingDigest(.sha512)
        digest.update(Array("mesh key store \(kind) check\0".utf8))
        digest.update(text)
        return "check: \(Base64.url.encode(Array(digest.finalize().prefix(checkOctets))))\n"
    }
}

/// Text with any characters in a field of plain ASCII: octets of UTF-8 outside of it, and `%`, as `%` and two digits.
enum FieldText {
    /// The text of the field.
    static func encode(_ text: String) -> String {
        var field: [UInt8] = []
        for octet in text.utf8 {
            if (0x21...0x7E).contains(octet), octet != 0x25 {
                field.append(octet)
            } else {
                let digits = Array("0123456789ABCDEF".utf8)
                field += [0x25, digits[Int(octet >> 4)], digits[Int(octet & 15)]]
            }
        }
        return String(decoding: field, as: UTF8.self)
    }

    /// What ``encode(_:)`` made the field of; nil if it made it of nothing.
    static func decode(_ field: String) -> String? {
        var octets: [UInt8] = []
        var rest = Array(field.utf8)[...]
        while let octet = rest.popFirst() {
            guard octet == 0x25 else {
                octets.append(octet)
                continue
            }
            guard rest.count >= 2, let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16) else {
                return nil
            }
            octets.append(value)
            rest = rest.dropFirst(2)
        }
        guard let text = String(validating: octets, as: UTF8.self), encode(text) == field else { return nil }
        return text
    }
}
