import MeshCore
import MeshPlatforms
import Synchronization

/// A fault that a test asks a store for.
public enum ScriptedFault: Sendable {
    /// The call throws `locked`.
    case locked
    /// The call throws `promptDismissed`.
    case dismissed
    /// The call throws `promptImpossible`.
    case promptImpossible
    /// The call has no effect and no answer: it throws `timedOut` at its deadline, or ends when it is cancelled.
    case mute
    /// The call takes effect and its answer is lost: it throws `timedOut` at its deadline.
    case answerLost
    /// The call waits for the gate, then goes on; `timedOut` without effect if its deadline comes first.
    case slow(FaultGate)
    /// The provider is gone: the call throws `noService`.
    case absent
    /// The call throws `corrupt`.
    case corrupt
    /// The call throws `noSpace`.
    case full
    /// The call throws `changedUnderneath`.
    case changedUnderneath
    /// The call throws this error.
    case failure(PlatformError)

    /// The error that the fault makes a call of `store` throw at once; nil for faults that are a matter of time.
    func error(store: String) -> PlatformError? {
        switch self {
        case .locked: PlatformError(.locked, store: store, "The store is locked.", remedy: "Unlock it.")
        case .dismissed: PlatformError(.promptDismissed, store: store, "The prompt was closed without an answer.")
        case .promptImpossible:
            PlatformError(.promptImpossible, store: store, "A prompt is needed and there is nowhere to show it.")
        case .absent: PlatformError(.noService, store: store, "Nothing provides the service.")
        case .corrupt: PlatformError(.corrupt, store: store, "What is stored is damaged.")
        case .full: PlatformError(.noSpace, store: store, "No space is left.")
        case .changedUnderneath:
            PlatformError(.changedUnderneath, store: store, "Someone else changed it since it was read.")
        case .failure(let error): error
        case .mute, .answerLost, .slow: nil
        }
    }
}

/// The calls that a fault strikes.
public struct FaultScope: Hashable, Sendable {
    /// A part of a machine.
    public enum Part: Hashable, Sendable {
        /// The key store.
        case keys
        /// The registry.
        case registry
        /// The profile store.
        case profiles
    }

    /// A kind of call. Every call of the three parts is of one of these kinds.
    public enum Operation: Hashable, Sendable {
        /// Store a key, change the registry, accept or restore a profile.
        case store
        /// Read keys, the registry, a profile or its archive.
        case read
        /// Remove or erase.
        case remove
        /// List keys or profiles.
        case list
        /// Unlock the key store.
        case unlock
        /// Lock the key store.
        case lock
    }

    /// The part that is struck; nil for every part.
    public var part: Part?
    /// The kind of call that is struck; nil for every kind.
    public var operation: Operation?

    /// The calls of kind `operation` of `part`; all where nothing is given.
    public init(_ part: Part? = nil, _ operation: Operation? = nil) {
        self.part = part
        self.operation = operation
    }

    func contains(_ part: Part, _ operation: Operation) -> Bool {
        (self.part == nil || self.part == part) && (self.operation == nil || self.operation == operation)
    }
}

/// The faults that the stores of one machine will show, in the order a test wrote them down.
///
/// A call is struck by the first fault in the script whose scope it is in. Faults for a number of calls are used up;
/// standing ones stay until ``clear()``.
public final class FaultScript: Sendable {
    private struct Entry {
        var fault: ScriptedFault
        var scope: FaultScope
        var remaining: Int?
    }
    private let entries = Mutex<[Entry]>([])
    private let wait: @Sendable (Duration) async throws -> Void

    /// An empty script.
    ///
    /// - Parameter wait: how a mute call waits for its deadline: by the system's clock if not given. A test that wants
    ///   no waiting time gives one that returns at once. It must throw when its task is cancelled.
    public init(wait: @escaping @Sendable (Duration) async throws -> Void = { try await Task.sleep(for: $0) }) {
        self.wait = wait
    }

    /// Strikes the next call in `scope`, or the next `times` calls.
    public func next(_ fault: ScriptedFault, times: Int = 1, on scope: FaultScope = FaultScope()) {
        guard times > 0 else { return }
        entries.withLock { $0.append(Entry(fault: fault, scope: scope, remaining: times)) }
    }

    /// Strikes every call in `scope` until ``clear()``.
    public func always(_ fault: ScriptedFault, on scope: FaultScope = FaultScope()) {
        entries.withLock { $0.append(Entry(fault: fault, scope: scope, remaining: nil)) }
    }

    /// Forgets all faults. Calls that are held already stay held.
    public func clear() { entries.withLock { $0 = [] } }

    /// Whether faults for a number of calls are left that no call has met yet. A test that expects all its faults to
    /// have struck checks this at its end.
    public var hasUnusedFaults: Bool { entries.withLock { $0.contains { $0.remaining != nil } } }

    private func take(_ part: FaultScope.Part, _ operation: FaultScope.Operation, peeking: Bool) -> ScriptedFault? {
        entries.withLock { entries in
            guard let index = entries.firstIndex(where: { $0.scope.contains(part, operation) }) else { return nil }
            let fault = entries[index].fault
            if !peeking, let remaining = entries[index].remaining {
                if remaining == 1 { entries.remove(at: index) } else { entries[index].remaining = remaining - 1 }
            }
            return fault
        }
    }

    /// A call that got past the script: its rest of time, and whether its answer gets lost.
    struct Passage {
        let options: CallOptions
        private let losesAnswer: Bool
        private let script: FaultScript
        private let store: String

        init(options: CallOptions, losesAnswer: Bool, script: FaultScript, store: String) {
            self.options = options
            self.losesAnswer = losesAnswer
            self.script = script
            self.store = store
        }

        /// To be called when the call has taken effect.
        func leave() async throws {
            if losesAnswer { try await script.timeOut(options, store: store) }
        }
    }

    /// To be called before a call takes effect.
    ///
    /// - Throws: the error of the fault that strikes, `CancellationError`.
    func enter(
        _ part: FaultScope.Part, _ operation: FaultScope.Operation, _ options: CallOptions, store: String,
        peeking: Bool = false
    ) async throws -> Passage {
        try Task.checkCancellation()
        guard let fault = take(part, operation, peeking: peeking) else {
            return Passage(options: options, losesAnswer: false, script: self, store: store)
        }
        if let error = fault.error(store: store) { throw error }
        switch fault {
        case .slow(let gate):
            let rest = try await pass(gate, options, store: store)
            return Passage(options: rest, losesAnswer: false, script: self, store: store)
        case .answerLost:
            return Passage(options: options, losesAnswer: true, script: self, store: store)
        default:
            try await timeOut(options, store: store)
            return Passage(options: options, losesAnswer: false, script: self, store: store)
        }
    }

    private func pass(_ gate: FaultGate, _ options: CallOptions, store: String) async throws -> CallOptions {
        let clock = ContinuousClock()
        let start = clock.now
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await gate.pass() }
            group.addTask { try await self.timeOut(options, store: store) }
            defer { group.cancelAll() }
            try await group.next()
        }
        return CallOptions(deadline: options.deadline - (clock.now - start))
    }

    /// Waits for the deadline and throws; never returns normally.
    private func timeOut(_ options: CallOptions, store: String) async throws {
        // A year is as good as for ever, and keeps the sum of clock and duration in range.
        try await wait(min(max(options.deadline, .zero), .seconds(365 * 86_400)))
        throw PlatformError(.timedOut, store: store, "There was no answer \(options.deadline.asTimeLimit).")
    }
}
