import Dispatch
import MeshCore
import MeshPlatforms
import Synchronization
import Testing

/// Blocking work has a deadline, can be given up, and never holds a thread of the cooperative pool.
@Suite(.serialized, .timeLimit(.minutes(20))) struct BlockingCallsTests {
    private static let long = Duration.seconds(3600)

    /// Work that blocks its thread until the test lets it go.
    private final class Blocker: Sendable {
        private let semaphore = DispatchSemaphore(value: 0)
        private let started = AsyncStream<Void>.makeStream()

        func block() {
            started.continuation.yield()
            semaphore.wait()
        }
        func waitForStart() async { for await _ in started.stream { return } }
        func release(_ count: Int = 1) { for _ in 0..<count { semaphore.signal() } }
    }

    private final class Counter: Sendable {
        private let count = Mutex(0)
        var value: Int { count.withLock { $0 } }
        func add() { count.withLock { $0 += 1 } }
    }

    @Test func givesWhatTheWorkReturnsOrThrows() async throws {
        struct Failure: Error {}
        let calls = BlockingCalls(store: "test")
        let abandoned = Counter()
        #expect(try await calls.run(deadline: Self.long, onAbandon: { abandoned.add() }) { 42 } == 42)
        await #expect(throws: Failure.self) {
            try await calls.run(deadline: Self.long, onAbandon: { abandoned.add() }) { throw Failure() }
        }
        #expect(abandoned.value == 0)
    }

    @Test func boundlessDeadlineIsNoDeadline() async throws {
        let calls = BlockingCalls(store: "test")
        #expect(try await calls.run(deadline: .seconds(Int64.max)) { 42 } == 42)
    }

    @Test func deadlineEndsTheCallAndTellsTheWork() async throws {
        let calls = BlockingCalls(store: "test")
        let (blocker, abandoned) = (Blocker(), Counter())
        await #expect(throws: PlatformError(.timedOut, store: "test", "")) {
            try await calls.run(deadline: .milliseconds(20), onAbandon: { abandoned.add() }) { blocker.block() }
        }
        #expect(abandoned.value == 1)
        blocker.release()
    }

    @Test func cancellationEndsTheCallAndTellsTheWork() async throws {
        let calls = BlockingCalls(store: "test")
        let (blocker, abandoned) = (Blocker(), Counter())
        let call = Task {
            try await calls.run(deadline: Self.long, onAbandon: { abandoned.add() }) { blocker.block() }
        }
        await blocker.waitForStart()
        call.cancel()
        await #expect(throws: CancellationError.self) { try await call.value }
        #expect(abandoned.value == 1)
        blocker.release()
    }

    @Test func workOfACancelledTaskIsNotBegun() async throws {
        let calls = BlockingCalls(store: "test", serial: true)
        let ran = Counter()
        let call = Task {
            // The task is surely cancelled when it comes to the call.
            while !Task.isCancelled { await Task.yield() }
            try await calls.run(deadline: Self.long) { ran.add() }
        }
        call.cancel()
        await #expect(throws: CancellationError.self) { try await call.value }
        try await calls.run(deadline: Self.long) {}
        #expect(ran.value == 0)
    }

    @Test func workThatWaitedTooLongInTheQueueIsNotBegun() async throws {
        let calls = BlockingCalls(store: "test", serial: true)
        let (first, ran) = (Blocker(), Counter())
        let blocking = Task { try await calls.run(deadline: Self.long) { first.block() } }
        await first.waitForStart()
        await #expect(throws: PlatformError(.timedOut, store: "test", "")) {
            try await calls.run(deadline: .milliseconds(20)) { ran.add() }
        }
        first.release()
        try await blocking.value
        try await calls.run(deadline: Self.long) {}
        #expect(ran.value == 0)
    }

    @Test func serialCallsComeInTheirOrder() async throws {
        let calls = BlockingCalls(store: "test", serial: true)
        let running = Counter()
        let overlaps = Counter()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<50 {
                group.addTask {
                    try await calls.run(deadline: Self.long) {
                        let before = running.value
                        running.add()
                        if running.value != before + 1 { overlaps.add() }
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(running.value == 50)
        #expect(overlaps.value == 0)
    }

    @Test func blockedWorkLeavesTheCooperativePoolFree() async throws {
        // More calls block than the pool has threads; on the pool, nobody could ever let them go.
        let calls = BlockingCalls(store: "test")
        let blocker = Blocker()
        let count = 8
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<count {
                group.addTask { try await calls.run(deadline: Self.long) { blocker.block() } }
            }
            await blocker.waitForStart()
            let sum = await withTaskGroup(of: Int.self) { inner in
                for number in 0..<100 { inner.addTask { number } }
                return await inner.reduce(0, +)
            }
            #expect(sum == 4950)
            blocker.release(count)
            try await group.waitForAll()
        }
    }

    @Test func lateResultIsLetGo() async throws {
        final class Result: Sendable {
            let freed: AsyncStream<Void>.Continuation
            init(_ freed: AsyncStream<Void>.Continuation) { self.freed = freed }
            deinit { freed.yield() }
        }
        let calls = BlockingCalls(store: "test")
        let blocker = Blocker()
        let (freed, continuation) = AsyncStream<Void>.makeStream()
        await #expect(throws: PlatformError(.timedOut, store: "test", "")) {
            _ = try await calls.run(deadline: .milliseconds(20)) {
                blocker.block()
                return Result(continuation)
            }
        }
        blocker.release()
        // Ends only when nothing holds the late result any more.
        for await _ in freed { return }
        Issue.record("the stream ended before the result was freed")
    }

    @Test func manyCallsRacingTheirDeadlinesEndOnce() async throws {
        // Each call either gives its result or times out; a continuation resumed twice would end the process.
        let calls = BlockingCalls(store: "test")
        let abandoned = Counter()
        let timedOut = try await withThrowingTaskGroup(of: Int.self) { group in
            for number in 0..<400 {
                group.addTask {
                    do {
                        let result = try await calls.run(
                            deadline: .microseconds(number % 40), onAbandon: { abandoned.add() }
                        ) { number }
                        #expect(result == number)
                        return 0
                    } catch let error as PlatformError where error.code == .timedOut {
                        return 1
                    }
                }
            }
            return try await group.reduce(0, +)
        }
        #expect(abandoned.value == timedOut)
    }

    @Test func deadlinesHoldWhileOtherCallsBlock() async throws {
        let calls = BlockingCalls(store: "test")
        let (blocker, count) = (Blocker(), 40)
        let blocked = (0..<count).map { _ in Task { try await calls.run(deadline: Self.long) { blocker.block() } } }
        await blocker.waitForStart()
        // If it did not end, the time limit of the suite would.
        let late = await Task { try await calls.run(deadline: .milliseconds(50)) { blocker.block() } }.result
        blocker.release(count + 1)
        for task in blocked { try await task.value }
        #expect(throws: PlatformError(.timedOut, store: "test", "")) { try late.get() }
    }

    @Test func aDeadlineThatWasOverIsNotToldInSeconds() {
        #expect(Duration.milliseconds(20).asTimeLimit == "within 0.02 seconds")
        for over in [Duration.zero, .seconds(-1)] {
            #expect(over.asTimeLimit == "in time: no time was left when the call began")
        }
    }

    @Test func durationsAreClamped() {
        #expect(Duration.zero.clampedNanoseconds == 0)
        #expect(Duration.seconds(-1).clampedNanoseconds == 0)
        #expect(Duration.nanoseconds(1).clampedNanoseconds == 1)
        #expect((Duration.seconds(2) + .nanoseconds(5)).clampedNanoseconds == 2_000_000_005)
        #expect(Duration.seconds(Int64.max).clampedNanoseconds == Int.max)
        #expect(Duration.milliseconds(-500).clampedNanoseconds == 0)
        #expect((Duration.seconds(9_223_372_036) + .milliseconds(900)).clampedNanoseconds == Int.max)
    }
}
