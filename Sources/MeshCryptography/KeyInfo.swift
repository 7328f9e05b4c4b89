/// How the DER under a key fingerprint is written (`udf-13` §4.2; the published data and the last release differ).
public enum KeyInfoForm: String, Sendable {
    /// The algorithm's own OID and NULL parameters: all published drafts since 2020. The form that is written.
    case draft
    /// The OID of Ed25519 for every key of Curve25519 and Curve448, parameters absent: release 1.0.2 of the reference.
    case release = "release-1.0.2"
}

/// The KeyInfo structure that fingerprints are made of, which is not the SubjectPublicKeyInfo of RFC 8410.
enum KeyInfo {
    static func der(_ key: PublicKey, form: KeyInfoForm) -> [UInt8] {
        let identifier: [UInt8]
        let value: [UInt8]
        switch key.algorithm {
        case .x25519, .x448, .ed25519, .ed448:
            switch form {
            case .draft: identifier = element(0x06, oid(key.algorithm)) + null
            case .release: identifier = element(0x06, oid(.ed25519))
            }
            value = element(0x04, key.octets)
        case .p256, .p384, .p521:
            identifier = element(0x06, ecPublicKey) + element(0x06, oid(key.algorithm))
            value = key.octets
        case .rsa2048, .rsa3072, .rsa4096:
            identifier = element(0x06, rsaEncryption) + null
            value = key.octets
        }
        return element(0x30, element(0x30, identifier) + element(0x03, [0] + value))
    }

    /// PKCS#1 RSAPublicKey of a modulus, big endian, with the exponent 65537.
    static func rsaPublicKey(modulus: [UInt8]) -> [UInt8] {
        let trimmed = Array(modulus.drop { $0 == 0 })
        let integer = (trimmed.first ?? 0) >= 0x80 ? [0] + trimmed : trimmed
        return element(0x30, element(0x02, integer) + element(0x02, [1, 0, 1]))
    }

    static func element(_ tag: UInt8, _ content: [UInt8]) -> [UInt8] {
        let count = content.count
        switch count {
        case ..<0x80: return [tag, UInt8(count)] + content
        case ..<0x100: return [tag, 0x81, UInt8(count)] + content
        default:
            return [tag, 0x82, UInt8(truncatingIfNeeded: count >> 8), UInt8(truncatingIfNeeded: count)] + content
        }
    }

    private static let null: [UInt8] = [0x05, 0x00]
    private static let rsaEncryption: [UInt8] = [0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x01]
    private static let ecPublicKey: [UInt8] = [0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01]

    private static func oid(_ algorithm: KeyAlgorithm) -> [UInt8] {
        switch algorithm {
        case .x25519: [0x2B, 0x65, 0x6E]
        case .x448: [0x2B, 0x65, 0x6F]
        case .ed25519: [0x2B, 0x65, 0x70]
        case .ed448: [0x2B, 0x65, 0x71]
        case .p256: [0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07]
        case .p384: [0x2B, 0x81, 0x04, 0x00, 0x22]
        case .p521: [0x2B, 0x81, 0x04, 0x00, 0x23]
        case .rsa2048, .rsa3072, .rsa4096: rsaEncryption
        }
    }
}
