import MeshCore

/// A file of passwords that a browser or password manager has exported: read, checked, and of a known format. What it holds stays
/// in memory that is wiped.
public final class CredentialFile: Sendable {
    /// The largest file that is read, in octets.
    public static let largest = 256 << 20

    /// The format.
    public let format: CredentialFileFormat
    /// How many entries there are, whatever they hold.
    public let count: Int
    private let bytes: SecretBytes
    private let length: Int
    /// What the columns hold; for JSON nothing.
    private let columns: [(name: String, role: CredentialFileFormat.Role)]
    private let separator: UInt8
    /// The names of the folders that entries name, in JSON.
    private let folders: [String: String]
    private let start: Place

    /// Where reading goes on.
    struct Place: Hashable {
        var octet: Int
        var line: Int
    }

    /// Reads all of a file, so that a mistake anywhere in it is found before anything is done.
    ///
    /// - Parameters:
    ///   - bytes: the file, and perhaps more.
    ///   - length: how long the file is, in octets.
    ///   - format: the format, if it is not to be recognised.
    /// - Throws: ``CredentialFileError``, which names the line.
    public init(
        _ bytes: consuming SecretBytes, length: Int, format wanted: CredentialFileFormat? = nil
    ) throws(CredentialFileError) {
        precondition(length <= bytes.count)
        guard length <= Self.largest else {
            throw CredentialFileError(.tooLarge, "The file is larger than \(Self.largest >> 20) MiB.")
        }
        let head = try bytes.withUnsafeBytes { (all) throws(CredentialFileError) in
            try Head(UnsafeRawBufferPointer(rebasing: all[..<length]), wanted)
        }
        format = head.format
        columns = head.columns
        separator = head.separator
        folders = head.folders
        start = head.start
        count = try bytes.withUnsafeBytes { (all) throws(CredentialFileError) in
            let octets = UnsafeRawBufferPointer(rebasing: all[..<length])
            var (place, count) = (head.start, 0)
            while let next = try Self.entry(
                octets, at: place, head,
                reads: { (line, part) throws(CredentialFileError) in
                    // Rows are whole as they are split; of an item every text is looked at.
                    guard case .item(var scanner) = part else { return }
                    _ = try ImportedLogin(line, &scanner, head.folders)
                })
            {
                place = next
                count += 1
            }
            return count
        }
        self.bytes = bytes
        self.length = length
    }

    /// What the beginning of a file says.
    private struct Head {
        var format: CredentialFileFormat
        var columns: [(name: String, role: CredentialFileFormat.Role)] = []
        var separator = UInt8(ascii: ",")
        var folders: [String: String] = [:]
        var start: Place

        init(
            format: CredentialFileFormat, columns: [(name: String, role: CredentialFileFormat.Role)], separator: UInt8,
            folders: [String: String], start: Place
        ) {
            self.format = format
            self.columns = columns
            self.separator = separator
            self.folders = folders
            self.start = start
        }

        init(_ octets: UnsafeRawBufferPointer, _ wanted: CredentialFileFormat?) throws(CredentialFileError) {
            if octets.starts(with: [0xFF, 0xFE]) || octets.starts(with: [0xFE, 0xFF]) {
                throw CredentialFileError(
                    .malformed, line: 1, "The file is in UTF-16.", remedy: "Save it as UTF-8, and import that.")
            }
            try Self.checkText(octets)
            start = Place(octet: octets.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0, line: 1)
            var json = JSONScanner(octets, place: start.octet)
            let isJSON = json.peek() == UInt8(ascii: "{")
            if wanted == .bitwardenJSON || (wanted == nil && isJSON) {
                format = .bitwardenJSON
                try readJSON(&json)
                return
            }
            separator = CSVScanner.separator(of: octets, from: start.octet)
            var scanner = CSVScanner(octets, separator: separator, place: start.octet, line: 1)
            guard let first = try scanner.next() else {
                throw CredentialFileError(.unknownFormat, "The file is empty.")
            }
            let names = first.fields.map(scanner.text)
            if let wanted { format = wanted } else { format = try CredentialFileFormat.recognise(names) }
            try format.check(names)
            columns = Array(zip(names, format.roles(of: names)))
            start = Place(octet: scanner.place, line: scanner.line)
        }

        private static func checkText(_ octets: UnsafeRawBufferPointer) throws(CredentialFileError) {
            var line = 1
            var place = 0
            while place < octets.count {
                let octet = octets[place]
                if octet < 0x80 {
                    if octet == 0x0A { line += 1 }
                    guard octet != 0 else { throw .malformed(line, "it has an octet 0 in it, as no text has") }
                    place += 1
                    continue
                }
                var parser = UTF8.ForwardParser()
                var rest = octets[place...].makeIterator()
                guard case .valid(let scalar) = parser.parseScalar(from: &rest) else {
                    throw .malformed(line, "it is not UTF-8")
                }
                place += scalar.count
            }
        }

        private mutating func readJSON(_ json: inout JSONScanner) throws(CredentialFileError) {
            var names: [String: String] = [:]
            var items: Int?
            var isEncrypted = false
            try json.object { (name, scanner) throws(CredentialFileError) in
                switch name {
                case "encrypted": isEncrypted = scanner.word(try scanner.skip()) == "true"
                case "folders", "collections":
                    guard scanner.peek() == UInt8(ascii: "[") else { return _ = try scanner.skip() }
                    try scanner.array { (scanner) throws(CredentialFileError) in
                        var (id, title): (String?, String?)
                        try scanner.object { (name, scanner) throws(CredentialFileError) in
                            guard name == "id" || name == "name" else { return _ = try scanner.skip() }
                            let text = try scanner.optionalString()
                            if name == "id" {
                                id = try text.map(scanner.text)
                            } else {
                                title = try text.map(scanner.text)
                            }
                        }
                        if let id, let title { names[id] = title }
                    }
                case "items":
                    guard scanner.peek() == UInt8(ascii: "[") else {
                        throw scanner.malformed("the items are no list")
                    }
                    items = scanner.place + 1
                    try scanner.skip()
                default: try scanner.skip()
                }
            }
            guard json.peek() == nil else { throw json.malformed("something follows the end") }
            guard !isEncrypted else {
                throw CredentialFileError(
                    .encrypted, "The export is encrypted.",
                    remedy: "Export it as .json or .csv without encryption, import that, and delete it.")
            }
            guard let items else {
                throw CredentialFileError(.unknownFormat, "The file is JSON, but has no items as Bitwarden's has.")
            }
            folders = names
            start = Place(octet: items, line: json.line(of: items))
        }
    }

    // MARK: Reading

    /// Reads the entries one after the other.
    package struct Reader {
        private let file: CredentialFile
        private var place: Place?

        package init(_ file: CredentialFile) {
            self.file = file
            place = file.start
        }

        /// The next entry; nil at the end.
        ///
        /// - Throws: nothing that ``CredentialFile/init(_:length:format:)`` has not thrown before.
        package mutating func next() throws(CredentialFileError) -> ImportedLogin? {
            guard let place else { return nil }
            var login: ImportedLogin?
            self.place = try file.read(place) { login = $0 }
            return login
        }
    }

    private func read(_ place: Place, _ body: (ImportedLogin) -> Void) throws(CredentialFileError) -> Place? {
        let head = Head(format: format, columns: columns, separator: separator, folders: folders, start: start)
        let length = length
        return try bytes.withUnsafeBytes { (all) throws(CredentialFileError) in
            try Self.entry(UnsafeRawBufferPointer(rebasing: all[..<length]), at: place, head) {
                (line, part) throws(CredentialFileError) in
                switch part {
                case .row(let fields, let scanner): body(ImportedLogin(line, fields, head.columns, scanner))
                case .item(let scanner):
                    var scanner = scanner
                    body(try ImportedLogin(line, &scanner, head.folders))
                }
            }
        }
    }

    private enum Part {
        case row([CSVScanner.Field], CSVScanner)
        case item(JSONScanner)
    }

    /// Gives the entry at a place to `reads`.
    ///
    /// - Returns: where the next one is; nil at the end.
    private static func entry(
        _ octets: UnsafeRawBufferPointer, at place: Place, _ head: Head,
        reads: (_ line: Int, Part) throws(CredentialFileError) -> Void
    ) throws(CredentialFileError) -> Place? {
        if head.format == .bitwardenJSON {
            var scanner = JSONScanner(octets, place: place.octet)
            if scanner.peek() == UInt8(ascii: ",") {
                scanner = JSONScanner(octets, place: scanner.place + 1)
            }
            guard scanner.peek() == UInt8(ascii: "{") else {
                guard scanner.peek() == UInt8(ascii: "]") else { throw scanner.malformed("an item is no object") }
                return nil
            }
            let line = place.line + octets[place.octet..<scanner.place].count { $0 == 0x0A }
            let item = scanner
            try scanner.skip()
            try reads(line, .item(item))
            return Place(
                octet: scanner.place, line: line + octets[item.place..<scanner.place].count { $0 == 0x0A })
        }
        var scanner = CSVScanner(octets, separator: head.separator, place: place.octet, line: place.line)
        guard let row = try scanner.next() else { return nil }
        guard row.fields.count == head.columns.count else {
            throw .malformed(
                row.line, "it has \(row.fields.count) fields, and the first line names \(head.columns.count) columns")
        }
        try reads(row.line, .row(row.fields, scanner))
        return Place(octet: scanner.place, line: scanner.line)
    }
}
