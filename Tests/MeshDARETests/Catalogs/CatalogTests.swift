import MeshCore
import MeshCryptography
import MeshEncoding
import MeshInMemory
import MeshPlatforms
import Testing

@testable import MeshDARE

@Suite("Catalogs")
struct CatalogTests {
    private func octets(_ text: String) -> [UInt8] { Array(text.utf8) }
    private func frame(_ text: String, _ secondary: [String] = []) -> CatalogFrame {
        CatalogFrame(octets(text), secondaryKeys: secondary.map { SecondaryKey(name: "S", value: $0) })
    }
    private func text(_ catalog: Catalog, _ key: String) throws -> String? {
        try catalog.find(key).map { String(decoding: try catalog.content(of: $0), as: UTF8.self) }
    }

    @Test("Entries are added, replaced and deleted, and found again after reopening", arguments: SequenceType.allCases)
    func events(_ type: SequenceType) throws {
        let directory = InMemoryContainerDirectory()
        var options = CatalogOptions()
        options.type = type
        options.contentType = "application/test"
        let catalog = try Catalog.create("c", in: directory, options: options)
        try catalog.transact { try $0.add("a", frame("1", ["x"])) }
        try catalog.transact { try $0.add("b", frame("2", ["x", "y"])) }
        let version = try #require(try catalog.find("a")).version
        try catalog.transact { try $0.update("a", frame("3", ["z"]), from: version) }
        try catalog.transact { try $0.delete("b", from: nil) }
        try catalog.transact { try $0.put("c", frame("4")) }
        for catalog in [catalog, try #require(try Catalog.open("c", in: directory, .read))] {
            #expect(try catalog.keys == ["a", "c"] && catalog.count == 2)
            #expect(try text(catalog, "a") == "3" && text(catalog, "b") == nil)
            #expect(try catalog.find(SecondaryKey(name: "S", value: "z")).map(\.key) == ["a"])
            #expect(try catalog.find(SecondaryKey(name: "S", value: "x")).isEmpty)
            #expect(try catalog.issues.count == 0)
            #expect(try catalog.sequence.meta.contentType == "application/test")
        }
        // What is written is what other implementations read.
        let sequence = try catalog.sequence
        let metas = try (1...5).map { try sequence.frame(at: $0).members.contentMeta }
        #expect(metas.map { $0.event?.rawValue } == ["New", "New", "Update", "Delete", "New"])
        #expect(metas.map(\.uniqueID) == ["a", "b", "a", "b", "c"])
        #expect(metas.map(\.first) == [nil, nil, 1, 2, nil] && metas.map(\.previous) == [nil, nil, 1, 2, nil])
        #expect(try sequence.frame(at: 4).payload.isEmpty && sequence.frame(at: 4).members.received != nil)
    }

    @Test("The legal order of events is enforced on writing")
    func order() throws {
        let catalog = try Catalog.create("c", in: InMemoryContainerDirectory())
        #expect(throws: CatalogError(.notFound, "")) {
            try catalog.transact { try $0.update("a", frame("1"), from: nil) }
        }
        #expect(throws: CatalogError(.notFound, "")) { try catalog.transact { try $0.delete("a", from: nil) } }
        #expect(throws: CatalogError(.invalidKey, "")) { try catalog.transact { try $0.add("", frame("1")) } }
        try catalog.transact { try $0.add("a", frame("1")) }
        #expect(throws: CatalogError(.alreadyExists, "")) { try catalog.transact { try $0.add("a", frame("1")) } }
        #expect(try catalog.sequence.count == 2)
        #expect(try catalog.count == 1)
    }

    @Test("Events of other writers are judged on reading: their words, their order, and what is no event")
    func foreign() throws {
        let directory = InMemoryContainerDirectory()
        let sequence = try DARESequence.create("c", in: directory)
        func append(_ event: String?, _ key: String?, _ payload: String = "", isMeta: Bool = false) throws {
            var meta = ContentMeta()
            meta.members["Event"] = event.map { .string($0) }
            meta.uniqueID = key
            var content = FrameContent(octets(payload), meta: meta)
            content.isMeta = isMeta
            try sequence.append(content)
        }
        try append("Add", "a", "1")
        try append("Update", "b", "2")
        try append(nil, "c", "3")
        try append("Frobnicate", "d", "4")
        try append("New", nil, "5")
        try append("New", "a", "6")
        try append("Erase", "b")
        try append("Delete", "b")
        try append("New", "m", isMeta: true)
        let catalog = try #require(try Catalog.open("c", in: directory))
        #expect(try catalog.keys == ["a"] && text(catalog, "a") == "6")
        #expect(
            try catalog.issues.first.map(\.kind) == [
                .updateOfAbsent, .unknownEvent, .noKey, .newOfPresent, .deleteOfAbsent,
            ])
        #expect(try catalog.issues.first.map(\.frame) == [2, 4, 5, 6, 8])
        // And it can be written to.
        try catalog.transact { try $0.update("a", frame("7"), from: nil) }
        #expect(try text(catalog, "a") == "7")
    }

    @Test("A change based on a version that is no longer there is refused, with both versions")
    func conflicts() throws {
        let directory = InMemoryContainerDirectory()
        let left = try Catalog.create("c", in: directory)
        let right = try #require(try Catalog.open("c", in: directory))
        let first = try left.transact { try $0.add("a", frame("1")) }
        let second = try right.transact { try $0.update("a", frame("2"), from: first) }
        for change in [
            { (t: inout CatalogTransaction) throws in _ = try t.update("a", frame("3"), from: first) },
            { (t: inout CatalogTransaction) throws in try t.delete("a", from: first) },
        ] {
            let error = #expect(throws: CatalogError.self) { try left.transact(change) }
            #expect(error?.code == .conflict && error?.versions?.expected == first && error?.versions?.found == second)
        }
        #expect(try text(left, "a") == "2")
        try right.transact { try $0.delete("a", from: second) }
        let error = #expect(throws: CatalogError.self) {
            try left.transact { try $0.update("a", frame("4"), from: second) }
        }
        #expect(error?.code == .conflict && error?.versions?.expected == second && error?.versions?.found == .some(nil))
    }

    @Test("Several changes are made together, and a closure that throws makes none")
    func transactions() throws {
        struct Changed: Error {}
        let directory = InMemoryContainerDirectory()
        let catalog = try Catalog.create("c", in: directory)
        try catalog.transact { transaction in
            try transaction.add("a", frame("1"))
            try transaction.add("b", frame("2"))
            let version = try #require(transaction.find("a"))
            try transaction.update("a", frame("3"), from: version)
            try transaction.delete("b", from: nil)
            #expect(transaction.find("b") == nil)
            try transaction.add("b", frame("4"))
        }
        #expect(try text(catalog, "a") == "3" && text(catalog, "b") == "4" && catalog.sequence.count == 6)
        #expect(throws: Changed.self) {
            try catalog.transact { transaction in
                try transaction.delete("a", from: nil)
                throw Changed()
            }
        }
        try catalog.transact { _ in }
        #expect(try catalog.sequence.count == 6 && catalog.issues.count == 0)
        let reader = try #require(try Catalog.open("c", in: directory, .read))
        #expect(try reader.keys == ["a", "b"] && reader.issues.count == 0)
    }

    @Test("A transaction of which any frames are missing at the end never was, for readers and for later writers")
    func tornTransaction() throws {
        let directory = InMemoryContainerDirectory()
        let catalog = try Catalog.create("c", in: directory)
        try catalog.transact { try $0.add("a", frame("1")) }
        try catalog.transact { transaction in
            try transaction.delete("a", from: nil)
            for number in 0..<4 { try transaction.add("n\(number)", frame("x")) }
        }
        let whole = try directory.octets("c")
        let sequence = try catalog.sequence
        for last in 1...6 {
            let end = try sequence.frame(at: last).end
            let torn = InMemoryContainerDirectory()
            try torn.createFile("c", with: Array(whole[..<end]))
            let reopened = try #require(try Catalog.open("c", in: torn))
            if last == 6 {
                #expect(try reopened.keys == ["n0", "n1", "n2", "n3"])
                continue
            }
            #expect(try reopened.keys == ["a"])
            try reopened.transact { transaction in
                try transaction.add("later", frame("2"))
                try transaction.add("n3", frame("3"))
            }
            let again = try #require(try Catalog.open("c", in: torn, .read))
            #expect(try again.keys == ["a", "later", "n3"] && text(again, "a") == "1")
            #expect(try again.issues.count == (last == 1 ? 0 : 1))
        }
    }

    @Test("The past is still there: each version of an entry, and the catalog as it was at any frame")
    func past() throws {
        let catalog = try Catalog.create("c", in: InMemoryContainerDirectory())
        try catalog.transact { try $0.add("a", frame("1")) }
        try catalog.transact { try $0.add("b", frame("2")) }
        try catalog.transact { try $0.update("a", frame("3"), from: nil) }
        try catalog.transact { try $0.delete("a", from: nil) }
        try catalog.transact { try $0.add("a", frame("5")) }
        let history = try catalog.history(of: "a")
        #expect(history.map(\.event) == [.new, .update, .delete, .new])
        #expect(history.map(\.version.frame) == [1, 3, 4, 5])
        #expect(try catalog.content(of: history[0]) == octets("1") && catalog.content(of: history[1]) == octets("3"))
        #expect(throws: CatalogError(.notFound, "")) { try catalog.content(of: history[2]) }
        #expect(try catalog.history(of: "none").isEmpty)
        let expected = [[], ["a"], ["a", "b"], ["a", "b"], ["b"], ["b", "a"]]
        for (number, keys) in expected.enumerated() { #expect(try catalog.snapshot(asOf: number).keys == keys) }
        let snapshot = try catalog.snapshot(asOf: 3)
        #expect(try snapshot.content(of: #require(snapshot.find("a"))) == octets("3"))
        #expect(throws: DAREError(.noSuchFrame, "")) { try catalog.snapshot(asOf: 6) }
    }

    @Test("Ten thousand entries are written and opened in a moment")
    func many() throws {
        let directory = InMemoryContainerDirectory()
        let catalog = try Catalog.create("c", in: directory)
        for start in stride(from: 0, to: 10_000, by: 500) {
            try catalog.transact(durability: .atClose) { transaction in
                for number in start..<start + 500 { try transaction.add("key \(number)", frame("content \(number)")) }
            }
        }
        let reader = try #require(try Catalog.open("c", in: directory, .read))
        #expect(try reader.count == 10_000 && text(reader, "key 9999") == "content 9999")
    }

    @Test("A change of any octet is found on opening or on reading, or changes nothing that is read")
    func tampering() throws {
        let directory = InMemoryContainerDirectory()
        let catalog = try Catalog.create("c", in: directory)
        try catalog.transact { try $0.add("first", frame("one", ["x"])) }
        try catalog.transact { try $0.add("second", frame("two")) }
        try catalog.transact { try $0.update("first", frame("three"), from: nil) }
        let whole = try directory.octets("c")
        let replaced = try catalog.sequence.frame(at: 1)
        for place in whole.indices {
            var changed = whole
            changed[place] ^= 1 << UInt8(place % 8)
            let other = InMemoryContainerDirectory()
            try other.createFile("c", with: changed)
            do {
                let reader = try #require(try Catalog.open("c", in: other, .read))
                for key in try reader.keys { _ = try text(reader, key) }
                #expect(try reader.keys == ["first", "second"] && text(reader, "first") == "three", "octet \(place)")
                // Nobody looked at the content that was replaced; and the last frame may be taken for another writer's.
                #expect(
                    (replaced.position..<replaced.end).contains(place) || place > whole.count - 70, "octet \(place)")
            } catch is DAREError {
            } catch is JBCDError {
            } catch is JSONError {
            }
        }
    }
}
