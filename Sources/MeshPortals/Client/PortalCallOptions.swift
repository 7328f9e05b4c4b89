/// How long a call may take, and how often what only reads is tried again.
public struct PortalCallOptions: Hashable, Sendable {
    /// How long a call may take in all, with everything that it tries again.
    public var deadline = Duration.seconds(30)
    /// How often what only reads is tried in all when the portal cannot be reached.
    public var attempts = 3
    /// How long is waited before the second attempt; twice as long before each further one.
    public var firstDelay = Duration.milliseconds(200)
    /// The longest wait between two attempts.
    public var longestDelay = Duration.seconds(5)
    /// The longest answer that is read, in octets.
    public var maximumResponse = PortalWire.maximumResponse

    /// The usual options.
    public init() {}

    /// How long is waited after `attempt` attempts: between half and all of it, as `random` says, so that clients that failed
    /// together do not come back together.
    func delay(after attempt: Int, random: UInt8) -> Duration {
        var delay = firstDelay
        for _ in 1..<max(attempt, 1) where delay < longestDelay { delay = delay * 2 }
        return min(delay, longestDelay) * (256 + Int(random)) / 512
    }
}

/// What waits. Tests give one that does not.
public protocol PortalSleeper: Sendable {
    /// Returns after `duration`.
    ///
    /// - Throws: `CancellationError` when the task is cancelled.
    func sleep(for duration: Duration) async throws
}

/// Waits as the system does.
public struct SystemSleeper: PortalSleeper {
    public init() {}
    public func sleep(for duration: Duration) async throws { try await Task.sleep(for: duration) }
}
