import MeshCore
import MeshCryptography
import MeshDARE
import MeshEncoding
import MeshInMemory
import MeshPlatforms
import MeshPortals
import MeshProfiles
import Testing

@testable import MeshSessions

/// Secrets inside of entries.
struct SealedPartTests {
    private func text(_ secret: borrowing SecretBytes) -> String {
        secret.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
    }

    /// The sealed part of the entry `key`.
    private func part(_ key: String, _ session: PersonalSession) async throws -> JSONValue {
        let entry = try await session.store(.mail).find(key, as: CatalogedApplication.self)
        return try #require(entry?.envelopedCapabilities.first)
    }

    private func add(_ secret: String, as key: String, _ session: PersonalSession) async throws {
        let store = try await session.store(.mail)
        var entry = CatalogedApplication(.mail, key: key)
        entry.envelopedCapabilities = [
            try store.seal(SecretBytes(copying: secret.utf8), id: "one", contentType: "text/plain")
        ]
        #expect(!entry.encoded.compact.contains(secret.utf8))
        try await store.add(entry)
        _ = try await session.sync()
    }

    @Test func aSecretIsOpenedByAllDevicesOfTheRight() async throws {
        let den = try await Den()
        let alice = try await den.session().createAccount("alice@example.com")
        let lost = try await den.connect(den.session(), to: alice)
        let kept = try await den.connect(den.session(), to: alice)
        let other = try await den.connect(den.session(), to: alice, rights: [.member])
        try await add("before", as: "a", lost)
        for session in [alice, kept] {
            _ = try await session.sync()
            let (store, part) = (try await session.store(.mail), try await part("a", session))
            #expect(text(try await store.open(part)) == "before")
            #expect(try !store.isSealedToFormerKey(part))
        }
        _ = try await other.sync()
        let closed = try await other.store(.mail)
        let sealed = try await part("a", alice)
        await #expect(throws: SessionError(.rightMissing, "")) { _ = try await closed.open(sealed) }
        #expect(throws: SessionError(.rightMissing, "")) { try closed.isSealedToFormerKey(sealed) }

        // Twice a device is lost: two generations of keys.
        let stolen = try await lost.context()
        _ = try await alice.remove(stolen.record.device)
        let second = try await den.connect(den.session(), to: alice)
        _ = try await alice.setRights(of: try await second.context().record.device, to: [.member])
        let late = try await den.connect(den.session(), to: alice)
        try await add("after", as: "b", alice)
        for session in [alice, kept, late] {
            _ = try await session.sync()
            let store = try await session.store(.mail)
            let (old, new) = (try await part("a", session), try await part("b", session))
            #expect(text(try await store.open(old)) == "before")
            #expect(text(try await store.open(new)) == "after")
            #expect(try store.isSealedToFormerKey(old))
            #expect(try !store.isSealedToFormerKey(new))
        }
        // The lost device's real keys open what it knew, and not what came after.
        let keys = DecryptionKeys(stolen.storeKeys.groups.map(\.key) + [stolen.storeKeys.encryption])
        #expect(text(try DAREEnvelope(sealed).openSecret(with: keys)) == "before")
        let new = try DAREEnvelope(try await part("b", alice))
        #expect(throws: DAREError.self) { _ = try new.openSecret(with: keys) }
    }

    @Test func whatIsNoneIsRefused() async throws {
        let den = try await Den()
        let alice = try await den.session().createAccount("alice@example.com")
        let store = try await alice.store(.mail)
        for value: JSONValue in [.null, "x", [], [[:], "", [:]]] {
            await #expect(throws: DAREError.self) { _ = try await store.open(value) }
        }
        // Sealed for another store, it does not open here.
        let web = try await alice.store(.credential).seal(SecretBytes(copying: "x".utf8))
        await #expect(throws: DAREError(.wrongRecipient, "")) { _ = try await store.open(web) }
        #expect(try store.isSealedToFormerKey(web))
        let plain = try EnvelopeSealer().seal(Array("x".utf8)).value
        await #expect(throws: DAREError(.unsupportedAlgorithm, "")) { _ = try await store.open(plain) }
        #expect(try store.isSealedToFormerKey(plain))
        let changed = try store.seal(SecretBytes(copying: "secret".utf8))
        var parts = try #require(changed.array)
        parts[1] = .binary((parts[1].binary ?? []).map { $0 ^ 1 })
        await #expect(throws: DAREError.self) { _ = try await store.open(.array(parts)) }
        let device = try await alice.store(.device)
        #expect(throws: SessionError(.rightMissing, "")) { try device.seal(SecretBytes(copying: "x".utf8)) }
    }
}
