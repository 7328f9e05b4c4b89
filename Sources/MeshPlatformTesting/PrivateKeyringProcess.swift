import Glibc
import MeshCore

/// What a private keyring or one of its tools failed at.
public struct PrivateKeyringError: MeshError {
    public let codeName = "private-keyring"
    public let message: String
    public let remedy: String?
    public var cause: (any Error)? { nil }

    init(_ message: String, remedy: String? = nil) {
        self.message = message
        self.remedy = remedy
    }
}

/// A program started for a test: spawned without a shell, known by its process identifier.
struct SpawnedProcess {
    let identifier: pid_t
    /// The end of the connection to its standard input.
    let input: Int32
    /// The end of the connection from its standard output.
    let output: Int32

    /// Starts `arguments[0]`, looked up in `PATH`, with exactly `environment`; standard error goes to the file `log`.
    init(_ arguments: [String], environment: [String: String], log: String) throws {
        let inward = try Self.makePair()
        let outward: (Int32, Int32)
        do {
            outward = try Self.makePair()
        } catch {
            close(inward.0)
            close(inward.1)
            throw error
        }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, inward.0, 0)
        posix_spawn_file_actions_adddup2(&actions, outward.1, 1)
        posix_spawn_file_actions_addopen(&actions, 2, log, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        // A daemon keeps nothing open that this process inherited itself, such as the lock of a build.
        for descriptor in Int32(3)..<64 { posix_spawn_file_actions_addclose(&actions, descriptor) }
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // The program starts with the usual answers to signals, whatever the tests' own process does with them.
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        sigaddset(&signals, SIGPIPE)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
        var words: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
        var variables: [UnsafeMutablePointer<CChar>?] = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { (words + variables).forEach { free($0) } }
        var identifier: pid_t = 0
        let code = posix_spawnp(&identifier, arguments.first ?? "", &actions, &attributes, &words, &variables)
        close(inward.0)
        close(outward.1)
        guard code == 0 else {
            close(inward.1)
            close(outward.0)
            throw PrivateKeyringError(
                "'\(arguments.first ?? "")' cannot be started (errno \(code)).",
                remedy: "Install dbus, gnome-keyring, libsecret-tools and libglib2.0-bin.")
        }
        self.identifier = identifier
        self.input = inward.1
        self.output = outward.0
    }

    /// Two ends of one connection, which no program started meanwhile inherits.
    private static func makePair() throws -> (Int32, Int32) {
        var ends: [Int32] = [-1, -1]
        let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
        guard socketpair(AF_UNIX, type, 0, &ends) == 0 else {
            throw PrivateKeyringError("No connection to a program can be made (errno \(errno)).")
        }
        return (ends[0], ends[1])
    }

    /// Writes `text` to the standard input. The text is short enough to be taken at once.
    func write(_ text: String) {
        let octets = Array(text.utf8)
        // A program that has ended reads nothing; that shows in its exit status.
        _ = send(input, octets, octets.count, Int32(MSG_NOSIGNAL))
    }

    /// Closes the standard input.
    func closeInput() { close(input) }

    /// Reads the standard output up to its end, or to the first line break if `oneLine`.
    func receive(oneLine: Bool = false) -> String {
        var result: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = read(output, &buffer, oneLine ? 1 : buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { break }
            result += buffer[..<count]
            if oneLine, result.last == 0x0A { break }
        }
        return String(decoding: result, as: UTF8.self)
    }

    /// Waits for the end of the program.
    ///
    /// - Returns: its exit status, or 128 and the number of the signal that ended it.
    @discardableResult
    func wait() -> Int32 {
        var status: Int32 = 0
        while waitpid(identifier, &status, 0) < 0, errno == EINTR {}
        close(output)
        return status & 0x7F == 0 ? (status >> 8) & 0xFF : 128 + (status & 0x7F)
    }
}
