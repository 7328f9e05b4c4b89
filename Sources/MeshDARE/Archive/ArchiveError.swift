import MeshCore

/// Why an archive, or something in it, is refused.
public struct ArchiveError: MeshError, Equatable {
    /// The cases.
    public struct Code: Hashable, Sendable {
        /// The stable name.
        public let name: String
        /// A record without a name, or a name with an empty part.
        public static let emptyName = Code(name: "archive-empty-name")
        /// A name that starts at the root of a file system.
        public static let absoluteName = Code(name: "archive-absolute-name")
        /// A name that starts with a drive letter.
        public static let driveLetter = Code(name: "archive-drive-letter")
        /// A name with a part `.` or `..`.
        public static let relativePart = Code(name: "archive-relative-part")
        /// A name with control characters, or with characters that turn the direction of writing.
        public static let controlCharacter = Code(name: "archive-control-character")
        /// A name longer or deeper than file systems have.
        public static let nameTooLong = Code(name: "archive-name-too-long")
        /// A name that differs from another only by case or by how its characters are composed.
        public static let twin = Code(name: "archive-twin")
        /// A name that is a file in one record, and a directory in another.
        public static let kindConflict = Code(name: "archive-kind-conflict")
        /// More files than are accepted.
        public static let tooManyFiles = Code(name: "archive-too-many-files")
        /// A file larger than is accepted.
        public static let fileTooLarge = Code(name: "archive-file-too-large")
        /// More content in all than is accepted.
        public static let tooLarge = Code(name: "archive-too-large")
        /// There is no file of that name in the archive.
        public static let notFound = Code(name: "archive-not-found")
        /// There is a file of that name already.
        public static let alreadyExists = Code(name: "archive-already-exists")
        /// Something that is neither a plain file nor a directory.
        public static let notAFile = Code(name: "archive-not-a-file")
        /// The sequence is no archive.
        public static let notAnArchive = Code(name: "archive-not-an-archive")
        /// A file changed while it was added.
        public static let changed = Code(name: "archive-changed")
    }

    /// The case.
    public let code: Code
    public let message: String
    public let remedy: String?
    public let cause: (any Error)?
    /// The number of the frame it is about, if it is about one.
    public let frame: Int?
    public var codeName: String { code.name }

    /// An error that says `message`.
    public init(
        _ code: Code, frame: Int? = nil, _ message: String, remedy: String? = nil, cause: (any Error)? = nil
    ) {
        self.code = code
        self.frame = frame
        self.message = frame.map { "Record \($0): \(message)" } ?? message
        self.remedy = remedy
        self.cause = cause
    }

    /// Equal when the case is the same and it is about the same frame.
    public static func == (left: ArchiveError, right: ArchiveError) -> Bool {
        left.code == right.code && left.frame == right.frame
    }

    /// A name from an archive, for messages: what could play tricks on a terminal is written as its code.
    static func quoted(_ name: String) -> String {
        var text = ""
        for scalar in name.unicodeScalars.prefix(200) {
            if ArchivePath.isForbidden(scalar) {
                text += "\\u{\(String(scalar.value, radix: 16))}"
            } else {
                text.unicodeScalars.append(scalar)
            }
        }
        return "\"\(text)\(name.unicodeScalars.count > 200 ? "…" : "")\""
    }
}
