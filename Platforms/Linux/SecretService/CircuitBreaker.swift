#if SecretService
    import Synchronization

    /// Lets a store that did not answer rest: calls during the rest are refused at once instead of waiting again.
    final class CircuitBreaker: Sendable {
        /// What a call may do.
        enum Admission {
            /// Go on.
            case open
            /// First find out, by something short, whether the store answers again.
            case probe
            /// Be refused: the store rests.
            case refused
        }

        private let rest: Duration
        private let now: @Sendable () -> ContinuousClock.Instant
        private let restsUntil = Mutex<ContinuousClock.Instant?>(nil)

        /// A breaker that rests for `rest` by the clock `now`.
        init(rest: Duration, now: @escaping @Sendable () -> ContinuousClock.Instant) {
            self.rest = rest
            self.now = now
        }

        /// What a call that begins now may do.
        func admit() -> Admission {
            restsUntil.withLock { until in
                guard let until else { return .open }
                return now() < until ? .refused : .probe
            }
        }

        /// The store did not answer: it rests from now on.
        func trip() { restsUntil.withLock { $0 = now() + rest } }

        /// The store has answered.
        func reset() { restsUntil.withLock { $0 = nil } }
    }
#endif
