import MeshCore

/// Why a catalog or spool refused something, or what is wrong with one.
public struct CatalogError: MeshError, Equatable {
    /// The cases.
    public struct Code: Hashable, Sendable {
        /// The stable name.
        public let name: String
        /// There is an entry of that key already.
        public static let alreadyExists = Code(name: "catalog-already-exists")
        /// There is no entry of that key.
        public static let notFound = Code(name: "catalog-not-found")
        /// The entry was changed since the version that the change is based on.
        public static let conflict = Code(name: "catalog-conflict")
        /// An entry has no primary key, or one that does not belong to it.
        public static let invalidKey = Code(name: "catalog-invalid-key")
        /// An entry is not of the form that its type has.
        public static let invalidEntry = Code(name: "catalog-invalid-entry")
        /// The entry is encrypted to others.
        public static let notReadable = Code(name: "catalog-not-readable")
        /// The sequence is not of the kind that it was opened as.
        public static let wrongStore = Code(name: "catalog-wrong-store")
    }

    /// The case.
    public let code: Code
    public let message: String
    public let remedy: String?
    public let cause: (any Error)?
    /// With `conflict`: the version that the change is based on, and the one that is there (nil if the entry is gone).
    public let versions: (expected: CatalogVersion, found: CatalogVersion?)?
    public var codeName: String { code.name }

    /// An error that says `message`.
    public init(
        _ code: Code, _ message: String, remedy: String? = nil, cause: (any Error)? = nil,
        versions: (expected: CatalogVersion, found: CatalogVersion?)? = nil
    ) {
        self.code = code
        self.message = message
        self.remedy = remedy
        self.cause = cause
        self.versions = versions
    }

    /// Equal when the case is the same.
    public static func == (left: CatalogError, right: CatalogError) -> Bool { left.code == right.code }
}
