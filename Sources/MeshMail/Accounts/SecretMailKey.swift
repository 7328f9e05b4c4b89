import MeshCore
import MeshPlatforms

/// A key for mail with its secret half, in locked memory: lent for one piece of work, or to be given to an account.
public enum SecretMailKey: Sendable {
    case openPGP(OpenPGPKey)
    case smime(SMIMEKey)

    /// How long the certificate of a key for S/MIME holds if nothing else is said: three years.
    private static let usualSeconds: Int64 = 3 * 31_557_600

    /// Makes a key of a kind. Blocks for up to some seconds.
    ///
    /// - Parameter name: of the person, as it stands in the key beside the address.
    /// - Throws: ``MailKeyError``.
    static func generate(
        _ kind: MailKey.Kind, name: String?, address: MailAddress, expires: Timestamp?, now: Timestamp
    ) throws -> SecretMailKey {
        switch kind {
        case .openPGP:
            return .openPGP(
                try OpenPGPKey.generate(name: name, address: address.text, expires: expires, now: now))
        case .smime:
            let usual = Timestamp(secondsSince1970: now.secondsSince1970 + usualSeconds)
            return .smime(
                try SMIMEKey.generate(name: name, address: address.text, expires: expires ?? usual, now: now))
        }
    }

    /// Reads a key that another program has written: OpenPGP, armored or binary; or S/MIME, PKCS#12 or PEM. Blocks for up to some
    /// seconds.
    ///
    /// - Parameter passphrase: what it is protected by; nil if it is not.
    /// - Throws: ``MailKeyError``.
    public static func importing(
        _ octets: borrowing SecretBytes, passphrase: SharedSecret?
    ) throws -> SecretMailKey {
        // PKCS#12 is a sequence of ASN.1; in PEM there may be words before the lines that count.
        let isSMIME = octets.withUnsafeBytes { octets in
            guard octets.first != 0x30 else { return true }
            return octets.contains("-----BEGIN ".utf8) && !octets.contains("-----BEGIN PGP ".utf8)
        }
        if isSMIME { return .smime(try SMIMEKey(importing: octets, passphrase: passphrase)) }
        return .openPGP(try OpenPGPKey(importing: octets, passphrase: passphrase))
    }

    /// What everybody may know of it.
    public var key: MailKey {
        switch self {
        case .openPGP(let key): MailKey(key.certificate)
        case .smime(let key): MailKey(key.certificate, chain: key.chain)
        }
    }

    /// The media type of ``secretOctets()``.
    var contentType: String {
        switch self {
        case .openPGP: "application/pgp-keys"
        case .smime: "application/pkcs8"
        }
    }

    /// What is sealed of it.
    func secretOctets() -> SecretBytes {
        switch self {
        case .openPGP(let key): key.withSecretOctets { SecretBytes(copying: $0) }
        case .smime(let key): key.withSecretOctets { SecretBytes(copying: $0) }
        }
    }

    /// Puts a key together again.
    ///
    /// - Throws: ``MailAccountError`` `keyDamaged` if the secret half is not that of `key`; ``MailKeyError``.
    init(_ octets: borrowing SecretBytes, of key: MailKey) throws {
        switch key.kind {
        case .openPGP: self = .openPGP(try OpenPGPKey(secretOctets: octets))
        case .smime:
            let (certificate, chain) = (try key.smimeCertificate(), try key.smimeChain())
            do {
                self = .smime(try SMIMEKey(secretOctets: octets, certificate: certificate, chain: chain))
            } catch let error as MailKeyError where error.code == .notRelated {
                throw key.damaged(error)
            }
        }
        guard self.key.udf == key.udf else { throw key.damaged(nil) }
    }
}
