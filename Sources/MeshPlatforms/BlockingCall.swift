import Dispatch
import MeshCore
import Synchronization

/// Runs calls that block (C libraries, files) on threads of their own, each with a deadline.
///
/// The one place where blocking meets `async`: adapters use it so that no call of theirs holds a thread of Swift's
/// cooperative pool, and none outlasts its deadline.
public struct BlockingCalls: Sendable {
    private let queue: DispatchQueue
    private let store: String

    /// Calls for `store` (the name that errors carry), run one after the other if `serial`, else side by side.
    public init(store: String, serial: Bool = false) {
        self.store = store
        self.queue = DispatchQueue(label: "mesh.\(store)", qos: .userInitiated, attributes: serial ? [] : .concurrent)
    }

    /// Runs `work` off the cooperative pool and returns what it returns.
    ///
    /// When the deadline passes or the task is cancelled first, the call throws at once, and `abandon` is called so
    /// that it can end the work (a `GCancellable`, say); what the work returns later is dropped (and wiped, if it is a
    /// secret).
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
                queue.async {
                    guard !race.isOver else { return }
                    race.finish(Result { try work() })
                }
                let timer = DispatchWorkItem {
                    let error = PlatformError(
                        .timedOut, store: store, "There was no answer within \(deadline).",
                        remedy: "Try again; if it stays so, restart the service that keeps the store.")
                    if race.finish(.failure(error)) { abandon() }
                }
                race.timer = timer
                DispatchQueue.global(qos: .userInitiated).asyncAfter(
                    deadline: .now() + .nanoseconds(deadline.clampedNanoseconds), execute: timer)
            }
        } onCancel: {
            if race.finish(.failure(CancellationError())) { abandon() }
        }
    }

    /// The continuation, resumed by whoever comes first.
    private final class Race<R: Sendable>: Sendable {
        private struct State {
            var continuation: CheckedContinuation<R, any Error>?
            var isOver = false
        }
        private let state = Mutex(State())
        private let timerBox = Mutex<SendableTimer?>(nil)

        // Sendable proof: a work item is only ever cancelled, which Dispatch allows from any thread.
        private struct SendableTimer: @unchecked Sendable {
            let item: DispatchWorkItem
        }

        var isOver: Bool { state.withLock { $0.isOver } }

        var timer: DispatchWorkItem? {
            get { timerBox.withLock { $0?.item } }
            set {
                let item = newValue.map { SendableTimer(item: $0) }
                timerBox.withLock { $0 = item }
                if isOver { item?.item.cancel() }
            }
        }

        func begin(_ continuation: CheckedContinuation<R, any Error>) -> Bool {
            state.withLock { state in
                if state.isOver { return false }
                state.continuation = continuation
                return true
            }
        }

        @discardableResult
        func finish(_ result: Result<R, any Error>) -> Bool {
            let first: (Bool, CheckedContinuation<R, any Error>?) = state.withLock { state in
                if state.isOver { return (false, nil) }
                state.isOver = true
                defer { state.continuation = nil }
                return (true, state.continuation)
            }
            guard first.0 else { return false }
            timer?.cancel()
            first.1?.resume(with: result)
            return true
        }
    }
}

extension Duration {
    /// The duration in nanoseconds, not below zero and not above what an `Int` holds.
    public var clampedNanoseconds: Int {
        let (seconds, attoseconds) = components
        if seconds < 0 { return 0 }
        let (nanoseconds, overflow) = Int(seconds).multipliedReportingOverflow(by: 1_000_000_000)
        return overflow ? Int.max : nanoseconds &+ Int(attoseconds / 1_000_000_000)
    }
}
