import MeshCore

/// Why octets are no JSON text, or no JSON-B, JSON-C or JSON-D data.
public struct JSONError: MeshError, Equatable {
    /// The cases.
    public struct Code: Hashable, Sendable {
        /// The stable name.
        public let name: String
        /// Something else stands where JSON wants a value, a name or a mark.
        public static let syntax = Code(name: "json-syntax")
        /// The text ends too early.
        public static let truncated = Code(name: "json-truncated")
        /// Something follows the value.
        public static let trailingData = Code(name: "json-trailing-data")
        /// Nested deeper than is read.
        public static let tooDeep = Code(name: "json-too-deep")
        /// Longer than is read, or in need of more memory than it may take.
        public static let tooLarge = Code(name: "json-too-large")
        /// An object has two members of one name.
        public static let duplicateName = Code(name: "json-duplicate-name")
        /// A text is not UTF-8, or escapes half of a surrogate pair.
        public static let invalidText = Code(name: "json-invalid-text")
        /// A tag that is not assigned, not read here, or not where it may stand.
        public static let unknownTag = Code(name: "json-unknown-tag")
        /// A code that nothing defines, or that stands for octets where a name must be.
        public static let undefinedCode = Code(name: "json-undefined-code")
        /// A dictionary that the reader was not given.
        public static let unknownDictionary = Code(name: "json-unknown-dictionary")
        /// A value of which the encoding has no form.
        public static let notEncodable = Code(name: "json-not-encodable")
        /// A member is missing, or not of the kind it must be.
        public static let unexpectedValue = Code(name: "json-unexpected-value")
    }

    /// The case.
    public let code: Code
    /// How many octets come before the place, where there is one.
    public let offset: Int?
    /// The names and numbers that lead from the outermost value to the place, where they are known.
    public let path: [String]
    public let message: String
    public let cause: (any Error)?
    public var codeName: String { code.name }
    public var remedy: String? { nil }

    /// An error at `offset`. `message` quotes nothing of the text.
    public init(
        _ code: Code, at offset: Int? = nil, path: [String] = [], _ message: String, cause: (any Error)? = nil
    ) {
        self.code = code
        self.offset = offset
        self.path = path
        self.cause = cause
        let place = [path.isEmpty ? nil : path.joined(separator: "."), offset.map { "at octet \($0)" }]
            .compactMap { $0 }.joined(separator: ", ")
        self.message = place.isEmpty ? message : "\(message) (\(place))"
    }

    /// Equal when the case is the same.
    public static func == (left: JSONError, right: JSONError) -> Bool { left.code == right.code }
}
