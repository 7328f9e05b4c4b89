import MeshCore
import MeshDARE
import MeshEncoding
import Testing

@Suite("Entries of catalogs")
struct CatalogEntryTests {
    private func read<Entry: CatalogEntry>(_ type: Entry.Type, _ text: String) throws -> Entry {
        try #require(try CatalogContent<Entry>(payload: Array(text.utf8)).entry)
    }

    @Test("Each type has the primary key that the specification gives it")
    func primaryKeys() throws {
        #expect(
            try read(CatalogedDevice.self, #"{"CatalogedDevice":{"Udf":"MA","DeviceUdf":"MB"}}"#).primaryKey == "MB")
        #expect(
            try read(CatalogedApplication.self, #"{"CatalogedGroup":{"Key":"mmm/CatalogedGroup/x"}}"#).primaryKey
                == "mmm/CatalogedGroup/x")
        #expect(try read(CatalogedContact.self, #"{"CatalogedContact":{"Key":"k","Self":true}}"#).primaryKey == "k")
        #expect(
            try read(CatalogedCredential.self, #"{"CatalogedCredential":{"Service":"s","Protocol":"http"}}"#).primaryKey
                == "http:s")
        #expect(try read(CatalogedCredential.self, #"{"CatalogedCredential":{"Service":"s"}}"#).primaryKey == ":s")
        #expect(
            try read(CatalogedNetwork.self, #"{"CatalogedNetwork":{"Service":"ssid","Protocol":"wifi"}}"#).primaryKey
                == "wifi:ssid")
        #expect(try read(CatalogedBookmark.self, #"{"CatalogedBookmark":{"Uid":"u","Path":"p"}}"#).primaryKey == "u")
        #expect(try read(CatalogedBookmark.self, #"{"CatalogedBookmark":{"Path":"p"}}"#).primaryKey == "p")
        #expect(try read(CatalogedTask.self, #"{"CatalogedTask":{"Key":"t"}}"#).primaryKey == "t")
        #expect(try read(CatalogedPublication.self, #"{"CatalogedPublication":{"Id":"i"}}"#).primaryKey == "i")
        #expect(
            try read(
                CatalogedAccess.self, #"{"CatalogedAccess":{"Capability":{"CapabilityDecryptPartial":{"Id":"c"}}}}"#
            )
            .primaryKey == "c")
        #expect(
            try read(CatalogedMember.self, #"{"CatalogedMember":{"ContactAddress":"bob@example.com"}}"#).primaryKey
                == "bob@example.com")
        #expect(
            try read(CatalogedCallsign.self, #"{"CatalogedCallsign":{"Canonical":"@alice"}}"#).primaryKey == "@alice")
        #expect(try read(CatalogedMachine.self, #"{"CatalogedStandard":{"Id":"M"}}"#).primaryKey == "M")
        #expect(CatalogedTask().primaryKey == nil && CatalogedCredential().primaryKey == nil)
    }

    @Test("Members that a type does not know stay, in their order, when others are changed")
    func unknownMembers() throws {
        let text = #"{"CatalogedContact":{"Later":{"a":[1,2.50]},"Key":"k","Labels":["x"],"Other":null}}"#
        var contact = try read(CatalogedContact.self, text)
        #expect(contact.labels == ["x"])
        #expect(contact.encoded.compact == Array(text.utf8))
        contact.key = "l"
        contact.localName = "bob"
        #expect(
            contact.encoded.compact
                == Array(
                    #"{"CatalogedContact":{"Later":{"a":[1,2.50]},"Key":"l","Labels":["x"],"Other":null,"LocalName":"bob"}}"#
                        .utf8))
        contact.localName = nil
        contact.labels = []
        #expect(contact.content["Labels"] == nil && contact.content["LocalName"] == nil)
    }

    @Test("An entry of a type that is not known is kept as it is")
    func unknownType() throws {
        let content = try CatalogContent<CatalogedTask>(payload: Array(#"{"CatalogedLater":{"a":1}}"#.utf8))
        guard case .unknown(let entry) = content else { throw CatalogError(.invalidEntry, "") }
        #expect(entry.tag == "CatalogedLater" && entry.content == ["a": 1])
        #expect(content.entry == nil)
    }

    @Test(
        "Content that is not an entry is refused",
        arguments: [
            "", "[]", "1", "{}", #"{"CatalogedTask":{},"Other":{}}"#, #"{"CatalogedTask":[]}"#,
            #"{"CatalogedTask":{"Key":1}}"#, #"{"CatalogedTask":{"EnvelopedTask":[]}}"#,
            #"{"CatalogedTask":{"EnvelopedTask":[1]}}"#, #"{"CatalogedTask":{"Labels":"x"}}"#,
            #"{"CatalogedTask":{"Labels":[1]}}"#, #"{"CatalogedTask":{"LocalName":{}}}"#,
        ])
    func refused(_ text: String) {
        #expect(throws: CatalogError(.invalidEntry, "")) {
            try CatalogContent<CatalogedTask>(payload: Array(text.utf8))
        }
    }

    @Test("A wrong kind is named by its member")
    func namesMember() {
        let error = #expect(throws: CatalogError.self) {
            try CatalogedPublication(reading: "CatalogedPublication", ["NotOnOrAfter": "tomorrow"])
        }
        #expect(error?.message.contains("NotOnOrAfter") == true)
    }

    @Test("The kinds of host entries are read in both generations' words")
    func machines() throws {
        for (tag, kind) in [
            ("PendingConnection", CatalogedMachine.Kind.pending), ("CatalogedPending", .pending),
            ("DeviceConnection", .standard), ("AdminConnection", .standard), ("CatalogedStandard", .standard),
            ("CatalogedPreconfigured", .preconfigured), ("CatalogedService", .service),
        ] {
            let entry = try read(CatalogedMachine.self, #"{"\#(tag)":{"Id":"M","Local":"home","Default":true}}"#)
            #expect(entry.kind == kind && entry.isDefault && entry.localName == "home")
            #expect(entry.tag == tag)
        }
        var machine = CatalogedMachine(.standard, id: "M")
        machine.envelopedProfileAccount = [["EnvelopeId": "MAAA"], ""]
        #expect(machine.profileUDF == "MAAA")
        #expect(machine.secondaryKeys.contains(SecondaryKey(name: "ProfileUdf", value: "MAAA")))
    }

    @Test("Applications of SSH are found under either spelling, and keep it")
    func applications() throws {
        let entry = try read(CatalogedApplication.self, #"{"CatalogedApplicationSsh":{"Key":"k"}}"#)
        #expect(entry.kind == .ssh && entry.tag == "CatalogedApplicationSsh")
        #expect(CatalogedApplication(.ssh, key: "k").tag == "CatalogedApplicationSSH")
    }

    @Test("A contact is found by its addresses, whether it has a type's name around it or not")
    func contactAddresses() {
        var contact = CatalogedContact(key: "k")
        contact.contact = [
            "ContactPerson": ["NetworkAddresses": [["Address": "a@example.com"], ["Address": "b@example.com"]]]
        ]
        #expect(contact.addresses == ["a@example.com", "b@example.com"])
        contact.contact = ["NetworkAddresses": [["Address": "c@example.com"]], "Id": "x"]
        #expect(contact.secondaryKeys == [SecondaryKey(name: "Address", value: "c@example.com")])
    }
}

@Suite("Names of stores")
struct StoreNameTests {
    @Test("Every spelling is read, the first of them is written")
    func spellings() {
        #expect(StoreName.contact.fileName == "MMM_Contact.dcat")
        for name in [
            "MMM_Contact.dcat", "mmm_Contact.dcat", "CatalogContact.dcat", "MMM_Contact.cat", "CatalogContact.cat",
        ] {
            #expect(StoreName(fileName: name) == .contact)
        }
        #expect(StoreName(fileName: "CatalogRecrypt.dcat") == .access)
        #expect(StoreName(fileName: "SpoolInbound.dcat") == .inbound)
        for name in ["host.dare", "MMM_Contact.dcat.lock", "mmm_contact.dcat", "Contact.dcat", ""] {
            #expect(StoreName(fileName: name) == nil)
        }
        for store in StoreName.fixed {
            #expect(store.fileNames.first == store.fileName)
            #expect(store.fileNames.allSatisfy { StoreName(fileName: $0) == store })
        }
    }

    @Test("Where several spellings are present, the one that is written comes first")
    func several() {
        let names = ["CatalogTask.dcat", "MMM_Device.dcat", "MMM_Task.dcat", "MMM_Task.cat"]
        #expect(StoreName.task.find(in: names) == ["MMM_Task.dcat", "CatalogTask.dcat", "MMM_Task.cat"])
        #expect(StoreName.bookmark.find(in: names).isEmpty)
    }
}
