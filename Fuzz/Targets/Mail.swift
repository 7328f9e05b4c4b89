import MeshCore
import MeshMail

extension FuzzTarget {
    /// Keys of mail, as other programs export them.
    static let mail = [
        FuzzTarget(
            "openpgp-key",
            seeds: {
                let key = try OpenPGPKey.generate(name: "Alice", address: "alice@example.com", expires: nil)
                let revoked = try key.revoked(.retired)
                return try [
                    key.withSecretOctets { Array($0) }, revoked.withSecretOctets { Array($0) },
                    key.armoredSecret(passphrase: nil).withUnsafeBytes { Array($0) },
                    key.armoredSecret(passphrase: passphrase).withUnsafeBytes { Array($0) },
                ]
            },
            { input in
                let octets = SecretBytes(copying: input)
                guard let key = read({ try OpenPGPKey(importing: octets, passphrase: $0) }) else { return }
                let again = key.withSecretOctets { try? OpenPGPKey(secretOctets: SecretBytes(copying: $0)) }
                require(again?.certificate == key.certificate, "a private key reads as another")
                require(!key.certificate.userIDs.isEmpty, "a key without an owner is taken")
            }),
        FuzzTarget(
            "openpgp-certificate",
            seeds: {
                let key = try OpenPGPKey.generate(name: "Alice", address: "alice@example.com", expires: nil)
                let certificate = key.certificate
                return [certificate.octets, Array(certificate.armored().utf8), try key.revoked().certificate.octets]
            },
            { input in
                guard let certificate = try? OpenPGPCertificate(reading: input) else { return }
                require(
                    (try? OpenPGPCertificate(reading: Array(certificate.armored().utf8))) == certificate,
                    "a certificate reads as another")
            }),
        FuzzTarget("smime-key") { input in
            let octets = SecretBytes(copying: input)
            guard let key = read({ try SMIMEKey(importing: octets, passphrase: $0) }) else { return }
            guard let text = try? key.pem(passphrase: nil) else { return require(false, "a key cannot be written") }
            guard let again = try? SMIMEKey(importing: text, passphrase: nil) else {
                return require(false, "a written key does not read")
            }
            require(again.certificate == key.certificate && again.chain == key.chain, "a private key reads as another")
            require((try? key.certificateRequest()) != nil, "a key cannot sign a request")
        },
        FuzzTarget("smime-certificate") { input in
            for certificate in (try? SMIMECertificate.all(in: input)) ?? [] {
                require(
                    (try? SMIMECertificate(reading: Array(certificate.pem.utf8))) == certificate,
                    "a certificate reads as another")
            }
        },
    ]

    private static let passphrase = SharedSecret(SecretBytes(copying: Array("fuzz".utf8)))

    /// Without a passphrase; with one only if it is wanted, for that takes time.
    private static func read<R>(_ body: (SharedSecret?) throws -> R) -> R? {
        do {
            return try body(nil)
        } catch let error as MailKeyError where error.code == .passphraseNeeded {
            return try? body(passphrase)
        } catch {
            return nil
        }
    }
}
