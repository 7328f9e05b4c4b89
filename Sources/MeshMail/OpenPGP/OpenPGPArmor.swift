import MeshCore

/// The text form of OpenPGP keys (RFC 4880 §6): Base64 between two lines, with a checksum of 24 bits.
///
/// Read and written here, not by the library, which leaves copies of what it reads behind.
enum OpenPGPArmor {
    private static let begin = "-----BEGIN PGP "
    private static let end = "-----END PGP "
    private static let lineLength = 64

    /// Which block it is.
    enum Kind: String, CaseIterable {
        case publicKey = "PUBLIC KEY BLOCK-----"
        case privateKey = "PRIVATE KEY BLOCK-----"
    }

    /// The block with `octets`.
    static func write(_ octets: UnsafeRawBufferPointer, _ kind: Kind) -> SecretBytes {
        let body = SecretBytes(count: Base64.standard.encodedCount(octets.count)) {
            Base64.standard.encode(octets, into: $0)
        }
        var writer = SecretWriter(capacity: body.count + body.count / lineLength + 160)
        writer.append("\(begin)\(kind.rawValue)\n\n")
        body.withUnsafeBytes { body in
            for start in stride(from: 0, to: body.count, by: lineLength) {
                writer.append(UnsafeRawBufferPointer(rebasing: body[start..<min(start + lineLength, body.count)]))
                writer.append("\n")
            }
        }
        writer.append("=\(Base64.standard.encode(checksum(octets)))\n\(end)\(kind.rawValue)\n")
        return writer.finish()
    }

    /// The octets of a key: those of the block if `input` is text, `input` itself if it is not.
    ///
    /// - Throws: ``MailKeyError`` `malformed` for text without a block, with several, with one of another kind, or with one that is damaged.
    static func read(_ input: UnsafeRawBufferPointer) throws(MailKeyError) -> SecretBytes {
        // The first octet of a packet has its highest bit set, and no letter has.
        if let first = input.first, first >= 0x80, !input.starts(with: [0xEF, 0xBB, 0xBF]) {
            return SecretBytes(copying: input)
        }
        var lines = Lines(input)
        var kind: Kind?
        while kind == nil, let line = lines.next() {
            guard let place = firstPlace(of: begin, in: line), place == 0 || line.starts(with: [0xEF, 0xBB, 0xBF])
            else {
                continue
            }
            let words = line[(line.startIndex + place + begin.utf8.count)...]
            kind = Kind.allCases.first { words.elementsEqual($0.rawValue.utf8) }
            guard kind != nil else {
                throw MailKeyError(
                    .malformed, "Line \(lines.number): the block is no OpenPGP key, but something else of OpenPGP's.",
                    remedy: "Give what 'gpg --armor --export-secret-keys' or 'gpg --armor --export' writes.")
            }
        }
        guard let kind else {
            throw MailKeyError(
                .malformed,
                "There is no OpenPGP key: neither a line '\(begin)… KEY BLOCK-----' nor a packet at the beginning.")
        }
        let octets = try readBody(&lines, kind)
        while let line = lines.next() {
            guard !line.starts(with: begin.utf8) else {
                throw MailKeyError(
                    .malformed, "Line \(lines.number): a second block begins, and one key is wanted.",
                    remedy: "Import the keys one by one.")
            }
        }
        return octets
    }

    /// What stands between the first line and the last.
    private static func readBody(_ lines: inout Lines, _ kind: Kind) throws(MailKeyError) -> SecretBytes {
        var text = SecretWriter(capacity: 4096)
        var given: [UInt8]?
        var isHeader = true
        while let line = lines.next() {
            if isHeader {
                if line.isEmpty { isHeader = false }
                if line.isEmpty || line.contains(UInt8(ascii: ":")) { continue }
                isHeader = false
            }
            if line.starts(with: end.utf8) {
                guard line.dropFirst(end.utf8.count).elementsEqual(kind.rawValue.utf8) else { break }
                return try decoded(text.finish(), given)
            }
            if line.count == 5, line.first == UInt8(ascii: "=") {
                given = Base64.standard.decode(String(decoding: line.dropFirst(), as: UTF8.self))
                guard given?.count == 3 else {
                    throw MailKeyError(.malformed, "Line \(lines.number): this is no checksum of a block.")
                }
            } else if !line.isEmpty {
                guard given == nil else {
                    throw MailKeyError(.malformed, "Line \(lines.number): something follows the checksum of the block.")
                }
                text.append(UnsafeRawBufferPointer(rebasing: line))
            }
        }
        throw MailKeyError(.malformed, "The block is cut short: its last line '\(end)\(kind.rawValue)' is missing.")
    }

    private static func decoded(
        _ text: borrowing SecretBytes, _ given: [UInt8]?
    ) throws(MailKeyError) -> SecretBytes {
        guard let octets = text.withUnsafeBytes({ Base64.standard.decode($0) }), octets.count > 0 else {
            throw MailKeyError(.malformed, "What is in the block is not written in Base64, or nothing is in it.")
        }
        if let given, given != octets.withUnsafeBytes({ checksum($0) }) {
            throw MailKeyError(.malformed, "The block was damaged: its checksum is that of other octets.")
        }
        return octets
    }

    /// Where `word` begins in the first characters of a line.
    private static func firstPlace(of word: String, in line: Slice<UnsafeRawBufferPointer>) -> Int? {
        for place in [0, 3] where line.dropFirst(place).starts(with: word.utf8) { return place }
        return nil
    }

    /// CRC-24 (RFC 4880 §6.1).
    static func checksum(_ octets: UnsafeRawBufferPointer) -> [UInt8] {
        var sum: UInt32 = 0xB704CE
        for octet in octets {
            sum ^= UInt32(octet) << 16
            for _ in 0..<8 {
                sum <<= 1
                if sum & 0x100_0000 != 0 { sum ^= 0x186_4CFB }
            }
        }
        return (0..<3).map { UInt8(truncatingIfNeeded: sum >> (16 - 8 * $0)) }
    }

    /// The lines of a text one after the other, without the blanks at their ends.
    private struct Lines {
        private var rest: Slice<UnsafeRawBufferPointer>
        private(set) var number = 0

        init(_ text: UnsafeRawBufferPointer) { rest = text[...] }

        mutating func next() -> Slice<UnsafeRawBufferPointer>? {
            guard !rest.isEmpty else { return nil }
            number += 1
            let end = rest.firstIndex(of: 0x0A) ?? rest.endIndex
            var line = rest[..<end]
            rest = end < rest.endIndex ? rest[(end + 1)...] : rest[rest.endIndex...]
            while let last = line.last, last == 0x20 || last == 0x0D || last == 0x09 { line.removeLast() }
            return line
        }
    }
}
