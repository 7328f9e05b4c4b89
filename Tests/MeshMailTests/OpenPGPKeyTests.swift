import MeshCore
import MeshTestSupport
import Testing

@testable import MeshMail

struct OpenPGPKeyTests {
    private static let now = Timestamp(secondsSince1970: 1_790_000_000)

    @Test func isMadeAsAsked() throws {
        let end = Timestamp(secondsSince1970: Self.now.secondsSince1970 + 86_400 * 365)
        let key = try OpenPGPKey.generate(name: "Bob Bobsson", address: "bob@example.com", expires: end, now: Self.now)
        let certificate = key.certificate
        #expect(certificate.userIDs == ["Bob Bobsson <bob@example.com>"])
        #expect(certificate.created == Self.now && certificate.expires == end)
        #expect(certificate.algorithm == "Ed25519" && certificate.uses == [.certify, .sign])
        #expect(
            certificate.fingerprint.count == 40
                && certificate.fingerprint.allSatisfy { $0.isHexDigit && !$0.isLowercase })
        let subkey = try #require(certificate.subkeys.first)
        #expect(certificate.subkeys.count == 1 && subkey.algorithm == "Curve25519" && subkey.uses == .encrypt)
        #expect(subkey.created == Self.now && subkey.expires == end && !subkey.isRevoked)
        #expect(certificate.canSign && certificate.canEncrypt && !certificate.isRevoked)
        #expect(!certificate.isExpired(at: Self.now) && certificate.isExpired(at: end))

        let endless = try OpenPGPKey.generate(name: nil, address: "bob@example.com", expires: nil).certificate
        #expect(endless.userIDs == ["bob@example.com"] && endless.expires == nil)
        #expect(endless.subkeys.map(\.expires) == [nil])
        #expect(endless.fingerprint != certificate.fingerprint)
    }

    @Test func aKeyIsNotMadeOfNonsense() {
        func refused(_ name: String?, _ address: String) -> MailKeyError.Code? {
            code { _ = try OpenPGPKey.generate(name: name, address: address, expires: nil) }
        }
        for address in [
            "", "alice", "@example.com", "alice@", "a@b@c", "a b@example.com", "alice@example.com>", "a\n@example.com",
        ] {
            #expect(refused(nil, address) == .malformed, "\(address)")
        }
        for name in [
            "Al <x@example.com>", "a\nb", "a\u{0}b", "\u{202E}ecila", " a", String(repeating: "x", count: 300),
        ] {
            #expect(refused(name, "alice@example.com") == .malformed, "\(name)")
        }
        #expect(refused("Ålice (work) O’Hara", "ålice@exämple.com") == nil)
        let past = Timestamp(secondsSince1970: Self.now.secondsSince1970 - 1)
        for (end, now) in [
            (past, Self.now), (Self.now, Self.now), (Timestamp(secondsSince1970: 9_000_000_000), Self.now),
        ] {
            #expect(
                code { _ = try OpenPGPKey.generate(name: nil, address: "a@example.com", expires: end, now: now) }
                    == .notUsable)
        }
        let before = Timestamp(secondsSince1970: -1)
        #expect(
            code { _ = try OpenPGPKey.generate(name: nil, address: "a@example.com", expires: nil, now: before) }
                == .notUsable)
    }

    @Test func whatIsLentIsTheKeyAgain() throws {
        let key = try OpenPGPSamples.alice.get()
        let again = try OpenPGPKey(secretOctets: secret(try OpenPGPSamples.secretOctets()))
        #expect(again.certificate == key.certificate)
        #expect(try again.withSecretOctets { Array($0) } == OpenPGPSamples.secretOctets())
    }

    @Test func aTextIsReadAgain() throws {
        let key = try OpenPGPSamples.alice.get()
        let open = try key.armoredSecret(passphrase: nil).octets()
        #expect(String(decoding: open, as: UTF8.self).hasPrefix("-----BEGIN PGP PRIVATE KEY BLOCK-----\n\n"))
        // Words before and after, and the line ends of others, are no hindrance.
        let around =
            Array("Dear Alice,\r\n\r\n".utf8) + open.flatMap { $0 == 0x0A ? [0x0D, 0x0A] : [$0] }
            + Array("\r\nBye\r\n".utf8)
        for octets in [open, around] {
            #expect(try OpenPGPKey(importing: secret(octets), passphrase: nil).certificate == key.certificate)
        }
        let sealed = try key.armoredSecret(passphrase: passphrase("correct horse")).octets()
        let opened = try OpenPGPKey(importing: secret(sealed), passphrase: passphrase("correct horse"))
        #expect(opened.certificate == key.certificate)
        #expect(try opened.withSecretOctets { Array($0) } == OpenPGPSamples.secretOctets())
        #expect(refusal(sealed) == .passphraseNeeded)
        #expect(refusal(sealed, "wrong horse") == .wrongPassphrase)
        #expect(refusal(sealed, "") == .unsupported)
        for words in ["", "a\u{0}b", String(repeating: "x", count: 256)] {
            #expect(code { _ = try key.armoredSecret(passphrase: passphrase(words)) } == .unsupported)
        }
    }

    @Test func aCertificateIsReadAgain() throws {
        let certificate = try OpenPGPSamples.alice.get().certificate
        #expect(try OpenPGPCertificate(reading: certificate.octets) == certificate)
        #expect(try OpenPGPCertificate(reading: Array(certificate.armored().utf8)) == certificate)
        #expect(code { _ = try OpenPGPCertificate(reading: OpenPGPSamples.secretOctets()) } == .malformed)
        #expect(refusal(certificate.octets) == .noSecretKey)
        #expect(refusal(Array(certificate.armored().utf8)) == .noSecretKey)
    }

    @Test(arguments: OpenPGPRevocationReason.allCases) func isRevokedOnce(reason: OpenPGPRevocationReason) throws {
        let key = try OpenPGPSamples.alice.get()
        let revoked = try key.revoked(reason)
        #expect(revoked.certificate.isRevoked && !revoked.certificate.canSign && !revoked.certificate.canEncrypt)
        #expect(revoked.certificate.fingerprint == key.certificate.fingerprint)
        #expect(revoked.certificate.userIDs == key.certificate.userIDs)
        #expect(code { _ = try revoked.revoked(reason) } == .notUsable)
        // It is kept like any other, for the mail of before.
        let again = try revoked.withSecretOctets { try OpenPGPKey(secretOctets: SecretBytes(copying: $0)) }
        #expect(again.certificate == revoked.certificate)
    }

    @Test func whatIsNoKeyIsRefused() throws {
        let whole = try OpenPGPSamples.secretOctets()
        let packets = try OpenPGPSamples.packets()
        #expect(packets.flatMap { $0 } == whole && packets.count == 5)
        for count in 0..<whole.count where refusal(Array(whole.prefix(count))) == nil {
            // A key may end behind a packet: then it is one with less in it.
            let ends = packets.indices.map { packets[...$0].joined().count }
            #expect(ends.contains(count), "\(count) octets")
        }
        #expect(refusal([]) == .malformed)
        #expect(refusal(whole + whole) == .malformed)
        #expect(refusal([0xCA, 3, 0x50, 0x47, 0x50] + whole) == .malformed)
        #expect(refusal(packets[1] + whole) == .malformed)
        #expect(refusal(Array(whole.dropFirst(packets[0].count))) == .malformed)
        #expect(refusal(whole + [0xCB, 1, 0]) == .malformed)
        #expect(refusal([UInt8](repeating: 0x41, count: 1 << 20 + 1)) == .tooLarge)
        #expect(refusal(whole + Array([[UInt8]](repeating: packets[2], count: 3000).joined())) == .tooLarge)
        // Without a name; with a name that it has not signed; of another version.
        let nameless = [packets[0], packets[3], packets[4]]
        #expect(refusal(Array(nameless.joined())) == .notUsable)
        let borrowed = [packets[0], [0xCD, 1, 0x42], packets[2], packets[3], packets[4]]
        #expect(refusal(Array(borrowed.joined())) == .notUsable)
        for version in [UInt8(2), 3, 5, 6] {
            var other = whole
            other[2] = version
            #expect(refusal(other) == .unsupported)
        }
        for text in [
            "", "hello", "-----BEGIN PGP MESSAGE-----\n\nhQ==\n-----END PGP MESSAGE-----\n",
            "-----BEGIN PGP PRIVATE KEY BLOCK-----\n\n",
            "-----BEGIN PGP PRIVATE KEY BLOCK-----\n\n!!!!\n-----END PGP PRIVATE KEY BLOCK-----\n",
        ] { #expect(refusal(Array(text.utf8)) == .malformed, "\(text)") }
        let armored = try OpenPGPSamples.alice.get().armoredSecret(passphrase: nil).octets()
        #expect(refusal(armored + armored) == .malformed)
        #expect(refusal(armored.dropLast(20)) == .malformed)
    }

    @Test func aChangedKeyIsRefusedOrWhole() throws {
        var mutator = Mutator()
        let whole = try OpenPGPSamples.secretOctets()
        let certificate = try OpenPGPSamples.alice.get().certificate
        for _ in 0..<300 {
            let octets = mutator.changed(whole)
            guard let key = try? OpenPGPKey(importing: secret(octets), passphrase: nil) else { continue }
            // Whatever was changed was signed by nobody: the key is the same, or has lost something.
            #expect(key.certificate.fingerprint == certificate.fingerprint, "seed \(mutator.seed)")
            #expect(key.certificate.userIDs == certificate.userIDs, "seed \(mutator.seed)")
            let again = try key.withSecretOctets { try OpenPGPKey(secretOctets: SecretBytes(copying: $0)) }
            #expect(again.certificate == key.certificate, "seed \(mutator.seed)")
        }
    }

    /// The library is for one thread at a time.
    @Test func manyTasksAtOnce() async throws {
        let octets = try OpenPGPSamples.secretOctets()
        let certificate = try OpenPGPSamples.alice.get().certificate
        try await withThrowingTaskGroup(of: OpenPGPCertificate.self) { group in
            for _ in 0..<20 { group.addTask { try OpenPGPKey(secretOctets: secret(octets)).certificate } }
            for try await read in group { #expect(read == certificate) }
        }
    }
}
