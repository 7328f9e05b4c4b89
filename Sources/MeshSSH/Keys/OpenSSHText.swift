import MeshCore
import MeshPlatforms

// The text of a private key file: `-----BEGIN OPENSSH PRIVATE KEY-----`.
extension SSHPrivateKey {
    private static let textStart = "-----BEGIN OPENSSH PRIVATE KEY-----"
    private static let textEnd = "-----END OPENSSH PRIVATE KEY-----"
    private static let lineLength = 70
    /// The longest text that is read, in octets.
    package static let maximumText = 2 * maximumContainer

    /// The key as a private key file has it, in Base64 between two lines of armour. Secret throughout.
    ///
    /// - Throws: as ``openSSHContainer(_:random:)``.
    public borrowing func openSSHText(
        _ encryption: SSHKeyEncryption = .none, random: any RandomSource
    ) throws -> SecretBytes {
        let body = Base64.standard.encode(try openSSHContainer(encryption, random: random))
        var writer = SecretWriter(capacity: body.count + body.count / Self.lineLength + 128)
        writer.append(Self.textStart + "\n")
        body.withUnsafeBytes { body in
            for start in stride(from: 0, to: body.count, by: Self.lineLength) {
                writer.append(UnsafeRawBufferPointer(rebasing: body[start..<min(start + Self.lineLength, body.count)]))
                writer.append("\n")
            }
        }
        writer.append(Self.textEnd + "\n")
        return writer.finish()
    }

    /// Reads the text of a private key file. Blocks while a passphrase is worked through.
    ///
    /// Blanks and line breaks before and after the key are accepted.
    ///
    /// - Throws: as ``init(openSSHContainer:passphrase:)``; `unsupported` for PEM keys of other kinds.
    public init(openSSHText text: borrowing SecretBytes, passphrase: SharedSecret? = nil) throws {
        guard text.count <= Self.maximumText else {
            throw PlatformError(.tooLarge, store: SSHError.subject, "The text is too long to be a private key.")
        }
        let container = try text.withUnsafeBytes { try Self.unarmored($0) }
        try self.init(openSSHContainer: container, passphrase: passphrase)
    }

    private static func unarmored(_ text: UnsafeRawBufferPointer) throws -> SecretBytes {
        func isBlank(_ octet: UInt8) -> Bool { octet == 0x20 || (0x09...0x0D).contains(octet) }
        var body = text.drop(while: isBlank)
        while let last = body.last, isBlank(last) { body = body.dropLast() }
        guard body.starts(with: textStart.utf8) else {
            if body.starts(with: "-----BEGIN ".utf8), !textStart.utf8.starts(with: body) {
                throw SSHError.unsupported(
                    "The key is in an older PEM form, which is not read here.",
                    remedy: "Convert it with: ssh-keygen -p -f FILE")
            }
            throw SSHError.corrupt("The text is no private key in OpenSSH's form.")
        }
        body = body.dropFirst(textStart.utf8.count)
        guard let first = body.first, first == 0x0A || first == 0x0D, body.count > textEnd.utf8.count,
            body.suffix(textEnd.utf8.count).elementsEqual(textEnd.utf8)
        else { throw SSHError.corrupt("The private key is cut short.") }
        body = body.dropLast(textEnd.utf8.count)
        // Line breaks may stand anywhere.
        var joined = SecretWriter(capacity: body.count)
        for line in body.split(whereSeparator: { $0 == 0x0A || $0 == 0x0D }) {
            joined.append(UnsafeRawBufferPointer(rebasing: line))
        }
        let base64 = joined.finish()
        guard let container = base64.withUnsafeBytes({ Base64.standard.decode($0) }) else {
            throw SSHError.corrupt("The private key is not written in Base64.")
        }
        return container
    }
}
