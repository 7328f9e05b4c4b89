import MeshCore

/// Rows of CSV text (RFC 4180), read where they lie: what a field holds is copied only when it is asked for.
struct CSVScanner {
    /// Where a field lies, without its quotes.
    struct Field {
        let range: Range<Int>
        /// Whether there are doubled quotes in it.
        let isEscaped: Bool
    }

    private let octets: UnsafeRawBufferPointer
    private let separator: UInt8
    /// Where the next row begins.
    private(set) var place: Int
    /// The line in which it begins, the first being 1.
    private(set) var line: Int

    private static let quote = UInt8(ascii: "\"")
    private static let carriageReturn: UInt8 = 0x0D
    private static let lineFeed: UInt8 = 0x0A

    /// - Parameter octets: valid UTF-8.
    init(_ octets: UnsafeRawBufferPointer, separator: UInt8, place: Int, line: Int) {
        self.octets = octets
        self.separator = separator
        self.place = place
        self.line = line
    }

    /// The separator that the first row uses: the first of comma, semicolon and tabulator that stands outside quotes.
    static func separator(of octets: UnsafeRawBufferPointer, from place: Int) -> UInt8 {
        var isQuoted = false
        for octet in octets[place...] {
            switch octet {
            case quote: isQuoted.toggle()
            case UInt8(ascii: ","), UInt8(ascii: ";"), 0x09: if !isQuoted { return octet }
            case lineFeed, carriageReturn: if !isQuoted { return UInt8(ascii: ",") }
            default: continue
            }
        }
        return UInt8(ascii: ",")
    }

    /// The next row that is not empty, with the line it begins in; nil at the end.
    ///
    /// - Throws: ``CredentialFileError`` `malformed`.
    mutating func next() throws(CredentialFileError) -> (line: Int, fields: [Field])? {
        while place < octets.count {
            let start = line
            let fields = try row()
            if fields.count == 1, fields[0].range.isEmpty { continue }
            return (start, fields)
        }
        return nil
    }

    private mutating func row() throws(CredentialFileError) -> [Field] {
        var fields: [Field] = []
        while true {
            fields.append(try field())
            guard place < octets.count else { return fields }
            let octet = octets[place]
            place += 1
            if octet == separator {
                if place == octets.count {
                    fields.append(Field(range: place..<place, isEscaped: false))
                    return fields
                }
                continue
            }
            if octet == Self.carriageReturn, place < octets.count, octets[place] == Self.lineFeed { place += 1 }
            line += 1
            return fields
        }
    }

    /// The field at the place, up to the separator or line end behind it.
    private mutating func field() throws(CredentialFileError) -> Field {
        guard place < octets.count, octets[place] == Self.quote else {
            let start = place
            while place < octets.count, !isEnd(octets[place]) {
                guard octets[place] != Self.quote else {
                    throw .malformed(line, "there is a quote within a field that does not begin with one")
                }
                place += 1
            }
            return Field(range: start..<place, isEscaped: false)
        }
        let opened = line
        place += 1
        let start = place
        var isEscaped = false
        while true {
            guard place < octets.count else { throw .malformed(opened, "a quote is opened and never closed") }
            let octet = octets[place]
            place += 1
            if octet == Self.lineFeed { line += 1 }
            guard octet == Self.quote else { continue }
            if place < octets.count, octets[place] == Self.quote {
                isEscaped = true
                place += 1
                continue
            }
            guard place == octets.count || isEnd(octets[place]) else {
                throw .malformed(line, "something follows the closing quote of a field")
            }
            return Field(range: start..<place - 1, isEscaped: isEscaped)
        }
    }

    private func isEnd(_ octet: UInt8) -> Bool {
        octet == separator || octet == Self.lineFeed || octet == Self.carriageReturn
    }

    /// What a field holds.
    func secret(_ field: Field) -> SecretBytes {
        let raw = UnsafeRawBufferPointer(rebasing: octets[field.range])
        guard field.isEscaped else { return SecretBytes(copying: raw) }
        var count = 0
        let all = SecretBytes(count: raw.count) { target in
            var isSecond = false
            for octet in raw {
                if octet == Self.quote, !isSecond {
                    isSecond = true
                    continue
                }
                isSecond = false
                target[count] = octet
                count += 1
            }
        }
        return all.duplicate(0..<count)
    }

    /// What a field holds that is no secret.
    func text(_ field: Field) -> String { secret(field).withUnsafeBytes { String(decoding: $0, as: UTF8.self) } }
}
