import MeshCore

// How keys are given to others.
extension MailKey {
    /// The public half as text: an OpenPGP certificate in armor; the certificate for S/MIME and those of its issuers in PEM.
    ///
    /// - Throws: as ``openPGPCertificate()``, ``smimeCertificate()``.
    public func publicText() throws -> String {
        switch kind {
        case .openPGP: try openPGPCertificate().armored()
        case .smime: ([try smimeCertificate()] + (try smimeChain())).map(\.pem).joined()
        }
    }

    /// Whether the key says that it is for an address; also if it cannot be read here.
    public func names(_ address: MailAddress) -> Bool {
        if kind == .smime {
            guard let certificate = try? smimeCertificate() else { return true }
            return certificate.addresses.contains { (try? MailAddress($0)) == address }
        }
        guard let certificate = try? openPGPCertificate() else { return true }
        return certificate.userIDs.contains { name in
            let start = name.lastIndex(of: "<").map { name.index(after: $0) } ?? name.startIndex
            return (try? MailAddress(String(name[start...].prefix { $0 != ">" }))) == address
        }
    }
}

extension SecretMailKey {
    /// How a key is written for other programs.
    public enum Form: String, Sendable, CaseIterable {
        /// OpenPGP, as text.
        case armor
        /// S/MIME with its certificates: Thunderbird, gpgsm, and most others.
        case pkcs12
        /// S/MIME with its certificates, as text: mutt, openssl.
        case pem
    }

    /// The key with its secret half, as other programs import it. Blocks for up to some seconds.
    ///
    /// - Parameters:
    ///   - form: nil: armor, or PKCS#12.
    ///   - passphrase: what it is protected by; nil leaves it open to whoever reads it, which PKCS#12 cannot be.
    /// - Throws: ``MailKeyError``, among them `unsupported` for a form that the key does not have.
    public func exported(_ passphrase: SharedSecret?, as form: Form? = nil) throws -> SecretBytes {
        switch (self, form) {
        case (.openPGP(let key), nil), (.openPGP(let key), .armor):
            return try key.armoredSecret(passphrase: passphrase)
        case (.smime(let key), .pem): return try key.pem(passphrase: passphrase)
        case (.smime(let key), nil), (.smime(let key), .pkcs12):
            guard let passphrase else {
                throw MailKeyError(
                    .unsupported, "PKCS#12 is always protected by a passphrase.",
                    remedy: "Give one, or have the key written as PEM.")
            }
            return try key.pkcs12(passphrase: passphrase)
        case (.openPGP, _), (.smime, _):
            throw MailKeyError(.unsupported, "The key cannot be written as \(form?.rawValue ?? "that").")
        }
    }
}
