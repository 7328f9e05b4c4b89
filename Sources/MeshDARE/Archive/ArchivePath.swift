import MeshEncoding

/// The name of a file in an archive: its path below the directory that the archive is of.
///
/// There is no value of this type that leads anywhere else: no absolute path, no drive letter, no `.` or `..`, no empty
/// part, no control characters. Archives from Windows separate the parts with backslashes; here it is always a slash.
public struct ArchivePath: Hashable, Sendable, CustomStringConvertible {
    /// The most octets of a path.
    public static let largestPath = 4096
    /// The most octets of one part of it.
    public static let largestPart = 255
    /// The most parts.
    public static let deepest = 60

    /// The path, its parts separated by slashes.
    public let text: String
    public var description: String { text }

    /// The parts, the directory first.
    public var parts: [String] { text.utf8.split(separator: 0x2F).map { String(decoding: $0, as: UTF8.self) } }

    /// Reads the name that a record has.
    ///
    /// - Parameter frame: the number of the record, for messages.
    /// - Throws: ``ArchiveError`` `emptyName`, `absoluteName`, `driveLetter`, `relativePart`, `controlCharacter`,
    ///   `nameTooLong`.
    public init(recorded name: String, frame: Int? = nil) throws(ArchiveError) {
        let octets = Array(name.utf8)
        guard !octets.isEmpty else { throw ArchiveError(.emptyName, frame: frame, "The record has no file name.") }
        guard octets.count <= Self.largestPath else {
            throw ArchiveError(
                .nameTooLong, frame: frame, "A file name has \(octets.count) octets, more than \(Self.largestPath).")
        }
        let quoted = ArchiveError.quoted(name)
        guard !name.unicodeScalars.contains(where: Self.isForbidden) else {
            throw ArchiveError(.controlCharacter, frame: frame, "The file name \(quoted) has control characters.")
        }
        guard !Self.isSeparator(octets[0]) else {
            throw ArchiveError(.absoluteName, frame: frame, "The file name \(quoted) starts at the root.")
        }
        if octets.count >= 2, octets[1] == 0x3A, (0x41...0x5A).contains(octets[0] & 0xDF) {
            throw ArchiveError(.driveLetter, frame: frame, "The file name \(quoted) starts with a drive letter.")
        }
        let parts = octets.split(omittingEmptySubsequences: false, whereSeparator: Self.isSeparator)
        guard parts.count <= Self.deepest else {
            throw ArchiveError(.nameTooLong, frame: frame, "A file name has \(parts.count) parts.")
        }
        for part in parts {
            guard !part.isEmpty else {
                throw ArchiveError(.emptyName, frame: frame, "The file name \(quoted) has an empty part.")
            }
            guard !part.elementsEqual([0x2E]), !part.elementsEqual([0x2E, 0x2E]) else {
                throw ArchiveError(.relativePart, frame: frame, "The file name \(quoted) has a part . or \"..\".")
            }
            guard part.count <= Self.largestPart else {
                throw ArchiveError(.nameTooLong, frame: frame, "A part of the file name \(quoted) is too long.")
            }
        }
        text = parts.map { String(decoding: $0, as: UTF8.self) }.joined(separator: "/")
    }

    /// The path of these parts, to be recorded.
    ///
    /// - Throws: as ``init(recorded:frame:)``; `controlCharacter` also for a part with a backslash, which a reader would
    ///   take for two.
    public init(parts: [String]) throws(ArchiveError) {
        for part in parts where part.utf8.contains(where: Self.isSeparator) {
            throw ArchiveError(
                .controlCharacter, "The file name \(ArchiveError.quoted(part)) has a slash or backslash in it.",
                remedy: "Rename the file: readers of archives take both for separators.")
        }
        try self.init(recorded: parts.joined(separator: "/"))
    }

    /// Equal when the octets are.
    public static func == (left: ArchivePath, right: ArchivePath) -> Bool {
        ExactText(left.text) == ExactText(right.text)
    }

    public func hash(into hasher: inout Hasher) { hasher.combine(ExactText(text)) }

    private static func isSeparator(_ octet: UInt8) -> Bool { octet == 0x2F || octet == 0x5C }

    /// Control characters, separators of lines, and what turns the direction of writing so that a name looks like another.
    static func isForbidden(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x061C, 0x200E, 0x200F, 0x2028...0x202E, 0x2066...0x2069, 0xFEFF: true
        // Not a character of any text.
        case 0xFFFE, 0xFFFF: true
        default: scalar.properties.generalCategory == .control
        }
    }

    /// What the path becomes where neither case nor the composition of characters counts.
    static func folded(_ text: String) -> String { text.uppercased().lowercased() }
}

/// Finds what in a set of paths cannot stand side by side in a directory tree, or not in every one.
struct ArchivePathCheck {
    /// Whether names may differ by case or composition alone.
    let allowsTwins: Bool
    /// The kind and record of each path and of each directory above it.
    private var places: [ExactText: (isDirectory: Bool, frame: Int)] = [:]
    /// The exact form of each, by the folded one. Swift's texts are equal when their characters are, however composed,
    /// which is what is wanted here.
    private var folded: [String: String] = [:]

    init(allowsTwins: Bool) { self.allowsTwins = allowsTwins }

    /// Adds a path.
    ///
    /// - Throws: ``ArchiveError`` `twin`, `kindConflict`.
    mutating func add(_ path: ArchivePath, isDirectory: Bool, frame: Int) throws(ArchiveError) {
        var prefix = ""
        let parts = path.parts
        for (number, part) in parts.enumerated() {
            prefix += number == 0 ? part : "/" + part
            let isLast = number == parts.count - 1
            let isDirectory = !isLast || isDirectory
            if let other = places[ExactText(prefix)] {
                guard other.isDirectory && isDirectory else {
                    throw ArchiveError(
                        .kindConflict, frame: frame,
                        "The name \(ArchiveError.quoted(prefix)) is that of a file and of a directory (record "
                            + "\(other.frame)).")
                }
                continue
            }
            places[ExactText(prefix)] = (isDirectory, frame)
            guard !allowsTwins else { continue }
            if let twin = folded.updateValue(prefix, forKey: ArchivePath.folded(prefix)) {
                throw ArchiveError(
                    .twin, frame: frame,
                    "The names \(ArchiveError.quoted(prefix)) and \(ArchiveError.quoted(twin)) (record "
                        + "\(places[ExactText(twin)]?.frame ?? 0)) are one where case or composition do not count.",
                    remedy: "Extract one of them alone, or allow such names.")
            }
        }
    }
}
