import MeshCore
import MeshCryptography
import MeshPlatforms

/// One key file: header, key, and check value. Reads and writes the octets; knows nothing of the disk.
struct KeyFile: ~Copyable {
    /// The largest secret that is kept, in octets.
    static let largestValue = 65_536
    /// The largest file that is read: a largest key with the longest texts.
    static let largestFile = 131_072

    let header: KeyFileHeader
    /// Changes with every writing.
    let revision: KeyRevision
    /// The key in the open, or as it was sealed.
    private let data: SecretBytes
    private let path: String

    /// Reads the file `text` that a store of `mode` found under `name`.
    ///
    /// - Throws: ``PlatformError`` `corrupt`, also for the file of another key or mode; `unknownVersion`.
    static func read(
        _ text: borrowing SecretBytes, name: String, mode: PlatformMode, path: String
    ) throws -> KeyFile {
        try text.withUnsafeBytes { try KeyFile($0, name: name, mode: mode, path: path) }
    }

    private init(_ text: UnsafeRawBufferPointer, name: String, mode: PlatformMode, path: String) throws {
        var reader = try FieldReader(text, kind: KeyFileHeader.kind, path: path)
        let header = try KeyFileHeader(&reader, of: text)
        guard KeyFileName.name(of: header.item.identifier) == name else {
            throw reader.corrupt("It is the file of another key, \(header.item.identifier).")
        }
        guard header.mode == mode else { throw reader.corrupt("It is a file of the mode \(header.mode).") }
        guard let data = try Base64.url.decode(reader.octets("data")) else {
            throw reader.corrupt("The line 'data' is no Base64.")
        }
        revision = KeyRevision(try reader.end())
        self.header = header
        self.data = data
        self.path = path
    }

    /// The key: as it stands in the file, or opened with `key` if the file is sealed.
    ///
    /// - Throws: ``PlatformError`` `corrupt` if anything of a sealed file was changed, or it belongs to another seal.
    borrowing func secret(_ key: StoreKey?) throws -> SecretBytes {
        guard let seal = header.seal else { return data.duplicate() }
        guard let key, key.seal == seal else {
            throw FieldReader.corrupt(path, "It was sealed under another seal than the one beside it.")
        }
        do {
            let subkey = try Subkey(header, key)
            let sealed = data.withUnsafeBytes { Array($0) }
            return try AESGCM.open(
                sealed, key: subkey.key, nonce: subkey.nonce, authenticating: Self.associated(header))
        } catch {
            throw FieldReader.corrupt(path, "What it holds was changed.", cause: error)
        }
    }

    /// The octets of the file of `secret`: sealed if `header` names a seal, which must be that of `key`.
    static func text(_ secret: borrowing SecretBytes, _ header: KeyFileHeader, _ key: StoreKey?) throws -> SecretBytes {
        var writer = SecretWriter(capacity: 1024 + secret.count * 2)
        writer.append(header.text)
        writer.append("data: ")
        if let key {
            let subkey = try Subkey(header, key)
            let sealed = try AESGCM.seal(
                secret, key: subkey.key, nonce: subkey.nonce, authenticating: associated(header))
            writer.append(Base64.url.encode(sealed))
        } else {
            writer.append(Base64.url.encode(secret))
        }
        writer.append("\n")
        let check = writer.withWritten { FieldReader.checkText(of: $0, kind: KeyFileHeader.kind) }
        writer.append(check)
        return writer.finish()
    }

    /// Everything that is authenticated and not sealed: what the octets are, and the header with identifier and mode.
    private static func associated(_ header: KeyFileHeader) -> [UInt8] {
        Array("mesh key store \(KeyFileHeader.kind) header\0\(header.text)".utf8)
    }

    /// The key that one version of one file is sealed with. The salt is new at each writing, and with it key and nonce.
    private struct Subkey: ~Copyable {
        let key: SecretBytes
        let nonce: [UInt8]

        init(_ header: KeyFileHeader, _ storeKey: StoreKey) throws {
            let derived = try HKDF.derive(
                inputKey: storeKey.secret.bytes, salt: header.salt,
                info: Array("mesh key store \(KeyFileHeader.kind) key\0\(header.item.identifier.text)".utf8), count: 44)
            key = derived.duplicate(0..<32)
            nonce = derived.duplicate(32..<44).withUnsafeBytes { Array($0) }
        }
    }
}

/// The names of key files.
enum KeyFileName {
    /// The file that holds the store key, sealed under the passphrase.
    static let seal = ".seal"
    /// The longest identifier that is a name as it is; names of files have at most 255 octets.
    private static let longest = 200

    /// The name of the file of `identifier`: its text, or for a very long one a digest of it.
    static func name(of identifier: UDF) -> String {
        guard identifier.text.utf8.count > longest else { return identifier.text }
        let digest = HashAlgorithm.sha512.digest(Array("mesh key store name\0\(identifier.text)".utf8))
        return "long-" + UDF.present(Array(digest.prefix(32)))
    }
}
