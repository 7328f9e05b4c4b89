import MeshCore
import MeshCryptography
import MeshInMemory
import MeshPlatforms
import Testing

@testable import MeshDARE

/// Catalogs whose file is a copy: frames are made in one place and taken over in others.
@Suite("Catalogs that are copies")
struct ReplicaCatalogTests {
    private let world: ReplicaWorld
    private let options: CatalogOptions

    init() throws {
        world = try ReplicaWorld()
        var options = CatalogOptions()
        options.policy = world.options.policy
        options.keys = world.keys
        options.random = world.random
        self.options = options
    }

    private func content(_ catalog: Catalog) throws -> [String: [UInt8]] {
        var content: [String: [UInt8]] = [:]
        for key in try catalog.keys {
            content[key] = try catalog.content(of: #require(try catalog.find(key)))
        }
        return content
    }

    @Test("An open catalog sees what is appended to its file, by itself and by others")
    func refresh() throws {
        let (here, there) = (InMemoryContainerDirectory(), InMemoryContainerDirectory())
        let (version, first) = try Catalog.prepareRun(new: "c", options: options, signedBy: world.signer) {
            try $0.add("b", CatalogFrame([2]))
            return try $0.add("a", CatalogFrame([1]))
        }
        for directory in [here, there] { _ = try DARESequence.create("c", in: directory, verbatim: first.frames) }
        let one = try #require(try Catalog.open("c", in: here, options: options))
        let two = try #require(try Catalog.open("c", in: there, options: options))
        let reader = try #require(try Catalog.open("c", in: here, .read, options: options))
        #expect(try content(one) == ["a": [1], "b": [2]])
        #expect(try one.find("a")?.version == version)
        let (changed, next) = try one.prepareRun(signedBy: world.signer) { transaction in
            try transaction.delete("b", from: nil)
            return try transaction.update("a", CatalogFrame([3]), from: version)
        }
        #expect(try content(one) == ["a": [1], "b": [2]], "nothing is written yet")
        try one.sequence.append(verbatim: next.frames, expecting: next.first)
        try two.sequence.append(verbatim: next.frames, expecting: next.first)
        for catalog in [one, two, reader] {
            #expect(try content(catalog) == ["a": [3]])
            #expect(try catalog.find("a")?.version == changed)
            #expect(try catalog.history(of: "b").map(\.event) == [.new, .delete])
        }
        #expect(try here.octets("c") == there.octets("c"))
        let stale = #expect(throws: CatalogError.self) {
            try two.prepareRun { try $0.update("a", CatalogFrame([4]), from: version) }
        }
        #expect(stale?.code == .conflict)
    }

    @Test("What is prepared is what the catalog writes itself")
    func sameAsWritten() throws {
        let directory = InMemoryContainerDirectory()
        var options = CatalogOptions()
        options.clock = ManualClock()
        let change: (inout CatalogTransaction) throws -> Void = { transaction in
            try transaction.add("a", CatalogFrame([1], secondaryKeys: [SecondaryKey(name: "n", value: "v")]))
            try transaction.add("b", CatalogFrame([2]))
            try transaction.delete("a", from: nil)
            transaction.defaultKey = "b"
        }
        let written = try Catalog.create("w", in: directory, options: options)
        let next = try written.prepareRun(change).frames
        let new = try Catalog.prepareRun(new: "n", options: options, change).frames
        try written.transact(change)
        #expect(try written.sequence.frameOctets(from: 1) == next.frames)
        #expect(try written.sequence.frameOctets(from: 0) == new.frames)
    }

    @Test("A catalog is read up to the last frame that a run covers")
    func covered() throws {
        let directory = InMemoryContainerDirectory()
        let first = try Catalog.prepareRun(new: "c", options: options, signedBy: world.signer) {
            try $0.add("a", CatalogFrame([1]))
        }.frames
        _ = try DARESequence.create("c", in: directory, verbatim: first.frames)
        let catalog = try #require(try Catalog.open("c", in: directory, options: options))
        try catalog.transact { transaction in
            try transaction.delete("a", from: nil)
            try transaction.add("b", CatalogFrame([2]))
        }
        #expect(try catalog.keys == ["b"])
        let verifier = try catalog.sequence.verifyRuns(world.scope) { _ in world.device.publicKey }
        #expect(verifier.uncovered == 2..<4)
        let snapshot = try catalog.snapshot(asOf: verifier.covered.count - 1)
        #expect(snapshot.keys == ["a"])
        #expect(try snapshot.content(of: #require(snapshot.find("a"))) == [1])
    }

    @Test("Copies are compared by how far they go and the digests there")
    func histories() throws {
        let directory = InMemoryContainerDirectory()
        let first = try world.start(5)
        let copy = try DARESequence.create("c", in: directory, verbatim: first.frames, keys: world.keys)
        let (one, two) = (try copy.prepare(world.contents(60)), try copy.prepare(world.contents(80, from: 9)))
        try copy.append(verbatim: one.frames, expecting: 6)
        #expect(try copy.compare(HistoryPoint(one.after)) == .same)
        #expect(try copy.compare(HistoryPoint(first.after)) == .behind)
        #expect(try copy.compare(HistoryPoint(.empty)) == .behind)
        #expect(try copy.compare(HistoryPoint(two.after)) == .ahead)
        for count in 0...66 {
            let point = HistoryPoint(try copy.runState(at: count))
            #expect(point.count == count)
            let plain = HistoryPoint(count: count, digest: point.digest)
            for point in [point, plain] {
                #expect(try copy.compare(point) == (count == 66 ? .same : .behind))
            }
            guard count > 0 else { continue }
            var wrong = point.digest
            wrong[7] ^= 1
            #expect(try copy.compare(HistoryPoint(count: count, digest: wrong, check: point.check)) == .forked)
            #expect(try copy.compare(HistoryPoint(count: count, digest: [])) == .forked)
            wrong = point.check
            wrong[31] ^= 0x80
            #expect(try copy.compare(HistoryPoint(count: count, digest: point.digest, check: wrong)) == .forked)
        }
        #expect(try copy.compare(HistoryPoint(count: -1, digest: [])) == .forked)
        #expect(try copy.compare(HistoryPoint(count: 0, digest: [1])) == .forked)
    }
}
