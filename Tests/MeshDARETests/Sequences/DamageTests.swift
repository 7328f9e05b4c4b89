import MeshCore
import MeshCryptography
import MeshDARE
import MeshEncoding
import MeshPlatforms
import Testing

/// Damage to a sequence of 64 KiB: each is named, with the frame it is in.
@Suite struct DamageTests {
    /// A sequence of exactly that many frames or octets, and where its frames begin.
    private func make(_ type: SequenceType, octets: Int) throws -> (SequenceFixture, [UInt8], [Int]) {
        let fixture = try SequenceFixture()
        let sequence = try DARESequence.create("log", in: fixture.directory, SequenceOptions(type))
        while try fixture.octets("log").count < octets {
            try sequence.append(FrameContent([UInt8](repeating: 7, count: 400)), durability: .atClose)
        }
        return (
            fixture, try fixture.octets("log"), try (0..<sequence.count).map { try sequence.frame(at: $0).position }
        )
    }

    @Test("Every flipped bit of 64 KiB is named", arguments: SequenceType.allCases)
    func flippedBits(type: SequenceType) async throws {
        let (fixture, octets, starts) = try make(type, octets: 64 << 10)
        let seed = Torture.seed
        let bits = octets.count * 8
        // All of them, by two tasks; or some, spread evenly from a place that the seed tells.
        let step = Torture.isLong ? 1 : bits / 500
        let missed = try await withThrowingTaskGroup(of: [Int].self) { group in
            for part in 0..<2 {
                group.addTask {
                    var octets = octets
                    var missed: [Int] = []
                    let first = Int(seed % UInt64(step))
                    for bit in stride(from: first + part * step, to: bits, by: 2 * step) {
                        let place = bit / 8
                        octets[place] ^= 1 << UInt8(bit % 8)
                        let faults = try fixture.verify(octets).faults
                        octets[place] ^= 1 << UInt8(bit % 8)
                        var (low, high) = (0, starts.count)
                        while high - low > 1 {
                            let middle = (low + high) / 2
                            if starts[middle] <= place { low = middle } else { high = middle }
                        }
                        let isNamed = faults.contains { $0.index == low && $0.position == starts[low] }
                        if !isNamed { missed.append(bit) }
                    }
                    return missed
                }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
        print("\(type): one in \(step) of \(bits) bits flipped, seed \(seed)")
        #expect(missed == [])
    }

    @Test("Every frame that is removed, doubled elsewhere or exchanged is named", arguments: SequenceType.allCases)
    func moved(type: SequenceType) throws {
        let fixture = try SequenceFixture()
        _ = try fixture.make("log", SequenceOptions(type), frames: 8)
        let frames = try fixture.frames("log")
        func check(_ changed: [[UInt8]], at place: Int, _ what: String) throws {
            let faults = try fixture.verify(changed.flatMap { $0 }).faults
            #expect(faults.contains { $0.index == place }, "\(what): \(faults)")
        }
        for first in 0..<frames.count {
            // The last one may not have been there yet: that is for who knows how many there were.
            if first < frames.count - 1 {
                var removed = frames
                removed.remove(at: first)
                try check(removed, at: first, "removed \(first)")
            }
            for second in 0...frames.count {
                var doubled = frames
                doubled.insert(frames[first], at: second)
                // Before itself it is the second of the two that is in the wrong place.
                try check(doubled, at: second == first ? second + 1 : second, "doubled \(first) at \(second)")
                guard second > first, second < frames.count else { continue }
                var exchanged = frames
                exchanged.swapAt(first, second)
                try check(exchanged, at: first, "exchanged \(first) and \(second)")
                var moved = frames
                moved.insert(moved.remove(at: first), at: second)
                try check(moved, at: first, "moved \(first) to \(second)")
            }
        }
    }
}
