import MeshCore
import MeshCryptography
import MeshEncoding
import MeshInMemory
import MeshPlatforms
import Testing

@testable import MeshDARE

@Suite("The host catalog, and catalogs of typed entries")
struct HostCatalogTests {
    private let random = SeededRandomSource(seed: 3)
    private func udf(_ number: UInt8) -> UDF { ContentDigest(of: [number], contentType: "test").udf() }

    private func machine(_ kind: CatalogedMachine.Kind, _ number: UInt8) -> CatalogedMachine {
        CatalogedMachine(kind, id: udf(number).text)
    }

    @Test("Connections are found by identifier, profile, local name and address")
    func lookups() throws {
        let directory = InMemoryContainerDirectory()
        let host = try HostCatalog.openOrCreate(in: directory)
        #expect(try host.entries.catalog.sequence.meta.contentType == "application/mmm-host")
        var account = machine(.standard, 1)
        account.localName = "work"
        account.accountAddress = "Alice@example.com"
        account.envelopedProfileAccount = [["EnvelopeId": .string(udf(9).text)], ""]
        try host.put(account)
        try host.put(machine(.pending, 2))
        let reader = try #require(try HostCatalog.open(in: directory, .read))
        for host in [host, reader] {
            #expect(try host.find(id: udf(1)) == account && host.find(id: udf(3)) == nil)
            #expect(try host.find(profile: udf(9)) == account)
            // A shorter fingerprint names the same.
            #expect(try host.find(profile: UDF(parsing: String(udf(9).text.prefix(24)))) == account)
            #expect(try host.find(localName: "work") == account && host.find(localName: "Work") == nil)
            #expect(try host.find(accountAddress: "alice@EXAMPLE.com") == account)
            #expect(try host.entries.find(named: "work")?.entry == account)
            #expect(try host.entries.find(SecondaryKey(name: "AccountAddress", value: "Alice@example.com")).count == 1)
        }
        try host.remove(machine(.pending, 2))
        #expect(try reader.machines().count == 1)
    }

    @Test("The default of a kind is the first that was seen, until one is flagged")
    func defaults() throws {
        let host = try HostCatalog.openOrCreate(in: InMemoryContainerDirectory())
        for kind in CatalogedMachine.Kind.allCases { #expect(try host.defaultMachine(kind) == nil) }
        for number in 1...3 { try host.put(machine(.standard, UInt8(number))) }
        try host.put(machine(.service, 7))
        func chosen() throws -> String? { try host.defaultMachine(.standard)?.id }
        #expect(try chosen() == udf(1).text)
        // Written again, it is still the first that was seen.
        var first = machine(.standard, 1)
        first.localName = "again"
        try host.put(first)
        #expect(try host.defaultMachine(.standard)?.localName == "again")
        var flagged = machine(.standard, 2)
        flagged.isDefault = true
        try host.put(flagged)
        #expect(try chosen() == udf(2).text)
        flagged = machine(.standard, 3)
        flagged.isDefault = true
        try host.put(flagged)
        #expect(try chosen() == udf(3).text)
        try host.setDefault(id: udf(1))
        #expect(try chosen() == udf(1).text && host.machines().filter(\.isDefault).count == 1)
        #expect(try host.defaultMachine(.service)?.id == udf(7).text)
        #expect(throws: CatalogError(.notFound, "")) { try host.setDefault(id: udf(5)) }
        #expect(throws: CatalogError(.notFound, "")) { try host.remove(machine(.standard, 5)) }
    }

    @Test("A catalog is found under any spelling of its name, and read with entries in the older forms")
    func spellings() throws {
        for name in ["MMM_Contact.dcat", "CatalogContact.dcat", "CatalogContact.cat"] {
            let directory = InMemoryContainerDirectory()
            let sequence = try DARESequence.create(name, in: directory)
            var meta = ContentMeta()
            meta.members["UniqueID"] = "k"
            meta.members["Event"] = "Add"
            // With the line breaks that older writers leave inside of texts.
            try sequence.append(
                FrameContent(
                    Array("{\"CatalogedContact\":{\"Key\":\"k\",\n \"LocalName\":\"bob\",\"Extra\":1}}".utf8),
                    meta: meta))
            let catalog = try EntryCatalog<CatalogedContact>.openOrCreate(in: directory)
            #expect(try directory.names() == [name])
            let item = try #require(try catalog.find(named: "bob"))
            var contact = try #require(item.entry)
            contact.isSelf = true
            try catalog.update(contact, from: item.version)
            let reader = try #require(try EntryCatalog<CatalogedContact>.open(in: directory, .read))
            #expect(try reader.find("k")?.entry?.content["Extra"] == 1 && reader.find("k")?.entry?.isSelf == true)
        }
        #expect(try EntryCatalog<CatalogedTask>.open(in: InMemoryContainerDirectory()) == nil)
    }

    @Test("What is not an entry, or one of another type, is said to be so and left alone")
    func oddContents() throws {
        let directory = InMemoryContainerDirectory()
        let catalog = try EntryCatalog<CatalogedTask>.openOrCreate(in: directory)
        try catalog.add(CatalogedTask(key: "t", title: "do"))
        try catalog.catalog.transact { transaction in
            try transaction.add("u", CatalogFrame(Array(#"{"CatalogedLater":{}}"#.utf8)))
            try transaction.add("d", CatalogFrame([0xFF]))
        }
        let items = try catalog.items()
        #expect(items.map { $0.entry?.title } == ["do", nil, nil])
        guard case .readable(.unknown(let unknown)) = items[1].content, case .damaged = items[2].content else {
            Issue.record("\(items)")
            return
        }
        #expect(unknown.tag == "CatalogedLater")
        #expect(throws: CatalogError(.invalidKey, "")) { try catalog.add(CatalogedTask()) }
    }

    @Test("Two entries of one local name are ambiguous; the local name goes before the primary key")
    func localNames() throws {
        let catalog = try EntryCatalog<CatalogedTask>.openOrCreate(in: InMemoryContainerDirectory())
        var first = CatalogedTask(key: "a")
        first.localName = "b"
        try catalog.add(first)
        try catalog.add(CatalogedTask(key: "b"))
        #expect(try catalog.find(named: "b")?.key == "a" && catalog.find("b")?.key == "b")
        var third = CatalogedTask(key: "c")
        third.localName = "b"
        try catalog.add(third)
        let error = #expect(throws: PlatformError.self) { try catalog.find(named: "b") }
        #expect(error?.code == .ambiguous && error?.candidates.map(\.name) == ["a", "c"])
    }
}
