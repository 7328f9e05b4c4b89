import Glibc
import MeshCore
import MeshPlatforms

/// A program that is run for its effect, or for what it says. What it is given goes through pipes, never through arguments, files or
/// the environment. Everything blocks, for as long as ``patience`` says at most.
struct ChildProgram {
    private let arguments: [String]
    /// How long the program may take.
    private let patience: Duration

    /// - Parameter arguments: the path of the program, and its arguments.
    init(_ arguments: [String], patience: Duration = .seconds(5)) {
        self.arguments = arguments
        self.patience = patience
    }

    /// The path of a program, from the folders that `PATH` lists.
    ///
    /// - Parameter path: what `PATH` says; nil: the usual folders.
    static func find(_ program: String, in path: String?) -> String? {
        let folders = (path ?? "/usr/local/bin:/usr/bin:/bin").split(separator: ":")
        // A relative folder is none to take programs from that are given secrets.
        return folders.lazy.filter { $0.hasPrefix("/") }.map { "\($0)/\(program)" }.first(where: isThere)
    }

    private static func isThere(_ path: String) -> Bool {
        var status = stat()
        return access(path, X_OK) == 0 && stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
    }

    /// What came of a program.
    struct End: ~Copyable {
        /// Its exit code; nil if a signal ended it.
        let status: Int32?
        /// What it said on its standard output, as far as was asked for.
        let output: SecretBytes
        /// Whether it wanted to say more. It was ended then.
        let isCut: Bool
        /// What it said on its standard error, as far as was asked for.
        let errors: [UInt8]
    }

    /// Gives the program `input` as its standard input, and waits for its end. What it leaves running in the background stays.
    ///
    /// - Throws: ``PlatformError`` `unavailable`, `timedOut`.
    func take(_ input: SharedSecret) throws(PlatformError) {
        guard try run([0: input]).status == 0 else { throw failed("has failed") }
    }

    /// Runs the program without input, and takes what it says, at most so many octets of it; nil if it fails.
    ///
    /// - Throws: ``PlatformError`` `unavailable`, `timedOut`.
    func give(atMost limit: Int) throws(PlatformError) -> SecretBytes? {
        let end = try run([:], output: limit)
        return end.status == 0 || end.isCut ? end.output.duplicate() : nil
    }

    /// Runs the program, and waits for its end.
    ///
    /// - Parameters:
    ///   - inputs: what it can read, by the numbers of its descriptors: 0, or 3 and above.
    ///   - output: at most how many octets of its standard output are taken; 0: none, it goes nowhere.
    ///   - errors: as `output`, for standard error: of that the beginning.
    /// - Throws: ``PlatformError`` `unavailable` if it cannot be started, `timedOut`.
    func run(
        _ inputs: [Int32: SharedSecret], output: Int = 0, errors: Int = 0
    ) throws(PlatformError) -> End {
        var pipes = Pipes()
        defer { pipes.closeAll() }
        var theirs: [Int32: Int32] = [:]
        var feeds: [Feed] = []
        for (target, secret) in inputs {
            // Our copy of the end that it reads stays open: writing into a pipe that nobody reads would end us.
            let (reading, writing) = try pipe(&pipes)
            _ = fcntl(writing, F_SETFL, O_NONBLOCK)
            theirs[target] = reading
            feeds.append(Feed(descriptor: writing, secret: secret))
        }
        var taps: [Int32: Int32] = [:]
        for (target, limit) in [(Int32(1), output), (2, errors)] where limit > 0 {
            (taps[target], theirs[target]) = try pipe(&pipes)
        }
        let id = try start(theirs)
        for target in taps.keys { theirs[target].map { pipes.close($0) } }
        let deadline = ContinuousClock.now + patience
        var status: Int32?
        var (heard, said): (Int, [UInt8]) = (0, [])
        let secret = SecretBytes(count: output) { buffer in
            while true {
                // What was said before the end is there when the end is.
                if status == nil { status = Self.end(of: id) }
                let hasEnded = status != nil
                if hasEnded { feeds = [] }
                var waits = feeds.map { pollfd(fd: $0.descriptor, events: Int16(POLLOUT), revents: 0) }
                waits += taps.values.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
                let ready = poll(&waits, nfds_t(waits.count), hasEnded ? 0 : 5)
                for wait in waits where ready > 0 && wait.revents != 0 {
                    if let place = feeds.firstIndex(where: { $0.descriptor == wait.fd }) {
                        guard !feeds[place].write() else { continue }
                        pipes.close(wait.fd)
                        feeds.remove(at: place)
                    } else if wait.fd == taps[1] {
                        let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[heard...])
                        let got = Self.read(wait.fd, rest)
                        heard += got
                        if got == 0 { taps[1] = nil }
                    } else {
                        var octets = [UInt8](repeating: 0, count: 4096)
                        let got = octets.withUnsafeMutableBytes { Self.read(wait.fd, $0) }
                        said += octets.prefix(min(got, errors - said.count))
                        if got == 0 { taps[2] = nil }
                    }
                }
                // Who still holds an end of a pipe works on in the background.
                let isDone = hasEnded && (taps.isEmpty || ready <= 0)
                if isDone || output > 0 && heard == output || ContinuousClock.now > deadline { return }
            }
        }
        let isCut = output > 0 && heard == output
        if status == nil {
            // It says more than is wanted, or takes too long.
            kill(id, SIGKILL)
            var ended: Int32 = 0
            while waitpid(id, &ended, 0) < 0, errno == EINTR {}
            guard isCut else { throw late }
        }
        let code = status.flatMap { $0 & 0x7F == 0 ? ($0 >> 8) & 0xFF : nil }
        return End(status: code, output: secret.duplicate(0..<heard), isCut: isCut, errors: said)
    }

    // MARK: The parts

    /// The ends of pipes that are open here.
    private struct Pipes {
        private var ends: Set<Int32> = []

        mutating func add(_ end: Int32) { ends.insert(end) }

        mutating func close(_ end: Int32) {
            if ends.remove(end) != nil { Glibc.close(end) }
        }

        mutating func closeAll() {
            for end in ends { Glibc.close(end) }
            ends = []
        }
    }

    /// What is still to be written into a pipe.
    private struct Feed {
        let descriptor: Int32
        let secret: SharedSecret
        private var written = 0

        init(descriptor: Int32, secret: SharedSecret) {
            self.descriptor = descriptor
            self.secret = secret
        }

        /// Writes as much as the pipe takes; says whether there is more.
        mutating func write() -> Bool {
            while written < secret.bytes.count {
                let count = secret.bytes.withUnsafeBytes { octets in
                    Glibc.write(descriptor, octets.baseAddress.map { $0 + written }, octets.count - written)
                }
                if count < 0, errno == EINTR { continue }
                if count < 0, errno == EAGAIN { return true }
                guard count > 0 else { return false }
                written += count
            }
            return false
        }
    }

    /// What is there to be read; 0 at the end.
    private static func read(_ descriptor: Int32, _ buffer: UnsafeMutableRawBufferPointer) -> Int {
        while true {
            let got = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
            if got >= 0 || errno != EINTR { return max(0, got) }
        }
    }

    /// How the process has ended; nil while it runs.
    private static func end(of id: pid_t) -> Int32? {
        var status: Int32 = 0
        let ended = waitpid(id, &status, WNOHANG)
        // Somebody else has waited for it: it is gone, and how is not known.
        if ended < 0, errno == ECHILD { return SIGKILL }
        return ended == id ? status : nil
    }

    private var name: String { arguments[0] }

    private func failed(_ what: String) -> PlatformError {
        PlatformError(
            .unavailable, store: name, "The program \(what).", remedy: "Try whether it works by itself in this session."
        )
    }

    private var late: PlatformError {
        PlatformError(
            .timedOut, store: name, "The program did not end within \(patience).",
            remedy: "Try whether it works by itself in this session.")
    }

    /// A pipe, out of the way of the numbers that a program knows.
    private func pipe(_ pipes: inout Pipes) throws(PlatformError) -> (reading: Int32, writing: Int32) {
        var ends: [Int32] = [-1, -1]
        guard Glibc.pipe(&ends) == 0 else { throw failed("cannot be given a pipe (error \(errno))") }
        let moved = ends.map { fcntl($0, F_DUPFD_CLOEXEC, 64) }
        let problem = errno
        for end in ends { close(end) }
        for end in moved where end >= 0 { pipes.add(end) }
        guard moved.allSatisfy({ $0 >= 0 }) else { throw failed("cannot be given a pipe (error \(problem))") }
        return (moved[0], moved[1])
    }

    /// Starts the program in a process group of its own, so that a Ctrl-C meant for the tool does not end it, with no signal
    /// ignored or blocked.
    private func start(_ descriptors: [Int32: Int32]) throws(PlatformError) -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        for (target, mode) in [(Int32(0), O_RDONLY), (1, O_WRONLY), (2, O_WRONLY)] where descriptors[target] == nil {
            posix_spawn_file_actions_addopen(&actions, target, "/dev/null", mode, 0)
        }
        for (target, descriptor) in descriptors { posix_spawn_file_actions_adddup2(&actions, descriptor, target) }
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        for signal in [SIGINT, SIGTERM, SIGPIPE, SIGHUP, SIGQUIT] { sigaddset(&signals, signal) }
        posix_spawnattr_setsigdefault(&attributes, &signals)
        posix_spawnattr_setpgroup(&attributes, 0)
        posix_spawnattr_setflags(
            &attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK))
        var words: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
        defer { for word in words { free(word) } }
        var id: pid_t = 0
        let failure = posix_spawn(&id, arguments[0], &actions, &attributes, &words, environ)
        guard failure == 0 else { throw failed("could not be started (error \(failure))") }
        return id
    }
}
