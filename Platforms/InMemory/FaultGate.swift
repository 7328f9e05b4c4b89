import Synchronization

/// Holds calls back until a test lets them go, so that a slow store needs no waiting time in the test.
public final class FaultGate: Sendable {
    private struct State {
        var isOpen = false
        var arrivals = 0
        var nextTicket = 0
        var held: [Int: CheckedContinuation<Void, any Error>] = [:]
        var watchers: [(arrivals: Int, continuation: CheckedContinuation<Void, Never>)] = []
    }
    private let state = Mutex(State())

    /// A gate that is closed.
    public init() {}

    /// Lets every held call go, and every later one pass.
    public func open() {
        let held = state.withLock { state in
            state.isOpen = true
            defer { state.held = [:] }
            return state.held.values.map { $0 }
        }
        for continuation in held { continuation.resume() }
    }

    /// How many calls have come to the gate so far.
    public var arrivals: Int { state.withLock { $0.arrivals } }

    /// Returns when `count` calls have come to the gate.
    public func waitForArrivals(_ count: Int = 1) async {
        await withCheckedContinuation { continuation in
            let isEnough = state.withLock { state in
                if state.arrivals >= count { return true }
                state.watchers.append((count, continuation))
                return false
            }
            if isEnough { continuation.resume() }
        }
    }

    /// Returns when the gate is open.
    ///
    /// - Throws: `CancellationError` when the task is cancelled before.
    func pass() async throws {
        let ticket = state.withLock { state in
            state.arrivals += 1
            state.nextTicket += 1
            let reached = state.watchers.filter { $0.arrivals <= state.arrivals }
            state.watchers.removeAll { $0.arrivals <= state.arrivals }
            for watcher in reached { watcher.continuation.resume() }
            return state.nextTicket
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                // A cancellation that came before finds no one to wake: hence the look at the task here, under the
                // same lock that the handler takes.
                let answer: Result<Void, any Error>? = state.withLock { state in
                    if state.isOpen { return .success(()) }
                    if Task.isCancelled { return .failure(CancellationError()) }
                    state.held[ticket] = continuation
                    return nil
                }
                if let answer { continuation.resume(with: answer) }
            }
        } onCancel: {
            state.withLock { $0.held.removeValue(forKey: ticket) }?.resume(throwing: CancellationError())
        }
    }
}
