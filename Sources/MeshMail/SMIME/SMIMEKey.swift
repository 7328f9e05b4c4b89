import CX509
import MeshCore

/// A private key for S/MIME, its certificate, and those of the issuers; the key in locked memory, not protected by a passphrase.
public struct SMIMEKey: Sendable {
    /// How often a passphrase is hashed for what is exported.
    private static let iterations: Int32 = 600_000
    private static let certificateLabel = "CERTIFICATE"

    private let secret: SharedSecret
    /// The certificate for the key.
    public let certificate: SMIMECertificate
    /// The certificate of its issuer, that of the issuer's issuer, and so on, as far as they are known. Empty for one that is signed by
    /// itself.
    public let chain: [SMIMECertificate]

    /// Makes an RSA key and a certificate for it, signed by itself, for this address and for mail alone. Blocks for about a second.
    ///
    /// To have it signed by somebody others trust: ``certificateRequest()``, then ``replacing(certificate:chain:)``.
    ///
    /// - Parameters:
    ///   - name: of the owner; nil for a certificate that has the address alone.
    ///   - address: the owner's mail address, ASCII.
    ///   - expires: when the certificate ends.
    ///   - bits: 2048 to 8192.
    ///   - now: since when it holds.
    ///   - random: where its serial number comes from. The key comes from OpenSSL's own randomness.
    /// - Throws: ``MailKeyError`` `malformed` for a name or an address that cannot stand in a certificate, `notUsable` for an end that has
    ///   come or another size, `libraryFailed`.
    public static func generate(
        name: String?, address: String, expires: Timestamp, bits: Int = 3072, now: Timestamp = SystemClock().now,
        random: any RandomSource = SystemRandomSource()
    ) throws -> SMIMEKey {
        let address = try MailKeyLimits.checkedAddress(address)
        let name = try MailKeyLimits.checkedName(name)
        guard address.utf8.allSatisfy({ $0 < 0x80 }) else {
            throw MailKeyError(
                .malformed, "A certificate takes an address in ASCII alone.",
                remedy: "Write the domain in its xn-- form.")
        }
        // The common name of X.509 has 64 characters at most.
        guard (name ?? address).unicodeScalars.count <= 64 else {
            throw MailKeyError(
                .malformed, "A certificate takes a name of at most 64 characters.",
                remedy: name == nil ? "Give a name, too: it stands where the address is too long." : nil)
        }
        guard expires > now else {
            throw MailKeyError(
                .notUsable, "A certificate that is made at \(now) cannot end at \(expires).",
                remedy: "Choose an end in the future.")
        }
        guard (2048...8192).contains(bits),
            let key = X509PrivateKey(owning: mesh_private_key_generate_rsa(UInt32(bits)))
        else { throw MailKeyError(.notUsable, "An RSA key of \(bits) bits cannot be made: 2048 to 8192.") }
        var serial = random.bytes(16)
        // A positive number of full length.
        serial[0] = serial[0] & 0x7F | 0x40
        let made = X509Certificate(
            owning: mesh_certificate_self_signed(
                key.pointer, name, address, serial, serial.count, now.secondsSince1970, expires.secondsSince1970))
        guard let made else { throw X509Failure.make }
        return try SMIMEKey(
            secretOctets: X509PrivateKey.octets(key.pointer),
            certificate: SMIMECertificate(der: X509Certificate.octets(made.pointer)), chain: [])
    }

    /// Takes over a key that another program exported: PKCS#12, or PEM with the key (PKCS#8, PKCS#1 or SEC1) and its certificates, of at
    /// most 1 MiB. Blocks, up to some seconds for a passphrase that is hashed often.
    ///
    /// There must be one private key, RSA of 2048 to 8192 bits, on a named curve from 256 bits, Ed25519 or Ed448, and a certificate for it
    /// that is for mail. Of several the one is taken that holds longest. Of the others those are kept that lead to its
    /// issuers. An expired certificate is taken, for the sake of old mail: see ``certificate``.
    ///
    /// - Throws: ``MailKeyError`` `malformed`, `tooLarge`, `unsupported`, `noSecretKey`, `passphraseNeeded`, `wrongPassphrase`, `notRelated`
    ///   for certificates that are for other keys, `notUsable` for a weak key or a certificate that is not for mail.
    public init(importing octets: borrowing SecretBytes, passphrase: SharedSecret?) throws {
        try MailKeyLimits.check(octets.count, "key for S/MIME")
        let found = try X509Import(octets, passphrase: passphrase)
        guard let secret = try found.secretOctets() else {
            throw MailKeyError(
                .noSecretKey, "There is no private key in the file.",
                remedy: "Export the certificate with its private key, as PKCS#12.")
        }
        guard !found.certificates.isEmpty else {
            throw MailKeyError(
                .malformed, "There is a private key in the file, and no certificate for it.",
                remedy: "Put its certificate beside it.")
        }
        let key = try X509PrivateKey(secret)
        let own = try found.certificates.filter { try Self.isFor($0, key) }
        guard let leaf = own.max(by: { $0.notAfter < $1.notAfter }) else {
            throw MailKeyError(
                .notRelated, "No certificate in the file is for the private key in it.",
                remedy: "Put the certificate of this key beside it.")
        }
        try self.init(secretOctets: secret, certificate: leaf, chain: found.certificates)
        guard certificate.canSign || certificate.canEncrypt else {
            throw MailKeyError(
                .notUsable, "The certificate of \(certificate.subject) is not for mail.",
                remedy: "Import one for mail: its extended key usage says emailProtection.")
        }
    }

    /// Puts a key together again from what ``withSecretOctets(_:)`` lent and its certificates.
    ///
    /// - Parameter chain: certificates of issuers, in any order; those that do not lead on from `certificate` are left out.
    /// - Throws: ``MailKeyError`` `malformed` for octets that are no key, `notRelated` if the certificate is for another one, `notUsable` for
    ///   a weak one, `unsupported` for one of another algorithm.
    public init(
        secretOctets octets: borrowing SecretBytes, certificate: SMIMECertificate, chain: [SMIMECertificate]
    ) throws {
        try MailKeyLimits.check(octets.count, "private key")
        let key = try X509PrivateKey(octets)
        try Self.requireUsable(key)
        guard try Self.isFor(certificate, key) else { throw Self.notRelated(certificate) }
        secret = SharedSecret(octets.duplicate())
        self.certificate = certificate
        self.chain = Self.path(from: certificate, in: chain)
    }

    /// Lends the private key in PKCS#8, not protected, for the length of `body`.
    public func withSecretOctets<R: ~Copyable, E: Error>(
        _ body: (UnsafeRawBufferPointer) throws(E) -> R
    ) throws(E) -> R {
        try secret.bytes.withUnsafeBytes(body)
    }

    /// A request to an issuer: for a certificate with the subject and the addresses of the present one.
    ///
    /// - Throws: ``MailKeyError`` `libraryFailed`.
    public func certificateRequest() throws -> SMIMECertificateRequest {
        let (key, own) = try handles()
        var count = 0
        let octets = try X509Failure.taken(mesh_request_write(key.pointer, own.pointer, &count), count)
        return SMIMECertificateRequest(octets: octets.withUnsafeBytes { Array($0) })
    }

    /// The same key with the certificate that an issuer gave for it.
    ///
    /// - Parameter chain: certificates of issuers, in any order; those that do not lead on from `certificate` are left out.
    /// - Throws: ``MailKeyError`` `notRelated` if the certificate is for another key, `notUsable` if it is not for mail.
    public func replacing(certificate: SMIMECertificate, chain: [SMIMECertificate]) throws -> SMIMEKey {
        let key = try SMIMEKey(secretOctets: secret.bytes, certificate: certificate, chain: chain)
        guard certificate.canSign || certificate.canEncrypt else {
            throw MailKeyError(
                .notUsable, "The certificate of \(certificate.subject) is not for mail.",
                remedy: "Ask the issuer for one with the extended key usage emailProtection.")
        }
        return key
    }

    /// Key and certificates as PKCS#12, secret throughout, with HMAC-SHA-256 as check value and 600,000 iterations. Blocks for about a second.
    ///
    /// - Parameters:
    ///   - passphrase: what it is protected with.
    ///   - name: what other programs show; nil for none.
    ///   - form: which programs shall read it.
    /// - Throws: ``MailKeyError`` `unsupported` for a passphrase that is empty, longer than 255 octets, or has a zero in it; `malformed` for a
    ///   name that is none; `libraryFailed`.
    public func pkcs12(
        passphrase: SharedSecret, name: String? = nil, form: SMIMEPKCS12Form = .aes128
    ) throws -> SecretBytes {
        let name = try MailKeyLimits.checkedName(name)
        let (key, own) = try handles()
        let others = chain.compactMap { X509Certificate($0.octets) }
        return try withExtendedLifetime(others) {
            let pointers: [OpaquePointer?] = others.map(\.pointer)
            var count = 0
            let octets = try MailKeyLimits.withPassphrase(passphrase) {
                mesh_pkcs12_write(
                    key.pointer, own.pointer, pointers, Int32(pointers.count), name, $0, Int32(passphrase.bytes.count),
                    form == .aes256 ? MESH_PKCS12_AES256 : MESH_PKCS12_AES128, Self.iterations, &count)
            }
            return try X509Failure.taken(octets, count)
        }
    }

    /// Key (PKCS#8) and certificates as PEM text, secret throughout.
    ///
    /// - Parameter passphrase: what the key is protected with (AES-256, PBKDF2 with HMAC-SHA-256, 600,000 iterations); nil leaves it open to
    ///   whoever reads it.
    /// - Throws: ``MailKeyError`` `unsupported` for a passphrase that is empty, longer than 255 octets, or has a zero in it; `libraryFailed`.
    public func pem(passphrase: SharedSecret?) throws -> SecretBytes {
        var writer = SecretWriter(capacity: 8192)
        if let passphrase {
            let key = try X509PrivateKey(secret.bytes)
            var count = 0
            let octets = try MailKeyLimits.withPassphrase(passphrase) {
                mesh_private_key_seal(key.pointer, $0, Int32(passphrase.bytes.count), Self.iterations, &count)
            }
            PEMBlock.append(try X509Failure.taken(octets, count), "ENCRYPTED PRIVATE KEY", to: &writer)
        } else {
            PEMBlock.append(secret.bytes, "PRIVATE KEY", to: &writer)
        }
        for each in [certificate] + chain {
            PEMBlock.append(SecretBytes(copying: each.octets), Self.certificateLabel, to: &writer)
        }
        return writer.finish()
    }

    // MARK: What is checked

    private func handles() throws -> (X509PrivateKey, X509Certificate) {
        guard let own = X509Certificate(certificate.octets) else { throw X509Failure.make }
        return (try X509PrivateKey(secret.bytes), own)
    }

    private static func requireUsable(_ key: X509PrivateKey) throws {
        let strength = SMIMEStrength(
            kind: mesh_private_key_kind(key.pointer), bits: Int(mesh_private_key_bits(key.pointer)))
        guard strength.kind != MESH_KEY_OTHER, strength.bits <= 8192 else {
            throw MailKeyError(
                .unsupported, "The private key is neither RSA of up to 8192 bits, nor on a named curve.",
                remedy: "Make a new key.")
        }
        guard strength.isEnough else {
            throw MailKeyError(
                .notUsable, "The private key (\(strength)) is too weak.", remedy: "Make a new key.")
        }
        guard mesh_private_key_works(key.pointer) == 1 else {
            throw MailKeyError(
                .malformed, "The private key does not work: its own public half does not verify what it signs.",
                remedy: "Take it from a backup.")
        }
    }

    private static func isFor(_ certificate: SMIMECertificate, _ key: X509PrivateKey) throws -> Bool {
        guard let certificate = X509Certificate(certificate.octets) else { return false }
        return mesh_certificate_is_for(certificate.pointer, key.pointer) == 1
    }

    private static func notRelated(_ certificate: SMIMECertificate) -> MailKeyError {
        MailKeyError(
            .notRelated,
            "The certificate of \(certificate.subject), issued by \(certificate.issuer), is for another key.",
            remedy: "Give the certificate that was issued for this key's request.")
    }

    /// Those that lead from issuer to issuer.
    private static func path(from leaf: SMIMECertificate, in others: [SMIMECertificate]) -> [SMIMECertificate] {
        var rest = others.filter { $0 != leaf }.compactMap { each in X509Certificate(each.octets).map { (each, $0) } }
        guard !leaf.isSelfSigned, var last = X509Certificate(leaf.octets) else { return [] }
        var path: [SMIMECertificate] = []
        while let place = rest.firstIndex(where: { mesh_certificate_is_signed_by(last.pointer, $0.1.pointer) == 1 }) {
            let (certificate, handle) = rest.remove(at: place)
            path.append(certificate)
            if certificate.isSelfSigned { break }
            last = handle
        }
        return path
    }
}

/// Which programs shall read a PKCS#12 file.
public enum SMIMEPKCS12Form: Sendable, CaseIterable {
    /// All of it under AES-128, PBKDF2 with HMAC-SHA-1: OpenSSL, NSS (Thunderbird, Firefox), and GnuPG from 2.2 on.
    case aes128
    /// Key and certificates under AES-256, PBKDF2 with HMAC-SHA-256: OpenSSL, NSS, and most newer programs, but GnuPG only from 2.2.42 and
    /// 2.4.3 on.
    case aes256
}

/// A request for a certificate (PKCS#10), to be sent to an issuer.
public struct SMIMECertificateRequest: Sendable, Equatable {
    /// The request in DER.
    public let octets: [UInt8]
    /// The request as text.
    public var pem: String { PEMBlock.text(octets, "CERTIFICATE REQUEST") }
}
