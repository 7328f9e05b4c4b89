import MeshCore

/// The text form of keys and certificates (RFC 7468).
enum PEMBlock {
    private static let lineLength = 64

    /// Appends the block of this kind with `octets`.
    static func append(_ octets: borrowing SecretBytes, _ kind: String, to writer: inout SecretWriter) {
        let body = Base64.standard.encode(octets)
        writer.append("-----BEGIN \(kind)-----\n")
        body.withUnsafeBytes { body in
            for start in stride(from: 0, to: body.count, by: lineLength) {
                writer.append(UnsafeRawBufferPointer(rebasing: body[start..<min(start + lineLength, body.count)]))
                writer.append("\n")
            }
        }
        writer.append("-----END \(kind)-----\n")
    }

    /// The block of octets that are no secret.
    static func text(_ octets: [UInt8], _ kind: String) -> String {
        var writer = SecretWriter(capacity: octets.count * 3 / 2 + 128)
        append(SecretBytes(copying: octets), kind, to: &writer)
        return writer.withWritten { String(decoding: $0, as: UTF8.self) }
    }

    /// Whether the octets are text in which a block begins, rather than DER.
    static func isText(_ octets: UnsafeRawBufferPointer) -> Bool {
        guard let first = octets.first, first != 0x30 else { return false }
        let begin = Array("-----BEGIN ".utf8)
        var matched = 0
        for octet in octets {
            // No part of the mark begins like the whole but its hyphens.
            if octet == begin[matched] {
                matched += 1
                if matched == begin.count { return true }
            } else {
                matched = octet == 0x2D ? min(matched, 5) : 0
            }
        }
        return false
    }
}
