import MeshCore
import MeshDARE
import MeshPlatformTesting
import MeshPortalService

extension PortalStoreCase {
    func expectFrames(
        _ expected: [[UInt8]], from first: Int = 0, of log: String, _ store: any PortalStore,
        _ partition: PortalPartition
    ) async throws {
        let found = try await store.frames(of: log, from: first, limit: .max, octets: .max, in: partition)
        try expect(
            found.count == expected.count, "\(expected.count) frames of \(log) from \(first) on",
            "there are \(found.count)")
        for (number, frame) in expected.enumerated() {
            try expect(
                found[number] == frame, "frame \(first + number) to be \(TestValues.shown(frame))",
                "it is \(TestValues.shown(found[number]))")
        }
    }

    func frames(_ store: any PortalStore, _ partition: PortalPartition) async throws {
        let payloads = TestValues.corpus.map(\.octets) + TestValues.sizes.map { context.random.bytes($0) }
        for (number, type) in [SequenceType.chain, .list, .digest, .merkle].enumerated() {
            let log = "MMM_Frames\(number)"
            let all = try SampleFrames.make(payloads, type: type)
            var count = 0
            while count < all.count {
                let next = Swift.min(count + 1 + below(5), all.count)
                let state = try await store.append(
                    Array(all[count..<next]), to: log, expecting: count, in: partition)
                try expect(state.count == next, "a count of \(next)", "\(state.count)")
                count = next
            }
            try await expectFrames(all, of: log, store, partition)
            for first in [1, 2, all.count / 2, all.count - 1] {
                try await expectFrames(Array(all[first...]), from: first, of: log, store, partition)
            }
        }
    }

    func frameLimits(_ store: any PortalStore, _ partition: PortalPartition) async throws {
        let all = try SampleFrames.make((0..<12).map { [UInt8](repeating: 5, count: $0 * 100) })
        _ = try await store.append(all, to: "MMM_Device", expecting: 0, in: partition)
        for first in [0, 3, 11, 12, 13, 14, Int.max, -1] {
            let rest = first < 0 ? [] : all.dropFirst(first)
            for limit in [0, -1, 1, 2, 5, Int.max] {
                for octets in [0, -1, 1, 900, 5000, Int.max] {
                    var wanted: [[UInt8]] = []
                    for frame in rest.prefix(Swift.max(0, limit)) {
                        if !wanted.isEmpty, wanted.reduce(frame.count, { $0 + $1.count }) > octets { break }
                        wanted.append(frame)
                    }
                    let found = try await store.frames(
                        of: "MMM_Device", from: first, limit: limit, octets: octets, in: partition)
                    try expect(
                        found == wanted, "\(wanted.count) frames from \(first) on within \(limit) and \(octets) octets",
                        "\(found.count), or others")
                }
            }
        }
    }

    func frameConflicts(_ store: any PortalStore, _ partition: PortalPartition) async throws {
        let log = "MMM_Device"
        let all = try SampleFrames.make((0..<6).map { [UInt8($0)] })
        func expectConflict(_ frames: [[UInt8]], _ count: Int) async throws {
            let error = try await expectError(.conflict, from: "expecting \(count) frames") {
                _ = try await store.append(frames, to: log, expecting: count, in: partition)
            }
            try expect(error.key == log, "a conflict of \(log)", error.key ?? "it is one of nothing")
        }
        for count in [1, 2, Int.max, -1] { try await expectConflict([all[1]], count) }
        _ = try await store.append(Array(all[..<3]), to: log, expecting: 0, in: partition)
        for (frames, count) in [
            (Array(all[..<3]), 0), (Array(all[3...]), 2), (Array(all[2...]), 2), (Array(all[4...]), 4), ([], 0),
            ([], 4),
            (Array(all[3...]), -1), (Array(all[3...]), Int.max),
        ] { try await expectConflict(frames, count) }
        try await expectFrames(Array(all[..<3]), of: log, store, partition)
        let before = try await store.state(of: log, in: partition)
        let after = try await store.append([], to: log, expecting: 3, in: partition)
        try expect(before == after, "no frames to change nothing", "\(after)")
        _ = try await store.append(Array(all[3...]), to: log, expecting: 3, in: partition)
        try await expectFrames(all, of: log, store, partition)
    }

    func invalidFrames(_ store: any PortalStore, _ partition: PortalPartition) async throws {
        let log = "MMM_Device"
        let all = try SampleFrames.make((0..<6).map { [UInt8($0), 1, 2, 3] })
        let others = try SampleFrames.make((0..<6).map { [UInt8($0), 1, 2, 4] })
        for start in [0, 3] {
            if start > 0 { _ = try await store.append(Array(all[..<start]), to: log, expecting: 0, in: partition) }
            let (one, two) = (all[start], all[start + 1])
            var changed = one
            changed[below(one.count)] ^= 1 << UInt8(below(8))
            let bad: [(String, [[UInt8]])] = [
                ("octets that are no frame", [[1, 2, 3]]), ("no octets", [[]]), ("a later frame", [two]),
                ("an earlier frame", [all[Swift.max(0, start - 1)]].filter { $0 != one }),
                ("a frame twice", [one, one]),
                ("frames out of order", [two, one]), ("a frame left out", [one, all[start + 2]]),
                ("a frame of another sequence", start == 0 ? [] : [others[start]]),
                ("a changed frame", [changed]), ("a frame cut off", [Array(one.dropLast())]),
                ("octets after a frame", [one + [0]]), ("two frames as one", [one + two]),
                ("good frames and a bad one", [one, two, [9]]),
            ]
            for (what, frames) in bad where !frames.isEmpty {
                try await expectError(.invalidFrames, from: what) {
                    _ = try await store.append(frames, to: log, expecting: start, in: partition)
                }
                try await expectFrames(Array(all[..<start]), of: log, store, partition)
            }
        }
        // A hundred frames with a change somewhere.
        for _ in 0..<100 {
            var frame = all[3]
            frame[below(frame.count)] ^= 1 << UInt8(below(8))
            try await expectError(.invalidFrames, from: "a changed frame") {
                _ = try await store.append([frame], to: log, expecting: 3, in: partition)
            }
        }
        _ = try await store.append(Array(all[3...]), to: log, expecting: 3, in: partition)
        try await expectFrames(all, of: log, store, partition)
    }

    func logState(_ store: any PortalStore, _ partition: PortalPartition) async throws {
        let payloads = (0..<10).map { [UInt8]("frame \($0)".utf8) }
        let all = try SampleFrames.make(payloads)
        for count in 1...all.count {
            let prepared = try SampleFrames.prepare(Array(payloads[..<(count - 1)]))
            let wanted = PortalLogState(count: count, digest: prepared.after.digest)
            let told = try await store.append([all[count - 1]], to: "MMM_Device", expecting: count - 1, in: partition)
            let found = try await store.state(of: "MMM_Device", in: partition)
            try expect(told == wanted && found == wanted, "\(wanted)", "\(told), then \(found)")
        }
    }
}
