/// How a session waits for something at a portal: how often it asks, for how long.
public struct Polling: Sendable {
    /// The first pause between two questions.
    public var firstPause: Duration
    /// The longest pause: each is half as long again as the one before.
    public var longestPause: Duration
    /// How long in all; nil: until it is there, or the task is cancelled.
    public var timeout: Duration?
    /// How a pause is made: a test makes it without waiting.
    public var pause: @Sendable (Duration) async throws -> Void

    /// Asks after one second, then less and less often, up to every 30 seconds.
    public static let standard = Polling()

    /// Polling of those values.
    public init(
        firstPause: Duration = .seconds(1), longestPause: Duration = .seconds(30), timeout: Duration? = nil,
        pause: @escaping @Sendable (Duration) async throws -> Void = { try await Task.sleep(for: $0) }
    ) {
        self.firstPause = firstPause
        self.longestPause = longestPause
        self.timeout = timeout
        self.pause = pause
    }

    /// Asks again and again until `ask` gives an answer.
    ///
    /// - Returns: the answer; nil when the time was over. The pauses that were made are what counts as time.
    /// - Throws: what `ask` throws; `CancellationError`.
    func until<R>(_ ask: () async throws -> R?) async throws -> R? {
        var spent = Duration.zero
        var next = firstPause
        while true {
            try Task.checkCancellation()
            if let answer = try await ask() { return answer }
            if let timeout {
                guard spent < timeout else { return nil }
                next = min(next, timeout - spent)
            }
            try await pause(next)
            spent += next
            next = min(longestPause, next * 3 / 2)
        }
    }
}
