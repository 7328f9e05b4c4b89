import MeshCore
import MeshInMemory
import MeshPlatforms
import Testing

@testable import MeshDARE

@Suite("Catalogs against a model")
struct CatalogModelTests {
    @Test("Random changes through three values of one catalog, with compactions, against a dictionary")
    func random() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        print("catalog model seed \(seed)")
        var random = SplitMix(seed)
        let directory = InMemoryContainerDirectory()
        var handles = [try Catalog.create("c", in: directory)]
        for _ in 0..<2 { handles.append(try #require(try Catalog.open("c", in: directory))) }
        var model: [String: (content: [UInt8], secondary: String, version: CatalogVersion?)] = [:]
        var order: [String] = []
        var compactions = 0
        for step in 0..<1500 {
            let catalog = handles[Int(random.next() % 3)]
            let key = "k\(random.next() % 30)"
            let content = Array("content \(step)".utf8)
            let secondary = "s\(random.next() % 5)"
            let frame = CatalogFrame(content, secondaryKeys: [SecondaryKey(name: "S", value: secondary)])
            switch random.next() % 12 {
            case 0..<4:
                do {
                    let version = try catalog.transact(durability: .atClose) { try $0.add(key, frame) }
                    #expect(model[key] == nil)
                    model[key] = (content, secondary, version)
                    order.append(key)
                } catch let error as CatalogError where error.code == .alreadyExists {
                    #expect(model[key] != nil)
                }
            case 4..<8:
                do {
                    let version = try catalog.transact(durability: .atClose) {
                        try $0.update(key, frame, from: model[key]?.version)
                    }
                    #expect(model[key] != nil)
                    model[key] = (content, secondary, version)
                } catch let error as CatalogError where error.code == .notFound {
                    #expect(model[key] == nil)
                }
            case 8, 9:
                do {
                    try catalog.transact(durability: .atClose) { try $0.delete(key, from: nil) }
                    #expect(model.removeValue(forKey: key) != nil)
                    order.removeAll { $0 == key }
                } catch let error as CatalogError where error.code == .notFound {
                    #expect(model[key] == nil)
                }
            case 10:
                let keys = Set((0..<3).map { _ in "k\(random.next() % 30)" })
                try catalog.transact(durability: .atClose) { transaction in
                    for key in keys.sorted() {
                        let version = try transaction.put(key, frame)
                        if model[key] == nil { order.append(key) }
                        model[key] = (content, secondary, version)
                    }
                }
            default:
                guard random.next() % 20 == 0 else { continue }
                let kept = try catalog.compact()
                compactions += 1
                #expect(kept == "c.old-\(compactions)")
                #expect(try catalog.sequence.count == model.count + 1)
                for key in model.keys { model[key]?.version = nil }
            }
            let other = handles[Int(random.next() % 3)]
            #expect(try other.count == model.count)
            let found = try other.find(key)
            #expect(try found.map { try other.content(of: $0) } == model[key]?.content)
            if let version = model[key]?.version { #expect(found?.version == version) }
        }
        let reopened = try #require(try Catalog.open("c", in: directory))
        for catalog in handles + [reopened] {
            #expect(try catalog.keys == order && catalog.issues.count == 0)
            for number in 0..<5 {
                let expected = order.filter { model[$0]?.secondary == "s\(number)" }
                #expect(try catalog.find(SecondaryKey(name: "S", value: "s\(number)")).map(\.key) == expected)
            }
        }
        #expect(
            try directory.names() == ["c"]
                + (1...max(compactions, 1)).prefix(compactions).map { "c.old-\($0)" }.sorted())
    }

    @Test("Four threads add through values of their own: everything is there once, in an order all agree on")
    func threads() async throws {
        let directory = InMemoryContainerDirectory()
        _ = try Catalog.create("c", in: directory)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for thread in 0..<4 {
                group.addTask {
                    let catalog = try #require(try Catalog.open("c", in: directory))
                    for number in 0..<100 {
                        try catalog.transact(durability: .atClose) {
                            try $0.add("\(thread)-\(number)", CatalogFrame([]))
                        }
                        if thread == 0, number == 50 { try catalog.compact() }
                    }
                }
            }
            try await group.waitForAll()
        }
        let catalog = try #require(try Catalog.open("c", in: directory))
        #expect(try catalog.count == 400 && catalog.issues.count == 0)
        for thread in 0..<4 {
            let own = try catalog.keys.filter { $0.hasPrefix("\(thread)-") }
            #expect(own == (0..<100).map { "\(thread)-\($0)" })
        }
    }
}
