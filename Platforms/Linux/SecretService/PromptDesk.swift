#if SecretService
    import Dispatch
    import MeshPlatforms
    import Synchronization

    /// Sees to it that this process shows one prompt at a time for a collection: who comes while it is open waits for the
    /// same answer.
    final class PromptDesk: Sendable {
        /// The desk of this process.
        static let shared = PromptDesk()

        private typealias Answer = Result<Void, any Error>

        private let waiting = Mutex<[String: [AsyncStream<Answer>.Continuation]]>([:])

        /// Waits for the answer to the prompt for `subject`, which `show` shows and waits for, blocking a thread of its
        /// own; it is called only if no prompt for the subject is open.
        ///
        /// When the deadline passes or the task is cancelled, the caller goes and the prompt stays, so that the person
        /// may still answer it.
        ///
        /// - Throws: what `show` throws; ``PlatformError`` `timedOut`; `CancellationError`.
        func wait(for subject: String, deadline: Duration, _ show: @escaping @Sendable () throws -> Void) async throws {
            let (stream, continuation) = AsyncStream.makeStream(of: Answer.self)
            let isFirst = waiting.withLock { waiting in
                waiting[subject, default: []].append(continuation)
                return waiting[subject]?.count == 1
            }
            if isFirst {
                DispatchQueue(label: "mesh.prompt").async {
                    let answer = Answer { try show() }
                    for waiter in self.waiting.withLock({ $0.removeValue(forKey: subject) }) ?? [] {
                        waiter.yield(answer)
                        waiter.finish()
                    }
                }
            }
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    for await answer in stream { return try answer.get() }
                    throw CancellationError()
                }
                group.addTask {
                    try await Task.sleep(for: max(deadline, .zero))
                    throw PlatformError(
                        .timedOut, store: SecretServiceKeyStore.name,
                        "The prompt to unlock the keyring was not answered within the deadline.",
                        remedy: "Answer the prompt, or unlock the keyring in the keyring manager.")
                }
                defer { group.cancelAll() }
                try await group.next()
            }
        }
    }
#endif
