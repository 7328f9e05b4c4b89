import Glibc
import MeshCore
import MeshPlatforms

/// A program that is run for its effect, or for what it says. Everything blocks, for some seconds at most.
struct ChildProgram {
    private let arguments: [String]

    /// How long a program may take.
    private static let patience = Duration.seconds(5)
    /// What a pipe holds for certain on Linux, so that writing it never waits.
    private static let largest = 1 << 15

    /// - Parameter arguments: the path of the program, and its arguments.
    init(_ arguments: [String]) { self.arguments = arguments }

    static func isThere(_ path: String) -> Bool {
        var status = stat()
        return access(path, X_OK) == 0 && stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
    }

    /// Gives the program `input` as its standard input, and waits for its end. What it leaves running in the background stays.
    ///
    /// - Throws: ``PlatformError`` `unavailable`, `timedOut`, `tooLarge`.
    func take(_ input: borrowing SecretBytes) throws(PlatformError) {
        guard input.count <= Self.largest else {
            throw PlatformError(.tooLarge, store: name, "This is too long for the clipboard.")
        }
        let (reading, writing) = try pipe()
        defer { close(reading) }
        var written = 0
        input.withUnsafeBytes { octets in
            while written < octets.count {
                let count = Glibc.write(writing, octets.baseAddress.map { $0 + written }, octets.count - written)
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { break }
                written += count
            }
        }
        close(writing)
        guard written == input.count else { throw failed("could not be given its input") }
        let id = try start(input: reading, output: nil)
        guard try end(of: id, until: .now + Self.patience) == 0 else { throw failed("has failed") }
    }

    /// Runs the program without input, and takes what it says, at most so many octets of it; nil if it fails.
    ///
    /// - Throws: ``PlatformError`` `unavailable`, `timedOut`.
    func give(atMost limit: Int) throws(PlatformError) -> SecretBytes? {
        let deadline = ContinuousClock.now + Self.patience
        let (reading, writing) = try pipe()
        defer { close(reading) }
        let id: pid_t
        do throws(PlatformError) {
            id = try start(input: nil, output: writing)
            close(writing)
        } catch {
            close(writing)
            throw error
        }
        var count = 0
        var isLate = false
        let output = SecretBytes(count: limit) { buffer in
            while count < limit {
                var wait = pollfd(fd: reading, events: Int16(POLLIN), revents: 0)
                let left = (deadline - ContinuousClock.now) / .milliseconds(1)
                guard left > 0 else { return isLate = true }
                let ready = poll(&wait, 1, Int32(left.rounded(.up)))
                if ready < 0, errno == EINTR { continue }
                guard ready > 0 else { return isLate = true }
                let got = Glibc.read(reading, buffer.baseAddress.map { $0 + count }, limit - count)
                if got < 0, errno == EINTR { continue }
                guard got > 0 else { return }
                count += got
            }
        }
        if isLate || count == limit {
            // It says nothing, or more than is wanted.
            kill(id, SIGKILL)
        }
        let status = try end(of: id, until: deadline)
        if isLate { throw late }
        return status == 0 || count == limit ? output.duplicate(0..<count) : nil
    }

    // MARK: The parts

    private var name: String { arguments[0] }

    private func failed(_ what: String) -> PlatformError {
        PlatformError(
            .unavailable, store: name, "The program \(what).", remedy: "Try whether it works by itself in this session."
        )
    }

    private var late: PlatformError {
        PlatformError(
            .timedOut, store: name, "The program did not end within \(Self.patience).",
            remedy: "Try whether it works by itself in this session.")
    }

    private func pipe() throws(PlatformError) -> (reading: Int32, writing: Int32) {
        var ends: [Int32] = [-1, -1]
        guard Glibc.pipe(&ends) == 0 else { throw failed("cannot be given a pipe (error \(errno))") }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        return (ends[0], ends[1])
    }

    /// Starts the program in a process group of its own, so that a Ctrl-C meant for the tool does not end it, with no signal
    /// ignored or blocked.
    private func start(input: Int32?, output: Int32?) throws(PlatformError) -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        let files: [(Int32?, Int32, Int32)] = [(input, 0, O_RDONLY), (output, 1, O_WRONLY), (nil, 2, O_WRONLY)]
        for (descriptor, target, mode) in files {
            if let descriptor {
                posix_spawn_file_actions_adddup2(&actions, descriptor, target)
            } else {
                posix_spawn_file_actions_addopen(&actions, target, "/dev/null", mode, 0)
            }
        }
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

    /// Waits until the process has ended; it is killed when it takes too long.
    ///
    /// - Returns: its exit code; nil if a signal ended it.
    private func end(of id: pid_t, until deadline: ContinuousClock.Instant) throws(PlatformError) -> Int32? {
        var status: Int32 = 0
        var isKilled = false
        while true {
            let ended = waitpid(id, &status, isKilled ? 0 : WNOHANG)
            if ended == id { break }
            if ended < 0, errno != EINTR { throw failed("cannot be waited for (error \(errno))") }
            if !isKilled, ContinuousClock.now > deadline {
                kill(id, SIGKILL)
                isKilled = true
            } else if !isKilled {
                usleep(2_000)
            }
        }
        if isKilled { throw late }
        return status & 0x7F == 0 ? (status >> 8) & 0xFF : nil
    }
}
