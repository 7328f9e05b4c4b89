#if OpenPGP
    import CRNP
    import Glibc
    import Synchronization

    /// The one thread of the process that uses librnp.
    ///
    /// The library is not made to be used from several, keeps a descriptor open for its randomness, and writes on standard error what it
    /// thinks of keys. On a thread that has a table of descriptors of its own all that touches nobody (`mesh_rnp_quiet_thread`).
    final class RNPThread: @unchecked Sendable {
        // Sendable proof: the semaphores are made for threads, and their addresses never change. `job` is set by the one caller that
        // holds `callers`, before it posts `wanted`, read by the thread between `wanted` and `done`, and cleared after `done`.
        static let shared = RNPThread()

        private let callers = Mutex(())
        private let wanted = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)
        private let done = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)
        private var job: (() -> Void)?

        private init() {
            sem_init(wanted, 0, 0)
            sem_init(done, 0, 0)
            // No signal is handled there: a handler would find none of the program's descriptors.
            var all = sigset_t()
            var before = sigset_t()
            sigfillset(&all)
            pthread_sigmask(SIG_SETMASK, &all, &before)
            var thread = pthread_t()
            let failed = pthread_create(
                &thread, nil,
                { argument in
                    // Proof: what `pthread_create` hands over is what it was given, an object that is never released.
                    Unmanaged<RNPThread>.fromOpaque(argument!).takeUnretainedValue().work()
                }, Unmanaged.passRetained(self).toOpaque())
            // As for memory: without threads there is nothing to go on with.
            precondition(failed == 0, "the system gives no thread (errno \(failed))")
            pthread_detach(thread)
            pthread_sigmask(SIG_SETMASK, &before, nil)
        }

        /// Runs `body` there and waits for its end. Never from within `body` of another call.
        func run<R>(_ body: () throws -> R) throws -> R {
            var result: Result<R, any Error>?
            callers.withLock { _ in
                withoutActuallyEscaping({ result = Result(catching: body) }) { work in
                    job = work
                    sem_post(wanted)
                    Self.wait(done)
                    job = nil
                }
            }
            guard let result else {
                throw MailKeyError(.libraryFailed, "The thread of the OpenPGP library did nothing.")
            }
            return try result.get()
        }

        private func work() -> Never {
            mesh_rnp_quiet_thread()
            while true {
                Self.wait(wanted)
                job?()
                sem_post(done)
            }
        }

        private static func wait(_ semaphore: UnsafeMutablePointer<sem_t>) {
            while sem_wait(semaphore) != 0 {}
        }
    }
#endif
