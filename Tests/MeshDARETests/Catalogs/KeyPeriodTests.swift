import MeshCore
import MeshCryptography
import MeshDARE
import MeshInMemory
import MeshPlatforms
import Testing

/// Catalogs of one key exchange that go over to another.
struct KeyPeriodTests {
    private let directory = InMemoryContainerDirectory()
    private let random = SystemRandomSource()
    private let signer: RunSigner
    private let old: PrivateKey
    private let new: PrivateKey

    init() throws {
        old = try PrivateKey.generate(.x448, from: random)
        new = try PrivateKey.generate(.x448, from: random)
        let key = try PrivateKey.generate(.ed448, from: random)
        signer = RunSigner(RunScope(account: key.publicKey.udf, store: "MMM_Credential"), key: key)
    }

    private func options(_ keys: [PrivateKey], for reader: PrivateKey) -> CatalogOptions {
        var options = CatalogOptions()
        options.keys = SequenceKeys(DecryptionKeys(keys))
        options.policy = SequencePolicy(encryption: .once, algorithm: .a256GCM, recipients: [reader.publicKey])
        options.readers = [reader.publicKey]
        return options
    }

    private func catalog(_ keys: [PrivateKey], for reader: PrivateKey) throws -> Catalog {
        try #require(try Catalog.open("c.dcat", in: directory, options: options(keys, for: reader)))
    }

    private func content(_ text: String) -> CatalogFrame { CatalogFrame(Array(text.utf8)) }

    @Test func whoHasTheOldKeyAloneReadsAndWritesNothingNew() throws {
        let made = try Catalog.prepareRun(new: "c.dcat", options: options([old], for: old), signedBy: signer) {
            try $0.add("a", content("one"))
            try $0.add("b", content("two"))
        }
        _ = try DARESequence.create("c.dcat", in: directory, verbatim: made.frames.frames)
        let former = try catalog([old], for: old)
        #expect(try former.prepareKeyExchange(signedBy: signer) == nil)
        #expect(try !former.needsKeyExchange && former.keysOfFormerExchanges.isEmpty)

        let both = try catalog([old, new], for: new)
        #expect(try both.needsKeyExchange)
        try both.sequence.append(try #require(try both.prepareKeyExchange(signedBy: signer)))
        #expect(try !both.needsKeyExchange)
        #expect(try both.keysOfFormerExchanges == ["a", "b"])
        try both.sequence.append(
            try both.prepareRun(signedBy: signer) { try $0.add("c", content("three")) }.frames)

        // The old key opens what it could, and can neither read on, nor write, nor go back.
        let a = try #require(try former.find("a"))
        #expect(try former.content(of: a) == Array("one".utf8))
        let c = try #require(try former.find("c"))
        #expect(throws: DAREError(.wrongRecipient, "")) { try former.content(of: c) }
        #expect(throws: DAREError(.wrongRecipient, "")) {
            try former.prepareRun(signedBy: signer) { try $0.add("d", content("four")) }
        }
        #expect(throws: DAREError(.wrongRecipient, "")) { try former.prepareKeyExchange(signedBy: signer) }

        // Written anew, everything opens with the new key alone, and is the same version of the content.
        try both.sequence.append(
            try both.prepareRun(signedBy: signer) { transaction in
                for key in ["a", "b"] {
                    let record = try #require(try both.find(key))
                    try transaction.rewrite(key, CatalogFrame(try both.content(of: record)))
                }
            }.frames)
        #expect(try both.keysOfFormerExchanges.isEmpty)
        let next = try catalog([new], for: new)
        for (key, text) in [("a", "one"), ("b", "two"), ("c", "three")] {
            let record = try #require(try next.find(key))
            #expect(try next.content(of: record) == Array(text.utf8))
            #expect(record.contentFrame == ["a": 1, "b": 2, "c": 4][key])
        }
        // A change of the content is another one.
        try next.sequence.append(
            try next.prepareRun(signedBy: signer) { try $0.update("a", content("five"), from: nil) }.frames)
        let changed = try #require(try next.find("a"))
        #expect(changed.contentFrame == changed.version.frame && changed.contentFrame > 4)
        #expect(throws: DAREError(.wrongRecipient, "")) {
            try former.content(of: try #require(try former.find("a")))
        }
    }
}
