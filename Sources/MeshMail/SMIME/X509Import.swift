import CX509
import MeshCore

/// What is in a PKCS#12 or PEM file: a private key, perhaps, and certificates.
final class X509Import {
    private let handle: OpaquePointer
    /// In the file's order.
    let certificates: [SMIMECertificate]

    /// Reads PEM without a passphrase.
    convenience init(pem octets: [UInt8]) throws {
        try self.init(SecretBytes(copying: octets), passphrase: nil)
    }

    /// Reads PKCS#12, or PEM if it is text.
    ///
    /// - Throws: ``MailKeyError`` `malformed`, `passphraseNeeded`, `wrongPassphrase`, `unsupported`, `tooLarge`.
    init(_ octets: borrowing SecretBytes, passphrase: SharedSecret?) throws {
        let isText = octets.withUnsafeBytes { PEMBlock.isText($0) }
        let made = try octets.withUnsafeBytes { octets in
            let start = octets.baseAddress?.assumingMemoryBound(to: UInt8.self)
            let read = isText ? mesh_import_pem : mesh_import_pkcs12
            guard let passphrase else { return read(start, octets.count, nil, 0) }
            return try MailKeyLimits.withPassphrase(passphrase) {
                read(start, octets.count, $0, Int32(passphrase.bytes.count))
            }
        }
        guard let made else { throw X509Failure.make }
        do {
            try Self.check(made, isText: isText)
            certificates = try (0..<mesh_import_certificate_count(made)).compactMap {
                try mesh_import_certificate(made, $0).map { try SMIMECertificate(der: X509Certificate.octets($0)) }
            }
        } catch {
            mesh_import_free(made)
            throw error
        }
        handle = made
    }

    deinit { mesh_import_free(handle) }

    /// Whether there is a private key.
    var hasKey: Bool { mesh_import_key(handle) != nil }

    /// The private key, in PKCS#8; nil if there is none.
    func secretOctets() throws -> SecretBytes? {
        guard let key = mesh_import_key(handle) else { return nil }
        return try X509PrivateKey.octets(key)
    }

    private static func check(_ made: OpaquePointer, isText: Bool) throws {
        let number = mesh_import_part(made)
        let part = number == 0 ? "The file" : isText ? "Block \(number) of the file" : "Part \(number) of the file"
        switch mesh_import_state(made) {
        case MESH_IMPORTED: return
        case MESH_IMPORT_PASSPHRASE_NEEDED:
            throw MailKeyError(
                .passphraseNeeded, "The file is protected by a passphrase.", remedy: "Give the passphrase, too.")
        case MESH_IMPORT_WRONG_PASSPHRASE:
            throw MailKeyError(
                .wrongPassphrase, "The passphrase does not open the file.",
                remedy: "Give the passphrase with which it was exported.")
        case MESH_IMPORT_UNSUPPORTED:
            throw MailKeyError(
                .unsupported,
                "\(part) is protected by a cipher that is missing here, or hashes its passphrase for too long.",
                remedy: "Export it again: openssl pkcs12 -export -keypbe AES-256-CBC -certpbe AES-256-CBC.")
        case MESH_IMPORT_SEVERAL_KEYS:
            throw MailKeyError(
                .malformed, "\(part) is a second private key, and one is wanted.",
                remedy: "Export the keys one by one.")
        case MESH_IMPORT_TOO_MANY:
            throw MailKeyError(.tooLarge, "The file has more certificates, or other parts, than are read here.")
        default:
            throw MailKeyError(
                .malformed,
                isText
                    ? "\(part) is damaged."
                    : "The octets are no PKCS#12 file, nor PEM text, or \(part.lowercased()) is damaged.",
                remedy: "Export it again.")
        }
    }
}
