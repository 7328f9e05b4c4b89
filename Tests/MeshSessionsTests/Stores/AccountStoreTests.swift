import MeshCore
import MeshCryptography
import MeshDARE
import MeshEncoding
import MeshInMemory
import MeshPlatforms
import MeshProfiles
import Testing

@testable import MeshSessions

/// A store of an account without a portal: what waits to be sent lies over what was received.
struct AccountStoreTests {
    private let machine = MeshMachineCached()
    private let keys: StoreKeys

    init() throws {
        let seed = SecretSeed(.profileAccount, from: SystemRandomSource())
        keys = StoreKeys(
            account: try seed.deriveKey(.profile).publicKey.udf, encryption: try seed.deriveKey(.encrypt),
            signature: try seed.deriveKey(.sign), rights: Right.usual,
            groups: try GroupKey.first(from: SystemRandomSource()),
            administrator: try seed.deriveKey(.adminSign).publicKey)
    }

    private func store(_ name: StoreName = .credential) -> AccountStore {
        AccountStore(name, keys: keys, platform: machine)
    }

    private func credential(_ service: String, _ password: String) -> CatalogedCredential {
        var entry = CatalogedCredential()
        entry.service = service
        entry.username = "alice"
        entry.password = password
        return entry
    }

    /// What a synchronisation would have put there.
    private func receive(_ entries: [CatalogedCredential]) throws {
        let directory = try OpenedStore.directory(of: keys.account, on: machine)
        let prepared = try Catalog.prepareRun(
            new: StoreName.credential.fileName,
            options: keys.options(.credential, on: machine),
            signedBy: RunSigner(keys.scope(.credential), key: keys.signature)
        ) { transaction in
            for entry in entries { _ = try transaction.add(entry) }
        }
        _ = try DARESequence.create(StoreName.credential.fileName, in: directory, verbatim: prepared.frames.frames)
    }

    @Test func changesAreSeenAtOnce() async throws {
        let (first, second) = (credential("a.example", "1"), credential("b.example", "2"))
        try receive([first])
        let key = try #require(first.primaryKey)
        let other = try #require(second.primaryKey)
        try await store().add(second)
        #expect(try await store().entries().map(\.key) == [key, other])
        let received = try #require(try await store().find(key))
        #expect(!received.isPending)
        #expect(received.version.frame == 1)

        try await store().update(credential("a.example", "3"), from: received.version)
        #expect(try await store().find(key, as: CatalogedCredential.self)?.password == "3")
        #expect(try await store().find(key)?.isPending == true)
        await #expect(throws: SessionError(.changedElsewhere, "")) {
            try await store().update(credential("a.example", "4"), from: received.version)
        }
        try await store().delete(key, from: nil)
        #expect(try await store().find(key) == nil)
        #expect(try await store().entries().map(\.key) == [other])
        // It was deleted, so it can be added again.
        try await store().add(credential("a.example", "5"))
        #expect(try await store().find(key, as: CatalogedCredential.self)?.password == "5")
    }

    @Test func whatCannotBeIsRefused() async throws {
        let entry = credential("a.example", "1")
        let key = try #require(entry.primaryKey)
        await #expect(throws: CatalogError(.notFound, "")) { try await store().update(entry, from: nil) }
        await #expect(throws: CatalogError(.notFound, "")) { try await store().delete(key, from: nil) }
        await #expect(throws: CatalogError(.invalidKey, "")) { try await store().add(CatalogedCredential()) }
        await #expect(throws: CatalogError(.alreadyExists, "")) { try await store().add([entry, entry]) }
        #expect(try await store().entries().isEmpty)
        try await store().add(entry)
        await #expect(throws: CatalogError(.alreadyExists, "")) { try await store().add(entry) }
        await #expect(throws: CatalogError(.alreadyExists, "")) {
            try await store().add([credential("b.example", "1"), entry])
        }
        #expect(try await store().entries().count == 1)
        #expect(try await store(.network).entries().isEmpty)
    }

    @Test func theOutboxIsSealed() async throws {
        try await store().add(credential("a.example", "open sesame"))
        let directory = try OpenedStore.directory(of: keys.account, on: machine)
        let file = try #require(try directory.openFile(Outbox.fileName, .read))
        var octets = [UInt8](repeating: 0, count: try file.length())
        let read = try octets.withUnsafeMutableBytes { try file.read(at: 0, into: $0) }
        #expect(read == octets.count)
        let text = String(decoding: octets, as: UTF8.self)
        #expect(!text.contains("sesame") && !text.contains("a.example"))
        // Without the account's key nothing is read.
        let stranger = StoreKeys(
            account: keys.account, encryption: try PrivateKey.generate(.x448, from: SystemRandomSource()),
            signature: keys.signature, rights: keys.rights, groups: keys.groups, administrator: keys.administrator)
        await #expect(throws: (any Error).self) {
            try await AccountStore(.credential, keys: stranger, platform: machine).entries()
        }
    }

    @Test func manyAddersOfOneKey() async throws {
        let entry = credential("a.example", "1")
        let winners = await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<8 { group.addTask { (try? await store().add(entry)) != nil } }
            return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(winners == 1)
        #expect(try await store().entries().count == 1)
    }
}
