import MeshCore
import MeshCryptography
import MeshPlatforms

/// What a key file says of its key in the open. All of it is authenticated with the key.
///
/// ```text
/// mesh-key-file-1
/// protection: passphrase            (or: file-permissions)
/// mode: production
/// identifier: MAAA-BBBB-…
/// class: Application
/// exportable: yes
/// account: alice@example.com        (left out if the key has none)
/// label: Mesh%20key%20MAAABBBB
/// seal: …                           (which seal the key is sealed under; only with a passphrase)
/// salt: …                           (32 random octets, new at each writing)
/// data: …                           (the key: sealed, or in the open)
/// check: …                          (of all before it)
/// ```
///
/// Octets are in Base64 (URL alphabet, no padding), text as ``FieldText`` writes it. There is one way to write a header,
/// and only that is read.
struct KeyFileHeader {
    /// The word in front of the version.
    static let kind = "mesh-key-file"
    static let saltOctets = 32

    let item: KeyItem
    let mode: PlatformMode
    /// The seal that the key is sealed under; nil for a key in the open.
    let seal: String?
    let salt: [UInt8]

    init(item: KeyItem, mode: PlatformMode, seal: String?, salt: [UInt8]) {
        self.item = item
        self.mode = mode
        self.seal = seal
        self.salt = salt
    }

    /// The header as it stands in a file: all lines before `data`.
    var text: String {
        var lines = ["\(Self.kind)-1"]
        lines.append("protection: \(seal == nil ? "file-permissions" : "passphrase")")
        lines.append("mode: \(mode)")
        lines.append("identifier: \(item.identifier.text)")
        lines.append("class: \(item.keyClass.rawValue)")
        lines.append("exportable: \(item.isExportable ? "yes" : "no")")
        if let account = item.account { lines.append("account: \(FieldText.encode(account))") }
        lines.append("label: \(FieldText.encode(item.label))")
        if let seal { lines.append("seal: \(seal)") }
        lines.append("salt: \(Base64.url.encode(salt))")
        return lines.map { $0 + "\n" }.joined()
    }

    /// Reads the header that `reader` is at, of the file `text`.
    init(_ reader: inout FieldReader, of text: UnsafeRawBufferPointer) throws {
        let protection = try reader.text("protection")
        guard let mode = try PlatformMode(reader.text("mode")) else { throw reader.corrupt("Its mode cannot be.") }
        guard let identifier = try UDF(reader.text("identifier")),
            let keyClass = try KeyClass(rawValue: reader.text("class"))
        else { throw reader.corrupt("Its identifier or class cannot be.") }
        let isExportable = try reader.text("exportable") == "yes"
        let account = try reader.optionalText("account").map { try Self.decoded($0, reader) }
        let label = try Self.decoded(reader.text("label"), reader)
        let seal = protection == "passphrase" ? try reader.text("seal") : nil
        let salt = try reader.base64("salt")
        do {
            item = try KeyItem(
                identifier: identifier, keyClass: keyClass, isExportable: isExportable, account: account, label: label)
        } catch {
            throw reader.corrupt("What it says of its key cannot be.", cause: error)
        }
        self.mode = mode
        self.seal = seal
        self.salt = salt
        // One way of writing: whatever the above passed over (protections, yes and no, lengths) differs here.
        guard salt.count == Self.saltOctets, text[..<reader.position].elementsEqual(self.text.utf8) else {
            throw reader.corrupt("It is not written as key files are.")
        }
    }

    private static func decoded(_ field: String, _ reader: FieldReader) throws -> String {
        guard let text = FieldText.decode(field) else { throw reader.corrupt("A text in it is not written well.") }
        return text
    }
}
