import MeshDARE
import MeshInMemory
import MeshPlatforms
import MeshStorageTestSupport
import Testing

/// What is left of an append that failed, when taking it back fails too, or is killed.
@Suite struct TakingBackTests {
    enum End: CaseIterable, Sendable { case failure, kill }

    private func open(_ disk: SimulatedDisk, _ defects: FrameLog.Defects) throws -> FrameLog {
        try #require(
            try FrameLog.open("log", in: disk.directory, isIntact: TestRecord.isIntact, defects: defects))
    }

    private func append(
        _ count: UInt16, of writer: UInt32, from first: UInt32 = 0, size: Int, _ durability: FrameLog.Durability,
        to log: FrameLog
    ) throws {
        try log.append(durability: durability, until: .now) { frames in
            for place in 0..<count {
                let record = TestRecord(
                    writer: writer, number: first + UInt32(place), place: place, batch: count)
                frames.add(record.encoded(size: size))
            }
        }
    }

    /// Lets each of the first calls of an append fail, and one of those that follow it; then another appends, and the power is
    /// cut.
    ///
    /// - Returns: what was found wrong, and how many states were looked at.
    private func tell(_ end: End, _ defects: FrameLog.Defects = []) throws -> (faults: [String], states: Int) {
        var (faults, states): ([String], Int) = ([], 0)
        for first in 1...8 {
            for second in 1...8 {
                let disk = SimulatedDisk(seed: UInt64(first * 100 + second))
                _ = try FrameLog.create("log", in: disk.directory, firstFrame: TestRecord.first)
                let log = try open(disk, defects)
                try append(1, of: 1, size: 100, .record, to: log)
                let call = disk.calls + first
                disk.fail(.noSpace, atCall: call)
                switch end {
                case .failure: disk.fail(.inputOutput, atCall: call + second)
                case .kill: disk.stop(atCall: call + second)
                }
                try? append(3, of: 1, from: 1, size: 900, .grouped, to: log)
                let next = end == .kill ? disk.afterKill() : disk
                // It may still fail: then nothing is claimed of it.
                if let log = try? open(next, defects) { try? append(1, of: 2, size: 2500, .atClose, to: log) }
                var judge = StorageJudge([
                    1: .init(acknowledged: 1, begun: 4), 2: .init(acknowledged: 0, begun: 1),
                    3: .init(acknowledged: 1, begun: 1),
                ])
                // Of a batch that was not durable the first frames may be there.
                judge.areBatchesWhole = false
                for seed in 1...UInt64(100) {
                    states += 1
                    let when = "\(end) at \(first) and \(second), cut \(seed)"
                    do {
                        let cut = next.afterPowerCut(seed: seed)
                        try append(1, of: 3, size: 10, .grouped, to: try open(cut, defects))
                        let file = try #require(try cut.directory.openFile("log", .read))
                        var octets = [UInt8](repeating: 0, count: try file.length())
                        _ = try octets.withUnsafeMutableBytes { try file.read(at: 0, into: $0) }
                        faults += judge.faults(of: octets).map { "\(when): \($0)" }
                    } catch {
                        faults.append("\(when): \(error)")
                    }
                }
            }
        }
        return (faults, states)
    }

    @Test(arguments: End.allCases)
    func `What was taken back does not come again`(end: End) throws {
        let (faults, states) = try tell(end)
        #expect(faults == [] && states == 64 * 100)
    }

    @Test(arguments: End.allCases)
    func `It is noticed if where the file ends is taken for durable`(end: End) throws {
        let (faults, _) = try tell(end, .trustsTheLength)
        #expect(faults != [])
        print("\(faults.count) faults, as \(faults.first ?? "")")
    }
}
