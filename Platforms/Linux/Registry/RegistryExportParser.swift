/// Reads the text of a `.reg` file.
struct RegistryExportParser {
    private let scalars: [Unicode.Scalar]
    private var place = 0
    private var line = 1

    init(_ text: String) { scalars = Array(text.unicodeScalars) }

    mutating func parse() throws(RegistryExportError) -> [RegistryExport.Key] {
        var signature = takeLine()
        while signature.hasSuffix(" ") { signature.removeLast() }
        guard signature == "Windows Registry Editor Version 5.00" || signature == "REGEDIT4" else {
            throw RegistryExportError(.signature, line: 1, "The first line is not that of a .reg file.")
        }
        var keys: [RegistryExport.Key] = []
        var seenKeys: Set<[String]> = []
        var seenNames: Set<String?> = []
        while let next = skipBlank() {
            switch next {
            case ";": _ = takeLine()
            case "[":
                let start = line
                let path = try parsePath()
                // Windows does not tell upper from lower case in names.
                guard seenKeys.insert(path.map { $0.lowercased() }).inserted else {
                    throw RegistryExportError(.duplicate, line: start, "The key stands there twice.")
                }
                seenNames = []
                keys.append(RegistryExport.Key(path))
            case "\"", "@":
                guard !keys.isEmpty else { throw syntax("A value stands before the first key") }
                let start = line
                let value = try parseValue()
                guard seenNames.insert(value.name?.lowercased()).inserted else {
                    throw RegistryExportError(.duplicate, line: start, "The value stands there twice.")
                }
                keys[keys.count - 1].values.append(value)
            default: throw syntax("A key or a value was expected")
            }
        }
        return keys
    }

    private func syntax(_ message: String) -> RegistryExportError {
        RegistryExportError(.syntax, line: line, message + ".")
    }

    /// The next scalar that is not blank, which is not consumed; nil at the end.
    private mutating func skipBlank() -> Unicode.Scalar? {
        while place < scalars.count {
            switch scalars[place] {
            case " ", "\t", "\r": place += 1
            case "\n":
                place += 1
                line += 1
            default: return scalars[place]
            }
        }
        return nil
    }

    /// What is left of the line, without its end, which is consumed.
    private mutating func takeLine() -> String {
        var text = String.UnicodeScalarView()
        while place < scalars.count {
            let scalar = scalars[place]
            place += 1
            if scalar == "\n" {
                line += 1
                break
            }
            text.append(scalar)
        }
        if text.last == "\r" { text.removeLast() }
        return String(text)
    }

    private mutating func parsePath() throws(RegistryExportError) -> [String] {
        let start = line
        var text = takeLine().unicodeScalars[...]
        while text.last == " " || text.last == "\t" { text.removeLast() }
        // A name may have brackets in it: only the last one ends the path.
        guard text.first == "[", text.last == "]", text.count > 2 else {
            throw RegistryExportError(.syntax, line: start, "A key is written in square brackets.")
        }
        if text.dropFirst().first == "-" {
            throw RegistryExportError(.deletion, line: start, "The line removes a key, which no export does.")
        }
        let names = text.dropFirst().dropLast().split(separator: "\\", omittingEmptySubsequences: false).map {
            String($0)
        }
        guard names.allSatisfy({ !$0.isEmpty }) else {
            throw RegistryExportError(.syntax, line: start, "A name on the way to a key is empty.")
        }
        return names
    }

    private mutating func parseValue() throws(RegistryExportError) -> RegistryExport.NamedValue {
        var name: String?
        if scalars[place] == "@" {
            place += 1
        } else {
            name = try parseQuoted()
        }
        guard take("=") else { throw syntax("An equals sign was expected") }
        guard place < scalars.count else { throw syntax("A value was expected") }
        let start = line
        if scalars[place] == "\"" {
            let text = try parseQuoted()
            try endLine()
            return RegistryExport.NamedValue(name, .string(text))
        }
        let text = takeContinuedLine()
        if text == "-" {
            throw RegistryExportError(.deletion, line: start, "The line removes a value, which no export does.")
        }
        return RegistryExport.NamedValue(name, try value(text, line: start))
    }

    private mutating func take(_ scalar: Unicode.Scalar) -> Bool {
        guard place < scalars.count, scalars[place] == scalar else { return false }
        place += 1
        return true
    }

    /// A text in quotes, which may go over several lines.
    private mutating func parseQuoted() throws(RegistryExportError) -> String {
        let start = line
        place += 1
        var text = String.UnicodeScalarView()
        while place < scalars.count {
            let scalar = scalars[place]
            place += 1
            switch scalar {
            case "\"": return String(text)
            case "\\":
                guard place < scalars.count, scalars[place] == "\\" || scalars[place] == "\"" else {
                    throw syntax("After a backslash, a backslash or a quote was expected")
                }
                text.append(scalars[place])
                place += 1
            default:
                if scalar == "\n" { line += 1 }
                text.append(scalar)
            }
        }
        throw RegistryExportError(.syntax, line: start, "A text is not ended.")
    }

    private mutating func endLine() throws(RegistryExportError) {
        let start = line
        let rest = takeLine()
        guard rest.allSatisfy({ $0 == " " || $0 == "\t" }) else {
            throw RegistryExportError(.syntax, line: start, "Something follows the value.")
        }
    }

    /// What is left of the line and of those that continue it, without blanks.
    private mutating func takeContinuedLine() -> String {
        var text = ""
        repeat {
            if text.hasSuffix("\\") { text.removeLast() }
            text += takeLine().filter { $0 != " " && $0 != "\t" }
        } while text.hasSuffix("\\") && place < scalars.count
        return text
    }

    private func value(_ text: String, line: Int) throws(RegistryExportError) -> RegistryExport.Value {
        func wrong(_ message: String) -> RegistryExportError {
            RegistryExportError(.value, line: line, message)
        }
        guard let colon = text.firstIndex(of: ":") else {
            throw RegistryExportError(.syntax, line: line, "A value of an unknown form.")
        }
        let kind = text[..<colon]
        let digits = text[text.index(after: colon)...]
        if kind == "dword" {
            guard (1...8).contains(digits.utf8.count), digits.utf8.allSatisfy(Self.isHexadecimal),
                let number = UInt32(digits, radix: 16)
            else { throw wrong("A dword has up to eight hexadecimal digits.") }
            return .dword(number)
        }
        var type: UInt32 = 3
        if kind != "hex" {
            guard kind.hasPrefix("hex("), kind.hasSuffix(")"),
                kind.utf8.dropFirst(4).dropLast().allSatisfy(Self.isHexadecimal),
                let number = UInt32(kind.dropFirst(4).dropLast(), radix: 16)
            else { throw RegistryExportError(.syntax, line: line, "A value of an unknown form.") }
            type = number
        }
        var octets: [UInt8] = []
        if !digits.isEmpty {
            for pair in digits.split(separator: ",", omittingEmptySubsequences: false) {
                guard (1...2).contains(pair.utf8.count), pair.utf8.allSatisfy(Self.isHexadecimal),
                    let octet = UInt8(pair, radix: 16)
                else { throw wrong("An octet has one or two hexadecimal digits.") }
                octets.append(octet)
            }
        }
        switch type {
        case 1: return .string(try texts(octets, line: line).joined(separator: "\0"))
        case 2: return .expandableString(try texts(octets, line: line).joined(separator: "\0"))
        case 3: return .binary(octets)
        case 4:
            guard octets.count == 4 else { throw wrong("A dword has four octets.") }
            return .dword(octets.reversed().reduce(0) { $0 << 8 | UInt32($1) })
        case 7:
            var texts = try texts(octets, line: line)
            // The list ends with an empty text, which is not part of it.
            if texts.last == "" { texts.removeLast() }
            return .strings(texts)
        case 11:
            guard octets.count == 8 else { throw wrong("A qword has eight octets.") }
            return .qword(octets.reversed().reduce(0) { $0 << 8 | UInt64($1) })
        default: return .other(type, octets)
        }
    }

    private static func isHexadecimal(_ octet: UInt8) -> Bool {
        switch octet {
        case 0x30...0x39, 0x41...0x46, 0x61...0x66: true
        default: false
        }
    }

    /// The texts in UTF-16, each ended by a zero; the last end may be missing.
    private func texts(_ octets: [UInt8], line: Int) throws(RegistryExportError) -> [String] {
        guard octets.count % 2 == 0 else {
            throw RegistryExportError(.value, line: line, "A text has an odd number of octets.")
        }
        var units = stride(from: 0, to: octets.count, by: 2).map { UInt16(octets[$0]) | UInt16(octets[$0 + 1]) << 8 }
        if units.last == 0 { units.removeLast() }
        if units.isEmpty { return octets.isEmpty ? [] : [""] }
        var texts: [String] = []
        for part in units.split(separator: 0, omittingEmptySubsequences: false) {
            guard let text = String(validating: part, as: UTF16.self) else {
                throw RegistryExportError(.value, line: line, "A text is not UTF-16.")
            }
            texts.append(text)
        }
        return texts
    }
}
