import MeshCore
import MeshDARE
import MeshEncoding
import MeshInMemory
import MeshPlatforms
import MeshProfiles
import MeshSessions
import Testing

@testable import MeshMail

/// S/MIME keys of mail accounts.
struct SMIMEAccountTests {
    private let address: MailAddress

    init() throws { address = try MailAddress("alice@example.com") }

    @Test func aKeyIsMadeReplacedAndKept() async throws {
        let home = try await MailHousehold()
        let alice = try await home.owner()
        let second = try await home.connect(to: alice)
        try await alice.mail.add(MailAccount(address))
        let made = try await alice.mail.makeKey(.smime, for: address)
        #expect(made.kind == .smime && made.uses == [.sign, .encrypt] && made.names(address))
        #expect(try made.smimeCertificate().isSelfSigned && made.smimeChain().isEmpty)
        #expect(try made.publicText().hasPrefix("-----BEGIN CERTIFICATE-----\n"))
        let end = Timestamp(secondsSince1970: home.clock.now.secondsSince1970 + 3 * 31_557_600)
        #expect(made.expires == end)
        _ = try await alice.sync()
        _ = try await second.sync()
        let account = try #require(try await second.mail.find(address)).account
        #expect(account.keys == [made])
        #expect(account.entry.content["SmimeSign"]?["X509Certificate"]?.binary != nil)
        let opened = try await second.mail.withKey(made, of: address) { $0.key }
        #expect(opened.udf == made.udf)
        let replaced = try await second.mail.replaceKey(.smime, for: address)
        #expect(replaced.former.map(\.udf) == [made.udf] && replaced.key.udf != made.udf)
        let keys = try #require(try await second.mail.find(address)).account.keys
        #expect(keys.map(\.isFormer) == [false, true])
        for key in keys {
            let pem = try await second.mail.withKey(key, of: address) { SharedSecret(try $0.exported(nil, as: .pem)) }
            let again = try SecretMailKey.importing(pem.bytes, passphrase: nil)
            #expect(again.key.udf == key.udf && again.key.fingerprint == key.fingerprint)
            await #expect(throws: MailKeyError(.unsupported, "")) {
                try await second.mail.withKey(key, of: address) { SharedSecret(try $0.exported(nil)) }
            }
            await #expect(throws: MailKeyError(.unsupported, "")) {
                try await second.mail.withKey(key, of: address) { SharedSecret(try $0.exported(nil, as: .armor)) }
            }
        }
    }

    @Test func aCertificateOfAnIssuerIsTaken() async throws {
        let home = try await MailHousehold()
        let alice = try await home.owner()
        let directory = try OpenSSLDirectory()
        try await alice.mail.add(MailAccount(address))
        let made = try await alice.mail.makeKey(.smime, for: address)
        let issued = try await alice.mail.withKey(made, of: address) { secret in
            guard case .smime(let key) = secret else { throw MailKeyError(.noSecretKey, "") }
            try directory.put(Array(try key.certificateRequest().pem.utf8), "alice.csr")
            // The clock of the account is one of the past.
            try directory.put(
                Array("[e]\nkeyUsage=digitalSignature,keyEncipherment\nsubjectAltName=email:alice@example.com".utf8),
                "e.cnf")
            for words in [
                "req -x509 -newkey rsa:2048 -nodes -keyout @ca.key -out @ca.crt -subj /CN=Issuer -days 3650",
                "x509 -req -in @alice.csr -CA @ca.crt -CAkey @ca.key -CAcreateserial -out @alice.crt -days 30 -extfile @e.cnf -extensions e",
            ] {
                let run = try directory.run(words)
                try #require(run.status == 0, "\(run.words)")
            }
            return try directory.octets("ca.crt") + directory.octets("alice.crt")
        }
        let certificates = try SMIMECertificate.all(in: issued)
        // Not valid at a time of the past.
        await #expect(throws: MailKeyError(.notUsable, "")) {
            try await alice.mail.takeCertificate(certificates, for: address)
        }
        home.clock.advance(by: SystemClock().now.secondsSince1970 - home.clock.now.secondsSince1970 + 60)
        await #expect(throws: MailKeyError(.notRelated, "")) {
            try await alice.mail.takeCertificate([certificates[0]], for: address)
        }
        let taken = try await alice.mail.takeCertificate(certificates, for: address)
        #expect(taken.udf == made.udf && taken.fingerprint != made.fingerprint)
        #expect(try taken.smimeCertificate().issuer == "CN=Issuer" && taken.smimeChain().count == 1)
        let account = try #require(try await alice.mail.find(address)).account
        // The one before is needed for old mail.
        #expect(account.keys.map(\.fingerprint) == [taken.fingerprint, made.fingerprint])
        #expect(account.entry.envelopedCapabilities.count == 1)
        for key in account.keys {
            let opened = try await alice.mail.withKey(key, of: address) { $0.key.fingerprint }
            #expect(opened == key.fingerprint)
        }
        // Done again, it changes nothing.
        #expect(try await alice.mail.takeCertificate(certificates, for: address) == taken)
        #expect(try await alice.mail.find(address)?.account.keys.count == 2)
        // A device is lost: the same key with another certificate does not count as another key.
        let lost = try await home.connect(to: alice)
        _ = try await alice.sync()
        let device = try #require(try await alice.connectedDevices().first { !$0.isThis }).udf
        _ = lost
        _ = try await alice.remove(device)
        #expect(try await alice.mail.exposedKeys().map(\.key.udf) == [taken.udf])
        let same = try await alice.mail.withKey(taken, of: address) { $0 }
        await #expect(throws: MailAccountError(.keyExists, "")) {
            try await alice.mail.replaceKey(.smime, for: address, with: same)
        }
        let replaced = try await alice.mail.replaceKey(.smime, for: address)
        #expect(try await alice.mail.exposedKeys().isEmpty)
        #expect(replaced.former.map(\.fingerprint) == [taken.fingerprint])
        #expect(try await alice.mail.find(address)?.account.keys.count == 3)
    }
}
