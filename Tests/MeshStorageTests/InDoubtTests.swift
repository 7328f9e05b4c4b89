import MeshDARE
import MeshInMemory
import MeshPlatforms
import MeshStorageTestSupport
import Testing

/// What an append says that is in the file when something comes between it and the disk.
@Suite struct InDoubtTests {
    static let durabilities = [FrameLog.Durability.record, .grouped]

    private func create(_ disk: SimulatedDisk) throws -> FrameLog {
        try FrameLog.create("log", in: disk.directory, firstFrame: TestRecord.first, isIntact: TestRecord.isIntact)
    }

    private func append(_ number: UInt32, _ durability: FrameLog.Durability, to log: FrameLog) throws {
        try log.append(durability: durability, until: .now) {
            $0.add(TestRecord(writer: 1, number: number).encoded(size: 300))
        }
    }

    @Test(arguments: durabilities)
    func `Who cannot synchronize in time is told that the record is there`(durability: FrameLog.Durability) throws {
        let disk = SimulatedDisk(seed: 1)
        let log = try create(disk)
        let before = try log.refresh()
        let other = try #require(try disk.directory.openSidecar("log", .append))
        try other.acquire(.synchronize, until: .now)
        #expect(throws: DAREError(.inDoubt, "")) { try append(0, durability, to: log) }
        #expect(try log.refresh() > before)
        #expect(throws: PlatformError(.timedOut, store: "", "")) { try log.synchronize() }
        other.release(.synchronize)
        // The same value goes on, and can tell.
        try log.synchronize()
        try append(1, durability, to: log)
        let judge = StorageJudge([1: .init(acknowledged: 2, begun: 2)])
        for seed in UInt64(1)...50 {
            let file = try #require(try disk.afterPowerCut(seed: seed).directory.openFile("log", .read))
            var octets = [UInt8](repeating: 0, count: try file.length())
            _ = try octets.withUnsafeMutableBytes { try file.read(at: 0, into: $0) }
            #expect(judge.faults(of: octets) == [])
        }
    }

    @Test(arguments: durabilities)
    func `An append that fails says whether it is there, whichever call failed`(durability: FrameLog.Durability) throws
    {
        var codes: Set<String> = []
        for call in 1...12 {
            for failure in [SimulatedDisk.Failure.noSpace, .inputOutput] {
                let disk = SimulatedDisk(seed: 1)
                let log = try create(disk)
                try append(0, durability, to: log)
                let before = try log.refresh()
                disk.fail(failure, atCall: disk.calls + call)
                do {
                    try append(1, durability, to: log)
                    #expect(try log.refresh() > before, "call \(call), \(failure)")
                } catch let error as DAREError {
                    #expect(error.code == .inDoubt, "call \(call), \(failure): \(error)")
                    #expect(try log.refresh() > before, "call \(call), \(failure)")
                    codes.insert(error.codeName)
                } catch let error as PlatformError where error.code == .noSpace {
                    #expect(try log.refresh() == before, "call \(call), \(failure)")
                    codes.insert(error.codeName)
                } catch let error as PlatformError {
                    // May be there, or not.
                    #expect(error.code == .inputOutput, "call \(call), \(failure): \(error)")
                }
            }
        }
        // Calls before and after it was published have failed.
        #expect(codes == ["dare-in-doubt", "no-space"])
    }
}
