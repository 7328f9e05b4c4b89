import MeshCore
import MeshInMemory
import MeshPlatforms
import Testing

@testable import MeshDARE

/// Catalogs on a disk that loses power and fails: what was acknowledged is there, transactions are whole or not there, and
/// a compaction changes nothing of what is in the catalog.
@Suite("Catalogs through power cuts")
struct CatalogCrashTests {
    typealias Content = [String: [UInt8]]

    /// What is in the catalog; nil if there is none.
    private func content(_ directory: any ContainerDirectory, _ access: ContainerAccess) throws -> Content? {
        guard let catalog = try Catalog.open("c", in: directory, access) else { return nil }
        var content: Content = [:]
        for key in try catalog.keys {
            let record = try #require(try catalog.find(key))
            content[key] = try catalog.content(of: record)
        }
        return content
    }

    /// A life: random transactions and compactions until the disk stops.
    ///
    /// - Returns: the states that may be found: the last that was acknowledged, and the one that was being made.
    private func live(_ disk: SimulatedDisk, from start: Content, _ random: inout SplitMix) throws -> [Content] {
        var possible = [start]
        do {
            let catalog = try Catalog.openOrCreate("c", in: disk.directory)
            var content = start
            for _ in 0..<12 {
                if random.next() % 5 == 0 {
                    try catalog.compact()
                    continue
                }
                var next = content
                // Drawn before, as the closure may be called again.
                let changes = (0..<1 + random.next() % 4).map { _ in ("k\(random.next() % 6)", random.next()) }
                for (key, value) in changes {
                    next[key] = value % 3 == 0 ? nil : withUnsafeBytes(of: value) { Array($0) }
                }
                possible = [content, next]
                try catalog.transact(durability: random.next() % 2 == 0 ? .record : .grouped) { transaction in
                    for (key, value) in changes {
                        if value % 3 != 0 {
                            try transaction.put(key, CatalogFrame(withUnsafeBytes(of: value) { Array($0) }))
                        } else if transaction.find(key) != nil {
                            try transaction.delete(key, from: nil)
                        }
                    }
                }
                content = next
                possible = [content]
            }
        } catch is SimulatedDisk.Stopped {}
        return possible
    }

    /// Tells stories of some lives, each ended by a kill or a power cut.
    ///
    /// - Returns: what was found wrong, and how many states were looked at.
    private func tell(
        _ stories: Int, seed: UInt64, _ negligence: SimulatedDisk.Negligence = []
    ) throws -> (faults: [String], states: Int) {
        var states = 0
        for story in 0..<stories {
            var random = SplitMix(seed &+ UInt64(story))
            var disk = SimulatedDisk(seed: random.next() | 1, negligence: negligence)
            var start: Content = [:]
            for life in 0..<3 {
                disk.stop(atCall: 1 + Int(random.next() % 120))
                let possible = try live(disk, from: start, &random)
                var next = disk.afterKill()
                for draw in 0..<6 {
                    let after = draw == 0 ? disk.afterKill() : disk.afterPowerCut(seed: random.next() | 1)
                    states += 1
                    var faults: [String] = []
                    do {
                        // A reader that comes first sees the same as a writer, which clears up.
                        let read = try content(after.directory, .read)
                        let written = try content(after.directory, .append)
                        if read != written { faults.append("a reader saw something else than a writer") }
                        // Before the first frame is durable there may be no catalog.
                        if !possible.contains(written ?? [:]) { faults.append("what is there was never acknowledged") }
                        if try after.directory.names().contains("c.new") { faults.append("nobody has cleared up") }
                    } catch {
                        faults.append("\(error)")
                    }
                    if !faults.isEmpty {
                        return (faults.map { "story \(story), life \(life), draw \(draw): \($0)" }, states)
                    }
                    if draw == 1 { next = after }
                }
                disk = next
                start = try content(disk.directory, .append) ?? [:]
            }
        }
        return ([], states)
    }

    @Test("Stopped at any call of a story of transactions and compactions, in every state that was drawn")
    func powerCuts() throws {
        let seed = Torture.seed
        let (faults, states) = try tell(Torture.isLong ? 12_000 : 60, seed: seed)
        print("\(states) states of catalogs, seed \(seed)")
        #expect(faults == [] && states > 0)
    }

    @Test("A disk that does not keep what it was told to keep is noticed", arguments: [1, 2, 4])
    func negligence(_ rawValue: Int) throws {
        let (faults, _) = try tell(200, seed: 1, SimulatedDisk.Negligence(rawValue: rawValue))
        #expect(faults != [])
    }

    @Test("With any call failing, what was acknowledged is there, and what threw is there or not")
    func failingCalls() throws {
        for (number, failure) in [SimulatedDisk.Failure.noSpace, .inputOutput, .shortWrite(100)].enumerated() {
            for call in 1..<60 {
                let disk = SimulatedDisk(seed: UInt64(1000 * number + call))
                disk.fail(failure, atCall: call)
                var acknowledged: Content = [:]
                var begun: Content = [:]
                for step in 0..<6 {
                    begun = acknowledged
                    begun["\(step)"] = [UInt8(step)]
                    do {
                        let catalog = try Catalog.openOrCreate("c", in: disk.directory)
                        try catalog.transact(durability: .record) { try $0.put("\(step)", CatalogFrame([UInt8(step)])) }
                        if step == 3 { try catalog.compact() }
                        acknowledged = begun
                    } catch let error where error is PlatformError || (error as? DAREError)?.code == .inDoubt {
                        // Whether it is there will be seen.
                        let found = try content(disk.directory, .append) ?? [:]
                        #expect(found == acknowledged || found == begun, "\(failure), call \(call), step \(step)")
                        acknowledged = found
                    }
                }
                #expect(try content(disk.directory, .read) ?? [:] == acknowledged, "\(failure), call \(call)")
                #expect(
                    try content(disk.afterPowerCut(seed: UInt64(call) | 1).directory, .append) ?? [:] == acknowledged,
                    "\(failure), call \(call), after a power cut")
            }
        }
    }
}
