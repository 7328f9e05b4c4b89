import MeshCore
import MeshPortals

/// Something that whoever runs a portal should know of: a failure that the one who asked is told nothing of. Without keys,
/// bodies, or names of persons.
public struct PortalEvent: Sendable {
    /// What was asked for; nil where that is not known.
    public let transaction: PortalTransaction?
    /// What was answered.
    public let status: PortalStatus
    /// The stable name of the error below, such as `portal-store-corrupt`.
    public let error: String
    /// What the error below says: a path, a system error.
    public let message: String

    init(transaction: PortalTransaction?, status: PortalStatus, cause: any Error) {
        self.transaction = transaction
        self.status = status
        if let cause = cause as? any MeshError {
            error = cause.codeName
            message = cause.message
        } else {
            error = String(describing: type(of: cause))
            message = "An error that this portal does not know."
        }
    }
}

/// What is told of failures.
public typealias PortalObserver = @Sendable (PortalEvent) -> Void
