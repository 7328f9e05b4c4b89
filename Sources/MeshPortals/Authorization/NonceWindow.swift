import MeshCore
import Synchronization

/// The memory of a service for the nonces of requests, so that each is done once. One belongs to one life of the service.
///
/// A nonce is remembered for as long as the time beside it would be accepted, and never forgotten before. Neither a clock that
/// is set back nor one that is set forward lets a request in again: what is as old as anything that was forgotten is refused.
public final class NonceWindow: Sendable {
    /// The life of the service.
    public let epoch: String
    /// How far the time of a request may be from the service's, in seconds.
    public let tolerance: Int
    /// The most nonces that are remembered.
    public let capacity: Int
    /// The most that are remembered of one key, so that no one key fills the window.
    public let perKey: Int

    private let state = Mutex(State())

    private struct Entry: Hashable {
        let kid: UDF
        let nonce: [UInt8]
    }

    private struct State {
        var seen: Set<Entry> = []
        /// By the times of the requests, of which there are no more than the window has seconds.
        var times: [Int64: [Entry]] = [:]
        var counts: [UDF: Int] = [:]
        /// The latest time of a request of which the nonce was forgotten.
        var forgotten = Int64.min
        var pruned: Int64?
    }

    /// A window that remembers nothing yet.
    public init(epoch: String, tolerance: Int = 120, capacity: Int = 1 << 18, perKey: Int = 1 << 14) {
        self.epoch = epoch
        self.tolerance = min(max(tolerance, 0), 86_400)
        self.capacity = max(capacity, 1)
        self.perKey = max(perKey, 1)
    }

    /// How many nonces are remembered.
    public var count: Int { state.withLock { $0.seen.count } }

    /// Remembers `nonce`, which was not seen before.
    func accept(_ nonce: [UInt8], by kid: UDF, at time: Timestamp, now: Timestamp) throws(PortalError) {
        let (time, now) = (time.secondsSince1970, now.secondsSince1970)
        let entry = Entry(kid: kid, nonce: nonce)
        try state.withLock { (state) throws(PortalError) in
            prune(&state, now)
            guard !state.seen.contains(entry) else {
                throw PortalError(.unauthorized, "The request was received before.")
            }
            guard abs(time - now) <= Int64(tolerance), time > state.forgotten else {
                throw PortalError(
                    .wrongClock, "The time of the request is too far off.", remedy: "Set the clock of this computer.")
            }
            guard state.seen.count < capacity, state.counts[kid, default: 0] < perKey else {
                throw PortalError(.overloaded, "There are too many requests.", remedy: "Try again in some minutes.")
            }
            state.seen.insert(entry)
            state.times[time, default: []].append(entry)
            state.counts[kid, default: 0] += 1
        }
    }

    /// Forgets what is too old to be accepted.
    private func prune(_ state: inout State, _ now: Int64) {
        guard state.pruned != now else { return }
        state.pruned = now
        for time in state.times.keys where time + Int64(tolerance) < now {
            for entry in state.times.removeValue(forKey: time) ?? [] {
                state.seen.remove(entry)
                let count = state.counts[entry.kid, default: 1] - 1
                state.counts[entry.kid] = count > 0 ? count : nil
            }
            state.forgotten = max(state.forgotten, time)
        }
    }
}
