import MeshCore
import MeshPlatforms

/// The content of a `.reg` file, as the registry editor of Windows exports it: keys with their values, in order.
///
/// Read from UTF-16 with a byte order mark, as the editor writes it, or from UTF-8; both signatures
/// (`Windows Registry Editor Version 5.00` and `REGEDIT4`) are known. Written as the editor writes it.
public struct RegistryExport: Equatable, Sendable {
    /// A value.
    public enum Value: Equatable, Sendable {
        /// `REG_SZ`.
        case string(String)
        /// `REG_EXPAND_SZ`: a text with names of variables in it.
        case expandableString(String)
        /// `REG_MULTI_SZ`.
        case strings([String])
        /// `REG_DWORD`.
        case dword(UInt32)
        /// `REG_QWORD`.
        case qword(UInt64)
        /// `REG_BINARY`.
        case binary([UInt8])
        /// Another type, with its number and its octets.
        case other(UInt32, [UInt8])
    }

    /// A value with its name; nil is `(Default)`.
    public struct NamedValue: Equatable, Sendable {
        /// The name.
        public var name: String?
        /// The value.
        public var value: Value

        /// `value`, called `name`.
        public init(_ name: String?, _ value: Value) {
            self.name = name
            self.value = value
        }
    }

    /// A key: the names on the way to it, from the hive (`HKEY_CURRENT_USER`) on, and its values.
    public struct Key: Equatable, Sendable {
        /// The names.
        public var path: [String]
        /// The values, in order.
        public var values: [NamedValue]

        /// The key at `path`.
        public init(_ path: [String], _ values: [NamedValue] = []) {
            self.path = path
            self.values = values
        }
    }

    /// The keys, in order.
    public var keys: [Key]
    /// The largest file that is read, in octets.
    public static let largest = 1 << 24

    /// An export with these keys.
    public init(_ keys: [Key]) { self.keys = keys }

    /// Reads a file.
    ///
    /// - Throws: ``RegistryExportError`` with the line.
    public init(parsing octets: [UInt8]) throws(RegistryExportError) {
        guard octets.count <= Self.largest else {
            throw RegistryExportError(.tooLarge, line: nil, "The file is larger than \(Self.largest) octets.")
        }
        var parser = RegistryExportParser(try Self.text(octets))
        keys = try parser.parse()
    }

    private static func text(_ octets: [UInt8]) throws(RegistryExportError) -> String {
        let text: String?
        if octets.starts(with: [0xFF, 0xFE]) {
            guard octets.count % 2 == 0 else { throw .init(.encoding, line: nil, "The file ends inside a character.") }
            let units = stride(from: 2, to: octets.count, by: 2).map {
                UInt16(octets[$0]) | UInt16(octets[$0 + 1]) << 8
            }
            text = String(validating: units, as: UTF16.self)
        } else {
            text = String(
                validating: octets.starts(with: [0xEF, 0xBB, 0xBF]) ? octets[3...] : octets[...], as: UTF8.self)
        }
        guard let text else { throw .init(.encoding, line: nil, "The file is neither UTF-16 nor UTF-8.") }
        return text
    }

    /// The octets of the file: UTF-16, least significant octet first, with a byte order mark.
    public var octets: [UInt8] {
        var text = "Windows Registry Editor Version 5.00\r\n"
        for key in keys {
            text += "\r\n[\(key.path.joined(separator: "\\"))]\r\n"
            for value in key.values {
                text += value.name.map(Self.quoted) ?? "@"
                text += "=\(Self.text(value.value))\r\n"
            }
        }
        text += "\r\n"
        return [0xFF, 0xFE]
            + text.utf16.flatMap { [UInt8(truncatingIfNeeded: $0), UInt8(truncatingIfNeeded: $0 >> 8)] }
    }

    /// In quotes. Scalar by scalar: with an accent after it, a quote would be no character of its own, and a quote all the same.
    private static func quoted(_ text: String) -> String {
        var quoted = String.UnicodeScalarView()
        quoted.append("\"")
        for scalar in text.unicodeScalars {
            if scalar == "\\" || scalar == "\"" { quoted.append("\\") }
            quoted.append(scalar)
        }
        quoted.append("\"")
        return String(quoted)
    }

    private static func text(_ value: Value) -> String {
        switch value {
        // A text with zeros in it has no quoted form.
        case .string(let text) where text.unicodeScalars.contains("\0"): hexadecimal(1, utf16(text))
        case .string(let text): quoted(text)
        case .expandableString(let text): hexadecimal(2, utf16(text))
        case .strings(let texts): hexadecimal(7, texts.flatMap(utf16) + [0, 0])
        case .dword(let number):
            "dword:" + String(repeating: "0", count: 8 - String(number, radix: 16).count) + String(number, radix: 16)
        case .qword(let number): hexadecimal(11, (0..<8).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) })
        case .binary(let octets): hexadecimal(3, octets)
        case .other(let type, let octets): hexadecimal(type, octets)
        }
    }

    /// UTF-16 with a zero at the end.
    private static func utf16(_ text: String) -> [UInt8] {
        (Array(text.utf16) + [0]).flatMap { [UInt8(truncatingIfNeeded: $0), UInt8(truncatingIfNeeded: $0 >> 8)] }
    }

    private static func hexadecimal(_ type: UInt32, _ octets: [UInt8]) -> String {
        let digits = octets.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }
        // A line of the editor has at most 25 octets in it.
        let lines = stride(from: 0, to: digits.count, by: 25).map {
            digits[$0..<min($0 + 25, digits.count)].joined(separator: ",")
        }
        return (type == 3 ? "hex:" : "hex(\(String(type, radix: 16))):") + lines.joined(separator: ",\\\r\n  ")
    }
}

/// Why octets are no `.reg` file.
public struct RegistryExportError: MeshError, Equatable {
    /// The cases.
    public struct Code: Hashable, Sendable {
        /// The stable name.
        public let name: String
        /// Not text.
        public static let encoding = Code(name: "reg-encoding")
        /// The first line is none that a `.reg` file has.
        public static let signature = Code(name: "reg-signature")
        /// A line that means nothing.
        public static let syntax = Code(name: "reg-syntax")
        /// A line that removes something, which no export has.
        public static let deletion = Code(name: "reg-deletion")
        /// The octets of a value do not fit its type.
        public static let value = Code(name: "reg-value")
        /// The same key or value twice.
        public static let duplicate = Code(name: "reg-duplicate")
        /// Larger than is read.
        public static let tooLarge = Code(name: "reg-too-large")
        /// The hive does not tell whether its data are a test's.
        public static let ambiguousMode = Code(name: "reg-ambiguous-mode")
        /// The hive that was asked for is not in the file.
        public static let noHive = Code(name: "reg-no-hive")
        /// A name or value that has no place in the registry.
        public static let unsupported = Code(name: "reg-unsupported")
    }

    /// The case.
    public let code: Code
    /// The line, from 1 on, where there is one.
    public let line: Int?
    /// What is wrong, and where.
    public let message: String
    /// The stable name of the case.
    public var codeName: String { code.name }
    /// What the person can do about it.
    public let remedy: String?
    /// None.
    public var cause: (any Error)? { nil }

    /// An error at `line`.
    public init(_ code: Code, line: Int?, _ message: String, remedy: String? = nil) {
        self.code = code
        self.line = line
        self.message = line.map { "\(message) (line \($0))" } ?? message
        self.remedy = remedy
    }

    /// Equal when the case is the same.
    public static func == (left: RegistryExportError, right: RegistryExportError) -> Bool { left.code == right.code }
}
