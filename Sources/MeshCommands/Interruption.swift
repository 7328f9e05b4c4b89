import Synchronization

/// Ctrl-C, for work that has to put things in order before the program ends.
///
/// The program hands its signals to ``interrupt()``. While nothing is registered, a signal does what it always does.
public final class Interruption: Sendable {
    private struct State {
        var handlers: [Int: @Sendable () -> Void] = [:]
        var next = 0
        var wasInterrupted = false
    }
    private let state = Mutex(State())

    /// Nothing is registered yet.
    public init() {}

    /// Tells the work that is registered to end.
    ///
    /// - Returns: false if there is none, or if it was told before: the program is to end at once then.
    public func interrupt() -> Bool {
        let handlers = state.withLock { state in
            if state.wasInterrupted { return [@Sendable () -> Void]() }
            state.wasInterrupted = !state.handlers.isEmpty
            return Array(state.handlers.values)
        }
        for handler in handlers { handler() }
        return !handlers.isEmpty
    }

    /// Runs `body`, in a task that is cancelled by an interruption.
    func cancelling<R: Sendable>(_ body: @escaping @Sendable () async throws -> R) async throws -> R {
        let task = Task { try await body() }
        let number = state.withLock { state in
            state.next += 1
            state.handlers[state.next] = { task.cancel() }
            return state.next
        }
        defer { state.withLock { $0.handlers[number] = nil } }
        return try await withTaskCancellationHandler {
            try await task.value
        } onCancel: {
            task.cancel()
        }
    }
}
