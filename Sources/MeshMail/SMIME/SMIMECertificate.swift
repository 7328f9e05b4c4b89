import CX509
import MeshCore
import MeshCryptography

/// A certificate of X.509 for mail: a public key, and who says whose it is.
///
/// Nothing here says that it can be trusted: neither its issuer's signature nor its revocation is looked at.
public struct SMIMECertificate: Sendable, Equatable {
    /// The certificate in DER.
    public let octets: [UInt8]
    /// Whose it is, as RFC 2253 writes it: `CN=Alice`.
    public let subject: String
    /// Who issued it.
    public let issuer: String
    /// Its number at the issuer, hexadecimal in capital letters.
    public let serial: String
    /// The mail addresses that it is for: of the alternative names, and of the subject.
    public let addresses: [String]
    /// Since when it holds.
    public let notBefore: Timestamp
    /// Until when it holds.
    public let notAfter: Timestamp
    /// Its public key in DER (RFC 5280 §4.1, SubjectPublicKeyInfo), which other certificates for the key have too.
    public let keyOctets: [UInt8]
    /// The algorithm of its key, as `RSA 3072` or `EC 256`.
    public let algorithm: String
    /// Whether it is for signing mail, with a key that is strong enough.
    public let canSign: Bool
    /// Whether mail can be encrypted to it, with a key that is strong enough.
    public let canEncrypt: Bool
    /// Whether it may issue others.
    public let isAuthority: Bool
    /// Whether its own key has signed it.
    public let isSelfSigned: Bool
    /// SHA-256 of it, hexadecimal in capital letters.
    public let fingerprint: String

    /// Reads one certificate, DER or PEM, of at most 1 MiB.
    ///
    /// - Throws: ``MailKeyError`` `malformed` (also for several, or a private key beside it), `tooLarge`.
    public init(reading octets: [UInt8]) throws {
        let all = try Self.all(in: octets)
        guard let first = all.first, all.count == 1 else {
            throw MailKeyError(.malformed, "There are \(all.count) certificates, where one is wanted.")
        }
        self = first
    }

    /// Reads the certificates of a PEM text, in their order, as an issuer sends them; or the one in DER. At most 1 MiB, and 64 of them.
    ///
    /// - Throws: ``MailKeyError`` `malformed` (also if there is none, or a private key beside them), `tooLarge`.
    public static func all(in octets: [UInt8]) throws -> [SMIMECertificate] {
        try MailKeyLimits.check(octets.count, "certificate")
        guard octets.withUnsafeBytes({ PEMBlock.isText($0) }) else { return [try SMIMECertificate(der: octets)] }
        let found: X509Import
        do {
            found = try X509Import(pem: octets)
        } catch let error as MailKeyError where error.code == .passphraseNeeded {
            throw keyBeside
        }
        guard !found.hasKey else { throw keyBeside }
        guard !found.certificates.isEmpty else {
            throw MailKeyError(.malformed, "There is no certificate in the text.")
        }
        return found.certificates
    }

    private static var keyBeside: MailKeyError {
        MailKeyError(
            .malformed, "There is a private key beside the certificate, where only certificates are wanted.",
            remedy: "Give it to nobody.")
    }

    init(der octets: [UInt8]) throws {
        guard let certificate = X509Certificate(octets) else {
            throw MailKeyError(
                .malformed, "The octets are no certificate in DER, or one with a key that is not known here.",
                remedy: "Give the certificate as PEM or DER.")
        }
        let pointer = certificate.pointer
        defer { withExtendedLifetime(certificate) {} }
        // One certificate has one form: in another, OpenSSL would write it as other octets.
        guard try X509Certificate.octets(pointer) == octets else {
            throw MailKeyError(
                .malformed, "The certificate is not written in DER, but in another form of ASN.1.",
                remedy: "Convert it: openssl x509 -outform DER.")
        }
        func line(_ parts: [[UInt8]]) -> String { String(decoding: parts.joined(), as: UTF8.self) }
        self.octets = octets
        subject = line(try x509Texts { mesh_certificate_subject(pointer, $0, $1) })
        issuer = line(try x509Texts { mesh_certificate_issuer(pointer, $0, $1) })
        serial = Self.hexadecimal(try x509Texts { mesh_certificate_serial(pointer, $0, $1) }.flatMap { $0 })
        addresses = try x509Texts { mesh_certificate_addresses(pointer, $0, $1) }
            .map { String(decoding: $0, as: UTF8.self) }
        var (start, end): (Int64, Int64) = (0, 0)
        let uses = mesh_certificate_uses(pointer)
        guard mesh_certificate_validity(pointer, &start, &end) == 1, uses >= 0 else {
            throw MailKeyError(.malformed, "The certificate of \(subject) has times or extensions that cannot be read.")
        }
        notBefore = Timestamp(secondsSince1970: start)
        notAfter = Timestamp(secondsSince1970: end)
        let strength = SMIMEStrength(
            kind: mesh_certificate_key_kind(pointer), bits: Int(mesh_certificate_key_bits(pointer)))
        keyOctets = try X509Certificate.keyOctets(pointer)
        algorithm = strength.description
        func has(_ use: mesh_certificate_uses) -> Bool { UInt32(uses) & use.rawValue != 0 }
        canSign = has(MESH_SIGNS_MAIL) && strength.isEnough
        canEncrypt = has(MESH_RECEIVES_MAIL) && strength.isEnough
        isAuthority = has(MESH_IS_AUTHORITY)
        isSelfSigned = has(MESH_IS_SELF_SIGNED)
        fingerprint = Self.hexadecimal(HashAlgorithm.sha256.digest(octets))
    }

    /// Whether `time` is outside its validity.
    public func isExpired(at time: Timestamp) -> Bool { time < notBefore || time > notAfter }

    /// The certificate as text.
    public var pem: String { PEMBlock.text(octets, "CERTIFICATE") }

    private static func hexadecimal(_ octets: some Sequence<UInt8>) -> String {
        octets.map { ($0 < 16 ? "0" : "") + String($0, radix: 16, uppercase: true) }.joined()
    }
}

/// How strong a key of S/MIME is.
struct SMIMEStrength: CustomStringConvertible {
    let kind: mesh_private_key_kind
    let bits: Int

    /// RSA from 2048 bits, named curves from 256, Ed25519 and Ed448.
    var isEnough: Bool {
        switch kind {
        case MESH_KEY_RSA: bits >= 2048
        case MESH_KEY_EC: bits >= 256
        case MESH_KEY_EDWARDS: true
        default: false
        }
    }

    var description: String {
        switch kind {
        case MESH_KEY_RSA: "RSA \(bits)"
        case MESH_KEY_EC: "EC \(bits)"
        case MESH_KEY_EDWARDS: bits > 300 ? "Ed448" : "Ed25519"
        default: "unknown"
        }
    }
}
