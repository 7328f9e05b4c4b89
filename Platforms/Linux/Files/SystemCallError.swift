import Glibc
import MeshCore
import MeshPlatforms

/// A system call that failed: the cause below a ``PlatformError`` of a file.
public struct SystemCallError: MeshError, Equatable {
    /// The name of the call, as its manual page has it.
    public let call: String
    /// The number the system gave (`errno`).
    public let number: Int32
    /// Always `system-call`.
    public var codeName: String { "system-call" }
    /// The call, and the system's words for the number.
    public var message: String { "\(call): \(String(cString: strerror(number))) (errno \(number))." }
    /// None: the error above this one has it.
    public var remedy: String? { nil }
    /// None: this is the lowest error.
    public var cause: (any Error)? { nil }

    /// A failure of `call` with `number`.
    public init(_ call: String, _ number: Int32) {
        self.call = call
        self.number = number
    }
}

extension PlatformError {
    /// What the failure `number` of the system call `call` on the file at `path` means to a caller.
    ///
    /// No space and quotas become `noSpace`, a read-only system `readOnly`, refusals `accessDenied`, a link or another
    /// thing in the way `unexpectedFileType`, a name that is taken `alreadyExists`, a name that is not there `notFound`,
    /// a name that cannot be one `invalidArgument`, everything else `inputOutput`.
    public static func file(_ number: Int32, _ call: String, path: String) -> PlatformError {
        let cause = SystemCallError(call, number)
        switch number {
        case ENOSPC, EDQUOT, EFBIG:
            return PlatformError(
                .noSpace, store: path, "There is no space left for it; what was there before is unchanged.",
                remedy: "Free some space (see `df`) and try again.", cause: cause)
        case EROFS:
            return PlatformError(
                .readOnly, store: path, "The file system is read-only.",
                remedy: "Mount it for writing, or set MESH_HOME to another directory.", cause: cause)
        case EACCES, EPERM:
            return PlatformError(
                .accessDenied, store: path, "The system refused access.",
                remedy: "Check the owner and the permissions with `ls -ld`.", cause: cause)
        case ELOOP, ENOTDIR, EISDIR, ENXIO:
            return unexpectedFileType(path, "a link or another thing", cause: cause)
        case EEXIST, ENOTEMPTY:
            return PlatformError(
                .alreadyExists, store: path, "The name is taken.",
                remedy: "Choose another name, or move away what is there.", cause: cause)
        case ENOENT:
            return PlatformError(.notFound, store: path, "It is not there.", cause: cause)
        case ENAMETOOLONG, EINVAL:
            return PlatformError(.invalidArgument, store: path, "The system does not accept the name.", cause: cause)
        case EMFILE, ENFILE:
            return PlatformError(
                .inputOutput, store: path, "Too many files are open.",
                remedy: "Close some programs, or raise the limit with `ulimit -n`.", cause: cause)
        default:
            return PlatformError(.inputOutput, store: path, "The file could not be read or written.", cause: cause)
        }
    }

    /// `what` stands at `path`, where a plain file or directory must be.
    static func unexpectedFileType(_ path: String, _ what: String, cause: (any Error)? = nil) -> PlatformError {
        PlatformError(
            .unexpectedFileType, store: path, "There is \(what) where a plain file or directory must be.",
            remedy: "Look at it with `ls -ld` and move it away.", cause: cause)
    }
}
