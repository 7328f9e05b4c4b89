import MeshCore
import MeshCryptography
import MeshEncoding
import MeshInMemory
import MeshPlatforms
import Testing

@testable import MeshDARE

@Suite("Encrypted catalogs")
struct EncryptedCatalogTests {
    static let modes: [SequencePolicy.Encryption] = [.once, .session, .isolated]

    private func options(_ keys: TestKeys, _ mode: SequencePolicy.Encryption, as key: PrivateKey?) -> CatalogOptions {
        var options = CatalogOptions()
        options.policy = SequencePolicy(encryption: mode, recipients: [keys.alice.publicKey])
        options.keys = SequenceKeys(DecryptionKeys(key.map { [$0] } ?? []))
        return options
    }

    private func credential(_ service: String, _ password: String, local: String? = nil) -> CatalogedCredential {
        var credential = CatalogedCredential(service: service)
        credential.password = password
        credential.localName = local
        return credential
    }

    @Test(
        "Contents and secondary keys are encrypted, primary keys are not; the local name is found by reading",
        arguments: modes)
    func secrecy(_ mode: SequencePolicy.Encryption) throws {
        let keys = try TestKeys()
        let directory = InMemoryContainerDirectory()
        let catalog = try EntryCatalog<CatalogedCredential>.openOrCreate(
            in: directory, options: options(keys, mode, as: keys.alice))
        #expect(try directory.names() == ["MMM_Credential.dcat"])
        try catalog.add(credential("example.com", "a secret", local: "my mail"))
        try catalog.add(credential("example.net", "another"))
        let stored = String(decoding: try directory.octets("MMM_Credential.dcat"), as: UTF8.self)
        #expect(!stored.contains("secret") && !stored.contains("my mail"))
        let metas = try (1...2).map { try catalog.catalog.sequence.frame(at: $0).members.contentMeta }
        #expect(metas.map(\.uniqueID) == [":example.com", ":example.net"])
        #expect(metas.allSatisfy { $0.members["KeyValues"] == nil })
        let reader = try #require(
            try EntryCatalog<CatalogedCredential>.open(
                in: directory, .read, options: options(keys, mode, as: keys.alice)))
        for catalog in [catalog, reader] {
            #expect(try catalog.find(named: "my mail")?.entry?.password == "a secret")
            #expect(try catalog.find(named: ":example.net")?.entry?.password == "another")
            #expect(try catalog.find(named: "none") == nil)
        }
        // The name moves to another entry.
        let old = try #require(try catalog.find(":example.com"))
        try catalog.catalog.transact { transaction in
            try transaction.update(credential("example.com", "a secret"), from: old.version)
            try transaction.put(credential("example.net", "another", local: "my mail"))
        }
        #expect(try reader.find(named: "my mail")?.entry?.service == "example.net")
    }

    @Test("Entries encrypted to others are kept, through a compaction too, and are no error", arguments: modes)
    func forOthers(_ mode: SequencePolicy.Encryption) throws {
        let keys = try TestKeys()
        let directory = InMemoryContainerDirectory()
        let alice = try EntryCatalog<CatalogedCredential>.openOrCreate(
            in: directory, options: options(keys, mode, as: keys.alice))
        for number in 0..<5 { try alice.add(credential("s\(number)", "p\(number)")) }
        try alice.update(credential("s2", "new"), from: nil)
        try alice.delete(":s1", from: nil)
        let bob = try #require(
            try EntryCatalog<CatalogedCredential>.open(in: directory, options: options(keys, mode, as: keys.bob)))
        func check() throws {
            let items = try bob.items()
            #expect(items.map(\.key) == [":s0", ":s2", ":s3", ":s4"])
            for item in items {
                guard case .forOthers = item.content else {
                    Issue.record("\(item.key) is not encrypted")
                    continue
                }
            }
            #expect(try bob.find(named: "x") == nil)
            #expect(throws: DAREError.self) { try bob.catalog.content(of: #require(try bob.catalog.find(":s0"))) }
            #expect(try alice.items().map(\.entry?.password) == ["p0", "new", "p3", "p4"])
        }
        try check()
        let stale = try #require(try bob.catalog.find(":s0"))
        // Who cannot read compacts nevertheless; how the new first frame is sealed needs public keys alone.
        try bob.catalog.compact()
        try check()
        #expect(throws: CatalogError(.conflict, "")) { try alice.catalog.content(of: stale) }
        #expect(throws: CatalogError(.conflict, "")) { try alice.delete(":s0", from: stale.version) }
        // And goes on from there.
        try alice.add(credential("s9", "p9"))
        try alice.catalog.compact()
        #expect(try alice.find(":s9")?.entry?.password == "p9" && alice.find(":s2")?.entry?.password == "new")
        let reader = try #require(
            try EntryCatalog<CatalogedCredential>.open(
                in: directory, .read, options: options(keys, mode, as: keys.alice)))
        #expect(try reader.items().map(\.entry?.password) == ["p0", "new", "p3", "p4", "p9"])
    }

    @Test("Signatures of entries stay valid when the catalog is compacted")
    func signatures() throws {
        let keys = try TestKeys()
        let directory = InMemoryContainerDirectory()
        var options = CatalogOptions()
        options.policy = SequencePolicy(signature: .isolated, signers: [keys.signer.publicKey])
        options.keys = SequenceKeys(.none, signer: keys.signer)
        let catalog = try Catalog.create("c", in: directory, options: options)
        for number in 0..<3 { try catalog.transact { try $0.add("\(number)", CatalogFrame([UInt8(number)])) } }
        try catalog.transact { try $0.update("1", CatalogFrame([7]), from: nil) }
        // Whoever cannot sign cannot make the first frame of the new file, and leaves the old one.
        let other = try #require(try Catalog.open("c", in: directory))
        #expect(throws: DAREError(.policyViolation, "")) { try other.compact() }
        #expect(try directory.names() == ["c"] && other.count == 3)
        try catalog.compact()
        let sequence = try catalog.sequence
        for number in 1...3 {
            let frame = try sequence.frame(at: number)
            let members = try frame.members
            let envelope = DAREEnvelope(header: members.header, body: Array(frame.payload), trailer: members.trailer)
            #expect(try envelope.verify(by: [keys.signer.publicKey]).signers == [keys.signer.publicKey])
        }
        #expect(sequence.count == 4)
    }
}
