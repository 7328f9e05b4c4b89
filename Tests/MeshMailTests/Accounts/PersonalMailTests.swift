import MeshCore
import MeshCryptography
import MeshDARE
import MeshEncoding
import MeshInMemory
import MeshPlatforms
import MeshPortals
import MeshProfiles
import MeshTestSupport
import Testing

@testable import MeshMail
@testable import MeshSessions

/// Mail accounts and their keys on the devices of a person.
struct PersonalMailTests {
    private let address: MailAddress

    init() throws { address = try MailAddress("alice@example.com") }

    /// An account with settings.
    private func account() throws -> MailAccount {
        var account = MailAccount(address)
        account.displayName = "Alice"
        account.inbound = [try MailConnection(parsing: "imaps://alice@imap.example.com")]
        return account
    }

    @Test func accountsAreOnAllDevicesThatHaveTheRight() async throws {
        let home = try await MailHousehold()
        let alice = try await home.owner()
        let second = try await home.connect(to: alice)
        let other = try await home.connect(to: alice, rights: [.member, .web])
        try await alice.mail.add(try account())
        await #expect(throws: MailAccountError(.alreadyExists, "")) {
            try await alice.mail.add(MailAccount(try MailAddress("ALICE@example.com")))
        }
        for session in [alice, second, other] { _ = try await session.sync() }
        #expect(try await second.mail.accounts().map(\.account) == [try account()])
        await #expect(throws: SessionError(.rightMissing, "")) { try await other.mail.accounts() }

        // Two devices change it without having heard of one another.
        var first = try #require(try await alice.mail.find(try MailAddress("Alice@Example.COM")))
        first.account.displayName = "Alice A."
        try await alice.mail.update(first.account, from: first.version)
        var late = try #require(try await second.mail.find(address))
        late.account.displayName = "Alice B."
        try await second.mail.update(late.account, from: late.version)
        _ = try await alice.sync()
        let report = try await second.sync()
        #expect(report.conflicts.count == 1)
        #expect(try await second.mail.find(address)?.isConflict == true)
        try await second.resolve(report.conflicts[0], keepingOurs: false)
        #expect(try await second.mail.find(address)?.account.displayName == "Alice A.")

        // On one device a stale copy is refused, with both.
        let old = try #require(try await alice.mail.find(address))
        var newer = old.account
        newer.displayName = "new"
        try await alice.mail.update(newer, from: old.version)
        var stale = old.account
        stale.displayName = "stale"
        do {
            try await alice.mail.update(stale, from: old.version)
            Issue.record("it was taken")
        } catch let error as PersonalMail.StaleAccount {
            #expect(error.ours?.displayName == "stale" && error.theirs?.account.displayName == "new")
            try await alice.mail.update(stale, from: error.theirs?.version)
        }
        await #expect(throws: PersonalMail.StaleAccount.self) {
            try await alice.mail.remove(address, from: old.version)
        }
        try await alice.mail.remove(address, from: nil)
        #expect(try await alice.mail.accounts().isEmpty)
        let history = try await alice.mail.history(of: address)
        #expect(history.map(\.account?.displayName) == ["Alice", "Alice A.", "new", "stale", nil])
        await #expect(throws: MailAccountError(.notFound, "")) { try await alice.mail.remove(address, from: nil) }
        var bad = try account()
        bad.displayName = "x\nIdentityFile evil"
        await #expect(throws: MailAccountError(.invalidSetting, "")) { try await alice.mail.add(bad) }
    }

    #if OpenPGP
        @Test func openPGPKeysAreReplacedAfterADeviceIsLost() async throws {
            let home = try await MailHousehold()
            let alice = try await home.owner()
            let lost = try await home.connect(to: alice)
            let kept = try await home.connect(to: alice)
            try await lost.mail.add(try account())
            await #expect(throws: MailAccountError(.keyMissing, "")) {
                try await lost.mail.replaceKey(.openPGP, for: address)
            }
            let made = try await lost.mail.makeKey(.openPGP, for: address)
            #expect(try made.openPGPCertificate().userIDs == ["Alice <alice@example.com>"])
            #expect(made.uses == [.sign, .encrypt])
            await #expect(throws: MailAccountError(.keyExists, "")) {
                try await lost.mail.makeKey(.openPGP, for: address)
            }
            for session in [lost, alice, kept] { _ = try await session.sync() }
            for session in [alice, kept] {
                #expect(try await session.mail.find(address)?.account.keys == [made])
                let udf = try await session.mail.withKey(made, of: address) { $0.key.udf }
                #expect(udf == made.udf)
                #expect(try await session.mail.exposedKeys().isEmpty)
            }

            let thief = try await lost.context()
            _ = try await alice.remove(thief.record.device)
            _ = try await kept.sync()
            #expect(try await kept.mail.exposedKeys() == [.init(address: address, key: made)])
            // Importing what is known already does not hide it.
            let same = try await kept.mail.withKey(made, of: address) { $0 }
            await #expect(throws: MailAccountError(.keyExists, "")) {
                try await kept.mail.importKey(same, for: address)
            }
            // A change of the settings does not, either.
            var item = try #require(try await kept.mail.find(address))
            item.account.accountName = "work"
            try await kept.mail.update(item.account, from: item.version)
            #expect(try await kept.mail.exposedKeys().count == 1)

            let replaced = try await kept.mail.replaceKey(.openPGP, for: address)
            #expect(replaced.former.map(\.udf) == [made.udf] && replaced.key.udf != made.udf)
            #expect(try replaced.former[0].openPGPCertificate().isRevoked)
            #expect(try await kept.mail.exposedKeys().isEmpty)
            for session in [kept, alice] { _ = try await session.sync() }
            let account = try #require(try await alice.mail.find(address)).account
            #expect(account.currentKeys(.openPGP) == [replaced.key] && account.formerKeys.map(\.udf) == [made.udf])
            // The old key still reads old mail.
            for key in account.keys {
                let opened = try await alice.mail.withKey(key, of: address) { $0.key.fingerprint }
                #expect(opened == key.fingerprint)
            }
            // What the lost device has opens what it knew, and nothing that was made since, whoever gives it the entry.
            let keys = DecryptionKeys(
                thief.keys.groups.map(\.key) + [thief.keys.own, thief.keys.encryption]
                    + (thief.keys.person.map { [$0.encryption] } ?? []))
            #expect(account.entry.envelopedCapabilities.count == 2)
            for sealed in account.entry.envelopedCapabilities {
                #expect(throws: DAREError.self) { _ = try DAREEnvelope(sealed).openSecret(with: keys) }
            }
            let before = try #require(item.account.entry.envelopedCapabilities.first)
            _ = try DAREEnvelope(before).openSecret(with: keys)
            await #expect(throws: MailAccountError(.keyExists, "")) {
                try await alice.mail.importKey(same, for: address)
            }
        }

        @Test func anImportedKeyIsTakenIntoUseOrKept() async throws {
            let home = try await MailHousehold()
            let alice = try await home.owner()
            let now = home.clock.now
            try await alice.mail.add(try account())
            let old = try OpenPGPKey.generate(name: nil, address: address.text, expires: nil, now: now)
            let text = try old.armoredSecret(passphrase: SharedSecret(SecretBytes(copying: "open".utf8)))
            #expect(throws: MailKeyError(.passphraseNeeded, "")) { try SecretMailKey.importing(text, passphrase: nil) }
            let key = try SecretMailKey.importing(text, passphrase: SharedSecret(SecretBytes(copying: "open".utf8)))
            let kept = try await alice.mail.importKey(key, for: address, asFormer: true)
            #expect(kept.isFormer)
            #expect(try await alice.mail.find(address)?.account.keys.map(\.isFormer) == [true])
            // Kept for old mail, it is not taken into use.
            await #expect(throws: MailAccountError(.keyExists, "")) {
                try await alice.mail.importKey(key, for: address)
            }
            let revoked = SecretMailKey.openPGP(
                try OpenPGPKey.generate(name: nil, address: address.text, expires: nil, now: now).revoked(now: now))
            await #expect(throws: MailKeyError(.notUsable, "")) {
                try await alice.mail.importKey(revoked, for: address)
            }
            let soon = Timestamp(secondsSince1970: now.secondsSince1970 + 60)
            let short = SecretMailKey.openPGP(
                try OpenPGPKey.generate(name: nil, address: address.text, expires: soon, now: now))
            home.clock.advance(by: 61)
            await #expect(throws: MailKeyError(.notUsable, "")) { try await alice.mail.importKey(short, for: address) }
            _ = try await alice.mail.importKey(short, for: address, asFormer: true)
            let other = SecretMailKey.openPGP(
                try OpenPGPKey.generate(name: "A", address: address.text, expires: nil, now: now))
            #expect(try await alice.mail.importKey(other, for: address) == other.key)
            // The same again changes nothing that would be seen.
            #expect(try await alice.mail.importKey(other, for: address) == other.key)
            #expect(try await alice.mail.find(address)?.account.keys.count == 3)
            await #expect(throws: MailAccountError(.keyExists, "")) {
                try await alice.mail.importKey(other, for: address, asFormer: true)
            }
            await #expect(throws: MailAccountError(.keyExists, "")) {
                try await alice.mail.replaceKey(.openPGP, for: address, with: other)
            }
        }

        @Test func whatIsKeptIsNotBelieved() async throws {
            let home = try await MailHousehold()
            let alice = try await home.owner()
            try await alice.mail.add(try account())
            let made = try await alice.mail.makeKey(.openPGP, for: address)
            let other = MailKey(
                try OpenPGPKey.generate(name: nil, address: address.text, expires: nil, now: home.clock.now).certificate
            )
            // Somebody puts another certificate, or another secret, where the key was.
            var item = try #require(try await alice.mail.find(address))
            var members = made.content
            members["OpenpgpKey"] = other.content["OpenpgpKey"]
            item.account.entry.content["OpenpgpEncrypt"] = .object(members)
            let key = try #require(item.account.currentKey(.openPGP, .encrypt))
            #expect(throws: MailAccountError(.keyDamaged, "")) { try key.openPGPCertificate() }
            let store = try await alice.store(.mail)
            item.account.setSealed(try store.seal(SecretBytes(copying: [1, 2, 3]), id: made.udf.text), of: made)
            try await alice.mail.update(item.account, from: item.version)
            await #expect(throws: MailKeyError.self) { _ = try await alice.mail.withKey(made, of: address) { $0.key } }
            await #expect(throws: MailAccountError(.keyMissing, "")) {
                _ = try await alice.mail.withKey(other, of: address) { $0.key }
            }
        }
    #endif
}
