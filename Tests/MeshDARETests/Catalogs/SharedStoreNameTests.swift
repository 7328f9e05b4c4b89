import MeshDARE
import Testing

@Suite("Stores that are named by rights")
struct SharedStoreNameTests {
    private static let longest = "a" + String(repeating: "-", count: 63)

    @Test("A pair of rights has one name, and the name says the pair")
    func oneSpelling() throws {
        let same = try #require(SharedStoreName(readers: "notes", writers: "notes"))
        #expect(same.rawValue == "Shared_notes")
        #expect(StoreName.shared(same).containerName == "MMM_Shared_notes")
        #expect(StoreName.shared(same).fileNames == ["MMM_Shared_notes.dcat"])
        let two = try #require(SharedStoreName(readers: "member", writers: "administrator"))
        #expect(two.rawValue == "Shared_member_administrator")
        let long = try #require(SharedStoreName(readers: Self.longest, writers: "9.x"))
        for name in [same, two, long] {
            let store = StoreName.shared(name)
            #expect(SharedStoreName(rawValue: name.rawValue) == name)
            #expect(StoreName(rawValue: store.rawValue) == store)
            #expect(StoreName(containerName: store.containerName) == store)
            #expect(StoreName(fileName: store.fileName) == store)
            #expect(store.fileName.utf8.count <= 250 && !store.isSpool)
        }
    }

    @Test(
        "Any other text is no store",
        arguments: [
            "", "Shared", "Shared_", "shared_notes", "Shared_Notes", "Shared_notes_", "Shared__notes",
            "Shared_notes_notes",
            "Shared_a_b_c", "Shared_-a", "Shared_.a", "Shared_a b", "Shared_a/b", "Shared_..", "Shared_\u{E9}",
            "Shared_a\u{0}",
            "Shared_e\u{301}", "Shared_member", "Shared_web", "Shared_administrator", "Shared_administrator_member",
            "Shared_threshold", "Shared_notes_threshold", "Shared_threshold_notes", "Shared_" + longest + "-",
            "Shared_\u{FF41}",
        ])
    func noName(_ name: String) {
        #expect(SharedStoreName(rawValue: name) == nil)
        #expect(StoreName(rawValue: name) == nil)
        #expect(StoreName(containerName: "MMM_\(name)") == nil)
        #expect(StoreName(fileName: "MMM_\(name).dcat") == nil)
    }

    @Test func otherSpellingsOfFilesAreNone() {
        for name in [
            "MMM_Shared_notes.cat", "mmm_Shared_notes.dcat", "CatalogShared_notes.dcat", "MMM_Shared_notes.dcat.lock",
            "MMM_Shared_notes.dcat.old-1", "MMM_Shared_notesXdcat",
        ] {
            #expect(StoreName(fileName: name) == nil, "\(name)")
        }
        let names = [
            "MMM_Shared_b.dcat", "MMM_Task.dcat", "x", "MMM_Shared_a_b.dcat", "CatalogContact.dcat",
            "MMM_Shared_a.dcat",
        ]
        #expect(StoreName.written(in: names).map(\.rawValue) == ["Task", "Shared_a", "Shared_a_b", "Shared_b"])
    }
}
