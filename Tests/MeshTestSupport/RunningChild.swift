import Glibc
import MeshCore
import MeshPlatforms
import Synchronization

/// A process that runs beside a test, and what it says. It is killed with the value.
public final class RunningChild {
    private let id: pid_t
    /// Where its standard output and error output arrive.
    private let output: Int32
    private var hasEnded = false

    /// Starts the program `arguments[0]`.
    public init(_ arguments: [String]) throws {
        (id, output) = try Self.starting.withLock { _ in try Self.start(arguments) }
    }

    /// One at a time, so that no other child gets the ends of the pipe.
    private static let starting = Mutex(())

    private static func start(_ arguments: [String]) throws -> (pid_t, output: Int32) {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw failure(arguments, errno) }
        defer { close(ends[1]) }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, ends[1], 1)
        posix_spawn_file_actions_adddup2(&actions, ends[1], 2)
        var words: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
        defer { for word in words { free(word) } }
        var id: pid_t = 0
        let failure = posix_spawn(&id, arguments[0], &actions, nil, &words, environ)
        guard failure == 0 else {
            close(ends[0])
            throw Self.failure(arguments, failure)
        }
        return (id, ends[0])
    }

    deinit {
        if !hasEnded { kill() }
        close(output)
    }

    /// What it says next; nil when it says no more. Blocks.
    public func read(atMost limit: Int = 4096) throws -> [UInt8]? {
        while true {
            var count = 0
            let octets = [UInt8](unsafeUninitializedCapacity: limit) { buffer, filled in
                count = Glibc.read(output, buffer.baseAddress, limit)
                filled = max(0, count)
            }
            if count > 0 { return octets }
            if count == 0 { return nil }
            guard errno == EINTR else { throw Self.failure(["read"], errno) }
        }
    }

    /// Returns when it has said `count` octets; false if it ends before. Blocks.
    public func hasSaid(_ count: Int) throws -> Bool {
        var missing = count
        while missing > 0 {
            guard let octets = try read(atMost: missing) else { return false }
            missing -= octets.count
        }
        return true
    }

    /// Waits for its end; returns what it has said since. Blocks.
    public func end() throws -> Child.End {
        var output: [UInt8] = []
        while let octets = try read() { output += octets }
        return Child.End(output: output, status: wait())
    }

    /// Sends it a signal.
    public func send(_ signal: Int32) { Glibc.kill(id, signal) }

    /// Stops it, until it is sent `SIGCONT`: it does nothing any more on return.
    public func stop() {
        send(SIGSTOP)
        var status: Int32 = 0
        while waitpid(id, &status, WUNTRACED) < 0, errno == EINTR {}
    }

    /// Kills it, and waits until it has gone.
    public func kill() {
        send(SIGKILL)
        wait()
    }

    /// Waits until it has ended; returns its status. Blocks.
    @discardableResult
    public func wait() -> Int32 {
        var status: Int32 = 0
        while waitpid(id, &status, 0) < 0, errno == EINTR {}
        hasEnded = true
        return status
    }

    private static func failure(_ arguments: [String], _ number: Int32) -> PlatformError {
        PlatformError(
            .unavailable, store: "child", "A test cannot run \(arguments.first ?? "a program"): error \(number).",
            remedy: "Build the whole package, then run the tests again.")
    }
}
