import MeshCore
import MeshPlatformTesting
import MeshPortalService
import Synchronization

extension PortalStoreCase {
    func histories(_ stores: [any PortalStore], _ partition: PortalPartition) async throws {
        let frames = try SampleFrames.make((0..<64).map { [UInt8($0)] })
        for round in 0..<suite.histories {
            let recorder = HistoryRecorder()
            // What each task does is drawn before, so that a seed draws the same.
            let seeds = (0..<4).map { _ in context.random.bytes(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) } }
            try await withThrowingTaskGroup { group in
                for (number, seed) in seeds.enumerated() {
                    let client = HistoryClient(
                        number: number, random: SeededRandomSource(seed: seed), store: stores[number % stores.count],
                        partition: partition, removes: round % 2 == 1, frames: frames, recorder: recorder)
                    group.addTask { try await client.live() }
                }
                try await group.waitForAll()
            }
            let events = recorder.events
            try expect(
                PortalHistory.isLinearizable(events), "an order of the calls that explains history \(round)",
                "there is none: " + events.map { "\($0.begun)-\($0.ended) \($0.call)" }.joined(separator: "; "))
            _ = try await stores[0].remove(partition)
        }
    }
}

/// Notes what is done, and when.
private final class HistoryRecorder: Sendable {
    private let state = Mutex<(clock: Int, events: [PortalHistory.Event])>((0, []))

    var events: [PortalHistory.Event] { state.withLock { $0.events } }

    private func tick() -> Int {
        state.withLock { state in
            state.clock += 1
            return state.clock
        }
    }

    func record(_ body: () async throws -> PortalHistory.Call) async throws {
        let begun = tick()
        let call = try await body()
        let ended = tick()
        state.withLock { $0.events.append(PortalHistory.Event(call: call, begun: begun, ended: ended)) }
    }
}

/// A task that reads and changes a few records and a container.
private struct HistoryClient: Sendable {
    static let calls = 14
    static let log = "MMM_Device"

    let number: Int
    let random: SeededRandomSource
    let store: any PortalStore
    let partition: PortalPartition
    /// Whether the partition is removed now and then. Versions begin anew then, and no change names one.
    let removes: Bool
    let frames: [[UInt8]]
    let recorder: HistoryRecorder

    private func below(_ limit: Int) -> Int {
        Int(random.bytes(4).reduce(UInt32(0)) { $0 << 8 | UInt32($1) }) % limit
    }

    private static func content(_ record: PortalRecord?) -> Int? {
        record.map { PortalStoreCase.number($0.octets) }
    }

    func live() async throws {
        // What was read last, and how many frames there were.
        var read = [PortalRecord?](repeating: nil, count: PortalHistory.keys)
        var count = 0
        for step in 0..<Self.calls {
            let kind = below(removes ? 20 : 19)
            let key = below(PortalHistory.keys)
            switch kind {
            case 0..<6:
                try await recorder.record {
                    let record = try await store.record("k/\(key)", in: partition)
                    read[key] = record
                    return .read(key: key, content: Self.content(record))
                }
            case 6..<8:
                try await recorder.record {
                    let found = try await store.records("k/", after: nil, limit: 10, in: partition)
                    return .list(
                        (0..<PortalHistory.keys).map { key in Self.content(found.first { $0.key == "k/\(key)" }) })
                }
            case 8..<14:
                let keys = below(2) == 0 ? [key] : [key, (key + 1) % PortalHistory.keys]
                try await commit(keys, step, read)
            case 14..<16:
                try await recorder.record {
                    count = try await store.state(of: Self.log, in: partition).count
                    return .count(count)
                }
            case 16..<19:
                try await recorder.record {
                    let isDone = try await isDone {
                        _ = try await store.append([frames[count]], to: Self.log, expecting: count, in: partition)
                    }
                    return .append(expecting: count, isDone: isDone)
                }
            default:
                try await recorder.record {
                    _ = try await store.remove(partition)
                    return .remove
                }
            }
        }
    }

    private func commit(_ keys: [Int], _ step: Int, _ read: [PortalRecord?]) async throws {
        var changes: [PortalChange] = []
        var noted: [PortalHistory.Change] = []
        for key in keys {
            let isFree = below(3) == 0 || (removes && read[key] != nil)
            let expecting: UInt64? = isFree ? nil : read[key]?.version ?? 0
            // Different for each change that is ever made.
            let content = below(4) == 0 ? nil : (number * Self.calls + step) * PortalHistory.keys + key + 1
            noted.append(
                PortalHistory.Change(
                    key: key, expecting: isFree ? .anything : .content(Self.content(read[key])), content: content))
            if let content {
                changes.append(
                    .put(key: "k/\(key)", octets: PortalStoreCase.octets(content), expecting: expecting))
            } else {
                changes.append(.remove(key: "k/\(key)", expecting: expecting))
            }
        }
        try await recorder.record {
            .commit(noted, isDone: try await isDone { try await store.commit(changes, in: partition) })
        }
    }

    private func isDone(_ body: () async throws -> Void) async throws -> Bool {
        do {
            try await body()
            return true
        } catch let error as PortalStoreError where error.code == .conflict {
            return false
        }
    }
}
