import MeshPlatformTesting
import MeshPortalService
import Synchronization

extension PortalStoreCase {
    func oneName(_ stores: [any PortalStore]) async throws {
        for round in 0..<20 {
            let winners = try await sideBySide(stores) { number, store in
                // Each with something of its own, in whatever order.
                let changes = [
                    PortalChange.put(key: "name/alice\(round)", octets: [UInt8(number)], expecting: 0),
                    .put(key: "owner/\(round)-\(number)", octets: [], expecting: 0),
                ]
                return try await wins {
                    try await store.commit(number % 2 == 0 ? changes : changes.reversed(), in: .portal)
                }
                    ? number : nil
            }.compactMap { $0 }
            try expect(winners.count == 1, "one of \(suite.concurrentTasks) to make the name", "\(winners) did")
            try await expectRecord(1, [UInt8(winners[0])], "name/alice\(round)", stores[0], .portal)
            try expectKeys(
                ["owner/\(round)-\(winners[0])"], try await keys("owner/\(round)-", stores[0], .portal), "of the winner"
            )
        }
    }

    func counting(_ stores: [any PortalStore], _ partition: PortalPartition) async throws {
        let increments = suite.increments
        let conflicts = try await sideBySide(stores) { number, store in
            var conflicts = 0
            for _ in 0..<increments {
                while true {
                    let old = try await store.record("count/", in: partition)
                    let count = old.map { Self.number($0.octets) } ?? 0
                    let change = PortalChange.put(
                        key: "count/", octets: Self.octets(count + 1), expecting: old?.version ?? 0)
                    if try await wins({ try await store.commit([change], in: partition) }) { break }
                    conflicts += 1
                }
            }
            return conflicts
        }
        let total = suite.concurrentTasks * increments
        let found = try await stores[0].record("count/", in: partition).map { Self.number($0.octets) } ?? 0
        try expect(found == total, "\(total) updates, with \(conflicts.reduce(0, +)) conflicts", "there are \(found)")
        try await expectRecord(UInt64(total), Self.octets(total), "count/", stores[0], partition)
    }

    func oneIndex(_ stores: [any PortalStore], _ partition: PortalPartition) async throws {
        var winners: [[UInt8]] = []
        for round in 0..<12 {
            let before = winners
            let winningPayloads = try await sideBySide(stores) { number, store in
                let payload = [UInt8(round), UInt8(number)]
                let all = try SampleFrames.make(before + [payload])
                let start = round == 0 ? 0 : before.count + 1
                return try await wins {
                    _ = try await store.append(
                        Array(all[start...]), to: "MMM_Device", expecting: start, in: partition)
                } ? payload : nil
            }.compactMap { $0 }
            try expect(
                winningPayloads.count == 1, "one of \(suite.concurrentTasks) to append frame \(round + 1)",
                "\(winningPayloads.count) did")
            winners.append(winningPayloads[0])
            try await expectFrames(try SampleFrames.make(winners), of: "MMM_Device", stores[1], partition)
        }
    }

    func wholeCommits(_ stores: [any PortalStore], _ partition: PortalPartition) async throws {
        let keys = (0..<5).map { "part/\($0)" }
        try await stores[0].commit(keys.map { .put(key: $0, octets: [0, 0, 0, 0], expecting: 0) }, in: partition)
        let readings = suite.increments / 2
        let readers = suite.concurrentTasks / 2
        // Somebody writes for as long as anybody reads.
        let ended = Count()
        _ = try await sideBySide(stores) { number, store in
            if number < readers {
                defer { ended.value.wrappingAdd(1, ordering: .relaxed) }
                for _ in 0..<readings {
                    let found = try await store.records("part/", after: nil, limit: .max, in: partition)
                    try expect(
                        found.count == keys.count && Set(found.map(\.octets)).count == 1
                            && Set(found.map(\.version)).count == 1,
                        "\(keys.count) records of one commit", "they are \(found.map { ($0.version, $0.octets) })")
                }
            } else {
                var round = 0
                while ended.value.load(ordering: .relaxed) < readers {
                    round += 1
                    let octets = Self.octets(round * suite.concurrentTasks + number)
                    try await store.commit(keys.map { .put(key: $0, octets: octets, expecting: nil) }, in: partition)
                    await Task.yield()
                }
            }
        }
    }

    static func octets(_ number: Int) -> [UInt8] {
        withUnsafeBytes(of: UInt32(truncatingIfNeeded: number).bigEndian) { Array($0) }
    }

    static func number(_ octets: [UInt8]) -> Int { octets.prefix(4).reduce(0) { $0 << 8 | Int($1) } }
}

/// A number that several tasks count up.
private final class Count: Sendable {
    let value = Atomic(0)
}
