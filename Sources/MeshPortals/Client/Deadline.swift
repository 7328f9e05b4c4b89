import Synchronization

/// Runs `operation`, for at most `deadline`. What does not end by then is cancelled and not waited for.
///
/// - Throws: what `operation` throws; ``PortalError`` `timedOut`; `CancellationError` as soon as the task is cancelled.
func withDeadline<T: Sendable>(
    _ deadline: Duration, _ sleeper: any PortalSleeper, _ operation: @escaping @Sendable () async throws -> T
) async throws -> T {
    let outcome = FirstOutcome<T>()
    let work = Task {
        do {
            outcome.settle(.success(try await operation()))
        } catch {
            outcome.settle(.failure(error))
        }
    }
    let timer = Task {
        do {
            try await sleeper.sleep(for: deadline)
        } catch {
            return
        }
        outcome.settle(
            .failure(
                PortalError(
                    .timedOut, "The portal did not answer in time. What was asked may have been done.",
                    remedy: "Look whether it was done, and try again.")))
    }
    defer {
        work.cancel()
        timer.cancel()
    }
    return try await withTaskCancellationHandler {
        try await withCheckedThrowingContinuation { outcome.wait($0) }
    } onCancel: {
        outcome.settle(.failure(CancellationError()))
    }
}

/// The first of several outcomes.
private final class FirstOutcome<T: Sendable>: Sendable {
    private enum State {
        case open(CheckedContinuation<T, any Error>?)
        case settled(Result<T, any Error>)
    }
    private let state = Mutex(State.open(nil))

    func settle(_ result: Result<T, any Error>) {
        let waiting: CheckedContinuation<T, any Error>? = state.withLock { state in
            guard case .open(let waiting) = state else { return nil }
            state = .settled(result)
            return waiting
        }
        waiting?.resume(with: result)
    }

    func wait(_ continuation: CheckedContinuation<T, any Error>) {
        let result: Result<T, any Error>? = state.withLock { state in
            if case .settled(let result) = state { return result }
            state = .open(continuation)
            return nil
        }
        if let result { continuation.resume(with: result) }
    }
}
