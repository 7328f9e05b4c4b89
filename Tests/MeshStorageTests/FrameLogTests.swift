import MeshCore
import MeshDARE
import MeshEncoding
import MeshFiles
import MeshInMemory
import MeshPlatforms
import MeshStorageTestSupport
import MeshTestSupport
import Testing

/// What a log does when nobody is killed and nothing fails, in memory and on the disk.
@Suite struct FrameLogTests {
    enum Place: CaseIterable, Sendable {
        case memory, disk
    }

    /// A directory for logs; the scratch directory lives as long as the value.
    struct Setting {
        let scratch: Scratch?
        let directory: any ContainerDirectory

        init(_ place: Place) throws {
            switch place {
            case .memory: (scratch, directory) = (nil, InMemoryContainerDirectory())
            case .disk:
                let scratch = try Scratch()
                (self.scratch, directory) = (scratch, LinuxContainerDirectory(try scratch.open()))
            }
        }

        func create() throws -> FrameLog {
            try FrameLog.create("log", in: directory, firstFrame: TestRecord.first, isIntact: TestRecord.isIntact)
        }

        func open(_ access: ContainerAccess = .append) throws -> FrameLog {
            try #require(try FrameLog.open("log", in: directory, access, isIntact: TestRecord.isIntact))
        }

        func octets(_ name: String = "log") throws -> [UInt8] {
            let file = try #require(try directory.openFile(name, .read))
            return try [UInt8](unsafeUninitializedCapacity: file.length()) { buffer, count in
                count = try file.read(at: 0, into: UnsafeMutableRawBufferPointer(buffer))
            }
        }

        /// Puts octets behind the end without asking anyone, as a program does that knows nothing of locks.
        func scribble(_ octets: [UInt8], _ name: String = "log") throws {
            let file = try #require(try directory.openFile(name, .append))
            let length = try file.length()
            try octets.withUnsafeBytes { try file.write($0, at: length) }
        }
    }

    static func append(
        _ log: FrameLog, _ numbers: Range<UInt32>, writer: UInt32 = 1, size: Int = 100,
        _ durability: FrameLog.Durability = .atClose
    ) throws {
        for number in numbers {
            try log.append(durability: durability, until: .now + .seconds(10)) {
                $0.add(TestRecord(writer: writer, number: number).encoded(size: size))
            }
        }
    }

    static let frame = JBCDFrame.encode([[1, 2, 3]])

    @Test(arguments: Place.allCases)
    func `What is appended is read from either end, by position`(place: Place) throws {
        let setting = try Setting(place)
        let log = try setting.create()
        let payloads = [0, 1, 255, 256, 4000, 5000, 70_000].map { [UInt8](repeating: 7, count: $0) }
        var positions: [Int] = []
        for (number, payload) in payloads.enumerated() {
            let durability = [FrameLog.Durability.record, .grouped, .atClose][number % 3]
            try log.append(durability: durability, until: .now + .seconds(10)) { batch in
                positions.append(batch.position)
                batch.add([payload])
            }
        }
        let reader = try setting.open(.read)
        var end = try reader.refresh()
        #expect(try end == log.refresh())
        #expect(try reader.endToVerify() == end)
        for (position, payload) in zip(positions, payloads).reversed() {
            let fromEnd = try reader.frame(endingAt: end)
            let fromStart = try reader.frame(at: position)
            for frame in [fromEnd, fromStart] {
                #expect(frame.position == position)
                #expect(frame.end == end)
                let records = try frame.content.withUnsafeBytes { try JBCDFrame.records(in: $0).map { $0.count } }
                #expect(records == [payload.count])
            }
            end = position
        }
        #expect(end == TestRecord.first.count)
    }

    @Test(arguments: Place.allCases)
    func `A frame written in pieces is like one written at once`(place: Place) throws {
        let setting = try Setting(place)
        let log = try setting.create()
        let content = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        let start = try log.append(durability: .grouped, until: .now + .seconds(10)) { batch in
            batch.add([[1]])
            let start = batch.position
            try batch.beginFrame(contentSize: content.count)
            for place in stride(from: 0, to: content.count, by: 100_000) {
                try batch.addPiece(content[place..<place + 100_000])
            }
            try batch.endFrame()
            batch.add([[2]])
            return start
        }
        #expect(try log.frame(at: start).content == content)
        #expect(try log.frame(endingAt: log.refresh()).content == [0xF0, 1, 2])
        // A range of it without the whole.
        #expect(try log.read(at: start + 5 + 1000, count: 10) == Array(content[1000..<1010]))
        // With content missing, or too much of it, nothing is appended, though most was written already.
        let length = try log.refresh()
        for size in [content.count - 1, content.count + 1] {
            #expect(throws: DAREError(.malformed, "")) {
                try log.append(durability: .grouped, until: .now + .seconds(10)) { batch in
                    try batch.beginFrame(contentSize: size)
                    try batch.addPiece(content)
                    try batch.endFrame()
                }
            }
        }
        #expect(throws: DAREError(.malformed, "")) {
            try log.append(durability: .grouped, until: .now + .seconds(10)) { try $0.beginFrame(contentSize: 1) }
        }
        #expect(try setting.octets().count == length)
        #expect(try log.refresh() == length)
    }

    @Test(arguments: Place.allCases)
    func `Nothing is appended when the body throws, or adds nothing`(place: Place) throws {
        struct Refusal: Error {}
        let setting = try Setting(place)
        let log = try setting.create()
        let before = try setting.octets()
        #expect(throws: Refusal.self) {
            try log.append(durability: .record, until: .now + .seconds(10)) { batch in
                batch.add([[1]])
                throw Refusal()
            }
        }
        try log.append(durability: .record, until: .now + .seconds(10)) { _ in }
        #expect(try setting.octets() == before)
    }

    @Test(arguments: Place.allCases)
    func `Growth is seen without a lock, also by who has the log open for reading`(place: Place) throws {
        let setting = try Setting(place)
        let log = try setting.create()
        let reader = try setting.open(.read)
        for number in UInt32(0)..<20 {
            try Self.append(log, number..<number + 1)
            #expect(try reader.refresh() == log.refresh())
            // While an append is under way, its frames are not there.
            try log.append(durability: .atClose, until: .now + .seconds(10)) { batch in
                let end = try reader.refresh()
                #expect(end == batch.start)
            }
        }
        #expect(throws: PlatformError(.readOnly, store: "", "")) {
            try reader.append(durability: .record, until: .now + .seconds(10)) { $0.add([[1]]) }
        }
    }

    @Test(arguments: Place.allCases)
    func `A tail torn at any octet is not read, and is cut off by the next append`(place: Place) throws {
        for cut in 1..<Self.frame.count {
            for filler in [UInt8(0), 0xAA] {
                let setting = try Setting(.memory)
                try setting.directory.createFile("log", with: TestRecord.first + Self.frame)
                try setting.scribble(
                    Self.frame.prefix(cut) + [UInt8](repeating: filler, count: min(cut % 3, Self.frame.count - cut - 1))
                )
                let whole = TestRecord.first.count + Self.frame.count
                #expect(try setting.open(.read).refresh() == whole)
                #expect(try setting.open(.read).endToVerify() > whole)
                let log = try setting.open()
                try log.append(durability: .grouped, until: .now + .seconds(10)) { $0.add([[9]]) }
                #expect(try setting.octets() == TestRecord.first + Self.frame + JBCDFrame.encode([[9]]))
            }
        }
        // What was cut off a file nobody knew is kept beside.
        let setting = try Setting(place)
        try setting.directory.createFile("log", with: TestRecord.first)
        try setting.scribble(Array(Self.frame.dropLast()))
        _ = try setting.open()
        #expect(try setting.octets("log.torn-1") == Array(Self.frame.dropLast()))
    }

    @Test(arguments: Place.allCases)
    func `Payload that looks like frames does not pass for frames where the file is torn`(place: Place) throws {
        let setting = try Setting(place)
        let log = try setting.create()
        try Self.append(log, 0..<3)
        let good = try setting.octets()
        let bait = JBCDFrame.encode([Array(repeating: 7, count: 12), [13]])
        let hostile = JBCDFrame.encode([bait + bait + bait])
        // Cut right behind an embedded frame, where a look from the end alone finds a whole one.
        let torn = Array(hostile.dropLast(2))
        try setting.scribble(torn)
        #expect(try log.refresh() == good.count)
        #expect(try setting.open(.read).refresh() == good.count)
        try Self.append(try setting.open(), 3..<4)
        #expect(StorageJudge([1: .init(acknowledged: 4, begun: 4)]).faults(of: try setting.octets()) == [])
    }

    @Test(arguments: Place.allCases)
    func `Whole frames of a program that takes no lock are kept`(place: Place) throws {
        let setting = try Setting(place)
        let log = try setting.create()
        try Self.append(log, 0..<2)
        try setting.scribble(JBCDFrame.encode(TestRecord(writer: 2, number: 0).encoded(size: 50)) + [0xF4, 1])
        try Self.append(log, 2..<3)
        let judge = StorageJudge([1: .init(acknowledged: 3, begun: 3), 2: .init(acknowledged: 1, begun: 1)])
        #expect(judge.faults(of: try setting.octets()) == [])
    }

    @Test(arguments: Place.allCases)
    func `A file that does not begin with a frame, or is damaged before its end, is refused and left alone`(
        place: Place
    ) throws {
        for octets: [UInt8] in [[], [0x50, 0x4B], Array("no frames here".utf8), Array(TestRecord.first.dropLast())] {
            let setting = try Setting(place)
            try setting.directory.createFile("log", with: octets)
            #expect(throws: DAREError(.malformed, "")) { _ = try setting.open() }
            #expect(try setting.octets() == octets)
            #expect(try setting.open(.read).refresh() == 0)
        }
        let setting = try Setting(place)
        var damaged = TestRecord.first
        for number in UInt32(0)..<4 {
            damaged += JBCDFrame.encode(TestRecord(writer: 1, number: number).encoded(size: 50))
        }
        damaged[TestRecord.first.count] ^= 0x10
        try setting.directory.createFile("log", with: damaged)
        #expect(throws: DAREError(.malformed, "")) { _ = try setting.open() }
        #expect(try setting.octets() == damaged)
    }

    @Test(arguments: Place.allCases)
    func `A file that is shorter than it was durable is refused and left alone, also if it ends with a whole frame`(
        place: Place
    ) throws {
        let setting = try Setting(place)
        var ends: [Int] = []
        let log = try setting.create()
        for number in UInt32(0)..<3 {
            try Self.append(log, number..<number + 1, .grouped)
            ends.append(try log.refresh())
        }
        let file = try #require(try setting.directory.openFile("log", .append))
        let whole = try setting.octets()
        for length in [ends[1], ends[1] - 1, ends[0], 0] {
            try file.truncate(to: length)
            #expect(throws: DAREError(.recordsLost, "")) { _ = try setting.open() }
            #expect(throws: DAREError(.recordsLost, "")) { _ = try setting.open(.read).refresh() }
            #expect(throws: DAREError(.recordsLost, "")) { try Self.append(log, 3..<4) }
            #expect(try setting.octets().count == length)
            let report = try #require(try SequenceVerifier.verify("log", in: setting.directory))
            #expect(report.faults.contains { $0.reason == .recordsLost && $0.position <= length })
        }
        // Put back, all goes on.
        try whole.withUnsafeBytes { try file.write($0, at: 0) }
        try Self.append(try setting.open(), 3..<4, .grouped)
        #expect(StorageJudge([1: .init(acknowledged: 4, begun: 4)]).faults(of: try setting.octets()) == [])
    }

    @Test(arguments: Place.allCases)
    func `Who has a file open that was replaced is told, and the new one goes on`(place: Place) throws {
        let setting = try Setting(place)
        let log = try setting.create()
        try Self.append(log, 0..<5, .grouped)
        let reader = try setting.open(.read)
        let end = try reader.refresh()
        try setting.directory.createFile("log.new", with: try setting.octets())
        try setting.directory.exchange("log", with: "log.new")
        #expect(try !log.isCurrent())
        #expect(try !reader.isCurrent())
        #expect(throws: DAREError(.replaced, "")) { try Self.append(log, 5..<6) }
        try log.synchronize()
        // The old file is as it was.
        #expect(try reader.refresh() == end)
        let next = try setting.open()
        try Self.append(next, 5..<7, .grouped)
        #expect(StorageJudge([1: .init(acknowledged: 7, begun: 7)]).faults(of: try setting.octets()) == [])
        #expect(StorageJudge([1: .init(acknowledged: 5, begun: 5)]).faults(of: try setting.octets("log.new")) == [])
    }

    @Test(arguments: Place.allCases)
    func `Threads that append at the same time, through one value or several, lose and tear nothing`(
        place: Place
    ) async throws {
        let setting = try Setting(place)
        let shared = try setting.create()
        let logs = [shared, shared, try setting.open(), try setting.open()]
        let calls = BlockingCalls(store: "test")
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (writer, log) in logs.enumerated() {
                group.addTask {
                    try await calls.run(deadline: .seconds(60)) {
                        try Self.append(log, 0..<50, writer: UInt32(writer + 1), writer % 2 == 0 ? .grouped : .record)
                    }
                }
            }
            try await group.waitForAll()
        }
        let claims = Dictionary(
            uniqueKeysWithValues: logs.indices.map {
                (UInt32($0 + 1), StorageJudge.Claim(acknowledged: 50, begun: 50))
            })
        #expect(StorageJudge(claims).faults(of: try setting.octets()) == [])
    }

    @Test(arguments: Place.allCases)
    func `A lock that is held until the deadline is an error`(place: Place) throws {
        let setting = try Setting(place)
        let log = try setting.create()
        let sidecar = try #require(try setting.directory.openSidecar("log", .append))
        try sidecar.acquire(.append, until: .now + .seconds(10))
        #expect(throws: PlatformError(.timedOut, store: "", "")) {
            try log.append(durability: .record, until: .now + .milliseconds(20)) { $0.add([[1]]) }
        }
        sidecar.release(.append)
        try Self.append(log, 0..<1)
    }
}
