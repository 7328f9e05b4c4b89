import MeshCore

extension JSONValue {
    /// The JSON text without white space, as everything that is signed or sent is written.
    ///
    /// A binary item becomes base64url; a number of which JSON has no text (not finite, or of JSON-D) becomes null.
    public var compact: [UInt8] {
        var writer = JSONWriter(indented: false)
        writer.write(self, level: 0)
        return writer.octets
    }

    /// The JSON text for people: two blanks a level, one member a line, a line break at the end.
    public var indented: [UInt8] {
        var writer = JSONWriter(indented: true)
        writer.write(self, level: 0)
        writer.octets.append(0x0A)
        return writer.octets
    }
}

private struct JSONWriter {
    let indented: Bool
    var octets: [UInt8] = []

    init(indented: Bool) { self.indented = indented }

    mutating func write(_ value: JSONValue, level: Int) {
        switch value {
        case .object(let object):
            list(object.members, open: 0x7B, close: 0x7D, isEmpty: object.isEmpty, level: level) { writer, member in
                writer.write(member.name)
                writer.octets.append(0x3A)
                if writer.indented { writer.octets.append(0x20) }
                writer.write(member.value, level: level + 1)
            }
        case .array(let elements):
            list(elements, open: 0x5B, close: 0x5D, isEmpty: elements.isEmpty, level: level) { writer, element in
                writer.write(element, level: level + 1)
            }
        case .string(let text): write(text)
        case .binary(let data): write(base64URL: data)
        case .number(let text): octets.append(contentsOf: text.utf8)
        case .real(let real): octets.append(contentsOf: (real.text ?? "null").utf8)
        case .bool(let value): octets.append(contentsOf: (value ? "true" : "false").utf8)
        case .null: octets.append(contentsOf: "null".utf8)
        }
    }

    private mutating func list<S: Sequence>(
        _ elements: S, open: UInt8, close: UInt8, isEmpty: Bool, level: Int,
        _ body: (inout JSONWriter, S.Element) -> Void
    ) {
        octets.append(open)
        var isFirst = true
        for element in elements {
            if !isFirst { octets.append(0x2C) }
            isFirst = false
            newLine(level + 1)
            body(&self, element)
        }
        if !isEmpty { newLine(level) }
        octets.append(close)
    }

    private mutating func newLine(_ level: Int) {
        guard indented else { return }
        octets.append(0x0A)
        for _ in 0..<level * 2 { octets.append(0x20) }
    }

    /// Octets as a text; no character of base64url needs an escape.
    private mutating func write(base64URL data: [UInt8]) {
        octets.append(0x22)
        octets.append(contentsOf: Base64.url.encode(data).utf8)
        octets.append(0x22)
    }

    /// A text, with only those characters escaped that JSON says must be.
    private mutating func write(_ text: String) {
        octets.append(0x22)
        for octet in text.utf8 {
            switch octet {
            case 0x22, 0x5C:
                octets.append(0x5C)
                octets.append(octet)
            case 0x08: octets.append(contentsOf: [0x5C, 0x62])
            case 0x09: octets.append(contentsOf: [0x5C, 0x74])
            case 0x0A: octets.append(contentsOf: [0x5C, 0x6E])
            case 0x0C: octets.append(contentsOf: [0x5C, 0x66])
            case 0x0D: octets.append(contentsOf: [0x5C, 0x72])
            case 0..<0x20:
                let digits: StaticString = "0123456789abcdef"
                octets.append(contentsOf: [0x5C, 0x75, 0x30, 0x30])
                octets.append(digits.utf8Start[Int(octet >> 4)])
                octets.append(digits.utf8Start[Int(octet & 15)])
            default: octets.append(octet)
            }
        }
        octets.append(0x22)
    }
}
