import Dispatch
import MeshCore
import MeshPlatforms
import Synchronization

/// Lets one task of this process in at a time, in the order they came, without holding a thread while they wait.
///
/// In front of a ``FileLock`` that is held across a suspension: the tasks that wait for the lock would else take all
/// threads there are for blocking calls, and leave none to the one that holds it.
public final class AsyncGate: Sendable {
    private typealias Continuation = CheckedContinuation<Void, any Error>
    private struct State {
        var isTaken = false
        var lastTicket: UInt64 = 0
        var waiting: [(ticket: UInt64, continuation: Continuation)] = []
        /// Tickets of tasks that were cancelled before they came to wait.
        var cancelled: Set<UInt64> = []
    }
    private enum Outcome {
        case enter, wait, fail(any Error)
    }

    private let name: String
    private let state = Mutex(State())

    /// A gate that errors call `name`.
    public init(_ name: String) { self.name = name }

    /// Waits until it is this task's turn. Each that entered leaves with ``leave()``.
    ///
    /// - Throws: ``PlatformError`` `timedOut` after `deadline`; `CancellationError`. The task has not entered then.
    public func enter(until deadline: ContinuousClock.Instant) async throws {
        let ticket = state.withLock { state in
            state.lastTicket += 1
            return state.lastTicket
        }
        let timer = DispatchWorkItem { [name] in
            self.fail(
                ticket,
                PlatformError(
                    .timedOut, store: name, "Another task of this process held it until the deadline.",
                    remedy: "Try again."))
        }
        defer { timer.cancel() }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (continuation: Continuation) in
                let outcome: Outcome = state.withLock { state in
                    if state.cancelled.remove(ticket) != nil { return .fail(CancellationError()) }
                    if !state.isTaken {
                        state.isTaken = true
                        return .enter
                    }
                    state.waiting.append((ticket, continuation))
                    return .wait
                }
                switch outcome {
                case .enter: continuation.resume()
                case .fail(let error): continuation.resume(throwing: error)
                case .wait:
                    let left = ContinuousClock.now.duration(to: deadline).clampedNanoseconds
                    DispatchQueue.global(qos: .userInitiated).asyncAfter(
                        deadline: .now() + .nanoseconds(left), execute: timer)
                }
            }
        } onCancel: {
            self.fail(ticket, CancellationError())
        }
        _ = state.withLock { $0.cancelled.remove(ticket) }
    }

    /// Lets the next one in.
    public func leave() {
        let next: Continuation? = state.withLock { state in
            if state.waiting.isEmpty {
                state.isTaken = false
                return nil
            }
            return state.waiting.removeFirst().continuation
        }
        next?.resume()
    }

    private func fail(_ ticket: UInt64, _ error: any Error) {
        let continuation: Continuation? = state.withLock { state in
            if let place = state.waiting.firstIndex(where: { $0.ticket == ticket }) {
                return state.waiting.remove(at: place).continuation
            }
            if error is CancellationError { state.cancelled.insert(ticket) }
            return nil
        }
        continuation?.resume(throwing: error)
    }
}
