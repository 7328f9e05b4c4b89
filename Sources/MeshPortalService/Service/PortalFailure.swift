import MeshPortals

/// Why a request is answered with anything but success. The words go to whoever asked: they say nothing of the store, and
/// nothing of what the asker may not know.
struct PortalFailure: Error {
    let status: PortalStatus
    let description: String
    /// What happened below, for the observer alone.
    var cause: (any Error)?

    init(_ status: PortalStatus, _ description: String, cause: (any Error)? = nil) {
        self.status = status
        self.description = description
        self.cause = cause
    }

    /// The one answer for accounts that are not there, keys that are not known, and rights that are missing.
    static var unauthorized: PortalFailure { PortalFailure(.unauthorized, "The key that asks may not do this.") }
    /// The one answer for what is not there, and for what is not shown to whoever asks.
    static var notFound: PortalFailure { PortalFailure(.notFound, "There is no such thing here.") }
    /// For devices that were removed from the account.
    static var revoked: PortalFailure {
        PortalFailure(.gone, "The device was removed from the account.")
    }
    static func badRequest(_ description: String, cause: (any Error)? = nil) -> PortalFailure {
        PortalFailure(.badRequest, description, cause: cause)
    }
    static func invalid(_ description: String, cause: (any Error)? = nil) -> PortalFailure {
        PortalFailure(.invalid, description, cause: cause)
    }
    static func conflict(_ description: String) -> PortalFailure { PortalFailure(.conflict, description) }
    static func tooLarge(_ description: String) -> PortalFailure { PortalFailure(.tooLarge, description) }
    static func tooMany(_ description: String) -> PortalFailure { PortalFailure(.tooMany, description) }
}
