import MeshPlatforms
import Synchronization

/// One unlocking that is under way, and all who wait for it.
///
/// Everybody waits until a deadline of their own. When the last one has gone, the work is cancelled.
final class UnlockFlight: Sendable {
    private struct State {
        var waiters: [Int: CheckedContinuation<Void, any Error>] = [:]
        /// Who was to leave before they had begun to wait, and why.
        var early: [Int: any Error] = [:]
        var next = 0
        var result: Result<Void, any Error>?
        var work: Task<Void, Never>?
    }
    private let state = Mutex(State())
    private let store: String
    private let onAbandon: @Sendable (UnlockFlight) -> Void

    /// - Parameter onAbandon: called when nobody waits any more and there is no result.
    init(store: String, onAbandon: @escaping @Sendable (UnlockFlight) -> Void) {
        self.store = store
        self.onAbandon = onAbandon
    }

    /// Says which task does the work.
    func started(_ work: Task<Void, Never>) {
        state.withLock { $0.work = work }
    }

    /// Ends the waiting of all, now and later.
    func finish(_ result: Result<Void, any Error>) {
        let waiters = state.withLock { state in
            if state.result == nil { state.result = result }
            defer { state.waiters = [:] }
            return state.waiters.values
        }
        for waiter in waiters { waiter.resume(with: result) }
    }

    /// Ends the waiting of all by `error`, and cancels the work.
    func end(by error: any Error) {
        finish(.failure(error))
        state.withLock { $0.work }?.cancel()
    }

    /// The flight was given up by all who waited before; start another.
    struct Abandoned: Error {}

    /// Waits for the result, at most `deadline`.
    ///
    /// - Throws: what the work throws; ``PlatformError`` `timedOut`; `CancellationError`; ``Abandoned``.
    func wait(_ deadline: Duration) async throws {
        let number = state.withLock { state in
            defer { state.next += 1 }
            return state.next
        }
        // A year is as good as for ever, and no clock overflows.
        let limit = min(max(deadline, .zero), .seconds(31_536_000))
        let timer = Task {
            do { try await Task.sleep(for: limit) } catch { return }
            self.leave(
                number,
                PlatformError(
                    .timedOut, store: self.store, "The key store was not unlocked within \(deadline).",
                    remedy: "Try again with more time."))
        }
        defer { timer.cancel() }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let (known, early): (Result<Void, any Error>?, (any Error)?) = state.withLock { state in
                    if let result = state.result { return (result, nil) }
                    state.waiters[number] = continuation
                    return (nil, state.early.removeValue(forKey: number))
                }
                if let known { continuation.resume(with: known) }
                if let early { leave(number, early) }
            }
        } onCancel: {
            self.leave(number, CancellationError())
        }
    }

    private func leave(_ number: Int, _ error: any Error) {
        let (waiter, work): (CheckedContinuation<Void, any Error>?, Task<Void, Never>?) = state.withLock { state in
            guard state.result == nil else { return (nil, nil) }
            let waiter = state.waiters.removeValue(forKey: number)
            if waiter == nil { state.early[number] = error }
            guard waiter != nil, state.waiters.isEmpty else { return (waiter, nil) }
            state.result = .failure(Abandoned())
            return (waiter, state.work)
        }
        if let work {
            work.cancel()
            onAbandon(self)
        }
        waiter?.resume(throwing: error)
    }
}
