import MeshCore
import MeshCryptography
import Synchronization

/// What the copies of a client have learned of a portal, together.
final class PortalContact: Sendable {
    struct Knowledge {
        /// Who the service is, once it has proved it.
        var service: ServiceIdentity?
        /// The life of the service.
        var epoch: String?
        /// How far the service's clock is ahead of ours, in seconds.
        var clockDistance: Int64 = 0
        var limits = PortalLimits()

        /// Whether the clocks are too far apart for a request to be accepted.
        var isClockWrong: Bool { clockDistance.magnitude > UInt64(max(limits.clockTolerance, 1)) }
    }

    private let state = Mutex(Knowledge())

    var knowledge: Knowledge { state.withLock { $0 } }
    func update(_ body: (inout Knowledge) -> Void) { state.withLock { body(&$0) } }
}
