import Glibc
import MeshCore

/// State under a lock, with a condition to wait for. For threads that may block; never waited for from a task.
package final class Monitor<State>: @unchecked Sendable {
    // Sendable proof: `state` is touched between `lock` and `unlock` only, in accesses that end before `wait` is called;
    // mutex and condition stay at one address for as long as the object lives.
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    package var state: State

    package init(_ state: State) {
        self.state = state
        pthread_mutex_init(mutex, nil)
        // Waits are measured on the clock that nobody sets.
        var attributes = pthread_condattr_t()
        pthread_condattr_init(&attributes)
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        pthread_cond_init(condition, &attributes)
        pthread_condattr_destroy(&attributes)
    }

    deinit {
        pthread_cond_destroy(condition)
        pthread_mutex_destroy(mutex)
        condition.deallocate()
        mutex.deallocate()
    }

    package func lock() { pthread_mutex_lock(mutex) }
    package func unlock() { pthread_mutex_unlock(mutex) }
    package func wakeOne() { pthread_cond_signal(condition) }
    package func wakeAll() { pthread_cond_broadcast(condition) }

    /// Gives up the lock until woken, or until `time` on the monotonic clock (nil: for ever); then has it again.
    package func wait(until time: UInt64? = nil) {
        guard let time else {
            pthread_cond_wait(condition, mutex)
            return
        }
        var moment = timespec(tv_sec: Int(time / 1_000_000_000), tv_nsec: Int(time % 1_000_000_000))
        pthread_cond_timedwait(condition, mutex, &moment)
    }
}

/// Nanoseconds on the clock that nobody sets.
private func monotonicNow() -> UInt64 {
    var now = timespec()
    clock_gettime(CLOCK_MONOTONIC, &now)
    return UInt64(now.tv_sec) * 1_000_000_000 + UInt64(now.tv_nsec)
}

/// Starts a thread that nobody waits for. False if the system gives none.
private func startThread(_ body: @escaping @Sendable () -> Void) -> Bool {
    final class Box: Sendable {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }
    let box = Unmanaged.passRetained(Box(body))
    var attributes = pthread_attr_t()
    pthread_attr_init(&attributes)
    pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
    defer { pthread_attr_destroy(&attributes) }
    var thread = pthread_t()
    let result = pthread_create(
        &thread, &attributes,
        { argument in
            // Proof: the argument is the box that was retained for this thread, and is taken here once.
            Unmanaged<Box>.fromOpaque(argument!).takeRetainedValue().body()
            return nil
        }, box.toOpaque())
    if result != 0 { box.release() }
    return result == 0
}

/// Threads for work that blocks. A new one is started whenever none is free, so that calls which hang keep no other call
/// waiting (the threads of Dispatch are few, and grow slowly). Idle threads end after a while.
enum WorkerThreads {
    /// Beyond this many threads work waits for one to be free.
    private static let most = 256
    private static let idleNanoseconds: UInt64 = 10_000_000_000

    private struct State {
        var jobs: [@Sendable () -> Void] = []
        var threads = 0
        var idle = 0
    }

    private static let monitor = Monitor(State())

    /// Runs `job` on some thread.
    static func run(_ job: @escaping @Sendable () -> Void) {
        monitor.lock()
        monitor.state.jobs.append(job)
        let needsThread = monitor.state.idle < monitor.state.jobs.count && monitor.state.threads < most
        if needsThread { monitor.state.threads += 1 }
        monitor.unlock()
        monitor.wakeOne()
        if needsThread, !startThread(serve) {
            // The job waits for a thread that is there.
            monitor.lock()
            monitor.state.threads -= 1
            monitor.unlock()
        }
    }

    @Sendable private static func serve() {
        while let job = nextJob() { job() }
    }

    private static func nextJob() -> (@Sendable () -> Void)? {
        let end = monotonicNow() + idleNanoseconds
        monitor.lock()
        defer { monitor.unlock() }
        while monitor.state.jobs.isEmpty {
            if monotonicNow() >= end {
                monitor.state.threads -= 1
                return nil
            }
            monitor.state.idle += 1
            monitor.wait(until: end)
            monitor.state.idle -= 1
        }
        return monitor.state.jobs.removeFirst()
    }
}

/// The one thread that ends calls at their deadlines. It does nothing else, so no work can keep it from its time.
enum Deadlines {
    private struct Entry {
        let time: UInt64
        let number: UInt64
        let expire: @Sendable () -> Void
    }

    private struct State {
        /// Ordered by time, the last one first to come.
        var entries: [Entry] = []
        var numbers: UInt64 = 0
        var isRunning = false
    }

    private static let monitor = Monitor(State())

    /// Calls `expire` once after `nanoseconds`, unless ``cancel(_:)`` comes first.
    ///
    /// - Returns: what to give to ``cancel(_:)``.
    static func schedule(after nanoseconds: Int, _ expire: @escaping @Sendable () -> Void) -> UInt64 {
        let (sum, overflow) = monotonicNow().addingReportingOverflow(UInt64(max(nanoseconds, 0)))
        let time = overflow ? UInt64.max : sum
        monitor.lock()
        defer { monitor.unlock() }
        monitor.state.numbers += 1
        let number = monitor.state.numbers
        // Most deadlines are equally long, so the place is near the front.
        let place = monitor.state.entries.firstIndex { $0.time <= time } ?? monitor.state.entries.count
        monitor.state.entries.insert(Entry(time: time, number: number, expire: expire), at: place)
        if !monitor.state.isRunning {
            // Without a thread deadlines cannot be kept, and nothing else could be promised either.
            precondition(startThread(serve), "the system gives no thread for deadlines")
            monitor.state.isRunning = true
        }
        if place == monitor.state.entries.count - 1 { monitor.wakeOne() }
        return number
    }

    /// Forgets a deadline. Does nothing if it has passed.
    static func cancel(_ number: UInt64) {
        monitor.lock()
        defer { monitor.unlock() }
        if let place = monitor.state.entries.firstIndex(where: { $0.number == number }) {
            monitor.state.entries.remove(at: place)
        }
    }

    @Sendable private static func serve() {
        while true { nextExpired()() }
    }

    private static func nextExpired() -> @Sendable () -> Void {
        monitor.lock()
        defer { monitor.unlock() }
        while true {
            let next = monitor.state.entries.last?.time
            if let next, next <= monotonicNow() { return monitor.state.entries.removeLast().expire }
            // A deadline hundreds of years away is as good as none.
            monitor.wait(until: next.flatMap { $0 < UInt64(Int64.max) ? $0 : nil })
        }
    }
}

/// Work that uses all cores.
package enum ParallelWork {
    private struct Progress {
        var running = 0
        var isClosed = false
    }

    /// How many cores there are.
    package static var coreCount: Int { max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))) }

    /// Runs `work` on the calling thread, and on `count - 1` others as far as they begin before that one has ended.
    /// Blocks until all have.
    package static func run(_ count: Int, _ work: @escaping @Sendable () -> Void) {
        let monitor = Monitor(Progress())
        for _ in 1..<max(count, 1) {
            WorkerThreads.run {
                monitor.lock()
                let begins = !monitor.state.isClosed
                if begins { monitor.state.running += 1 }
                monitor.unlock()
                guard begins else { return }
                work()
                monitor.lock()
                monitor.state.running -= 1
                monitor.unlock()
                monitor.wakeAll()
            }
        }
        work()
        monitor.lock()
        monitor.state.isClosed = true
        while monitor.state.running > 0 { monitor.wait() }
        monitor.unlock()
    }
}
