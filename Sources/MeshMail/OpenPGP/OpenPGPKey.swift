import MeshCore

/// An OpenPGP key with all its private halves, not protected by a passphrase, in locked memory.
///
/// Made here, or taken over from GnuPG, Thunderbird and others. The library that reads and writes such keys (librnp) holds copies of the
/// private halves while it works, in memory of its own that is not locked.
public struct OpenPGPKey: Sendable {
    private let secret: SharedSecret
    /// The public half.
    public let certificate: OpenPGPCertificate

    /// Makes a key: Ed25519 to certify and sign, and below it a Curve25519 key to be encrypted to. Blocks for some milliseconds.
    ///
    /// - Parameters:
    ///   - name: of the owner; nil for a key that has the address alone.
    ///   - address: the owner's mail address.
    ///   - expires: when both keys end; nil for never. OpenPGP can tell it to 2106.
    ///   - now: the time at which it is made.
    /// - Throws: ``MailKeyError`` `malformed` for a name or an address that cannot stand in a key, `notUsable` for an end that has come or
    ///   cannot be told, `unsupported`, `libraryFailed`.
    public static func generate(
        name: String?, address: String, expires: Timestamp?, now: Timestamp = SystemClock().now
    ) throws -> OpenPGPKey {
        let address = try MailKeyLimits.checkedAddress(address)
        let userID = try MailKeyLimits.checkedName(name).map { "\($0) <\(address)>" } ?? address
        guard let created = UInt32(exactly: now.secondsSince1970), created > 0 else {
            throw MailKeyError(.notUsable, "OpenPGP cannot tell that a key was made at \(now): only 1970 to 2106.")
        }
        var validity: UInt32 = 0
        if let expires {
            guard expires > now, let seconds = UInt32(exactly: expires.secondsSince1970 - now.secondsSince1970) else {
                throw MailKeyError(
                    .notUsable, "A key that is made at \(now) cannot end at \(expires).",
                    remedy: "Choose an end in the future, within 136 years.")
            }
            validity = seconds
        }
        return try OpenPGPKey(OpenPGPEngine.generate(userID: userID, created: created, validity: validity))
    }

    /// Takes over a key that GnuPG or another program exported, armored or binary, of at most 1 MiB. Blocks, for about 0.1 s for each key
    /// in it that is protected.
    ///
    /// It must be one key, with all its private halves and a name that it signed itself, of which something can sign or be encrypted to. A
    /// key that is expired or revoked is taken, for the sake of old mail: see ``certificate``. RSA, DSA and Elgamal keys below 2048 bits are
    /// refused, unless they are revoked.
    ///
    /// - Throws: ``MailKeyError`` `malformed`, `tooLarge`, `unsupported`, `noSecretKey` (also for a key whose private half is on a card, or
    ///   was left out), `passphraseNeeded`, `wrongPassphrase`, `notUsable`.
    public init(importing octets: borrowing SecretBytes, passphrase: SharedSecret?) throws {
        try MailKeyLimits.check(octets.count, "OpenPGP key")
        let binary = try octets.withUnsafeBytes { octets throws(MailKeyError) in try OpenPGPArmor.read(octets) }
        self = try binary.withUnsafeBytes { binary in
            try OpenPGPPackets.check(binary, .secret)
            return try OpenPGPKey(OpenPGPEngine.importSecret(binary, passphrase: passphrase))
        }
    }

    /// Reads what ``withSecretOctets(_:)`` lent. Blocks for some milliseconds.
    ///
    /// - Throws: as ``init(importing:passphrase:)``.
    public init(secretOctets octets: borrowing SecretBytes) throws {
        try self.init(importing: octets, passphrase: nil)
    }

    /// Lends the key as OpenPGP has it (RFC 4880 §11.2), binary and not protected, for the length of `body`.
    public func withSecretOctets<R: ~Copyable, E: Error>(
        _ body: (UnsafeRawBufferPointer) throws(E) -> R
    ) throws(E) -> R {
        try secret.bytes.withUnsafeBytes(body)
    }

    /// The key as text, to be imported by GnuPG and others; secret throughout. Blocks for about 0.1 s for each key in it.
    ///
    /// - Parameter passphrase: what it is protected with (AES-256, SHA-256 iterated over 62 MiB); nil leaves it open to whoever reads it.
    /// - Throws: ``MailKeyError`` `unsupported` for a passphrase that is empty, longer than 255 octets, or has a zero in it; `libraryFailed`.
    public func armoredSecret(passphrase: SharedSecret?) throws -> SecretBytes {
        let octets = try passphrase.map { try OpenPGPEngine.protect(secret, with: $0) } ?? secret
        return octets.bytes.withUnsafeBytes { OpenPGPArmor.write($0, .privateKey) }
    }

    /// The same key, with its owner's word that nobody may use it from now on: publish its ``certificate``. Blocks for some milliseconds.
    ///
    /// - Throws: ``MailKeyError`` `notUsable` if it is revoked already, `unsupported`, `libraryFailed`.
    public func revoked(
        _ reason: OpenPGPRevocationReason = .superseded, now: Timestamp = SystemClock().now
    ) throws -> OpenPGPKey {
        guard !certificate.isRevoked else {
            throw MailKeyError(.notUsable, "The key \(certificate.fingerprint) is revoked already.")
        }
        return try OpenPGPKey(OpenPGPEngine.revoke(secret, reason, at: now))
    }

    private init(_ material: OpenPGPMaterial) {
        secret = material.secret
        certificate = material.certificate
    }
}

/// Why a key is revoked (RFC 4880 §5.2.3.23).
public enum OpenPGPRevocationReason: String, Sendable, CaseIterable {
    /// Not told.
    case unspecified
    /// Another key has taken its place.
    case superseded
    /// Somebody else may have its private half: what it signed, at any time, counts no longer.
    case compromised
    /// It is no longer used.
    case retired
}

/// What the library makes of a key.
struct OpenPGPMaterial {
    let secret: SharedSecret
    let certificate: OpenPGPCertificate
}
