import MeshPlatforms
import Synchronization

/// How far an export or an import is.
public struct TransferProgress: Sendable {
    /// What is worked on: the name of a store, or `profile`.
    public let part: String
    /// How many octets of it are done.
    public let done: Int
    /// Of how many.
    public let total: Int
    /// Whether it is looked at only, and nothing is written yet.
    public let isVerifying: Bool
}

/// Work on files that is told when its task is cancelled: it ends at its next step.
final class TransferWork: Sendable {
    private let isCancelled = Mutex(false)
    private let progress: @Sendable (TransferProgress) -> Void
    /// No work has a time limit but the patience of who waits.
    private static let deadline = Duration.seconds(1 << 30)

    init(_ progress: @escaping @Sendable (TransferProgress) -> Void) { self.progress = progress }

    /// Whether the task was cancelled.
    var isOver: Bool { isCancelled.withLock { $0 } }

    /// Runs `body`, which blocks, for the store of that name.
    func run<R: Sendable>(_ store: String, _ body: @escaping @Sendable () throws -> R) async throws -> R {
        try await BlockingCalls(store: store).run(
            deadline: Self.deadline, onAbandon: { self.isCancelled.withLock { $0 = true } }, body)
    }

    /// Notes how far it is.
    ///
    /// - Throws: `CancellationError` if the task was cancelled.
    func advance(_ part: String, _ done: Int, of total: Int, isVerifying: Bool = false) throws {
        if isOver { throw CancellationError() }
        progress(TransferProgress(part: part, done: done, total: total, isVerifying: isVerifying))
    }
}
