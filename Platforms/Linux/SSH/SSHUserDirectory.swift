import Glibc
import MeshFiles
import MeshPlatforms
import MeshSSH

/// The directory where the person's own SSH files are: `~/.ssh`.
///
/// Nothing in it is touched but by ``install(_:of:in:)``, which changes our lines alone.
public struct SSHUserDirectory: Sendable {
    /// The files in which lines of ours may stand.
    public enum File: String, CaseIterable, Sendable {
        /// Who may log in here.
        case authorizedKeys = "authorized_keys"
        /// Which keys hosts have.
        case knownHosts = "known_hosts"
        /// What is to be done for which host.
        case config = "config"
    }

    /// Its path.
    public let path: String
    private var blocking: BlockingCalls { BlockingCalls(store: path) }
    private static let deadline = Duration.seconds(30)
    private static let maximumFile = 16 << 20

    /// The directory at `path`.
    public init(_ path: String) { self.path = path }

    /// The one of the user who runs the process: in `$HOME`, else where the system says that the user's home is.
    ///
    /// - Throws: ``PlatformError`` `notFound` if neither is known.
    public static func ofUser() throws -> SSHUserDirectory {
        if let home = getenv("HOME"), home.pointee != 0 { return SSHUserDirectory("\(String(cString: home))/.ssh") }
        guard let home = homeOfUser() else {
            throw PlatformError(
                .notFound, store: "~/.ssh", "The user has no home directory.", remedy: "Set HOME, or name a directory.")
        }
        return SSHUserDirectory("\(home)/.ssh")
    }

    private static func homeOfUser() -> String? {
        var entry = passwd()
        var found: UnsafeMutablePointer<passwd>?
        return withUnsafeTemporaryAllocation(of: CChar.self, capacity: 16_384) { buffer in
            guard let base = buffer.baseAddress,
                getpwuid_r(geteuid(), &entry, base, buffer.count, &found) == 0, found != nil,
                let home = entry.pw_dir
            else { return nil }
            return String(cString: home)
        }
    }

    /// Puts `lines` into a file, in the place of those that `owner` had there; takes them away if there are none. All else in the
    /// file stays as it is. The directory and the file are made if they are missing, with modes 0700 and 0600.
    ///
    /// - Returns: false if the file was so already; then nothing was written.
    /// - Throws: ``PlatformError`` as ``KeptBlock/merged(_:into:)`` and ``Directory/changeFile(_:limit:_:)``: links, files of
    ///   others, and files that others may change are refused.
    public func install(_ lines: [String], of owner: String, in file: File) async throws -> Bool {
        let block = KeptBlock(owner)
        return try await blocking.run(deadline: Self.deadline) { [path] in
            guard let directory = try Directory.open(path, create: !lines.isEmpty) else { return false }
            return try directory.changeFile(file.rawValue, limit: Self.maximumFile) {
                do {
                    return try block.merged(lines, into: $0)
                } catch let error as PlatformError {
                    throw PlatformError(
                        error.code, store: directory.path(of: file.rawValue), error.message, remedy: error.remedy)
                }
            }
        }
    }

    /// What is in a file; nil if it is not there.
    ///
    /// - Throws: ``PlatformError`` `tooLarge`, `insecurePermissions`, `unexpectedFileType`.
    public func read(_ file: File) async throws -> [UInt8]? {
        try await blocking.run(deadline: Self.deadline) { [path] in
            try Directory.open(path, create: false)?.readFile(
                file.rawValue, limit: Self.maximumFile, permissions: .everyoneReads)
        }
    }
}
