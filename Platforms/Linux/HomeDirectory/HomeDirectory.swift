import MeshCore
import MeshFiles
import MeshPlatforms
import Synchronization

/// The directory that holds all files of one mode (platform specification §14):
///
/// ```
/// profiles.json                 the registry
/// profiles/<UDF>/<UDF>.mmm      the latest signed profile
/// profiles/<UDF>/<UDF>.all.mmm  every accepted version of it
/// host.dare                     what this machine is connected to
/// stores/<UDF>/MMM_*.dcat       catalogs and spools of an account
/// keys/<UDF>                    key files
/// locks/*.lock                  locks
/// MODE                          one word: production, or test- and the name of the test
/// ```
///
/// Directories have mode 0700 and files 0600. Nothing is made before something is to be stored. Every call blocks for
/// as long as the disk takes, so call it off the cooperative pool.
public final class HomeDirectory: Sendable {
    /// Whose data these are.
    public let mode: PlatformMode
    /// The absolute path of the directory.
    public let path: String

    private let held = Mutex<Directory?>(nil)

    /// The names at the top.
    public enum Name {
        /// The registry.
        public static let registry = "profiles.json"
        /// The signed profiles.
        public static let profiles = "profiles"
        /// The key files.
        public static let keys = "keys"
        /// The containers of accounts.
        public static let stores = "stores"
        /// The locks.
        public static let locks = "locks"
        /// The file that says whose data these are.
        public static let mode = "MODE"
        /// The lock, in ``locks``, that is held by changes which span several files. It is taken before any other.
        public static let systemLock = "system.lock"
    }

    /// The home directory of `mode`, wherever ``HomePaths`` says it is. Nothing is opened yet.
    ///
    /// - Throws: ``PlatformError`` as ``HomePaths/root(of:environment:)``.
    public convenience init(
        mode: PlatformMode, environment: [String: String] = HomePaths.processEnvironment
    ) throws {
        self.init(mode: mode, path: try HomePaths.root(of: mode, environment: environment))
    }

    /// The home directory of `mode` at `path`. Nothing is opened yet.
    public init(mode: PlatformMode, path: String) {
        self.mode = mode
        self.path = path
    }

    /// The directory itself, held open; made if it is not there and `create` is set.
    ///
    /// - Returns: nil if it is not there and `create` is not set.
    /// - Throws: ``PlatformError`` `invalidArgument` if the directory holds the data of another mode (or, in a test
    ///   mode, things that nobody has marked as test data), and as `Directory.open`.
    public func root(create: Bool) throws -> Directory? {
        try held.withLock { held in
            if let directory = held, !directory.isRemoved { return directory }
            held = nil
            guard let directory = try Directory.open(path, create: create) else { return nil }
            guard try checkMark(of: directory, create: create) else { return nil }
            try directory.removeAbandonedFiles()
            try directory.subdirectory(Name.locks, create: false)?.removeAbandonedFiles()
            held = directory
            return directory
        }
    }

    /// The directory called `name` at the top; nil if it is not there and `create` is not set.
    ///
    /// - Throws: as ``root(create:)``.
    public func directory(_ name: String, create: Bool) throws -> Directory? {
        try root(create: create)?.subdirectory(name, create: create)
    }

    /// The lock called `name`, such as `system.lock`. Makes the directories it needs.
    ///
    /// - Throws: as ``root(create:)``.
    public func lock(_ name: String) throws -> FileLock {
        guard let locks = try directory(Name.locks, create: true) else {
            throw PlatformError(.changedUnderneath, store: path, "The directory was removed while it was in use.")
        }
        return FileLock(name, in: locks)
    }

    /// Whether the mark of `directory` is that of this mode; false if the directory is empty and not to be marked.
    private func checkMark(of directory: Directory, create: Bool) throws -> Bool {
        while true {
            if let octets = try directory.readFile(Name.mode, limit: 256) {
                try checkMark(String(decoding: octets, as: UTF8.self), at: directory.path(of: Name.mode))
                return true
            }
            let isEmpty = try directory.names().isEmpty
            if isEmpty, !create { return false }
            // Another process may have marked the directory, and filled it, since the mark was looked for.
            if !isEmpty, try directory.readFile(Name.mode, limit: 256) != nil { continue }
            if !isEmpty, mode != .production {
                throw PlatformError(
                    .invalidArgument, store: path,
                    "The directory holds files, and no file MODE says that they are the data of \(mode).",
                    remedy: "Set MESH_TEST_HOME to a directory of its own.")
            }
            if !create { return true }
            do {
                try directory.createFile(Name.mode, with: Array("\(mode)\n".utf8))
            } catch let error as PlatformError where error.code == .alreadyExists {
                continue
            }
            return true
        }
    }

    private func checkMark(_ mark: String, at markPath: String) throws {
        let word = mark.hasSuffix("\n") ? String(mark.dropLast()) : mark
        guard let found = PlatformMode(word) else {
            throw PlatformError(
                .corrupt, store: markPath, "The file does not say whose data the directory holds.",
                remedy: "If you know whose they are, write 'production' or 'test-' and a name into it.")
        }
        guard found == mode else {
            throw PlatformError(
                .invalidArgument, store: path, "The directory holds the data of \(found), not of \(mode).",
                remedy: "Check MESH_HOME and MESH_TEST_HOME.")
        }
    }
}
