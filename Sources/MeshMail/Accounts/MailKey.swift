import MeshCore
import MeshCryptography
import MeshEncoding

/// A key of a mail account as everybody may know it: what is kept of it outside of the sealed part.
public struct MailKey: Sendable, Equatable {
    /// The two ways of sealing and signing mail.
    public enum Kind: String, Sendable, CaseIterable {
        /// RFC 9580, RFC 3156.
        case openPGP = "OpenPGP"
        /// RFC 8551.
        case smime = "SMIME"
    }

    /// What a key is for.
    public enum Use: String, Sendable, CaseIterable {
        case sign = "Sign"
        case encrypt = "Encrypt"
    }

    /// All members, as they are kept: those that are not known here stay.
    var content: JSONObject
    /// The kind.
    public let kind: Kind
    /// The fingerprint by which the account finds it: of an OpenPGP key that of its fingerprint, of an S/MIME key that of its
    /// public key. It stays when the certificate changes.
    public let udf: UDF
    /// The fingerprint that the tools show: of an OpenPGP key that of the primary key; of an S/MIME key the SHA-256 of the
    /// certificate. In upper-case hexadecimal.
    public let fingerprint: String
    /// What it is used for now; for a former key, what it was used for.
    public internal(set) var uses: Set<Use>
    /// When it stopped being used, and was kept for old mail; nil for a key in use.
    public internal(set) var formerSince: Timestamp?
    /// Whether it is kept for old mail only.
    public var isFormer: Bool { formerSince != nil }
    /// Until when it can be used; nil: for ever, or it is not known.
    public var expires: Timestamp? { content["NotOnOrAfter"]?.string.flatMap { Timestamp($0) } }
    /// From when on it can be used.
    public var created: Timestamp? { content["NotBefore"]?.string.flatMap { Timestamp($0) } }

    /// The certificate of an OpenPGP key, which anybody may have.
    ///
    /// - Throws: ``MailAccountError`` `keyDamaged` if what is kept is no certificate of this key; ``MailKeyError`` `unsupported` in
    ///   a build without OpenPGP.
    public func openPGPCertificate() throws -> OpenPGPCertificate {
        guard kind == .openPGP, let octets = content["OpenpgpKey"]?.binary else { throw damaged(nil) }
        let certificate: OpenPGPCertificate
        do {
            certificate = try OpenPGPCertificate(reading: octets)
        } catch let error as MailKeyError where error.code != .unsupported {
            throw damaged(error)
        }
        guard Self.udf(of: certificate) == udf else { throw damaged(nil) }
        return certificate
    }

    /// The certificate of an S/MIME key.
    ///
    /// - Throws: ``MailAccountError`` `keyDamaged` if what is kept is no certificate of this key.
    public func smimeCertificate() throws -> SMIMECertificate {
        guard kind == .smime, let octets = content["X509Certificate"]?.binary else { throw damaged(nil) }
        let certificate: SMIMECertificate
        do {
            certificate = try SMIMECertificate(reading: octets)
        } catch let error as MailKeyError {
            throw damaged(error)
        }
        guard certificate.keyUDF == udf, certificate.fingerprint == fingerprint else { throw damaged(nil) }
        return certificate
    }

    /// The certificates of the issuers of an S/MIME key, the next one first, as far as they are known.
    ///
    /// - Throws: ``MailAccountError`` `keyDamaged` if one is none.
    public func smimeChain() throws -> [SMIMECertificate] {
        try (content["X509Chain"]?.array ?? []).map { value in
            guard let octets = value.binary else { throw damaged(nil) }
            do {
                return try SMIMECertificate(reading: octets)
            } catch let error as MailKeyError {
                throw damaged(error)
            }
        }
    }

    func damaged(_ cause: (any Error)?) -> MailAccountError {
        MailAccountError(
            .keyDamaged, "What the account keeps of the key \(fingerprint) is not that key.",
            remedy: "Replace it: meshclient mail key replace.", cause: cause)
    }
}

extension MailKey {
    /// Reads a key as an entry has it; nil if it makes none.
    init?(_ kind: Kind, _ members: JSONObject, uses: Set<Use> = [], formerSince: Timestamp? = nil) {
        guard let udf = members["Udf"]?.string.flatMap({ UDF($0) }), let fingerprint = members["Fingerprint"]?.string,
            (1...128).contains(fingerprint.utf8.count), fingerprint.utf8.allSatisfy(MailText.isLetterOrDigit)
        else { return nil }
        content = members
        self.kind = kind
        self.udf = udf
        self.fingerprint = fingerprint
        self.uses = uses
        self.formerSince = formerSince
    }

    /// What is kept of an OpenPGP key.
    init(_ certificate: OpenPGPCertificate) {
        kind = .openPGP
        udf = Self.udf(of: certificate)
        fingerprint = certificate.fingerprint
        content = ["Udf": .string(udf.text), "Fingerprint": .string(fingerprint)]
        content["OpenpgpKey"] = .string(Base64URL.encode(certificate.octets))
        content["NotBefore"] = .string(certificate.created.description)
        content["NotOnOrAfter"] = certificate.expires.map { .string($0.description) }
        uses = []
        if certificate.canSign { uses.insert(.sign) }
        if certificate.canEncrypt { uses.insert(.encrypt) }
    }

    /// What is kept of an S/MIME key.
    init(_ certificate: SMIMECertificate, chain: [SMIMECertificate]) {
        kind = .smime
        udf = certificate.keyUDF
        fingerprint = certificate.fingerprint
        content = ["Udf": .string(udf.text), "Fingerprint": .string(fingerprint)]
        content["X509Certificate"] = .string(Base64URL.encode(certificate.octets))
        if !chain.isEmpty {
            content["X509Chain"] = .array(chain.map { .string(Base64URL.encode($0.octets)) })
        }
        content["NotBefore"] = .string(certificate.notBefore.description)
        content["NotOnOrAfter"] = .string(certificate.notAfter.description)
        uses = []
        if certificate.canSign { uses.insert(.sign) }
        if certificate.canEncrypt { uses.insert(.encrypt) }
    }

    private static func udf(of certificate: OpenPGPCertificate) -> UDF {
        ContentDigest(of: Array(certificate.fingerprint.utf8), contentType: "OpenPGPFingerprint").udf()
    }
}
