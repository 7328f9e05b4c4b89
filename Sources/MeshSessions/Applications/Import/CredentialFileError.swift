import MeshCore

/// What is wrong with a file of passwords that is to be imported. Nothing of what the file holds is in the error but names of
/// columns.
public struct CredentialFileError: MeshError, Equatable {
    /// The cases.
    public struct Code: Hashable, Sendable {
        /// The stable name.
        public let name: String
        /// It is of no format that is known, or not of the one that was named.
        public static let unknownFormat = Code(name: "import-unknown-format")
        /// It is not written as its format wants it.
        public static let malformed = Code(name: "import-malformed")
        /// It is encrypted.
        public static let encrypted = Code(name: "import-encrypted")
        /// It is larger than is read.
        public static let tooLarge = Code(name: "import-too-large")
    }

    /// The case.
    public let code: Code
    /// The line that it is about, the first being 1; nil if it is about no one line.
    public let line: Int?
    public let message: String
    public let remedy: String?
    public var codeName: String { code.name }
    public var cause: (any Error)? { nil }

    /// An error that says `message`.
    public init(_ code: Code, line: Int? = nil, _ message: String = "", remedy: String? = nil) {
        self.code = code
        self.line = line
        self.message = message
        self.remedy = remedy
    }

    static func malformed(_ line: Int, _ what: String) -> CredentialFileError {
        CredentialFileError(
            .malformed, line: line, "Line \(line) is not as it should be: \(what).",
            remedy: "Nothing was imported. Correct the line, or export the file again.")
    }

    /// Equal when the case and the line are the same.
    public static func == (left: CredentialFileError, right: CredentialFileError) -> Bool {
        left.code == right.code && left.line == right.line
    }
}
