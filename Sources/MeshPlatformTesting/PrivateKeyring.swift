import Dispatch
import Glibc
import MeshCore
import Synchronization

/// A D-Bus session bus and a real gnome-keyring daemon of its own, for tests: nothing of the person's is touched.
///
/// Everything lives in a temporary directory. The programs end, and the directory goes, with ``stop()``, with the last
/// reference to the value, and when the process ends in whatever way. The bus starts nothing by itself: a daemon that was
/// killed stays away until ``restartDaemon(unlocking:)``.
///
/// Needs the programs `dbus-daemon`, `gnome-keyring-daemon` and `gdbus`.
public final class PrivateKeyring: Sendable {
    /// What there is on the bus.
    public enum Contents: Hashable, Sendable {
        /// A daemon with an unlocked default collection under the given password.
        case password(String)
        /// A daemon with an unlocked default collection under an empty password, kept in clear text on disk.
        case passwordless
        /// A daemon whose default collection, under the given password, is locked.
        case locked(String)
        /// A daemon without a default collection.
        case noCollection
        /// A daemon whose default collection is the one that is lost at logout.
        case volatileDefault
        /// No daemon: the bus alone.
        case noProvider
    }

    /// The D-Bus address of the bus.
    public let busAddress: String
    /// The environment in which programs use this bus and keyring and find no display, in full.
    public let environment: [String: String]
    /// The temporary directory in which everything is kept.
    public let directory: String
    /// The object path of the collection that ``Contents/password(_:)`` and its like make.
    public static let collectionPath = "/org/freedesktop/secrets/collection/login"
    /// The object path of the collection that is lost at logout.
    public static let sessionCollectionPath = "/org/freedesktop/secrets/collection/session"

    private enum Role {
        case bus
        case daemon
        /// What cleans up when this process is gone.
        case guardian
    }

    private let processes = Mutex<[Role: SpawnedProcess]>([:])
    private let contents: Contents

    /// Starts a bus and, unless `contents` says otherwise, a daemon. Takes about a fifth of a second; does not block.
    ///
    /// - Throws: ``PrivateKeyringError`` if a program is missing or does not start.
    public static func start(_ contents: Contents = .password("test password")) async throws -> PrivateKeyring {
        try await offPool { try PrivateKeyring(contents) }
    }

    private init(_ contents: Contents) throws {
        self.contents = contents
        var template = Array("/tmp/mesh-keyring-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw PrivateKeyringError("No temporary directory (errno \(errno)).") }
        let directory = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        self.directory = directory
        busAddress = "unix:path=\(directory)/bus"
        for name in ["runtime", "data", "config", "cache", "home"] { mkdir("\(directory)/\(name)", 0o700) }
        var environment = [
            "PATH": getenv("PATH").map { String(cString: $0) } ?? "/usr/bin:/bin", "LC_ALL": "C.UTF-8",
            "HOME": "\(directory)/home", "DBUS_SESSION_BUS_ADDRESS": busAddress,
        ]
        for name in ["runtime_dir", "data_home", "config_home", "cache_home"] {
            environment["XDG_\(name.uppercased())"] = "\(directory)/\(name.prefix { $0 != "_" })"
        }
        self.environment = environment
        do {
            try startGuardian()
            try startBus()
            try startDaemon(input: Self.input(contents))
            switch contents {
            case .locked:
                killDaemon()
                try startDaemon(input: nil)
            case .volatileDefault:
                try call("SetAlias", "default", Self.sessionCollectionPath)
            default: break
            }
        } catch {
            stop()
            throw error
        }
    }

    deinit { stop() }

    /// What the daemon is told on its standard input, to unlock or make a collection.
    private static func input(_ contents: Contents) -> String? {
        switch contents {
        case .password(let password), .locked(let password): password
        // One zero octet is taken as an empty password; nothing at all makes no collection.
        case .passwordless: "\0"
        case .noCollection, .volatileDefault: ""
        case .noProvider: nil
        }
    }

    // MARK: Programs

    private var log: String { "\(directory)/log" }

    /// A shell that ends the programs and removes the directory when this process is gone.
    private func startGuardian() throws {
        let script = """
            while read -r sign pid; do
                case $sign in
                    +) pids="$pids $pid" ;;
                    -) rest=; for one in $pids; do [ "$one" = "$pid" ] || rest="$rest $one"; done; pids=$rest ;;
                esac
            done
            [ -z "$pids" ] || kill -KILL $pids
            rm -rf "$1"
            """
        let guardian = try SpawnedProcess(
            ["sh", "-c", script, "sh", directory], environment: environment, log: "/dev/null")
        processes.withLock { $0[.guardian] = guardian }
    }

    private func tellGuardian(_ sign: String, _ process: SpawnedProcess) {
        processes.withLock { $0[.guardian] }?.write("\(sign) \(process.identifier)\n")
    }

    private func startBus() throws {
        let configuration = """
            <!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
             "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
            <busconfig>
              <type>session</type>
              <listen>\(busAddress)</listen>
              <auth>EXTERNAL</auth>
              <policy context="default">
                <allow send_destination="*" eavesdrop="true"/>
                <allow eavesdrop="true"/>
                <allow own="*"/>
              </policy>
              <limit name="max_incoming_bytes">1000000000</limit>
              <limit name="max_outgoing_bytes">1000000000</limit>
              <limit name="max_message_size">1000000000</limit>
            </busconfig>

            """
        let path = "\(directory)/bus.conf"
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw PrivateKeyringError("\(path) cannot be written (errno \(errno)).") }
        var octets = Array(configuration.utf8)
        _ = write(descriptor, &octets, octets.count)
        close(descriptor)
        let bus = try SpawnedProcess(
            ["dbus-daemon", "--config-file=\(path)", "--nofork", "--print-address=1"], environment: environment,
            log: log)
        bus.closeInput()
        processes.withLock { $0[.bus] = bus }
        tellGuardian("+", bus)
        guard bus.receive(oneLine: true).hasPrefix("unix:") else {
            throw PrivateKeyringError("The private bus did not start; see \(log).")
        }
    }

    /// Starts a daemon; with an input it is told to unlock, or to make, the default collection.
    private func startDaemon(input: String?) throws {
        if contents == .noProvider { return }
        let unlock = input == nil ? [] : ["--unlock"]
        let daemon = try SpawnedProcess(
            ["gnome-keyring-daemon", "--foreground", "--components=secrets"] + unlock, environment: environment,
            log: log)
        daemon.write(input ?? "")
        daemon.closeInput()
        processes.withLock { $0[.daemon] = daemon }
        tellGuardian("+", daemon)
        // The daemon is ready when it has its name.
        try checked(["gdbus", "wait", "--session", "--timeout", "10", "org.freedesktop.secrets"])
    }

    @discardableResult
    private func checked(_ arguments: [String]) throws -> String {
        let process = try SpawnedProcess(arguments, environment: environment, log: log)
        process.closeInput()
        let output = process.receive()
        let status = process.wait()
        guard status == 0 else {
            throw PrivateKeyringError("'\(arguments.joined(separator: " "))' failed with \(status); see \(log).")
        }
        return output
    }

    @discardableResult
    private func call(_ method: String, _ arguments: String...) throws -> String {
        try checked(
            [
                "gdbus", "call", "--session", "--dest", "org.freedesktop.secrets", "--object-path",
                "/org/freedesktop/secrets", "--method", "org.freedesktop.Secret.Service.\(method)",
            ] + arguments)
    }

    // MARK: Operations

    /// Stops the daemon where it is: it keeps its name and answers nothing until ``thaw()``.
    public func freeze() { signal(SIGSTOP, .daemon) }

    /// Lets a frozen daemon go on.
    public func thaw() { signal(SIGCONT, .daemon) }

    /// Stops the bus where it is.
    public func freezeBus() { signal(SIGSTOP, .bus) }

    /// Lets a frozen bus go on.
    public func thawBus() { signal(SIGCONT, .bus) }

    /// Ends the daemon at once, as a crash would.
    public func killDaemon() { end(.daemon) }

    /// Ends the bus at once.
    public func killBus() { end(.bus) }

    /// Starts the daemon again on what it left on disk.
    ///
    /// - Parameter unlocking: whether it is given the password of the default collection, as at login.
    public func restartDaemon(unlocking: Bool = true) async throws {
        try await Self.offPool {
            self.end(.daemon)
            try self.startDaemon(input: unlocking ? Self.input(self.contents) : nil)
            if self.contents == .volatileDefault { try self.call("SetAlias", "default", Self.sessionCollectionPath) }
        }
    }

    /// Locks the collection at `path`.
    public func lockCollection(_ path: String = PrivateKeyring.collectionPath) async throws {
        _ = try await Self.offPool { try self.call("Lock", "['\(path)']") }
    }

    /// Runs a program in the environment of this keyring, such as `secret-tool`, and waits for its end.
    ///
    /// - Parameter input: what it is given on its standard input, at most 64 KiB.
    /// - Returns: its exit status and what it wrote to its standard output.
    @discardableResult
    public func run(_ arguments: [String], input: String = "") async throws -> (status: Int32, output: String) {
        try await Self.offPool {
            let process = try SpawnedProcess(arguments, environment: self.environment, log: self.log)
            process.write(input)
            process.closeInput()
            let output = process.receive()
            return (process.wait(), output)
        }
    }

    /// Ends everything and removes the directory. Can be called again.
    public func stop() {
        end(.daemon)
        end(.bus)
        guard let guardian = processes.withLock({ $0.removeValue(forKey: .guardian) }) else { return }
        guardian.closeInput()
        guardian.wait()
    }

    private func signal(_ number: Int32, _ role: Role) {
        processes.withLock { if let process = $0[role] { _ = kill(process.identifier, number) } }
    }

    private func end(_ role: Role) {
        guard let process = processes.withLock({ $0.removeValue(forKey: role) }) else { return }
        // The process is our child and has not been waited for, so the identifier is still its own.
        _ = kill(process.identifier, SIGKILL)
        tellGuardian("-", process)
        process.wait()
    }

    private static func offPool<R: Sendable>(_ work: @escaping @Sendable () throws -> R) async throws -> R {
        try await withCheckedThrowingContinuation { continuation in
            DispatchQueue.global().async { continuation.resume(with: Result { try work() }) }
        }
    }
}
