import MeshCore
import MeshPlatforms

/// A key for mail with its secret half, in locked memory: lent for one piece of work, or to be given to an account.
public enum SecretMailKey: Sendable {
    case openPGP(OpenPGPKey)

    /// Makes a key of a kind. Blocks for up to some seconds.
    ///
    /// - Parameter name: of the person, as it stands in the key beside the address.
    /// - Throws: ``MailKeyError``.
    static func generate(
        _ kind: MailKey.Kind, name: String?, address: MailAddress, expires: Timestamp?, now: Timestamp
    ) throws -> SecretMailKey {
        .openPGP(try OpenPGPKey.generate(name: name, address: address.text, expires: expires, now: now))
    }

    /// Reads a key that another program has written: OpenPGP, armored or binary. Blocks for up to some seconds.
    ///
    /// - Parameter passphrase: what it is protected by; nil if it is not.
    /// - Throws: ``MailKeyError``.
    public static func importing(
        _ octets: borrowing SecretBytes, passphrase: SharedSecret?
    ) throws -> SecretMailKey {
        .openPGP(try OpenPGPKey(importing: octets, passphrase: passphrase))
    }

    /// What everybody may know of it.
    public var key: MailKey {
        switch self {
        case .openPGP(let key): MailKey(key.certificate)
        }
    }

    /// The media type of ``secretOctets()``.
    var contentType: String {
        switch self {
        case .openPGP: "application/pgp-keys"
        }
    }

    /// What is sealed of it.
    func secretOctets() -> SecretBytes {
        switch self {
        case .openPGP(let key): key.withSecretOctets { SecretBytes(copying: $0) }
        }
    }

    /// Puts a key together again.
    ///
    /// - Throws: ``MailAccountError`` `keyDamaged` if the secret half is not that of `key`; ``MailKeyError``.
    init(_ octets: borrowing SecretBytes, of key: MailKey) throws {
        switch key.kind {
        case .openPGP: self = .openPGP(try OpenPGPKey(secretOctets: octets))
        case .smime: throw key.damaged(nil)
        }
        guard self.key.udf == key.udf else { throw key.damaged(nil) }
    }
}
