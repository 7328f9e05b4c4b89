import MeshCore
import MeshPlatformTesting
import MeshPortalService

extension PortalStoreCase {
    func partitions(_ opened: PortalStoreConformance.Opened) async throws {
        let store = opened.store
        for (number, partition) in opened.partitions.enumerated() {
            let frames = try SampleFrames.make([[UInt8(number)]])
            let isFree = try await wins {
                try await store.commit([.put(key: "same/", octets: [UInt8(number)], expecting: 0)], in: partition)
                _ = try await store.append(frames, to: "MMM_Device", expecting: 0, in: partition)
            }
            try expect(isFree, "an empty partition", "there is something of another")
        }
        for (number, partition) in opened.partitions.enumerated() {
            try await expectRecord(1, [UInt8(number)], "same/", store, partition)
            try expectKeys(["same/"], try await keys("", store, partition), "of \(number)")
            try await expectFrames(try SampleFrames.make([[UInt8(number)]]), of: "MMM_Device", store, partition)
        }
    }

    func partitionRemoval(_ opened: PortalStoreConformance.Opened) async throws {
        let store = opened.store
        // The last is as long as the name of a store can be.
        let longest = "MMM_Shared_a.b-\(String(repeating: "c", count: 60))_9\(String(repeating: ".", count: 63))"
        let logs = ["MMM_Device", "MMM_Credential", "MMM_Inbound", "MMM_Shared_notes", longest]
        for (number, removed) in opened.partitions.enumerated() {
            let others = opened.partitions.filter { $0 != removed }
            for partition in opened.partitions {
                try await store.commit(
                    (0..<5).map { .put(key: "k/\($0)", octets: [UInt8(number)], expecting: nil) }, in: partition)
                for log in logs where try await store.state(of: log, in: partition).count == 0 {
                    _ = try await store.append(
                        try SampleFrames.make([[1], [2]]), to: log, expecting: 0, in: partition)
                }
            }
            try expect(try await store.remove(removed), "removing \(removed) to be true", "it is false")
            try expectKeys([], try await keys("", store, removed), "of a removed partition")
            for log in logs {
                let state = try await store.state(of: log, in: removed)
                try expect(state.count == 0, "no frames in a removed partition", "\(log) has \(state.count)")
                let frames = try await store.frames(of: log, from: 0, limit: 9, octets: 1 << 20, in: removed)
                try expect(frames.isEmpty, "no frames in a removed partition", "\(log) has \(frames.count)")
            }
            try expect(try await !store.remove(removed), "removing it again to be false", "it is true")
            for other in others {
                try expect(
                    try await keys("", store, other).count == 5, "5 records in other partitions", "there are others")
                try await expectFrames(try SampleFrames.make([[1], [2]]), of: logs[0], store, other)
            }
            // Filled anew.
            try await store.commit([.put(key: "k/0", octets: [42], expecting: 0)], in: removed)
            try expectKeys(["k/0"], try await keys("", store, removed), "after it was filled anew")
            let frames = try SampleFrames.make([[3]])
            _ = try await store.append(frames, to: logs[1], expecting: 0, in: removed)
            try await expectFrames(frames, of: logs[1], store, removed)
            try expect(try await store.remove(removed), "removing it to be true", "it is false")
            // A container alone is something, too.
            _ = try await store.append(frames, to: logs[1], expecting: 0, in: removed)
            try expect(try await store.remove(removed), "removing a container alone to be true", "it is false")
        }
    }

    func reopening(_ store: any PortalStore, _ partition: PortalPartition) async throws {
        var versions: [String: UInt64] = [:]
        for round in 0..<4 {
            try await store.commit(
                (0...round).map { .put(key: "k/\($0)", octets: [UInt8(round)], expecting: versions["k/\($0)"] ?? 0) }
                    + [.put(key: "gone/", octets: [], expecting: nil)], in: partition)
            try await store.commit([.remove(key: "gone/", expecting: nil)], in: partition)
            let frames = try SampleFrames.make((0..<2 * round).map { [UInt8($0)] })
            let start = round == 0 ? 0 : 2 * round - 1
            let state = try await store.append(
                Array(frames[start...]), to: "MMM_Device", expecting: start, in: partition)
            let again = try await open().store
            try expectKeys((0...round).map { "k/\($0)" }, try await keys("", again, partition), "opened again")
            for number in 0...round {
                let key = "k/\(number)"
                let made = try await store.record(key, in: partition)?.version
                try expect(
                    number == round || made == (versions[key] ?? 0) + 1, "the version after \(versions[key] ?? 0)",
                    "\(made ?? 0)")
                versions[key] = made
                try await expectRecord(made, [UInt8(round)], key, again, partition)
            }
            try await expectFrames(frames, of: "MMM_Device", again, partition)
            let found = try await again.state(of: "MMM_Device", in: partition)
            try expect(found == state, "the state \(state)", "\(found)")
        }
        // No version comes again, also not by opening the store again.
        guard let gone = try await lastVersion("gone/", store, partition) else { return }
        let again = try await open().store
        try await again.commit([.put(key: "gone/", octets: [], expecting: 0)], in: partition)
        let version = try await again.record("gone/", in: partition)?.version ?? 0
        try expect(version > gone, "a version above \(gone)", "\(version)")
        try expect(try await again.remove(partition), "removing to be true", "it is false")
        let third = try await open().store
        try expectKeys([], try await keys("", third, partition), "opened again, after it was removed")
    }

    /// Makes a record that was removed, removes it again, and tells which version it had.
    private func lastVersion(
        _ key: String, _ store: any PortalStore, _ partition: PortalPartition
    ) async throws -> UInt64? {
        try await store.commit([.put(key: key, octets: [], expecting: 0)], in: partition)
        let version = try await store.record(key, in: partition)?.version
        try await store.commit([.remove(key: key, expecting: version)], in: partition)
        return version
    }
}
