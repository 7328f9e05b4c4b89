import MeshCore

/// What went wrong in a part of a platform: one type for every key store, registry and profile store.
///
/// Equality is by ``code`` alone, so that a test or a `catch` names the case and nothing else.
public struct PlatformError: MeshError, Equatable {
    /// The cases. New ones may be added; the name of a case never changes.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        /// The stable name, as `--json` prints it.
        public let name: String

        private init(_ name: String) { self.name = name }

        public var description: String { name }

        /// The item, profile or value that the operation needs is not there. **The only answer on which anything may
        /// create a key.**
        public static let notFound = Code("not-found")
        /// It is there, or may be, but the store is locked. Never to be read as absent.
        public static let locked = Code("locked")
        /// There is no D-Bus session bus, or it does not answer at its address.
        public static let noSessionBus = Code("unavailable-no-session-bus")
        /// There is a bus, but nothing on it provides the service.
        public static let noService = Code("unavailable-no-service")
        /// The service runs but has no default collection to store in.
        public static let noDefaultCollection = Code("unavailable-no-default-collection")
        /// No answer within the deadline, or the store is resting after such a time-out.
        public static let timedOut = Code("unavailable-timed-out")
        /// The service went away during the call.
        public static let disconnected = Code("unavailable-disconnected")
        /// The store cannot be used for another stated reason.
        public static let unavailable = Code("unavailable")
        /// The person closed the prompt.
        public static let promptDismissed = Code("prompt-dismissed")
        /// A prompt is needed and cannot be shown.
        public static let promptImpossible = Code("prompt-impossible")
        /// Several items answer to one identifier; ``PlatformError/candidates`` names them.
        public static let ambiguous = Code("ambiguous")
        /// What is stored is damaged. Never to be read as absent or empty.
        public static let corrupt = Code("corrupt")
        /// Written by a newer version of this package.
        public static let unknownVersion = Code("unknown-version")
        /// Larger than the store declares it can hold.
        public static let tooLarge = Code("too-large")
        /// This store does not declare the capability that the call needs.
        public static let unsupported = Code("unsupported")
        /// The system or the service refused access.
        public static let accessDenied = Code("access-denied")
        /// The permissions or the owner of a file or directory would let others read or replace it.
        public static let insecurePermissions = Code("insecure-permissions")
        /// A symbolic link, a device or another thing stands where a plain file or directory must be.
        public static let unexpectedFileType = Code("unexpected-file-type")
        /// Someone else changed the value since it was read.
        public static let changedUnderneath = Code("changed-underneath")
        /// The item is there already, and was not to be replaced.
        public static let alreadyExists = Code("already-exists")
        /// An argument that no store accepts.
        public static let invalidArgument = Code("invalid-argument")
        /// The store forgets at the end of the session, and this key must not be forgotten.
        public static let volatileStore = Code("volatile-store")
        /// Another store answers than the one this machine's keys were put in.
        public static let storeChanged = Code("store-changed")
        /// The key may be used but not taken out.
        public static let notExportable = Code("not-exportable")
        /// A test-only operation was asked of production data.
        public static let productionRefused = Code("production-refused")
        /// No key store can be used; ``PlatformError/candidates`` says why for each.
        public static let noUsableKeyStore = Code("no-usable-key-store")
        /// A passphrase is needed and was not given.
        public static let passphraseNeeded = Code("passphrase-needed")
        /// The passphrase does not open the key.
        public static let wrongPassphrase = Code("wrong-passphrase")
        /// No space is left, or a quota is reached.
        public static let noSpace = Code("no-space")
        /// The file system is read-only.
        public static let readOnly = Code("read-only")
        /// Another failure of input or output.
        public static let inputOutput = Code("input-output")

        /// Whether the case means that the store cannot be asked at the moment (as opposed to locked or absent).
        public var isUnavailable: Bool { name.hasPrefix("unavailable") }
    }

    /// One of several things the error is about: a matching item, or a key store that could not be used.
    public struct Candidate: Hashable, Sendable {
        /// Its name.
        public var name: String
        /// What is to be said of it.
        public var detail: String

        /// A candidate called `name`, of which `detail` is to be said.
        public init(name: String, detail: String) {
            self.name = name
            self.detail = detail
        }
    }

    /// The case.
    public let code: Code
    /// The store or file it happened to, by the name its ``KeyStoreTraits`` or path gives.
    public let store: String
    public let message: String
    public let remedy: String?
    public let cause: (any Error)?
    /// The things the error is about, where there are several.
    public let candidates: [Candidate]

    public var codeName: String { code.name }

    /// An error of case `code` in `store`. `message` and `remedy` are whole sentences and hold no secrets.
    public init(
        _ code: Code, store: String, _ message: String, remedy: String? = nil, cause: (any Error)? = nil,
        candidates: [Candidate] = []
    ) {
        self.code = code
        self.store = store
        self.message = message
        self.remedy = remedy
        self.cause = cause
        self.candidates = candidates
    }

    public var description: String {
        var text = "\(store): \(message)"
        for candidate in candidates { text += " [\(candidate.name): \(candidate.detail)]" }
        if let remedy { text += " \(remedy)" }
        if let cause { text += " (cause: \(cause))" }
        return text
    }

    /// Equal when the case is the same.
    public static func == (left: PlatformError, right: PlatformError) -> Bool { left.code == right.code }
}
