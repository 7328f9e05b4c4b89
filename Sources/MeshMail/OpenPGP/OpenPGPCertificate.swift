import MeshCore

/// The public half of an OpenPGP key: what everybody may have, to write to its owner and to verify what the owner signed.
public struct OpenPGPCertificate: Sendable, Equatable {
    /// The certificate as OpenPGP has it, binary (RFC 4880 §11.1).
    public let octets: [UInt8]
    /// The fingerprint of the primary key, hexadecimal in capital letters.
    public let fingerprint: String
    /// The algorithm of the primary key, as `Ed25519` or `RSA 3072`.
    public let algorithm: String
    /// What the primary key itself may be used for.
    public let uses: OpenPGPUses
    /// Who owns the key, as `Alice <alice@example.com>`: what the key itself has signed and not revoked, the main one first.
    public let userIDs: [String]
    /// When the key was made.
    public let created: Timestamp
    /// When the key ends; nil if it does not.
    public let expires: Timestamp?
    /// Whether its owner has revoked it.
    public let isRevoked: Bool
    /// The other keys that belong to it, revoked and expired ones too; none that the primary key has not signed. Of a key that is revoked as a
    /// whole none.
    public let subkeys: [OpenPGPSubkey]
    /// Whether it has a key, strong enough and not revoked, that signs. Expiry is another matter: ``isExpired(at:)``.
    public let canSign: Bool
    /// Whether it has a key, strong enough and not revoked, to encrypt to. Expiry is another matter: ``isExpired(at:)``.
    public let canEncrypt: Bool

    /// Reads a certificate, armored or binary, of at most 1 MiB. Blocks for some milliseconds.
    ///
    /// - Throws: ``MailKeyError`` `malformed` (also for a private key, and for several), `tooLarge`, `unsupported`, `notUsable` if nothing
    ///   in it is signed by the key itself.
    public init(reading octets: [UInt8]) throws {
        try MailKeyLimits.check(octets.count, "OpenPGP certificate")
        let given = SecretBytes(copying: octets)
        let binary = try given.withUnsafeBytes { given throws(MailKeyError) in try OpenPGPArmor.read(given) }
        self = try binary.withUnsafeBytes { binary in
            try OpenPGPPackets.check(binary, .publicOnly)
            return try OpenPGPEngine.certificate(binary)
        }
    }

    /// Whether the key has ended at `time`.
    public func isExpired(at time: Timestamp) -> Bool { expires.map { $0 <= time } ?? false }

    /// The certificate as text, between the lines `-----BEGIN PGP PUBLIC KEY BLOCK-----` and its end.
    public func armored() -> String {
        let octets = SecretBytes(copying: octets)
        let text = octets.withUnsafeBytes { OpenPGPArmor.write($0, .publicKey) }
        return text.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
    }

    init(
        octets: [UInt8], fingerprint: String, algorithm: String, uses: OpenPGPUses, userIDs: [String],
        created: Timestamp,
        expires: Timestamp?, isRevoked: Bool, subkeys: [OpenPGPSubkey], canSign: Bool, canEncrypt: Bool
    ) {
        self.octets = octets
        self.fingerprint = fingerprint
        self.algorithm = algorithm
        self.uses = uses
        self.userIDs = userIDs
        self.created = created
        self.expires = expires
        self.isRevoked = isRevoked
        self.subkeys = subkeys
        self.canSign = canSign
        self.canEncrypt = canEncrypt
    }
}
