import MeshCryptography

/// The kinds of key that are read and written in SSH's formats.
public enum SSHAlgorithm: String, CaseIterable, Hashable, Sendable, CustomStringConvertible {
    /// Ed25519 (RFC 8709).
    case ed25519 = "ssh-ed25519"
    /// RSA with 2048, 3072 or 4096 bits (RFC 4253).
    case rsa = "ssh-rsa"
    /// ECDSA on P-256 (RFC 5656).
    case p256 = "ecdsa-sha2-nistp256"
    /// ECDSA on P-384 (RFC 5656).
    case p384 = "ecdsa-sha2-nistp384"
    /// ECDSA on P-521 (RFC 5656).
    case p521 = "ecdsa-sha2-nistp521"

    /// The name in SSH's formats.
    public var description: String { rawValue }

    /// The customary name of a file with a private key of the kind; `.pub` is added for the public half.
    public var customaryFileName: String {
        switch self {
        case .ed25519: "id_ed25519"
        case .rsa: "id_rsa"
        case .p256, .p384, .p521: "id_ecdsa"
        }
    }

    /// The name of the curve inside an ECDSA key; nil for other kinds.
    var curveName: String? {
        switch self {
        case .p256: "nistp256"
        case .p384: "nistp384"
        case .p521: "nistp521"
        case .ed25519, .rsa: nil
        }
    }

    /// The algorithm of the cryptography module; nil for RSA, where it depends on the size.
    var keyAlgorithm: KeyAlgorithm? {
        switch self {
        case .ed25519: .ed25519
        case .p256: .p256
        case .p384: .p384
        case .p521: .p521
        case .rsa: nil
        }
    }

    /// The RSA algorithm of a modulus of `bits`; nil if there is none.
    static func rsaAlgorithm(bits: Int) -> KeyAlgorithm? {
        switch bits {
        case 2048: .rsa2048
        case 3072: .rsa3072
        case 4096: .rsa4096
        default: nil
        }
    }
}
