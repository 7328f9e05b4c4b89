import MeshCore
import MeshMail
import Testing

/// Both ways against GnuPG.
@Suite(.enabled(if: ToolRun.has("gpg", "gpgconf"), "GnuPG is not installed"))
struct GnuPGTests {
    private static let mail = Array("a letter\n".utf8)

    @Test("GnuPG imports a key made here, signs and decrypts with it", arguments: ["", "correct horse battery"])
    func takesAKey(words: String) throws {
        let home = try GnuPGHome()
        let key = try OpenPGPSamples.alice.get()
        let text = try key.armoredSecret(passphrase: words.isEmpty ? nil : passphrase(words)).octets()
        let imported = try home.gpg("--import", passphrase: words, input: text)
        #expect(imported.status == 0 && imported.words.contains("secret keys imported: 1"), "\(imported.words)")
        let listed = try home.gpg("--with-colons", "-K").text
        #expect(listed.contains("fpr:::::::::\(key.certificate.fingerprint):"))
        #expect(listed.contains(":Alice <alice@example.com>:"))
        #expect(listed.contains("ssb:") && key.certificate.subkeys.allSatisfy { listed.contains($0.fingerprint) })

        let signed = try home.gpg("--sign", passphrase: words, input: Self.mail)
        #expect(signed.status == 0, "\(signed.words)")
        let verified = try home.gpg("--decrypt", "--status-fd", "2", input: signed.octets)
        #expect(verified.octets == Self.mail && verified.words.contains("VALIDSIG \(key.certificate.fingerprint)"))
        let sealed = try home.gpg("--encrypt", "-r", "alice@example.com", input: Self.mail)
        #expect(try home.gpg("--decrypt", passphrase: words, input: sealed.octets).octets == Self.mail)

        guard !words.isEmpty else { return }
        // Not without the passphrase.
        let other = try GnuPGHome()
        _ = try other.gpg("--import", passphrase: "wrong", input: text)
        #expect(try other.gpg("--sign", passphrase: "wrong", input: Self.mail).status != 0)
    }

    struct Kind: Sendable, CustomTestStringConvertible {
        let algorithm: String
        let words: String
        let shown: String
        var testDescription: String { "\(algorithm), \(words.isEmpty ? "open" : "protected")" }
    }

    @Test(
        "A key that GnuPG exports is imported, and decrypts in another home what was encrypted in the first",
        arguments: [
            Kind(algorithm: "future-default", words: "", shown: "Ed25519"),
            Kind(algorithm: "future-default", words: "correct horse", shown: "Ed25519"),
            Kind(algorithm: "rsa3072", words: "correct horse", shown: "RSA 3072"),
        ])
    func isTakenOver(kind: Kind) throws {
        let home = try GnuPGHome()
        let made = try home.gpg(
            "--quick-generate-key", "Bob <bob@example.com>", kind.algorithm,
            kind.algorithm == "rsa3072" ? "sign,cert" : "default",
            "2y", passphrase: kind.words)
        try #require(made.status == 0, "\(made.words)")
        if kind.algorithm == "rsa3072" {
            let fingerprint = try Self.fingerprint(home)
            _ = try home.gpg("--quick-add-key", fingerprint, "cv25519", "encr", "2y", passphrase: kind.words)
        }
        let exported = try home.gpg("--export-secret-keys", passphrase: kind.words)
        let armored = try home.gpg("--armor", "--export-secret-keys", passphrase: kind.words)
        let secretWords = kind.words.isEmpty ? nil : passphrase(kind.words)
        let key = try OpenPGPKey(importing: secret(exported.octets), passphrase: secretWords)
        #expect(
            try OpenPGPKey(importing: secret(armored.octets), passphrase: secretWords).certificate == key.certificate)
        #expect(try key.certificate.fingerprint == Self.fingerprint(home))
        #expect(key.certificate.userIDs == ["Bob <bob@example.com>"] && key.certificate.algorithm == kind.shown)
        #expect(key.certificate.canSign && key.certificate.canEncrypt)
        let end = try #require(key.certificate.expires)
        #expect(end.secondsSince1970 - key.certificate.created.secondsSince1970 == 2 * 365 * 86_400)
        if !kind.words.isEmpty {
            #expect(refusal(exported.octets) == .passphraseNeeded)
            #expect(refusal(exported.octets, "wrong") == .wrongPassphrase)
        }
        #expect(try OpenPGPCertificate(reading: home.gpg("--export").octets) == key.certificate)

        let sealed = try home.gpg("--encrypt", "-r", "bob@example.com", input: Self.mail)
        let other = try GnuPGHome()
        _ = try other.gpg("--import", input: key.armoredSecret(passphrase: nil).octets())
        let opened = try other.gpg("--decrypt", input: sealed.octets)
        #expect(opened.octets == Self.mail, "\(opened.words)")
    }

    @Test func seesARevocation() throws {
        let home = try GnuPGHome()
        let key = try OpenPGPSamples.alice.get()
        _ = try home.gpg("--import", input: Array(key.certificate.armored().utf8))
        #expect(try !home.gpg("--with-colons", "-k").text.contains("pub:r:"))
        _ = try home.gpg("--import", input: key.revoked(.superseded).certificate.octets)
        #expect(try home.gpg("--with-colons", "-k").text.contains("pub:r:"))
        let sealed = try home.gpg("--encrypt", "-r", "alice@example.com", input: Self.mail)
        #expect(sealed.status != 0 && sealed.octets.isEmpty)
    }

    @Test func incompleteAndWeakKeysAreRefused() throws {
        let home = try GnuPGHome()
        _ = try home.gpg("--quick-generate-key", "bob@example.com", "future-default", "default", "never")
        _ = try home.gpg("--quick-generate-key", "weak@example.com", "rsa1024", "sign,cert", "never")
        _ = try home.gpg(
            "--faked-system-time", "20200101T000000", "--quick-generate-key", "old@example.com", "future-default",
            "default", "1y")
        func export(_ how: String, _ whom: String) throws -> [UInt8] { try home.gpg(how, whom).octets }
        // The primary half, or that of a subkey, was left out.
        #expect(refusal(try export("--export-secret-subkeys", "bob@example.com")) == .noSecretKey)
        #expect(refusal(try export("--export", "bob@example.com")) == .noSecretKey)
        #expect(refusal(try home.gpg("--export-secret-keys").octets) == .malformed, "three keys")
        #expect(refusal(try home.gpg("--sign", "-u", "bob@example.com", input: Self.mail).octets) == .malformed)
        #expect(refusal(try export("--export-secret-keys", "weak@example.com")) == .notUsable)
        let weak = try OpenPGPCertificate(reading: export("--export", "weak@example.com"))
        #expect(!weak.canSign && weak.algorithm == "RSA 1024")

        let old = try OpenPGPKey(importing: secret(export("--export-secret-keys", "old@example.com")), passphrase: nil)
            .certificate
        let before = try #require(Timestamp("2020-06-01T00:00:00Z"))
        #expect(old.isExpired(at: SystemClock().now) && !old.isExpired(at: before))
        #expect(old.canSign && old.canEncrypt && old.subkeys.count == 1 && old.userIDs == ["old@example.com"])
    }

    private static func fingerprint(_ home: GnuPGHome) throws -> String {
        let lines = try home.gpg("--with-colons", "-K").text.split(separator: "\n")
        return String(try #require(lines.first { $0.hasPrefix("fpr:") }).split(separator: ":")[1])
    }
}
