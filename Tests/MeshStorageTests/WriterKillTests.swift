import Glibc
import MeshCore
import MeshDARE
import MeshPlatforms
import MeshStorageTestSupport
import MeshTestSupport
import Synchronization
import Testing

/// Writers that are killed while others append.
@Suite(.serialized) struct WriterKillTests {
    /// A writer of this process that appends after each kill.
    private static let prober = 2_000_000

    /// What is found out about the kills.
    private struct Findings: Sendable {
        /// The writers that were killed while they appended.
        let victims: [Int]
        /// From a kill to the end of the next append of another.
        let gaps: [Duration]
        /// What became of another process that appended all the time.
        let survivor: Child.End
    }

    @Test func `Writers are killed while they append, and while they hold the lock; the others go on at once`()
        async throws
    {
        let kills = LogProcessTests.isLong ? 1000 : 25
        let root = try LogRoot()
        try await root.create()
        let seed = SystemRandomSource().bytes(4).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        print("killing \(kills) writers, seed \(seed)")
        // What is slow where nobody is killed, at the same time and on the same disk, is the machine's own.
        let machine = Machine(try FrameLog.create("control", in: root.directory(), firstFrame: TestRecord.first))
        async let watching: Void = BlockingCalls(store: "control").run(deadline: .seconds(900)) { try machine.watch() }
        let findings = try await BlockingCalls(store: "kills").run(deadline: .seconds(900)) {
            defer { machine.end() }
            return try Self.kill(kills, in: root, machine, SeededRandomSource(seed: seed))
        }
        try await watching
        #expect(findings.survivor.code == 0, "\(findings.survivor.output)")

        var judge = try root.judge([1] + findings.victims)
        judge.claims[UInt32(Self.prober)] = .init(acknowledged: UInt32(kills), begun: UInt32(kills))
        #expect(try root.faults(judge) == [])
        // Most of them must have been at work.
        let cut = findings.victims.count { judge.claims[UInt32($0)].map { $0.begun > $0.acknowledged } ?? false }
        #expect(cut >= findings.victims.count / 2)
        #expect(try #require(judge.claims[1]).acknowledged >= kills)
        let (gap, control) = (try #require(findings.gaps.max()), machine.slowest)
        #expect(gap <= .milliseconds(100) + control)
        func shown(_ duration: Duration) -> String { "\(Int(duration / .microseconds(1))) µs" }
        let middle = shown(findings.gaps.sorted()[findings.gaps.count / 2])
        print("\(cut) of \(findings.victims.count) killed in the midst of an append, the rest with the lock")
        print(
            "others went on after \(middle), at most \(shown(gap)); where nobody was killed at most \(shown(control))")
        print(
            "the other process appended \(judge.claims[1]?.acknowledged ?? 0), its \(findings.survivor.output.prefix { $0 != "\n" }) ms"
        )
    }

    /// How slow the machine is meanwhile: appends to a log that nobody else uses.
    private final class Machine: Sendable {
        private let log: FrameLog
        private let isMeasuring = Atomic(false)
        private let hasEnded = Atomic(false)
        private let longest = Mutex(Duration.zero)
        /// One up for each measurement that begins. Semaphores are made for being used by several threads; it is set up before
        /// anyone else has it, and destroyed when nobody has it any more.
        nonisolated(unsafe) private let turns = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)

        init(_ log: FrameLog) {
            self.log = log
            sem_init(turns, 0, 0)
        }

        deinit {
            sem_destroy(turns)
            turns.deallocate()
        }

        var slowest: Duration { longest.withLock { $0 } }

        /// Ends ``watch()``.
        func end() {
            hasEnded.store(true, ordering: .sequentiallyConsistent)
            sem_post(turns)
        }

        /// Measures `body` while the machine is watched.
        func measure(_ body: () throws -> Void) rethrows -> Duration {
            isMeasuring.store(true, ordering: .sequentiallyConsistent)
            sem_post(turns)
            defer { isMeasuring.store(false, ordering: .sequentiallyConsistent) }
            return try ContinuousClock().measure(body)
        }

        /// Appends one record after the other whenever something is measured, until the end. Blocks.
        func watch() throws {
            while true {
                while sem_wait(turns) != 0 {}
                if hasEnded.load(ordering: .sequentiallyConsistent) { return }
                repeat { try look() } while isMeasuring.load(ordering: .sequentiallyConsistent)
            }
        }

        func look() throws {
            let time = try ContinuousClock().measure {
                try log.append(durability: .record, until: .now + .seconds(60)) { $0.add([[1]]) }
            }
            longest.withLock { $0 = max($0, time) }
        }
    }

    private static func kill(
        _ kills: Int, in root: LogRoot, _ machine: Machine, _ random: SeededRandomSource
    ) throws -> Findings {
        func below(_ limit: Int) -> Int { random.bytes(2).reduce(0) { $0 << 8 | Int($1) } % limit }
        let log = try root.log()
        let survivor = try RunningChild([Child.exerciser] + root.arguments(1, 100_000_000, "grouped"))
        func survivorsRecords() throws -> UInt32 {
            access(root.claims(1), F_OK) == 0 ? try root.judge([1]).claims[1]?.acknowledged ?? 0 : 0
        }
        var (victims, gaps): ([Int], [Duration]) = ([], [])
        for number in 0..<kills {
            let writer = number + 2
            let durability: FrameLog.Durability = below(2) == 0 ? .atClose : .grouped
            func append() throws {
                try log.append(durability: durability, until: .now + .seconds(30)) {
                    $0.add(TestRecord(writer: UInt32(prober), number: UInt32(number)).encoded(size: 100))
                }
            }
            try machine.look()
            // It goes on after each kill.
            let before = try survivorsRecords()
            let deadline = ContinuousClock.now + .seconds(60)
            while try survivorsRecords() == before {
                try #require(ContinuousClock.now < deadline, "the other process does not go on")
                sched_yield()
            }
            let child: RunningChild
            if number % 5 == 4 {
                child = try RunningChild([Child.exerciser, root.path, "hold", "log"])
                try #require(try child.hasSaid("holding".utf8.count))
            } else {
                let durability = ["grouped", "record", "atClose", nil][below(4)]
                let arguments =
                    durability.map { root.arguments(writer, 1_000_000, $0, batch: 1 + below(3)) }
                    ?? root.buffering(writer, 1_000_000, capacity: 1 + below(4000))
                child = try RunningChild([Child.exerciser] + arguments + ["tell"])
                // The moment is some way into one of the first appends.
                try #require(try child.hasSaid(1 + below(20)))
                for _ in 0..<below(30) { sched_yield() }
                victims.append(writer)
            }
            gaps.append(
                try machine.measure {
                    child.kill()
                    try append()
                })
        }
        root.stop(1)
        return Findings(victims: victims, gaps: gaps, survivor: try survivor.end())
    }
}
