import MeshCore

/// Why a portal's store did not do what was asked.
public struct PortalStoreError: MeshError, Equatable {
    /// The cases.
    public struct Code: Hashable, Sendable {
        /// The stable name.
        public let name: String
        /// The record has another version, or the container another count, than was expected.
        public static let conflict = Code(name: "portal-store-conflict")
        /// What is kept is damaged.
        public static let corrupt = Code(name: "portal-store-corrupt")
        /// The frames are not the next ones of their container.
        public static let invalidFrames = Code(name: "portal-store-invalid-frames")
        /// There is no space.
        public static let full = Code(name: "portal-store-full")
        /// The store cannot be read or written now.
        public static let unavailable = Code(name: "portal-store-unavailable")
        /// The key or the name of a container cannot be one.
        public static let invalidKey = Code(name: "portal-store-invalid-key")
    }

    /// The case.
    public let code: Code
    public let message: String
    public let remedy: String?
    public let cause: (any Error)?
    /// With `conflict` and `invalidKey`: the key or container that it is about.
    public let key: String?
    public var codeName: String { code.name }

    /// An error that says `message`.
    public init(
        _ code: Code, _ message: String, remedy: String? = nil, cause: (any Error)? = nil, key: String? = nil
    ) {
        self.code = code
        self.message = message
        self.remedy = remedy
        self.cause = cause
        self.key = key
    }

    /// Equal when the case is the same.
    public static func == (left: PortalStoreError, right: PortalStoreError) -> Bool { left.code == right.code }
}
