import MeshCore
import MeshCryptography
import MeshDARE
import MeshMail
import MeshPlatforms
import MeshPortalService
import MeshPortals
import MeshProfiles
import MeshSessions

/// The exit codes of the tools. They are part of the interface.
public enum ToolStatus: Int32, CaseIterable, Sendable {
    /// Done.
    case done = 0
    /// Failed, for a reason that has no code of its own.
    case failed = 1
    /// There is no such profile, device or key.
    case notFound = 3
    /// The key store is locked.
    case locked = 4
    /// The key store cannot be used, or none can.
    case unavailable = 5
    /// A prompt was dismissed or cannot be shown; the passphrase is missing or wrong.
    case prompt = 6
    /// Something stored is damaged, or not safe to read.
    case damaged = 7
    /// Refused: it would lose or give away what must be kept.
    case refused = 8
    /// The shares do not recover the profile.
    case shares = 9
    /// An envelope, sequence or archive is not what it says it is: changed, cut off, or not signed as it must be.
    case unverified = 10
    /// No private key that was given opens it.
    case noKey = 11
    /// No portal was named, or it cannot be reached or do its work now.
    case portalUnreachable = 12
    /// The portal or the account refuses: a name that is taken, a right that is lacking.
    case portalRefused = 13
    /// The portal is not who it was, or does not show what it showed before, or showed another device.
    case portalUntrue = 14
    /// Another device has changed the same.
    case conflict = 15
    /// A request for connection was not answered yet.
    case waiting = 16
    /// A request for connection was rejected, has expired, or was answered already.
    case notConnected = 17
    /// The command line is wrong.
    case usage = 64
    /// The person gave up (Ctrl-C).
    case interrupted = 130

    /// What the code means, for the help.
    public var meaning: String {
        switch self {
        case .done: "done"
        case .failed: "failed"
        case .notFound: "no such profile, device or key"
        case .locked: "the key store is locked"
        case .unavailable: "the key store cannot be used"
        case .prompt: "no answer to a prompt, or a wrong passphrase"
        case .damaged: "something stored is damaged or unsafe to read"
        case .refused: "refused, as it would lose or give away what must be kept"
        case .shares: "the shares do not recover the profile"
        case .unverified: "an envelope, sequence or archive does not verify"
        case .noKey: "no private key here opens it"
        case .portalUnreachable: "no portal was named, or it cannot be reached"
        case .portalRefused: "refused by the portal or the account: a name that is taken, a right that is lacking"
        case .portalUntrue: "the portal is not who it was, or does not show everybody the same"
        case .conflict: "another device has changed the same"
        case .waiting: "nobody has answered the request for connection yet"
        case .notConnected: "the request for connection was rejected, has expired, or was answered already"
        case .usage: "wrong command line"
        case .interrupted: "given up"
        }
    }

    /// The table for the help.
    public static var table: String {
        "EXIT CODES\n"
            + allCases.map { status in
                let number = String(status.rawValue)
                return "  \(number)\(String(repeating: " ", count: 5 - number.count))\(status.meaning)"
            }.joined(separator: "\n")
    }

    /// The code for an error.
    public init(_ error: any Error) {
        switch error {
        case let error as PlatformError: self = Self.status(of: error.code)
        case is ShareError: self = .shares
        case let error as SessionError: self = Self.status(of: error.code)
        case let error as PortalError: self = Self.status(of: error.code)
        case let error as PortalStoreError:
            self = [.corrupt, .invalidFrames].contains(error.code) ? .damaged : .portalUnreachable
        case is WitnessError: self = .refused
        case is ProfileError: self = .damaged
        case let error as DAREError: self = Self.status(of: error.code)
        case let error as ArchiveError: self = Self.status(of: error.code)
        case let error as MailAccountError: self = Self.status(of: error.code)
        case let error as MailKeyError: self = Self.status(of: error.code)
        case let error as CatalogError where error.code == .notFound: self = .notFound
        case let error as CatalogError where error.code == .alreadyExists: self = .refused
        case is CatalogError, is VerificationError: self = .unverified
        case is CancellationError: self = .interrupted
        case is UsageError, is CredentialFileError: self = .usage
        case let error as any MeshError where error.codeName == SessionError.Code.changedElsewhere.name:
            // A stale entry, of whatever type.
            self = .conflict
        default: self = .failed
        }
    }

    private static func status(of code: SessionError.Code) -> ToolStatus {
        switch code {
        case .recoveryUnproven, .unsentChanges, .exportOutdated, .occupied, .hostKeyDiffers: .refused
        case .wrongShares, .rehearsalFailed, .wrongAccount: .shares
        case .keyMissing, .noAccount, .accountGone, .notConnected, .escrowNotFound, .defaultMissing: .notFound
        case .invalidQuorum, .addressMissing: .usage
        case .noPortal: .portalUnreachable
        case .alreadyConnected, .notAdministrator, .rightMissing: .portalRefused
        case .ownDevice: .usage
        case .connectionForged, .historyForked: .portalUntrue
        case .changedElsewhere: .conflict
        case .connectionTimedOut: .waiting
        case .connectionRejected, .connectionExpired, .requestClosed, .pinRefused: .notConnected
        case .malformed, .exportDamaged: .unverified
        case .wrongSecret: .noKey
        default: .damaged
        }
    }

    private static func status(of code: PortalError.Code) -> ToolStatus {
        switch code {
        case .invalidAddress: .usage
        case .notFound: .notFound
        case .unreachable, .timedOut, .overloaded, .full, .serviceFailed, .staleEpoch: .portalUnreachable
        case .malformed, .unauthenticated, .serviceChanged, .rolledBack, .forked: .portalUntrue
        case .conflict: .conflict
        case .expired: .notConnected
        default: .portalRefused
        }
    }

    private static func status(of code: ArchiveError.Code) -> ToolStatus {
        switch code {
        case .notFound: .notFound
        case .alreadyExists, .notAFile, .kindConflict, .changed: .refused
        default: .unverified
        }
    }

    private static func status(of code: MailAccountError.Code) -> ToolStatus {
        switch code {
        case .notFound, .keyMissing: .notFound
        case .alreadyExists, .keyExists: .refused
        case .keyDamaged: .damaged
        default: .usage
        }
    }

    private static func status(of code: MailKeyError.Code) -> ToolStatus {
        switch code {
        case .malformed, .tooLarge: .unverified
        case .noSecretKey: .noKey
        case .passphraseNeeded, .wrongPassphrase: .prompt
        case .notUsable, .notRelated: .refused
        default: .failed
        }
    }

    private static func status(of code: DAREError.Code) -> ToolStatus {
        switch code {
        case .wrongRecipient, .noRecipients, .wrongKey: .noKey
        case .noSuchFrame: .notFound
        case .policyViolation: .refused
        default: .unverified
        }
    }

    private static func status(of code: PlatformError.Code) -> ToolStatus {
        switch code {
        case .notFound: .notFound
        case .locked: .locked
        case .noUsableKeyStore: .unavailable
        case .promptDismissed, .promptImpossible, .passphraseNeeded, .wrongPassphrase: .prompt
        case .corrupt, .unknownVersion, .insecurePermissions, .unexpectedFileType, .storeChanged: .damaged
        case .productionRefused, .notExportable, .alreadyExists, .volatileStore: .refused
        case .invalidArgument, .ambiguous: .usage
        case let code where code.isUnavailable: .unavailable
        default: .failed
        }
    }
}

/// A command line that parses, and asks for something that cannot be.
struct UsageError: MeshError {
    let codeName = "usage"
    let message: String
    let remedy: String?
    var cause: (any Error)? { nil }

    init(_ message: String, remedy: String? = nil) {
        self.message = message
        self.remedy = remedy
    }
}
