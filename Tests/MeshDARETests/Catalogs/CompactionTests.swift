import MeshCore
import MeshInMemory
import MeshPlatforms
import Testing

@testable import MeshDARE

@Suite("Compaction of catalogs")
struct CompactionTests {
    /// A catalog with some past, and what is in it.
    private func make() throws -> (InMemoryContainerDirectory, [String: [UInt8]]) {
        let directory = InMemoryContainerDirectory()
        let catalog = try Catalog.create("c", in: directory)
        var expected: [String: [UInt8]] = [:]
        for number in 0..<10 {
            try catalog.transact { try $0.add("\(number)", CatalogFrame([0])) }
            try catalog.transact { transaction in
                try transaction.update("\(number)", CatalogFrame([UInt8(number)]), from: nil)
                if number == 4 { transaction.defaultKey = "4" }
            }
            expected["\(number)"] = [UInt8(number)]
        }
        try catalog.transact { try $0.delete("3", from: nil) }
        expected["3"] = nil
        return (directory, expected)
    }

    private func check(_ catalog: Catalog, _ expected: [String: [UInt8]]) throws {
        #expect(try Set(catalog.keys) == Set(expected.keys))
        for (key, content) in expected {
            #expect(try catalog.find(key).map { try catalog.content(of: $0) } == content)
        }
        #expect(try catalog.defaultKey == "4" && catalog.issues.count == 0)
    }

    @Test("The new file has one frame for each entry, the old one is kept and can be opened, the default stays")
    func compact() throws {
        let (directory, expected) = try make()
        let catalog = try #require(try Catalog.open("c", in: directory))
        let before = try catalog.sequence.count
        #expect(try catalog.compact() == "c.old-1")
        try check(catalog, expected)
        #expect(try catalog.sequence.count == expected.count + 1)
        let old = try #require(try Catalog.open("c.old-1", in: directory, .read))
        try check(old, expected)
        #expect(try old.sequence.count == before && old.history(of: "3").map(\.event) == [.new, .update, .delete])
        #expect(try catalog.history(of: "5").map(\.event) == [.new])
        #expect(try catalog.compact() == "c.old-2")
        try check(try #require(try Catalog.open("c", in: directory, .read)), expected)
    }

    @Test("Stopped at any call, the compaction leaves one whole catalog, and what it left is sorted out")
    func stops() throws {
        let (whole, expected) = try make()
        let octets = try whole.octets("c")
        let counter = StoppingDirectory(whole, at: nil)
        try #require(try Catalog.open("c", in: counter)).compact()
        let calls = counter.calls
        #expect(calls > 4)
        for limit in 1...calls + 1 {
            let directory = InMemoryContainerDirectory()
            try directory.createFile("c", with: octets)
            let bystander = try #require(try Catalog.open("c", in: directory))
            do {
                try #require(try Catalog.open("c", in: StoppingDirectory(directory, at: limit))).compact()
                #expect(limit >= calls)
            } catch is StoppingDirectory.Stopped {
            } catch let error as PlatformError where error.cause is StoppingDirectory.Stopped {}
            // Readers take it as it is, whatever lies beside it; so does whoever had it open.
            try check(try #require(try Catalog.open("c", in: directory, .read)), expected)
            try check(bystander, expected)
            try bystander.transact { try $0.update("5", CatalogFrame([99]), from: nil) }
            var later = expected
            later["5"] = [99]
            let next = try #require(try Catalog.open("c", in: directory))
            try check(next, later)
            // Opening for writing has sorted out what was beside, and lost no old file.
            let names = try directory.names()
            #expect(!names.contains("c.new"), "call \(limit)")
            for name in names where name != "c" {
                #expect(try directory.octets(name) == octets, "call \(limit): \(name)")
            }
            try next.compact()
            try check(bystander, later)
        }
    }
}
