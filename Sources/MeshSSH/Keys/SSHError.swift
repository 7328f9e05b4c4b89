import MeshPlatforms

/// The errors of SSH key texts and files: each a ``PlatformError`` of `ssh key`, or of the file it is about.
package enum SSHError {
    package static let subject = "ssh key"

    package static func corrupt(_ message: String, cause: (any Error)? = nil) -> PlatformError {
        PlatformError(
            .corrupt, store: subject, message, remedy: "Take the key from a backup, or make a new one.", cause: cause)
    }

    package static func unsupported(_ message: String, remedy: String? = nil) -> PlatformError {
        PlatformError(.unsupported, store: subject, message, remedy: remedy)
    }

    package static func argument(_ message: String) -> PlatformError {
        PlatformError(.invalidArgument, store: subject, message)
    }
}
