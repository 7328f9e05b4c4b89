import MeshCore
import MeshCryptography
import MeshDARE

/// An entry of a file that is to be imported. What is no secret is text already; so are notes, which the entry of a credential has
/// as a text.
package struct ImportedLogin {
    /// The line that it begins in.
    let line: Int
    /// Whether it is something else than a name and password: a note, a card.
    var isOther = false
    var title = ""
    /// As the file says it.
    var url = ""
    package var username = ""
    var notes = ""
    var labels: [String] = []
    var password: SharedSecret?
    /// What one-time codes are made of.
    var oneTime: OneTimeSecret?
    /// Whether the file says of one-time codes what is not understood; it is among the notes then.
    var hasStrangeCode = false

    private init(line: Int) { self.line = line }

    // MARK: CSV

    init(
        _ line: Int, _ fields: [CSVScanner.Field], _ columns: [(name: String, role: CredentialFileFormat.Role)],
        _ scanner: CSVScanner
    ) {
        self.init(line: line)
        var others: [(String, String)] = []
        for (field, column) in zip(fields, columns) where !field.range.isEmpty {
            switch column.role {
            case .title: title = Self.trimmed(scanner.text(field))
            case .url: url = Self.trimmed(scanner.text(field))
            case .username: username = scanner.text(field)
            case .password: password = SharedSecret(scanner.secret(field))
            case .notes: notes = scanner.text(field)
            case .oneTime: readCode(scanner.secret(field))
            case .group: addLabel(scanner.text(field))
            case .kind: isOther = scanner.text(field) != "login"
            case .favorite: if scanner.text(field) == "1" { labels.append("favorite") }
            case .fields: others.append(("", scanner.text(field)))
            case .other: others.append((column.name, scanner.text(field)))
            case .ignored: continue
            }
        }
        for (name, value) in others { addNote(name, value) }
    }

    // MARK: JSON

    /// - Parameter scanner: stands before the item.
    init(
        _ line: Int, _ scanner: inout JSONScanner, _ folders: [String: String]
    ) throws(CredentialFileError) {
        self.init(line: line)
        var login = self
        var uris: [String] = []
        var others: [(String, String)] = []
        try scanner.object { (name, scanner) throws(CredentialFileError) in
            switch name {
            case "type": login.isOther = scanner.word(try scanner.skip()) != "1"
            case "name": login.title = Self.trimmed(try Self.text(&scanner))
            case "notes": login.notes = try Self.text(&scanner)
            case "folderId": if let folder = folders[try Self.text(&scanner)] { login.addLabel(folder) }
            case "favorite": if scanner.word(try scanner.skip()) == "true" { login.labels.append("favorite") }
            case "collectionIds":
                try Self.array(&scanner) { (scanner) throws(CredentialFileError) in
                    if let folder = folders[try Self.text(&scanner)] { login.addLabel(folder) }
                }
            case "fields":
                try Self.array(&scanner) { (scanner) throws(CredentialFileError) in
                    var (name, value) = ("", "")
                    try Self.object(&scanner) { (member, scanner) throws(CredentialFileError) in
                        switch member {
                        case "name": name = try Self.text(&scanner)
                        case "value": value = try Self.text(&scanner)
                        default: try scanner.skip()
                        }
                    }
                    others.append((name, value))
                }
            case "login":
                try Self.object(&scanner) { (member, scanner) throws(CredentialFileError) in
                    switch member {
                    case "username": login.username = try Self.text(&scanner)
                    case "password":
                        if let range = try scanner.optionalString(), !range.isEmpty {
                            login.password = SharedSecret(try scanner.secret(range))
                        }
                    case "totp":
                        if let range = try scanner.optionalString(), !range.isEmpty {
                            login.readCode(try scanner.secret(range))
                        }
                    case "uris":
                        try Self.array(&scanner) { (scanner) throws(CredentialFileError) in
                            try Self.object(&scanner) { (member, scanner) throws(CredentialFileError) in
                                guard member == "uri" else { return _ = try scanner.skip() }
                                uris.append(try Self.text(&scanner))
                            }
                        }
                    default: try scanner.skip()
                    }
                }
            default: try scanner.skip()
            }
        }
        login.url = Self.trimmed(uris.first ?? "")
        for uri in uris.dropFirst() { login.addNote("url", uri) }
        for (name, value) in others { login.addNote(name, value) }
        self = login
    }

    private static func text(_ scanner: inout JSONScanner) throws(CredentialFileError) -> String {
        guard let range = try scanner.optionalString() else { return "" }
        return try scanner.text(range)
    }

    /// Goes through an array, or passes over what is none.
    private static func array(
        _ scanner: inout JSONScanner, _ body: (inout JSONScanner) throws(CredentialFileError) -> Void
    ) throws(CredentialFileError) {
        guard scanner.peek() == UInt8(ascii: "[") else { return _ = try scanner.skip() }
        try scanner.array(body)
    }

    /// Goes through an object, or passes over what is none.
    private static func object(
        _ scanner: inout JSONScanner, _ body: (String, inout JSONScanner) throws(CredentialFileError) -> Void
    ) throws(CredentialFileError) {
        guard scanner.peek() == UInt8(ascii: "{") else { return _ = try scanner.skip() }
        try scanner.object(body)
    }

    // MARK: Parts

    private static func trimmed(_ text: String) -> String {
        var text = text[...]
        while text.first?.isWhitespace == true { text = text.dropFirst() }
        while text.last?.isWhitespace == true { text = text.dropLast() }
        return String(text)
    }

    private mutating func addLabel(_ text: String) {
        let label = Self.trimmed(text)
        // The folder that everything is in says nothing.
        guard !label.isEmpty, label != "Root", !labels.contains(label) else { return }
        labels.append(label.hasPrefix("Root/") ? String(label.dropFirst(5)) : label)
    }

    private mutating func addNote(_ name: String, _ value: String) {
        guard !value.isEmpty else { return }
        if !notes.isEmpty { notes += "\n" }
        notes += name.isEmpty ? value : "\(name): \(value)"
    }

    /// An `otpauth://` URI, or a secret in Base32.
    private mutating func readCode(_ text: consuming SecretBytes) {
        let isURI = text.withUnsafeBytes { $0.contains(UInt8(ascii: ":")) }
        do {
            oneTime = isURI ? try OneTimeURI(parsing: text).secret : try OneTimeSecret(base32: text)
        } catch {
            hasStrangeCode = true
            addNote("totp", text.withUnsafeBytes { String(decoding: $0, as: UTF8.self) })
        }
    }
}
