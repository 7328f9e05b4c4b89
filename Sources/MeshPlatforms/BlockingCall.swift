import MeshCore
import Synchronization

/// Runs calls that block (C libraries, files) on threads of their own, each with a deadline.
///
/// The one place where blocking meets `async`: adapters use it so that no call of theirs holds a thread of Swift's
/// cooperative pool, and none outlasts its deadline, also while other calls hang.
public struct BlockingCalls: Sendable {
    private let store: String
    private let lane: SerialLane?

    /// Calls for `store` (the name that errors carry), run one after the other if `serial`, else side by side.
    public init(store: String, serial: Bool = false) {
        self.store = store
        lane = serial ? SerialLane() : nil
    }

    /// Runs `work` off the cooperative pool and returns what it returns.
    ///
    /// When the deadline passes or the task is cancelled first, `abandon` is called, so that it can end the work (a
    /// `GCancellable`, say), and then the call throws: whoever gets the error knows that the work was told. `abandon` must
    /// not block; what the work returns later is dropped (and wiped, if it is a
    /// secret). Work that has not begun by then is not begun.
    ///
    /// - Throws: ``PlatformError`` `timedOut`, `CancellationError`, or what `work` throws.
    public func run<R: Sendable>(
        deadline: Duration, onAbandon abandon: @escaping @Sendable () -> Void = {},
        _ work: @escaping @Sendable () throws -> R
    ) async throws -> R {
        let race = Race<R>()
        let store = self.store
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                guard race.begin(continuation) else {
                    continuation.resume(throwing: CancellationError())
                    return
                }
                let job: @Sendable () -> Void = {
                    guard !race.isOver else { return }
                    race.finish(Result { try work() })
                }
                if let lane { lane.run(job) } else { WorkerThreads.run(job) }
                race.expires(
                    with: Deadlines.schedule(after: deadline.clampedNanoseconds) {
                        let error = PlatformError(
                            .timedOut, store: store, "There was no answer \(deadline.asTimeLimit).",
                            remedy: "Try again; if it stays so, restart the service that keeps the store.")
                        race.finish(.failure(error), telling: abandon)
                    })
            }
        } onCancel: {
            race.finish(.failure(CancellationError()), telling: abandon)
        }
    }

    /// The continuation, resumed by whoever comes first.
    private final class Race<R: Sendable>: Sendable {
        private struct State {
            var continuation: CheckedContinuation<R, any Error>?
            var isOver = false
            var deadline: UInt64?
        }
        private let state = Mutex(State())

        var isOver: Bool { state.withLock { $0.isOver } }

        /// Notes the deadline, to be forgotten when the race is over; at once if it is.
        func expires(with deadline: UInt64) {
            let isOver = state.withLock { state in
                state.deadline = deadline
                return state.isOver
            }
            if isOver { Deadlines.cancel(deadline) }
        }

        /// False if the race was over before it began.
        func begin(_ continuation: CheckedContinuation<R, any Error>) -> Bool {
            state.withLock { state in
                if state.isOver { return false }
                state.continuation = continuation
                return true
            }
        }

        /// Ends the race with `result`, unless it was over. Those who are to be told are told before anyone sees the result.
        func finish(_ result: Result<R, any Error>, telling tell: () -> Void = {}) {
            let ended: (continuation: CheckedContinuation<R, any Error>?, deadline: UInt64?)? = state.withLock {
                state in
                if state.isOver { return nil }
                state.isOver = true
                defer { state.continuation = nil }
                return (state.continuation, state.deadline)
            }
            guard let ended else { return }
            if let deadline = ended.deadline { Deadlines.cancel(deadline) }
            tell()
            ended.continuation?.resume(with: result)
        }
    }

    /// Jobs one after the other, on whatever thread is free.
    private final class SerialLane: Sendable {
        private struct State {
            var waiting: [@Sendable () -> Void] = []
            var isBusy = false
        }
        private let state = Mutex(State())

        func run(_ job: @escaping @Sendable () -> Void) {
            let isFirst = state.withLock { state in
                if state.isBusy {
                    state.waiting.append(job)
                    return false
                }
                state.isBusy = true
                return true
            }
            if isFirst { WorkerThreads.run { self.serve(job) } }
        }

        private func serve(_ first: @Sendable () -> Void) {
            first()
            while let next = next() { next() }
        }

        private func next() -> (@Sendable () -> Void)? {
            state.withLock { state in
                if state.waiting.isEmpty {
                    state.isBusy = false
                    return nil
                }
                return state.waiting.removeFirst()
            }
        }
    }
}

extension Duration {
    /// The duration as the end of "There was no answer…".
    public var asTimeLimit: String {
        self > .zero ? "within \(self)" : "in time: no time was left when the call began"
    }

    /// The duration in nanoseconds, not below zero and not above what an `Int` holds.
    public var clampedNanoseconds: Int {
        let (seconds, attoseconds) = components
        if seconds < 0 || attoseconds < 0 { return 0 }
        let (whole, overflow) = Int(seconds).multipliedReportingOverflow(by: 1_000_000_000)
        let (sum, sumOverflow) = whole.addingReportingOverflow(Int(attoseconds / 1_000_000_000))
        return overflow || sumOverflow ? Int.max : sum
    }
}
