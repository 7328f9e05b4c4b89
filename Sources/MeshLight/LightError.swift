import MeshCore
internal import MeshDARE
import MeshPlatforms
import MeshPortals
internal import MeshProfiles
internal import MeshSessions

/// What this module refuses, beyond what the sessions below it refuse.
public struct LightError: MeshError {
    /// The case.
    public let code: LightCode
    public let message: String
    public var remedy: String? { nil }
    public var cause: (any Error)? { nil }
    public var codeName: String { "light-\(code.name)" }

    init(_ code: LightCode, _ message: String) {
        self.code = code
        self.message = message
    }
}

/// What a function returns in other languages. The numbers are stable: `meshlight.h` has them too, and says what they mean.
public enum LightCode: Int32, CaseIterable, Sendable {
    case ok = 0
    case pending = 1
    case invalidHandle = -1
    case invalidArgument = -2
    case invalidText = -3
    case tooLong = -4
    case bufferTooSmall = -5
    case notFound = -6
    case alreadyExists = -7
    case conflict = -8
    case invalidEntry = -9
    case notPermitted = -10
    case notConnected = -11
    case rejected = -12
    case expired = -13
    case timedOut = -14
    case noPortal = -15
    case unreachable = -16
    case keysUnavailable = -17
    case wrongPassphrase = -18
    case distrusted = -19
    case damaged = -20
    case storage = -21
    case tooManyHandles = -22
    case failed = -99

    /// The name, in lower case with dashes.
    public var name: String {
        String(describing: self).reduce(into: "") { $0 += $1.isUppercase ? "-\($1.lowercased())" : String($1) }
    }

    /// The code of an error.
    public init(_ error: any Error) {
        switch error {
        case let error as LightError: self = error.code
        case let error as SessionError: self = Self.code(error)
        case let error as PortalError: self = Self.code(error)
        case let error as PlatformError: self = Self.code(error)
        case let error as CatalogError: self = Self.code(error)
        case let error as ProfileError: self = error.code == .tooLarge ? .tooLong : .distrusted
        case is DAREError: self = .damaged
        case is UDFError: self = .invalidArgument
        // The one type of errors that is generic.
        case let error as any MeshError where error.codeName == SessionError.Code.changedElsewhere.name:
            self = .conflict
        default: self = .failed
        }
    }

    private static func code(_ error: SessionError) -> LightCode {
        switch error.code {
        case .changedElsewhere: .conflict
        case .noPortal: .noPortal
        case .noAccount, .notConnected, .accountGone: .notConnected
        case .alreadyConnected: .alreadyExists
        case .rightMissing, .notAdministrator: .notPermitted
        case .connectionRejected, .pinRefused: .rejected
        case .connectionExpired, .requestClosed: .expired
        case .connectionTimedOut: .timedOut
        case .connectionForged, .historyForked: .distrusted
        case .keyMissing, .keyMismatch: .keysUnavailable
        case .profileDamaged: .damaged
        case .malformed, .invalidRight: .invalidArgument
        default: .failed
        }
    }

    private static func code(_ error: PortalError) -> LightCode {
        switch error.code {
        case .invalidAddress, .invalidName: .invalidArgument
        case .unreachable, .overloaded, .full, .timedOut, .serviceFailed: .unreachable
        case .notFound: .notFound
        case .accountExists: .alreadyExists
        case .unauthorized, .deviceRevoked: .notPermitted
        case .expired: .expired
        case .rejected: .rejected
        case .tooLarge: .tooLong
        case .conflict: .conflict
        case .malformed, .unauthenticated, .serviceChanged, .rolledBack, .forked: .distrusted
        default: .failed
        }
    }

    private static func code(_ error: PlatformError) -> LightCode {
        switch error.code {
        case .notFound: .notFound
        case .alreadyExists: .alreadyExists
        case .invalidArgument, .ambiguous: .invalidArgument
        case .tooLarge: .tooLong
        case .wrongPassphrase, .passphraseNeeded: .wrongPassphrase
        case .locked, .noSessionBus, .noService, .noDefaultCollection, .disconnected, .promptDismissed,
            .promptImpossible,
            .volatileStore, .storeChanged, .noUsableKeyStore:
            .keysUnavailable
        case .corrupt, .unknownVersion: .damaged
        case .timedOut: .timedOut
        case .unavailable, .accessDenied, .insecurePermissions, .unexpectedFileType, .changedUnderneath, .noSpace,
            .readOnly, .inputOutput:
            .storage
        default: .failed
        }
    }

    private static func code(_ error: CatalogError) -> LightCode {
        switch error.code {
        case .alreadyExists: .alreadyExists
        case .notFound: .notFound
        case .conflict: .conflict
        case .invalidKey, .invalidEntry, .wrongStore: .invalidEntry
        case .notReadable: .notPermitted
        default: .failed
        }
    }
}
