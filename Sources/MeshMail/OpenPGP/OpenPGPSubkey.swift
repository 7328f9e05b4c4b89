import MeshCore

/// A key below a primary key, with uses of its own.
public struct OpenPGPSubkey: Sendable, Equatable {
    /// Its fingerprint, hexadecimal in capital letters.
    public let fingerprint: String
    /// Its algorithm, as `Curve25519` or `RSA 3072`.
    public let algorithm: String
    /// What it may be used for.
    public let uses: OpenPGPUses
    /// When it was made.
    public let created: Timestamp
    /// When it ends; nil if only with the primary key.
    public let expires: Timestamp?
    /// Whether it was revoked.
    public let isRevoked: Bool
}

/// What a key of OpenPGP may be used for (RFC 4880 §5.2.3.21).
public struct OpenPGPUses: OptionSet, Sendable, Hashable {
    /// The bits; only of use within a process.
    public let rawValue: UInt8
    /// The uses with these bits.
    public init(rawValue: UInt8) { self.rawValue = rawValue }
    /// To sign keys: its own subkeys and names, and other people's.
    public static let certify = OpenPGPUses(rawValue: 1)
    /// To sign mail and files.
    public static let sign = OpenPGPUses(rawValue: 2)
    /// To be encrypted to.
    public static let encrypt = OpenPGPUses(rawValue: 4)
    /// To log in somewhere.
    public static let authenticate = OpenPGPUses(rawValue: 8)
}
