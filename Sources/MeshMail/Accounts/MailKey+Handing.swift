import MeshCore

// How keys are given to others.
extension MailKey {
    /// The public half as text: an OpenPGP certificate in armor.
    ///
    /// - Throws: as ``openPGPCertificate()``.
    public func publicText() throws -> String { try openPGPCertificate().armored() }

    /// Whether the key says that it is for an address; also if it cannot be read here.
    public func names(_ address: MailAddress) -> Bool {
        guard let certificate = try? openPGPCertificate() else { return true }
        return certificate.userIDs.contains { name in
            let start = name.lastIndex(of: "<").map { name.index(after: $0) } ?? name.startIndex
            return (try? MailAddress(String(name[start...].prefix { $0 != ">" }))) == address
        }
    }
}

extension SecretMailKey {
    /// The key with its secret half, as other programs import it: OpenPGP as text, in armor. Blocks for up to some seconds.
    ///
    /// - Parameter passphrase: what it is protected by; nil leaves it open to whoever reads it.
    /// - Throws: ``MailKeyError``.
    public func exported(_ passphrase: SharedSecret?) throws -> SecretBytes {
        switch self {
        case .openPGP(let key): try key.armoredSecret(passphrase: passphrase)
        }
    }
}
