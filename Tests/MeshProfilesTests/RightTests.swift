import MeshDARE
import MeshProfiles
import Testing

/// Names of rights, and the stores that they name.
struct RightTests {
    private static func right(_ name: String) -> Right { Right(rawValue: name) }

    @Test func namesOfRights() {
        for right in Right.keyed + [.threshold] { #expect(right.isName && !right.isOwn) }
        for name in ["notes", "0", "a.b-c", String(repeating: "x", count: 64), "usual", "mails"] {
            #expect(Self.right(name).isOwn, "\(name)")
        }
        for name in ["", "Notes", "-a", ".a", "a_b", "a b", "\u{E9}", "a\u{0}", String(repeating: "x", count: 65)] {
            #expect(!Self.right(name).isName, "\(name)")
        }
    }

    @Test func everyPairOfRightsHasOneStore() throws {
        let rights = Right.keyed + [Self.right("notes"), Self.right("a.b")]
        var seen: [StoreName: (Right, Right)] = [:]
        for readers in rights {
            for writers in rights {
                let store = try #require(StoreName.ofApplications(readers: readers, writers: writers))
                #expect(store.right == readers)
                // What administrators alone read, they alone write, whoever else is said to.
                #expect(store.writersRight == (readers == .administrator ? .administrator : writers))
                #expect(Set(store.rightsToWrite) == [readers, store.writersRight])
                #expect(StoreName(containerName: store.containerName) == store)
                if readers != .administrator { #expect(seen.updateValue((readers, writers), forKey: store) == nil) }
            }
        }
        #expect(StoreName.ofApplications(readers: .member, writers: .member) == .application)
        #expect(StoreName.ofApplications(readers: .web, writers: .web) == .credential)
        #expect(StoreName.ofApplications(readers: .messages, writers: .messages)?.rawValue == "Shared_messages")
        #expect(StoreName.ofApplications(readers: .administrator, writers: .member) == .local)
        for (readers, writers) in [
            (Right.threshold, Right.threshold), (.threshold, .member), (.member, .threshold),
            (.administrator, .threshold), (Self.right("No"), .member), (.administrator, Self.right("no no")),
        ] {
            #expect(StoreName.ofApplications(readers: readers, writers: writers) == nil)
        }
    }
}
