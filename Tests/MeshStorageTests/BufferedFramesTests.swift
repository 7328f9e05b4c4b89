import MeshCore
import MeshDARE
import MeshInMemory
import MeshPlatforms
import MeshStorageTestSupport
import Testing

/// Frames that are collected in memory, and what becomes of them when they cannot be written.
@Suite struct BufferedFramesTests {
    typealias Setting = FrameLogTests.Setting

    private func record(_ number: UInt32, writer: UInt32 = 1, size: Int = 100) -> [[UInt8]] {
        TestRecord(writer: writer, number: number).encoded(size: size)
    }

    private func faults(_ octets: [UInt8], _ counts: [UInt32: UInt32]) -> [String] {
        StorageJudge(counts.mapValues { .init(acknowledged: $0, begun: $0) }).faults(of: octets)
    }

    @Test(arguments: FrameLogTests.Place.allCases)
    func `Frames are written when they are many, and when somebody asks, in order`(place: FrameLogTests.Place) throws {
        let setting = try Setting(place)
        let log = try setting.create()
        let reader = try setting.open(.read)
        let start = try reader.refresh()
        let buffer = log.buffered(capacity: 2000)
        var end = start
        var (flushes, most) = (0, 0)
        for number in UInt32(0)..<200 {
            try buffer.add(record(number))
            most = max(most, buffer.unwrittenCount)
            let next = try reader.refresh()
            #expect(next == end || buffer.unwrittenCount == 1)
            if next > end { flushes += 1 }
            end = next
        }
        // A frame has some 150 octets; some of them have 1,100 more.
        #expect((20...60).contains(flushes) && most > 3 && most < 14)
        #expect(try setting.octets().count == end)
        try buffer.flush()
        #expect(buffer.unwrittenCount == 0 && buffer.takeUnwritten().isEmpty)
        #expect(try faults(setting.octets(), [1: 200]) == [])
        // One that is larger than the buffer, and nothing at all.
        try buffer.add(record(200, size: 5000))
        #expect(buffer.unwrittenCount == 1)
        try buffer.add(record(201))
        #expect(buffer.unwrittenCount == 1)
        try buffer.close()
        try buffer.close()
        #expect(try faults(setting.octets(), [1: 202]) == [])
    }

    @Test(arguments: FrameLogTests.Place.allCases)
    func `Nobody waits for a buffer that is not full, and its value writes it when it goes`(
        place: FrameLogTests.Place
    ) throws {
        let setting = try Setting(place)
        let log = try setting.create()
        let other = try setting.open()
        do {
            let buffer = log.buffered()
            for number in UInt32(0)..<5 {
                try buffer.add(record(number))
                // With a deadline that has passed: the lock is free.
                try other.append(durability: .grouped, until: .now) { $0.add(record(number, writer: 2)) }
                try log.append(durability: .record, until: .now) { $0.add(record(number, writer: 3)) }
            }
            #expect(try faults(setting.octets(), [2: 5, 3: 5]) == [])
            withExtendedLifetime(buffer) {}
        }
        #expect(try faults(setting.octets(), [1: 5, 2: 5, 3: 5]) == [])
    }

    @Test(arguments: [SimulatedDisk.Failure.noSpace, .shortWrite(700), .inputOutput])
    func `What a failing disk does not take stays, and is written once when it does`(
        failure: SimulatedDisk.Failure
    ) throws {
        // Each of the calls of a flush fails.
        for call in 1...3 {
            let disk = SimulatedDisk(seed: 5)
            let log = try FrameLog.create("log", in: disk.directory, firstFrame: TestRecord.first)
            let buffer = log.buffered(capacity: 1000)
            for number in UInt32(0)..<3 { try buffer.add(record(number)) }
            let before = try log.refresh()
            disk.fail(failure, atCall: disk.calls + call)
            #expect(throws: PlatformError.self) { try buffer.flush() }
            #expect(buffer.unwrittenCount == 3)
            #expect(try log.refresh() == before)
            // A full buffer that cannot be written takes nothing more.
            disk.fail(failure, atCall: disk.calls + call)
            #expect(throws: PlatformError.self) { try buffer.add(record(3, size: 2000)) }
            #expect(buffer.unwrittenCount == 3)
            try buffer.add(record(3, size: 2000))
            try buffer.close()
            let octets = try #require(try disk.directory.openFile("log", .read))
            #expect(try faults(octets.read(), [1: 4]) == [], "call \(call)")
        }
    }

    @Test
    func `After a failed synchronization, and when another file is there, what was not written can be taken along`()
        throws
    {
        let disk = SimulatedDisk(seed: 5)
        var log = try FrameLog.create(
            "log", in: disk.directory, firstFrame: TestRecord.first, isIntact: TestRecord.isIntact)
        let buffer = log.buffered()
        for number in UInt32(0)..<3 { try buffer.add(record(number)) }
        // Another value hears of the failure; what it has appended may be lost.
        let other = try #require(try FrameLog.open("log", in: disk.directory, isIntact: TestRecord.isIntact))
        disk.fail(.inputOutput, atCall: disk.calls + 6)
        #expect(throws: PlatformError(.inputOutput, store: "", "")) {
            try other.append(durability: .record, until: .now) { $0.add(record(0, writer: 2)) }
        }
        #expect(throws: PlatformError(.inputOutput, store: "", "")) { try buffer.close() }
        #expect(buffer.unwrittenCount == 3)
        log = try #require(try FrameLog.open("log", in: disk.directory, isIntact: TestRecord.isIntact))
        let next = log.buffered()
        for records in buffer.takeUnwritten() { try next.add(records) }
        #expect(buffer.unwrittenCount == 0)
        // The same when the log was compacted meanwhile.
        let octets = try #require(try disk.directory.openFile("log", .read)).read()
        try disk.directory.createFile("log.new", with: octets)
        try disk.directory.exchange("log", with: "log.new")
        #expect(throws: DAREError(.replaced, "")) { try next.flush() }
        log = try #require(try FrameLog.open("log", in: disk.directory, isIntact: TestRecord.isIntact))
        let last = log.buffered()
        for records in next.takeUnwritten() { try last.add(records) }
        try last.close()
        let file = try #require(try disk.directory.openFile("log", .read))
        let judge = StorageJudge([1: .init(acknowledged: 3, begun: 3), 2: .init(acknowledged: 0, begun: 1)])
        #expect(judge.faults(of: try file.read()) == [])
    }
}

extension ContainerFile {
    /// All of it.
    fileprivate func read() throws -> [UInt8] {
        try [UInt8](unsafeUninitializedCapacity: length()) { buffer, count in
            count = try read(at: 0, into: UnsafeMutableRawBufferPointer(buffer))
        }
    }
}
