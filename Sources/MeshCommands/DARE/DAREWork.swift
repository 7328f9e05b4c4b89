import MeshPlatforms
import Synchronization

/// Work on files that may take long: on a thread of its own, told when the person gives up, with its progress on a terminal.
struct DAREWork {
    /// Runs `body`, which blocks.
    ///
    /// - Parameters:
    ///   - doing: what is done, for the line of progress: "verifying".
    ///   - total: how much there is to do, if that is known, in what ``Progress/advance(to:)`` counts.
    /// - Throws: `CancellationError` as soon as the person gives up; `body` ends at its next ``Progress/advance(to:)``.
    static func run<R: Sendable>(
        _ doing: String, total: Int? = nil, _ body: @escaping @Sendable (Progress) throws -> R
    ) async throws -> R {
        let environment = try CommandEnvironment.required
        let progress = Progress(doing, total: total, on: environment.console)
        defer { progress.clear() }
        return try await environment.interruption.cancelling {
            // No work has a time limit but the person's patience.
            try await BlockingCalls(store: "dare").run(deadline: .seconds(1 << 30), onAbandon: { progress.stop() }) {
                try body(progress)
            }
        }
    }
}

/// How far some work is.
final class Progress: Sendable {
    private struct State {
        var isStopped = false
        var shown = ContinuousClock.now
        var width = 0
    }
    private let state = Mutex(State())
    private let doing: String
    private let total: Int?
    private let console: any Console
    /// The first line comes when it is clear that this takes a while, the next ones so often.
    private static let interval = Duration.milliseconds(250)

    init(_ doing: String, total: Int?, on console: any Console) {
        self.doing = doing
        self.total = total
        self.console = console
    }

    /// Notes that the person gave up.
    func stop() { state.withLock { $0.isStopped = true } }

    /// Whether the person gave up.
    var isStopped: Bool { state.withLock { $0.isStopped } }

    /// Notes how much is done.
    ///
    /// - Throws: `CancellationError` if the person gave up.
    func advance(to done: Int) throws(CancellationError) {
        if isStopped { throw CancellationError() }
        guard isDue() else { return }
        let share = total.map { $0 > 0 ? " (\(min(100, done / max(1, $0 / 100))) %)" : "" } ?? ""
        show("\(doing): \(Self.amount(done))\(share)")
    }

    /// Says in words how far it is, if it is time to.
    func tell(_ words: @autoclosure () -> String) {
        if isDue() { show(words()) }
    }

    /// Whether it is time to say something again.
    private func isDue() -> Bool {
        let now = ContinuousClock.now
        return state.withLock { state in
            let isDue = console.showsProgress && now - state.shown >= Self.interval
            if isDue { state.shown = now }
            return isDue
        }
    }

    /// Takes the line of progress away.
    func clear() {
        let width = state.withLock { state in
            defer { state.width = 0 }
            return state.width
        }
        if width > 0 { writeError("\r\(String(repeating: " ", count: width))\r") }
    }

    private func show(_ line: String) {
        let blanks = state.withLock { state in
            defer { state.width = line.count }
            return max(0, state.width - line.count)
        }
        writeError("\r\(line)\(String(repeating: " ", count: blanks))")
    }

    private func writeError(_ text: String) {
        Array(text.utf8).withUnsafeBytes { console.writeError($0) }
    }

    private static func amount(_ octets: Int) -> String {
        octets < 10 << 20 ? "\(octets >> 10) KiB" : "\(octets >> 20) MiB"
    }
}
