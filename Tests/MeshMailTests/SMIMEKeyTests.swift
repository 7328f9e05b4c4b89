import MeshCore
import MeshTestSupport
import Testing

@testable import MeshMail

struct SMIMEKeyTests {
    private static let now = Timestamp(secondsSince1970: 1_790_000_000)

    @Test func isMadeAsAsked() throws {
        // Beyond 2050 times are written otherwise.
        let end = try #require(Timestamp("2061-02-03T04:05:06Z"))
        let key = try SMIMEKey.generate(
            name: "Ålice, \"Al\" O’Hara", address: "alice@example.com", expires: end, bits: 2048, now: Self.now,
            random: SeededRandomSource(seed: 7))
        let certificate = key.certificate
        #expect(certificate.subject == #"CN=Ålice\, \"Al\" O’Hara"# && certificate.issuer == certificate.subject)
        #expect(certificate.addresses == ["alice@example.com"])
        #expect(certificate.notBefore == Self.now && certificate.notAfter == end)
        #expect(certificate.isExpired(at: Timestamp(secondsSince1970: 1)) && !certificate.isExpired(at: end))
        #expect(certificate.algorithm == "RSA 2048" && certificate.canSign && certificate.canEncrypt)
        #expect(certificate.isSelfSigned && !certificate.isAuthority && key.chain.isEmpty)
        #expect(certificate.serial.count == 32 && certificate.fingerprint.count == 64)
        #expect(try SMIMECertificate(reading: certificate.octets) == certificate)
        #expect(try SMIMECertificate(reading: Array(certificate.pem.utf8)) == certificate)
        #expect(try SMIMESamples.alice.get().certificate.algorithm == "RSA 3072")
        #expect(try SMIMESamples.bob.get().certificate.subject == "CN=bob@example.com")
    }

    @Test func aKeyIsNotMadeOfNonsense() {
        func refused(_ name: String?, _ address: String, _ end: Int64 = 9, _ bits: Int = 2048) -> MailKeyError.Code? {
            let end = Timestamp(secondsSince1970: Self.now.secondsSince1970 + end)
            return code {
                _ = try SMIMEKey.generate(name: name, address: address, expires: end, bits: bits, now: Self.now)
            }
        }
        #expect(refused(nil, "alice") == .malformed)
        #expect(refused(nil, "ålice@example.com") == .malformed)
        #expect(refused("a\nb", "alice@example.com") == .malformed)
        #expect(refused(String(repeating: "x", count: 65), "alice@example.com") == .malformed)
        #expect(refused(nil, "\(String(repeating: "x", count: 60))@example.com") == .malformed)
        #expect(refused(nil, "alice@example.com", 0) == .notUsable)
        for bits in [-1, 0, 1024, 16_384, Int.max] { #expect(refused(nil, "alice@example.com", 9, bits) == .notUsable) }
    }

    @Test func whatIsLentIsTheKeyAgain() throws {
        let (alice, bob) = (try SMIMESamples.alice.get(), try SMIMESamples.bob.get())
        let octets = SMIMESamples.secretOctets(alice)
        let again = try SMIMEKey(secretOctets: secret(octets), certificate: alice.certificate, chain: [])
        #expect(SMIMESamples.secretOctets(again) == octets && again.certificate == alice.certificate)
        #expect(
            code { _ = try SMIMEKey(secretOctets: secret(octets), certificate: bob.certificate, chain: []) }
                == .notRelated)
        #expect(code { _ = try alice.replacing(certificate: bob.certificate, chain: []) } == .notRelated)
        for count in [0, 1, 100, octets.count - 1] {
            let part = Array(octets.prefix(count))
            #expect(
                code { _ = try SMIMEKey(secretOctets: secret(part), certificate: alice.certificate, chain: []) }
                    == .malformed)
        }
    }

    @Test(arguments: SMIMEPKCS12Form.allCases) func aPKCS12FileIsReadAgain(form: SMIMEPKCS12Form) throws {
        let key = try SMIMESamples.alice.get()
        let octets = try key.pkcs12(passphrase: passphrase("correct horse ✓"), name: "Alice’s", form: form).octets()
        let again = try SMIMEKey(importing: secret(octets), passphrase: passphrase("correct horse ✓"))
        #expect(
            again.certificate == key.certificate && SMIMESamples.secretOctets(again) == SMIMESamples.secretOctets(key))
        #expect(smimeRefusal(octets) == .passphraseNeeded)
        #expect(smimeRefusal(octets, "wrong") == .wrongPassphrase)
        for words in ["", "a\u{0}b", String(repeating: "x", count: 256)] {
            #expect(code { _ = try key.pkcs12(passphrase: passphrase(words), form: form) } == .unsupported)
        }
    }

    @Test(arguments: ["", "correct horse"]) func aTextIsReadAgain(words: String) throws {
        let key = try SMIMESamples.alice.get()
        let octets = try key.pem(passphrase: words.isEmpty ? nil : passphrase(words)).octets()
        let again = try SMIMEKey(importing: secret(octets), passphrase: words.isEmpty ? nil : passphrase(words))
        #expect(
            again.certificate == key.certificate && SMIMESamples.secretOctets(again) == SMIMESamples.secretOctets(key))
        #expect(code { _ = try SMIMECertificate.all(in: octets) } == .malformed)
        guard !words.isEmpty else { return }
        #expect(smimeRefusal(octets) == .passphraseNeeded && smimeRefusal(octets, "wrong") == .wrongPassphrase)
    }

    @Test func whatIsNoKeyIsRefused() throws {
        let (alice, bob) = (try SMIMESamples.alice.get(), try SMIMESamples.bob.get())
        let text = try alice.pem(passphrase: nil).octets()
        let keyOnly = PEMBlock.text(SMIMESamples.secretOctets(alice), "PRIVATE KEY")
        let certificate = alice.certificate.pem
        for words in ["", "hello", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
            #expect(smimeRefusal(Array(words.utf8)) == .malformed, "\(words)")
        }
        for words in ["-----BEGIN ", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"] {
            #expect(smimeRefusal(Array(words.utf8)) == .noSecretKey, "\(words)")
        }
        let cut = Array(keyOnly.utf8.prefix(keyOnly.utf8.count / 2))
        #expect(smimeRefusal(cut) == .malformed && smimeRefusal(text + cut) == .malformed)
        #expect(smimeRefusal(Array(keyOnly.utf8)) == .malformed)
        #expect(smimeRefusal(Array(certificate.utf8)) == .noSecretKey)
        #expect(smimeRefusal(Array((keyOnly + bob.certificate.pem).utf8)) == .notRelated)
        #expect(smimeRefusal(try text + bob.pem(passphrase: nil).octets()) == .malformed)
        // Twice the same is once.
        #expect(smimeRefusal(text + text) == nil)
        // What belongs to nobody is left out.
        let more = try SMIMEKey(
            importing: secret(Array((bob.certificate.pem + keyOnly + certificate).utf8)), passphrase: nil)
        #expect(more.certificate == alice.certificate && more.chain.isEmpty)
        #expect(smimeRefusal([UInt8](repeating: 0x30, count: 1 << 20 + 1)) == .tooLarge)
        #expect(smimeRefusal(Array(String(repeating: certificate, count: 200).utf8)) == .tooLarge)
        let store = try alice.pkcs12(passphrase: passphrase("x")).octets()
        for count in stride(from: 1, to: store.count, by: 37) {
            #expect(smimeRefusal(Array(store.prefix(count)), "x") == .malformed, "\(count) octets")
        }
    }

    @Test func aChangedKeyIsRefusedOrWhole() throws {
        var mutator = Mutator()
        let key = try SMIMESamples.bob.get()
        let octets = SMIMESamples.secretOctets(key)
        for _ in 0..<300 {
            let changed = mutator.changed(octets)
            guard let read = try? SMIMEKey(secretOctets: secret(changed), certificate: key.certificate, chain: [])
            else { continue }
            // What is left works, and is the same in what counts.
            #expect(try read.certificateRequest().octets.count > 0, "seed \(mutator.seed)")
        }
        for _ in 0..<300 {
            let changed = mutator.changed(key.certificate.octets)
            guard let read = try? SMIMECertificate(reading: changed) else { continue }
            #expect(read.octets == changed && read != key.certificate, "seed \(mutator.seed)")
        }
    }
}
