import MeshCore

/// What a key that comes from elsewhere may be at most.
enum MailKeyLimits {
    /// The octets of a file with a key.
    static let importedOctets = 1 << 20
    /// The octets of a passphrase: the longest that every library here takes.
    static let passphraseOctets = 255
    /// The octets of a name, and of an address.
    static let nameOctets = 256

    /// - Throws: ``MailKeyError`` `tooLarge`, `malformed` for nothing at all.
    static func check(_ count: Int, _ what: String) throws(MailKeyError) {
        guard count > 0 else { throw MailKeyError(.malformed, "There is no \(what): nothing was given.") }
        guard count <= importedOctets else {
            throw MailKeyError(
                .tooLarge, "\(count) octets are more than a \(what) can have (\(importedOctets)).",
                remedy: "Give a file with one key alone.")
        }
    }

    /// Lends the passphrase as the libraries take it, with a zero at its end.
    ///
    /// - Throws: ``MailKeyError`` `unsupported` for an empty one, one that is too long, or one with a zero in it; what `body` throws.
    static func withPassphrase<R>(
        _ passphrase: SharedSecret, _ body: (UnsafePointer<CChar>) throws -> R
    ) throws -> R {
        let count = passphrase.bytes.count
        guard (1...passphraseOctets).contains(count),
            passphrase.bytes.withUnsafeBytes({ !$0.contains(0) })
        else {
            throw MailKeyError(
                .unsupported, "A passphrase for a mail key has 1 to \(passphraseOctets) octets, none of them zero.")
        }
        let text = SecretBytes(count: count + 1) { target in
            passphrase.bytes.withUnsafeBytes { target.copyMemory(from: $0) }
        }
        return try text.withUnsafeBytes { text in
            // Proof: the secret has at least two octets, so it has an address.
            try body(text.baseAddress!.assumingMemoryBound(to: CChar.self))
        }
    }

    /// The address if it can stand in a key: something, one `@`, a domain; no blank, control character or angle bracket.
    ///
    /// - Throws: ``MailKeyError`` `malformed`.
    static func checkedAddress(_ address: String) throws(MailKeyError) -> String {
        let parts = address.split(separator: "@", omittingEmptySubsequences: false)
        guard parts.count == 2, parts.allSatisfy({ !$0.isEmpty }), address.utf8.count <= nameOctets,
            address.unicodeScalars.allSatisfy({ isPrintable($0) && !" <>()[],;:\"\\".unicodeScalars.contains($0) })
        else {
            throw MailKeyError(
                .malformed, "A mail address looks like alice@example.com; what was given does not.",
                remedy: "Give the address alone, and the name apart from it.")
        }
        return address
    }

    /// The name if it can stand before an address; nil for an empty one.
    ///
    /// - Throws: ``MailKeyError`` `malformed`.
    static func checkedName(_ name: String?) throws(MailKeyError) -> String? {
        guard let name, !name.isEmpty else { return nil }
        guard name.utf8.count <= nameOctets,
            name.unicodeScalars.allSatisfy({ isPrintable($0) && !"<>".unicodeScalars.contains($0) }),
            name.first != " ", name.last != " "
        else {
            throw MailKeyError(
                .malformed, "A name in a key is one line of at most \(nameOctets) octets, without angle brackets.")
        }
        return name
    }

    private static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator: false
        default: true
        }
    }
}
