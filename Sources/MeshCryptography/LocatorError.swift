import MeshCore

/// What is wrong with a locator or a strong internet name.
public struct LocatorError: MeshError, Equatable {
    /// The cases.
    public struct Code: Hashable, Sendable {
        /// The stable name.
        public let name: String
        /// The text does not start with `udf:`.
        public static let notALocator = Code(name: "locator-not-udf")
        /// No DNS name where there must be one.
        public static let invalidDomain = Code(name: "locator-invalid-domain")
        /// The part that must be a fingerprint or a key is none.
        public static let invalidFingerprint = Code(name: "locator-invalid-fingerprint")
        /// A fingerprint too long for a DNS label.
        public static let tooLong = Code(name: "locator-too-long")
    }

    /// The case.
    public let code: Code
    /// What happened, in one sentence.
    public let message: String
    /// What can be done about it, if anything.
    public let remedy: String?
    /// The error below this one, if any.
    public let cause: (any Error)?
    /// The stable name of the case.
    public var codeName: String { code.name }

    /// An error that says `message`, which must not quote a key.
    public init(_ code: Code, _ message: String = "", remedy: String? = nil, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.remedy = remedy
        self.cause = cause
    }

    /// Equal when the case is the same.
    public static func == (left: LocatorError, right: LocatorError) -> Bool { left.code == right.code }
}
