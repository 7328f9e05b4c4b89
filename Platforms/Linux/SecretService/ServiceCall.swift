#if SecretService
    import CLibSecret
    import Dispatch
    import MeshPlatforms
    import Synchronization

    /// One call of the store's interface: when it must have ended, and the means to end it early.
    final class ServiceCall: @unchecked Sendable {
        // Sendable proof: a GCancellable may be used and cancelled from any thread; the rest is constant.
        let cancellable: UnsafeMutablePointer<GCancellable>
        private let end: ContinuousClock.Instant

        /// Serial, so that it has a thread of its own even while every other one waits for a service.
        private static let timers = DispatchQueue(label: "mesh.secret-service.deadlines", qos: .userInitiated)

        /// A call that ends `deadline` from now.
        init(deadline: Duration) {
            cancellable = g_cancellable_new()
            end = ContinuousClock.now + min(deadline, .seconds(86_400))
        }

        deinit { g_object_unref(cancellable) }

        /// Has the call cancelled at its deadline: for steps that take no time limit, such as connecting.
        func startTimer() {
            let wait = DispatchTimeInterval.nanoseconds(ContinuousClock.now.duration(to: end).clampedNanoseconds)
            g_object_ref(cancellable)
            let held = Held(cancellable: cancellable)
            Self.timers.asyncAfter(deadline: .now() + wait) { held.cancel() }
        }

        /// A reference to the cancellable for the timer, which may outlive the call.
        private final class Held: @unchecked Sendable {
            // Sendable proof: as above.
            private let cancellable: UnsafeMutablePointer<GCancellable>
            init(cancellable: UnsafeMutablePointer<GCancellable>) { self.cancellable = cancellable }
            func cancel() { g_cancellable_cancel(cancellable) }
            deinit { g_object_unref(cancellable) }
        }

        /// Whether the deadline has passed.
        var isExpired: Bool { ContinuousClock.now >= end }

        /// How long the call may still take.
        var left: Duration { max(.zero, ContinuousClock.now.duration(to: end)) }

        /// Whether the call waits for another program to have written, and not for the service.
        let waitsForTurn = Atomic(false)

        /// Ends every wait of the call on the bus.
        func cancel() { g_cancellable_cancel(cancellable) }

        var isCancelled: Bool { g_cancellable_is_cancelled(cancellable) != 0 }

        /// - Throws: ``PlatformError`` `timedOut` after the deadline, `CancellationError` if the call was ended before.
        func requireWaiting() throws {
            if isExpired {
                throw PlatformError(
                    .timedOut, store: SecretServiceKeyStore.name, "The keyring did not answer in time.",
                    remedy: SecretServiceKeyStore.timeoutRemedy)
            }
            if isCancelled { throw CancellationError() }
        }

        /// What is left, in milliseconds, at least 1. A little more than the caller waits, so that it is the caller's
        /// own deadline that ends the call, and this one only ends a wait that nobody is interested in any more.
        var milliseconds: Int32 {
            let left = max(.zero, ContinuousClock.now.duration(to: end)) + .milliseconds(50)
            let (seconds, attoseconds) = left.components
            return Int32(clamping: seconds * 1000 + attoseconds / 1_000_000_000_000_000)
        }
    }
#endif
