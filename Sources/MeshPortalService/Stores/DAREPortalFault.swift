import MeshCore
import MeshDARE
import MeshPlatforms

/// What the errors of files, sequences and catalogs mean for a portal's store.
enum DAREPortalFault {
    /// Whether a file or directory was removed or replaced while it was in use: it is to be looked for anew.
    static func isGone(_ error: any Error) -> Bool {
        switch error {
        case let error as PlatformError: [.notFound, .changedUnderneath].contains(error.code)
        case let error as DAREError: error.code == .replaced
        case let error as CatalogError: error.code == .conflict
        default: false
        }
    }

    static func invalidFrames(_ log: String, _ error: ReplicaError) -> PortalStoreError {
        PortalStoreError(
            .invalidFrames, "The frames are not the next ones of \(log): \(error.message)", remedy: error.remedy,
            cause: error, key: log)
    }

    /// Runs `body`; where it finds damage in the file called `name`, the error names the file, and the first frame that is
    /// damaged.
    static func naming<R>(
        _ name: String, in directory: any ContainerDirectory, _ body: () throws -> R
    ) throws -> R {
        do {
            return try body()
        } catch let error as any MeshError {
            let isOther = error is PortalStoreError || error is PlatformError || error is ReplicaError
            if isOther || isGone(error) { throw error }
            let fault = (try? SequenceVerifier.verify(name, in: directory))?.faults.first
            throw corrupt("\(directory.path)/\(name) is damaged: \(fault?.message ?? error.message)", cause: error)
        }
    }

    static func corrupt(_ message: String, cause: (any Error)? = nil) -> PortalStoreError {
        PortalStoreError(
            .corrupt, message, remedy: "Verify the file, and restore it from a copy.", cause: cause)
    }

    /// `error` as a portal's store throws it.
    static func error(_ error: any Error, store: String) -> any Error {
        switch error {
        case is PortalStoreError, is CancellationError: error
        case let error as PlatformError where error.code == .noSpace:
            PortalStoreError(
                .full, "There is no space for the portal's data.", remedy: "Make space on the disk of \(store).",
                cause: error)
        case let error as PlatformError where error.code == .corrupt: corrupt(error.message, cause: error)
        case let error as PlatformError:
            PortalStoreError(
                .unavailable, "The portal's data cannot be read or written: \(error.message)", remedy: error.remedy,
                cause: error)
        case let error as any MeshError: corrupt("The portal's data are damaged: \(error.message)", cause: error)
        default: PortalStoreError(.unavailable, "The portal's data cannot be read or written.", cause: error)
        }
    }
}
