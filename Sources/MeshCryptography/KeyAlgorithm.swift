/// The algorithms a key can be derived for, with the codes of the specification (`udf-13` §4.4).
public enum KeyAlgorithm: UInt16, CaseIterable, Sendable, CustomStringConvertible {
    case x25519 = 1
    case x448 = 2
    case ed25519 = 3
    case ed448 = 4
    case p256 = 5
    case p384 = 6
    case p521 = 7
    case rsa2048 = 8
    case rsa3072 = 9
    case rsa4096 = 10

    /// The algorithm's name, as Mesh data write it.
    public var description: String {
        switch self {
        case .x25519: "X25519"
        case .x448: "X448"
        case .ed25519: "Ed25519"
        case .ed448: "Ed448"
        case .p256: "P256"
        case .p384: "P384"
        case .p521: "P521"
        case .rsa2048: "RSA2048"
        case .rsa3072: "RSA3072"
        case .rsa4096: "RSA4096"
        }
    }

    /// The algorithm of that name; case and dashes do not matter (`P-256` is `P256`).
    public init?(name: String) {
        let plain = name.filter { $0 != "-" }.lowercased()
        guard let found = Self.allCases.first(where: { $0.description.lowercased() == plain }) else { return nil }
        self = found
    }

    /// Whether keys of the algorithm sign here: Ed25519 and Ed448. (Keys for NIST curves and RSA are derived and named
    /// only.)
    public var canSign: Bool { self == .ed25519 || self == .ed448 }

    /// Whether keys of the algorithm agree on a secret here: all four of Curve25519 and Curve448.
    public var canAgree: Bool { rawValue <= KeyAlgorithm.ed448.rawValue }

    /// How many octets the Mesh encoding of a public key has; nil for RSA, where it depends on the modulus.
    public var publicKeySize: Int? {
        switch self {
        case .x25519, .ed25519: 32
        case .x448, .ed448: 57
        case .p256: 65
        case .p384: 97
        case .p521: 133
        case .rsa2048, .rsa3072, .rsa4096: nil
        }
    }

    /// How many octets a signature has; nil where ``canSign`` is false.
    public var signatureSize: Int? {
        switch self {
        case .ed25519: 64
        case .ed448: 114
        default: nil
        }
    }

    /// How many octets of key material a derived key takes; for RSA, for each of the two primes.
    var derivedSize: Int {
        switch self {
        case .x25519, .ed25519: 32
        case .x448, .ed448: 56
        case .p256: 40
        case .p384: 56
        case .p521: 74
        case .rsa2048: 128
        case .rsa3072: 192
        case .rsa4096: 256
        }
    }

    /// The size of a NIST curve in bits; nil for all others.
    var curveBits: Int32? {
        switch self {
        case .p256: 256
        case .p384: 384
        case .p521: 521
        default: nil
        }
    }

    var isRSA: Bool { rawValue >= KeyAlgorithm.rsa2048.rawValue }
}

/// What the first two octets of a seed say it is for: key use in the top two bits, then the type (`udf-13` §4.4).
public struct KeySpecifier: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    /// All sixteen bits.
    public let rawValue: UInt16

    /// Any sixteen bits.
    public init(rawValue: UInt16) { self.rawValue = rawValue }

    /// The specifier of an explicit algorithm.
    public init(_ algorithm: KeyAlgorithm) { self.init(rawValue: algorithm.rawValue) }

    /// For any algorithm.
    public static let any = KeySpecifier(rawValue: 0)
    /// A device profile's seed.
    public static let profileDevice = KeySpecifier(rawValue: 256)
    /// A device activation's seed.
    public static let activationDevice = KeySpecifier(rawValue: 257)
    /// An account (personal) profile's seed.
    public static let profileAccount = KeySpecifier(rawValue: 258)
    /// An account activation's seed.
    public static let activationAccount = KeySpecifier(rawValue: 259)
    /// A service profile's seed; hosts of a service use it too.
    public static let profileService = KeySpecifier(rawValue: 260)
    /// A service activation's seed.
    public static let activationService = KeySpecifier(rawValue: 261)

    /// The key use: 0 any, 1 encryption, 2 signature, 3 authentication.
    public var use: UInt8 { UInt8(rawValue >> 14) }
    /// The type, without the use.
    public var type: UInt16 { rawValue & 0x3FFF }
    /// The algorithm, when the type is an explicit one.
    public var algorithm: KeyAlgorithm? { KeyAlgorithm(rawValue: type) }
    /// The two octets, big endian.
    public var octets: [UInt8] { [UInt8(rawValue >> 8), UInt8(rawValue & 0xFF)] }

    private static let names: [(KeySpecifier, String)] = [
        (.any, "Any"), (.profileDevice, "MeshProfileDevice"), (.activationDevice, "MeshActivationDevice"),
        (.profileAccount, "MeshProfileAccount"), (.activationAccount, "MeshActivationAccount"),
        (.profileService, "MeshProfileService"), (.activationService, "MeshActivationService"),
    ]

    /// The specification's name of the type, or its number.
    public var description: String {
        if let algorithm { return algorithm.description }
        return Self.names.first { $0.0.rawValue == type }?.1 ?? "type \(type)"
    }

    /// The specifier of that name (`Any`, `Ed448`, `MeshProfileDevice`, …).
    public init?(name: String) {
        if let algorithm = KeyAlgorithm(name: name) {
            self.init(algorithm)
        } else if let found = Self.names.first(where: { $0.1.lowercased() == name.lowercased() }) {
            self = found.0
        } else {
            return nil
        }
    }
}
