import Glibc
import MeshCore
import MeshPlatforms
import MeshPortalService

/// What the commands need from the program around them: platforms to open, and a console.
///
/// An executable binds one for the length of its run; a test binds its own, with an in-memory machine and a script.
public struct CommandEnvironment: Sendable {
    /// What the options say about the platform to open.
    public struct PlatformRequest: Sendable {
        /// Whose data.
        public var mode: PlatformMode
        /// The key store that was named, if any.
        public var keyStore: String?
        /// Whether the command needs the key store. If not, a machine without one is opened all the same.
        public var needsKeys: Bool
        /// How a passphrase is asked for, when the key store wants one.
        public var passphrase: @Sendable (_ prompt: String) throws -> SharedSecret?
    }

    /// A platform that was opened, and where its key store came from.
    public struct OpenedPlatform: Sendable {
        /// The platform.
        public var platform: any MeshPlatform
        /// Why its key store was chosen, in words.
        public var keyStoreReason: String

        /// Puts the two together.
        public init(_ platform: any MeshPlatform, keyStoreReason: String) {
            self.platform = platform
            self.keyStoreReason = keyStoreReason
        }
    }

    /// Opens the platform that a request asks for.
    public var open: @Sendable (PlatformRequest) async throws -> OpenedPlatform
    /// The key stores the program knows, for diagnosis.
    public var candidates: @Sendable (PlatformRequest) throws -> [KeyStoreCandidate]
    /// An empty machine in memory, for rehearsals.
    public var makeScratchMachine: @Sendable () -> any MeshPlatform
    /// Where words and secrets are read and written.
    public var console: any Console
    /// The files of the machine, as containers and archives want them.
    public var files: CommandFiles
    /// Opens the portal in a directory; makes it first if it is given the domain that it is to serve.
    public var openPortal: @Sendable (_ directory: String, _ domain: String?) async throws -> PortalService
    /// The portals to use when a command names none: the variable `MESH_PORTAL`.
    public var portals: String?
    /// What the commands about SSH need; nil in a program that has none of it.
    public var ssh: CommandSSH?
    /// What is told when the person gives up.
    public var interruption = Interruption()
    /// Finds the clipboard of the desktop.
    public var clipboard: @Sendable () throws -> any Clipboard = {
        try ProgramClipboard { getenv($0).map { String(cString: $0) } }
    }
    /// Waits for so long, or until the task is cancelled.
    public var pause: @Sendable (Duration) async throws -> Void = { try await Task.sleep(for: $0) }

    /// An environment of these parts.
    public init(
        open: @escaping @Sendable (PlatformRequest) async throws -> OpenedPlatform,
        candidates: @escaping @Sendable (PlatformRequest) throws -> [KeyStoreCandidate],
        makeScratchMachine: @escaping @Sendable () -> any MeshPlatform, files: CommandFiles, console: any Console,
        openPortal: @escaping @Sendable (_ directory: String, _ domain: String?) async throws -> PortalService,
        portals: String?
    ) {
        self.open = open
        self.candidates = candidates
        self.makeScratchMachine = makeScratchMachine
        self.files = files
        self.console = console
        self.openPortal = openPortal
        self.portals = portals
    }

    /// The environment of the command that is running.
    @TaskLocal static var current: CommandEnvironment?
}

/// Where a command finds containers and the files of archives. All of it blocks.
public struct CommandFiles: Sendable {
    /// The directory at a path, for the containers in it. It must be there.
    public var containers: @Sendable (_ path: String) throws -> any ContainerDirectory
    /// The file or directory at a path, to be put into an archive.
    public var archiveSource: @Sendable (_ path: String) throws -> any ArchiveSource
    /// A new directory, to extract an archive into.
    public var archiveDestination: @Sendable (_ path: String) throws -> any ArchiveDestination

    /// Files that are found by these.
    public init(
        containers: @escaping @Sendable (String) throws -> any ContainerDirectory,
        archiveSource: @escaping @Sendable (String) throws -> any ArchiveSource,
        archiveDestination: @escaping @Sendable (String) throws -> any ArchiveDestination
    ) {
        self.containers = containers
        self.archiveSource = archiveSource
        self.archiveDestination = archiveDestination
    }
}

/// Where a command reads and writes. Secrets pass as octets, never as text.
public protocol Console: Sendable {
    /// Whether a person can answer.
    var isInteractive: Bool { get }
    /// Writes octets to standard output. Blocks until they are written.
    func write(_ octets: UnsafeRawBufferPointer)
    /// Writes octets to standard error. Blocks until they are written.
    func writeError(_ octets: UnsafeRawBufferPointer)
    /// Asks for a secret: without echo where a person answers, else the next line of standard input. Blocks.
    ///
    /// - Returns: the line without its end; nil at the end of the input, or when the person gives up.
    func readSecret(prompt: String) -> SecretBytes?
    /// Asks for a secret at the terminal that the process belongs to, without echo, whatever standard input and output are.
    /// Blocks.
    ///
    /// - Returns: nil when the person gives up.
    /// - Throws: ``PlatformError`` `promptImpossible` if there is no terminal.
    func readTerminalSecret(prompt: String) throws -> SecretBytes?
    /// Asks a person for a line that is no secret. Blocks. Nil at the end of the input, or when there is no person.
    func readLine(prompt: String) -> String?
    /// Whether a person sees standard error as it is written.
    var showsProgress: Bool { get }
    /// Reads standard input as it is: fills the buffer with what comes next and says how many octets these are; 0 at the
    /// end. Blocks.
    ///
    /// - Throws: ``PlatformError`` `inputOutput`.
    func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int
    /// Writes content to standard output, all of it. Blocks.
    ///
    /// - Throws: ``PlatformError`` `inputOutput`, `noSpace`: part of it may have been written.
    func writeContent(_ octets: UnsafeRawBufferPointer) throws
}

extension Console {
    /// As ``readSecret(prompt:)``, for a secret that several hold.
    func readShared(prompt: String) -> SharedSecret? {
        guard let secret = readSecret(prompt: prompt) else { return nil }
        return SharedSecret(secret)
    }

    /// Writes a line to standard output.
    public func print(_ line: String) {
        var octets = Array(line.utf8) + [0x0A]
        octets.withUnsafeMutableBytes { write(UnsafeRawBufferPointer($0)) }
    }

    /// Writes a line to standard error.
    public func printError(_ line: String) {
        var octets = Array(line.utf8) + [0x0A]
        octets.withUnsafeMutableBytes { writeError(UnsafeRawBufferPointer($0)) }
    }
}
