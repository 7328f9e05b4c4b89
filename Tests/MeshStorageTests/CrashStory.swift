import MeshCore
import MeshDARE
import MeshInMemory
import MeshPlatforms
import MeshStorageTestSupport
import Synchronization

/// A story of two writers, a reader and a third writer that comes in between, on a disk that fails and loses power; the seed
/// tells all of it. After each crash the judge looks at every state that was drawn.
final class CrashStory: Sendable {
    /// What was promised so far, by writer.
    struct Ledger {
        /// Records of appends that have returned: they survive a kill.
        var returned: [UInt32: UInt32] = [:]
        /// Those that were said to be durable: they survive a power cut.
        var durable: [UInt32: UInt32] = [:]
        var begun: [UInt32: UInt32] = [:]
        /// Whether a synchronization has failed in this life: then the file may have become shorter.
        var hasLost = false

        func claims(_ kept: [UInt32: UInt32]) -> [UInt32: StorageJudge.Claim] {
            Dictionary(
                uniqueKeysWithValues: begun.map { ($0, .init(acknowledged: kept[$0] ?? 0, begun: $1)) })
        }
    }

    let seed: UInt64
    let defects: FrameLog.Defects
    let negligence: SimulatedDisk.Negligence
    /// How many states were looked at.
    var states: Int { counter.withLock { $0 } }
    /// What the judge found.
    var faults: [String] { found.withLock { $0 } }

    private let random: SeededRandomSource
    private let counter = Mutex(0)
    private let found = Mutex<[String]>([])
    private let ledger = Mutex(Ledger())
    private let readerSaw = Mutex<[TestRecord]>([])
    private let reader = Mutex<(log: FrameLog, position: Int)?>(nil)
    /// What the two writers have not written yet.
    private let buffers = Mutex<[UInt32: BufferedFrames]>([:])

    init(seed: UInt64, defects: FrameLog.Defects = [], negligence: SimulatedDisk.Negligence = []) {
        self.seed = seed
        self.defects = defects
        self.negligence = negligence
        random = SeededRandomSource(seed: seed)
    }

    private func below(_ limit: Int) -> Int {
        Int(random.bytes(4).reduce(UInt32(0)) { $0 << 8 | UInt32($1) }) % max(limit, 1)
    }
    private func add(_ faults: [String], _ when: String) {
        found.withLock { $0 += faults.map { "seed \(seed), \(when): \($0)" } }
    }

    /// Tells the story: some lives, each ended by a kill or a power cut.
    func tell(lives: Int = 2, statesPerCrash: Int = 12) {
        var disk = SimulatedDisk(seed: seed, negligence: negligence)
        var areBatchesWhole = true
        for life in 0..<lives where faults.isEmpty {
            disk.stop(atCall: 1 + below(120))
            // What was seen in an earlier life was judged there, and a failed disk may have lost it since.
            readerSaw.withLock { $0 = [] }
            live(on: disk)
            reader.withLock { $0 = nil }
            dropBuffers()
            let killed = disk.afterKill()
            cutShort(killed.afterKill(), "life \(life), killed")
            // A failed disk may have lost what was not durable, and nobody has lived to say so.
            let kept = ledger.withLock { $0.hasLost ? $0.durable : $0.returned }
            examine(
                killed, kept, areBatchesWhole: areBatchesWhole && !ledger.withLock { $0.hasLost },
                "life \(life), killed")
            var next = killed
            var isExamined = true
            // What the judge does makes it durable: the next life may come before.
            if below(3) == 0 { (next, isExamined) = (disk.afterKill(), false) }
            for _ in 0..<statesPerCrash {
                let draw = random.bytes(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) } | 1
                let cut = disk.afterPowerCut(seed: draw)
                if below(4) == 0 { cutShort(cut.afterKill(), "life \(life), cut \(draw)") }
                examine(cut, ledger.withLock { $0.durable }, areBatchesWhole: false, "life \(life), cut \(draw)")
                if below(statesPerCrash) == 0 { (next, areBatchesWhole, isExamined) = (cut, false, true) }
            }
            disk = next
            guard isExamined else {
                if let log = try? open(disk, .read) { try? recount(log) }
                continue
            }
            // What is there now is durable: opening it for appending has made it so.
            let present = records(in: disk.directory).map(Self.counts) ?? [:]
            ledger.withLock { $0 = Ledger(returned: present, durable: present, begun: present) }
        }
    }

    // MARK: A life

    private func open(_ disk: SimulatedDisk, _ access: ContainerAccess = .append) throws -> FrameLog? {
        try FrameLog.open("log", in: disk.directory, access, isIntact: TestRecord.isIntact, defects: defects)
    }

    private func live(on disk: SimulatedDisk) {
        do {
            if try disk.directory.openFile("log", .read) == nil {
                _ = try FrameLog.create("log", in: disk.directory, firstFrame: TestRecord.first)
                // From now on, a log that is not there is a lost one.
                ledger.withLock { $0.begun[0] = 0 }
            }
            var logs = [try open(disk), try open(disk)]
            readerSaw.withLock { $0 = [] }
            for _ in 0..<60 {
                schedule(on: disk)
                let chosen = below(2)
                do {
                    guard let log = logs[chosen] else { return add(["the log is gone"], "living") }
                    try act(UInt32(chosen + 1), log, disk)
                } catch let error as SimulatedDisk.Stopped {
                    throw error
                } catch {
                    dropBuffers()
                    // Who is not told the truth here will believe that all is well.
                    let writer = UInt32(chosen + 1)
                    if let log = logs[chosen], (try? log.synchronize()) != nil {
                        ledger.withLock { $0.durable[writer] = $0.returned[writer] }
                    }
                    logs = [try reopen(disk), try reopen(disk)]
                    try recount(logs[0])
                }
                try follow(disk)
            }
        } catch {
            // Stopped, or the disk would not let it be opened again.
        }
    }

    /// What was only in memory is lost.
    private func dropBuffers() {
        buffers.withLock { buffers in
            for buffer in buffers.values { _ = buffer.takeUnwritten() }
            buffers = [:]
        }
    }

    private func reopen(_ disk: SimulatedDisk) throws -> FrameLog? {
        for _ in 0..<3 {
            if let log = try? open(disk) { return log }
            try disk.directory.names().forEach { _ in }
        }
        return try open(disk)
    }

    /// Something that is to happen at one of the next calls.
    private func schedule(on disk: SimulatedDisk) {
        let call = disk.calls + 1 + below(8)
        switch below(10) {
        case 0:
            let failures: [SimulatedDisk.Failure] = [.noSpace, .inputOutput, .shortWrite(below(2000))]
            disk.fail(failures[below(3)], atCall: call)
            // Also as the first failure is dealt with.
            if below(2) == 0 { disk.fail(failures[below(3)], atCall: call + 1 + below(4)) }
            ledger.withLock { $0.hasLost = true }
        case 1, 2, 3: disk.interrupt(atCall: call) { try? self.follow(disk) }
        case 4, 5: disk.interrupt(atCall: call) { self.comeBetween(disk) }
        default: break
        }
    }

    private func act(_ writer: UInt32, _ log: FrameLog, _ disk: SimulatedDisk) throws {
        // Records have an order, so what waits goes first, or is what is continued.
        switch below(20) {
        case 2...6: return try buffer(writer, log)
        default: try flush(writer)
        }
        switch below(20) {
        case 0:
            let other = "log.\(disk.calls)"
            try log.append(durability: .atClose, until: .now) { batch in
                try disk.directory.createFile(other, with: try log.read(at: 0, count: batch.start))
                try disk.directory.exchange("log", with: other)
            }
            ledger.withLock { $0.durable = $0.returned }
            throw DAREError(.replaced, "")
        case 1:
            try log.synchronize()
            // Only what this value has appended.
            ledger.withLock { $0.durable[writer] = $0.returned[writer] }
        default:
            let durability = [FrameLog.Durability.record, .grouped, .grouped, .atClose][below(4)]
            let (count, size) = (1 + below(3), [10, 10, 300, 300, 700, 2500][below(6)])
            try append(writer, count, size, durability, log)
        }
    }

    /// Adds records to the writer's buffer, which may write them, or others, or all.
    private func buffer(_ writer: UInt32, _ log: FrameLog) throws {
        let buffer = buffers.withLock { buffers in
            let buffer = buffers[writer] ?? log.buffered(capacity: 2000)
            buffers[writer] = buffer
            return buffer
        }
        for _ in 0..<1 + below(4) {
            let number = ledger.withLock { ledger in
                let number = (ledger.returned[writer] ?? 0) + UInt32(buffer.unwrittenCount)
                ledger.begun[writer] = max(ledger.begun[writer] ?? 0, number + 1)
                return number
            }
            let record = TestRecord(writer: writer, number: number)
            try buffer.add(record.encoded(size: [10, 300, 300, 900, 2500][below(5)]), until: .now)
            ledger.withLock { $0.returned[writer] = number + 1 - UInt32(buffer.unwrittenCount) }
        }
    }

    private func flush(_ writer: UInt32) throws {
        guard let buffer = buffers.withLock({ $0[writer] }) else { return }
        // Somebody who comes in between may count them, too.
        let count = ledger.withLock { $0.returned[writer] ?? 0 } + UInt32(buffer.unwrittenCount)
        try buffer.flush(until: .now)
        ledger.withLock { $0.returned[writer] = count }
    }

    private func append(
        _ writer: UInt32, _ count: Int, _ size: Int, _ durability: FrameLog.Durability, _ log: FrameLog
    ) throws {
        let first = ledger.withLock { ledger in
            let first = ledger.returned[writer] ?? 0
            ledger.begun[writer] = max(ledger.begun[writer] ?? 0, first + UInt32(count))
            return first
        }
        let before = ledger.withLock { $0.returned }
        try log.append(durability: durability, until: .now) { batch in
            for place in 0..<count {
                let record = TestRecord(
                    writer: writer, number: first + UInt32(place), place: UInt16(place), batch: UInt16(count))
                batch.add(record.encoded(size: size))
            }
        }
        ledger.withLock { ledger in
            ledger.returned[writer] = first + UInt32(count)
            guard durability != .atClose else { return }
            // Everything before it, too.
            ledger.durable.merge(before) { max($0, $1) }
            ledger.durable[writer] = first + UInt32(count)
        }
    }

    /// Another process appends, or finds the lock taken.
    private func comeBetween(_ disk: SimulatedDisk) {
        guard let log = try? open(disk) else { return }
        do {
            try append(3, 1, 100, below(2) == 0 ? .grouped : .atClose, log)
        } catch {
            try? recount(log)
        }
    }

    /// After an error: what is there counts, and what was durable must be.
    private func recount(_ log: FrameLog?) throws {
        guard let log else { return add(["the log is gone"], "after an error") }
        var present: [UInt32: UInt32] = [:]
        var position = TestRecord.first.count
        let end = try log.refresh()
        while position < end {
            let frame = try log.frame(at: position)
            if let record = TestRecord(content: frame.content) { present[record.writer] = record.number + 1 }
            position = frame.end
        }
        ledger.withLock { ledger in
            for (writer, count) in ledger.durable where present[writer] ?? 0 < count {
                add(["durable records of writer \(writer) are gone"], "after an error")
            }
            ledger.returned = present
        }
    }

    // MARK: The reader

    private func follow(_ disk: SimulatedDisk) throws {
        if reader.withLock({ $0 == nil }) {
            guard let log = try open(disk, .read) else { return }
            reader.withLock { $0 = (log, 0) }
            readerSaw.withLock { $0 = [] }
        }
        guard let (log, start) = reader.withLock({ $0 }) else { return }
        if try !log.isCurrent() { return reader.withLock { $0 = nil } }
        var position = start
        do {
            let end = try log.refresh()
            while position < end {
                let frame = try log.frame(at: position)
                guard let record = TestRecord(content: frame.content) else {
                    return add(["a reader saw something at \(position) that is no record"], "living")
                }
                readerSaw.withLock { $0.append(record) }
                position = frame.end
            }
            reader.withLock { $0 = (log, position) }
        } catch let error as PlatformError where error.code == .changedUnderneath {
            reader.withLock { $0 = nil }
            readerSaw.withLock { $0 = [] }
        } catch let error as any MeshError where !(error is PlatformError) {
            add(["a reader was told of something at \(position) that is not there: \(error)"], "living")
        }
    }

    // MARK: Judging

    private func octets(_ directory: any ContainerDirectory) -> [UInt8]? {
        guard let file = try? directory.openFile("log", .read), let length = try? file.length() else { return nil }
        var octets = [UInt8](repeating: 0, count: length)
        _ = try? octets.withUnsafeMutableBytes { try file.read(at: 0, into: $0) }
        return octets
    }

    private func records(in directory: any ContainerDirectory) -> [TestRecord]? {
        var faults: [String] = []
        return octets(directory).map { octets in
            StorageJudge.frames(of: octets, faults: &faults).compactMap { TestRecord(content: $0.content) }
        }
    }

    private static func counts(_ records: [TestRecord]) -> [UInt32: UInt32] {
        records.dropFirst().reduce(into: [:]) { $0[$1.writer] = $1.number + 1 }
    }

    private func examine(
        _ disk: SimulatedDisk, _ kept: [UInt32: UInt32], areBatchesWhole: Bool, _ when: String
    ) {
        counter.withLock { $0 += 1 }
        let ledger = ledger.withLock { $0 }
        var judge = StorageJudge(ledger.claims(kept))
        judge.areBatchesWhole = areBatchesWhole && faults.isEmpty
        do {
            // A reader first: it must see a part of what the writer will find.
            let seen = try open(disk, .read).map { try $0.refresh() }
            guard let log = try open(disk) else {
                if ledger.begun[0] != nil || !kept.isEmpty { add(["the log is gone"], when) }
                return
            }
            let end = try log.refresh()
            if let seen, seen > end, !ledger.hasLost {
                add(["a reader saw \(seen) octets, of which \(end) stayed"], when)
            }
            if areBatchesWhole, let records = records(in: disk.directory) {
                let saw = readerSaw.withLock { $0 }
                if !ledger.hasLost, !records.starts(with: saw) {
                    add(["a reader saw more than what stayed"], when)
                }
            }
            // The next append cuts off what a killed writer has left, and works.
            try log.append(durability: .grouped, until: .now) {
                $0.add(TestRecord(writer: 9, number: Self.next(9, records(in: disk.directory))).encoded(size: 10))
            }
            let nine = Self.counts(records(in: disk.directory) ?? [])[9] ?? 0
            judge.claims[9] = .init(acknowledged: nine, begun: nine)
            add(judge.faults(of: octets(disk.directory) ?? []), when)
        } catch {
            add(["it cannot be opened, or appended to: \(error)"], when)
        }
    }

    /// Somebody's hand, or a restored copy, leaves the file shorter than it was durable, with whole frames to its end: no crash
    /// does that, so nobody may take it for all that was there.
    private func cutShort(_ disk: SimulatedDisk, _ when: String) {
        do {
            guard let file = try disk.directory.openFile("log", .append),
                let words = try disk.directory.openSidecar("log", .read)?.words(), words[.file] == file.identity,
                let octets = octets(disk.directory), let durable = Int(exactly: words[.durableEnd])
            else { return }
            guard durable <= octets.count else { return add(["it is shorter than it was durable"], when) }
            var faults: [String] = []
            let frames = StorageJudge.frames(of: Array(octets[..<durable]), faults: &faults)
            guard frames.count > 1 else { return }
            let place = frames[1 + below(frames.count - 1)].position
            try file.truncate(to: place)
            for access in [ContainerAccess.read, .append] {
                do {
                    _ = try open(disk, access)?.refresh()
                    add(["\(durable - place) octets that were durable are missed by nobody (\(access))"], when)
                } catch let error as DAREError where error.code == .recordsLost {
                    if try file.length() != place { add(["it was changed although records are lost"], when) }
                }
            }
        } catch {
            add(["a file that was cut short gives another error: \(error)"], when)
        }
    }

    private static func next(_ writer: UInt32, _ records: [TestRecord]?) -> UInt32 {
        counts(records ?? [])[writer] ?? 0
    }
}
