import MeshCore
import MeshEncoding
import MeshPlatforms

/// A file or directory in an archive.
public struct ArchiveFile: Hashable, Sendable {
    /// Its path.
    public let path: ArchivePath
    /// Whether it is a directory.
    public let isDirectory: Bool
    /// How many octets are stored; encrypted content is up to 16 octets longer than the file.
    public let storedSize: Int
    /// What is kept of it besides its content. All of it comes from another system.
    public let attributes: ArchiveFileAttributes
    /// The frame that holds it.
    public let frame: Int
    let position: Int
}

/// What a header says of a file.
enum ArchiveRecord {
    /// Attribute bits, as other implementations write them.
    private static let readOnlyBit = 0x01
    private static let directoryBit = 0x10
    private static let normalBit = 0x80
    /// A member of `FileEntry` of this package's own: there is no such bit.
    private static let executable = "Executable"

    /// What a new frame is to say.
    static func meta(
        _ path: ArchivePath, isDirectory: Bool, _ attributes: ArchiveFileAttributes, _ event: CatalogEvent,
        first: Int? = nil, previous: Int? = nil
    ) -> ContentMeta {
        var meta = ContentMeta()
        meta.uniqueID = path.text
        meta.filename = path.parts.last
        meta.event = ContentMeta.Event(rawValue: event.rawValue)
        meta.first = first
        meta.previous = previous
        guard event != .delete else { return meta }
        var entry = FileEntry()
        entry.path = path.text
        entry.created = attributes.created
        entry.accessed = attributes.accessed
        entry.written = attributes.modified
        var bits = attributes.isReadOnly ? readOnlyBit : 0
        if isDirectory { bits |= directoryBit }
        entry.attributes = bits == 0 ? normalBit : bits
        if attributes.isExecutable { entry.members[executable] = true }
        meta.fileEntry = entry
        return meta
    }

    /// Whether it is about a directory.
    static func isDirectory(_ meta: ContentMeta) -> Bool { (meta.fileEntry?.attributes ?? 0) & directoryBit != 0 }

    static func attributes(_ meta: ContentMeta) -> ArchiveFileAttributes {
        let entry = meta.fileEntry
        return ArchiveFileAttributes(
            created: entry?.created, accessed: entry?.accessed, modified: entry?.written,
            isReadOnly: (entry?.attributes ?? 0) & readOnlyBit != 0,
            isExecutable: entry?.members[executable] == true)
    }

    /// The name of the file: `UniqueId`; in archives of 2018 the first of `Paths`.
    static func name(_ meta: ContentMeta) -> String? {
        meta.uniqueID ?? meta.paths.first ?? meta.fileEntry?.path ?? meta.filename
    }
}

/// What the frames of an archive add up to: for each path the frame that holds the file now.
struct ArchiveIndex: Sendable {
    struct Entry: Hashable, Sendable {
        let isDirectory: Bool
        let first: Int
        let frame: Int
        let position: Int
    }

    private(set) var entries: [ArchivePath: Entry] = [:]
    /// Records that are refused, the first of them; none of them is among the entries.
    private(set) var problems: [ArchiveError] = []
    private static let mostProblems = 1000

    /// Takes in what a header says.
    mutating func take(_ header: JSONObject, frame: Int, position: Int) throws {
        guard frame > 0, !SequenceInfo(header: header).isMeta else { return }
        let meta = try EnvelopeMembers(header: header).contentMeta
        guard let name = ArchiveRecord.name(meta) else { return }
        do throws(ArchiveError) {
            let path = try ArchivePath(recorded: name, frame: frame)
            // Archives of 2018 have no events: whatever is there is a file.
            guard let event = meta.event.map({ CatalogEvent(reading: $0.rawValue) }) ?? .new else { return }
            if event == .delete {
                entries[path] = nil
                return
            }
            let old = entries[path]
            let isDirectory = ArchiveRecord.isDirectory(meta)
            guard old == nil || old?.isDirectory == isDirectory else {
                throw ArchiveError(
                    .kindConflict, frame: frame,
                    "The name \(ArchiveError.quoted(path.text)) is that of a file and of a directory (record "
                        + "\(old?.frame ?? 0)).")
            }
            entries[path] = Entry(
                isDirectory: isDirectory, first: event == .update ? old?.first ?? frame : frame, frame: frame,
                position: position)
        } catch {
            if problems.count < Self.mostProblems { problems.append(error) }
        }
    }
}

/// What is accepted of an archive.
public struct ArchiveLimits: Sendable {
    /// The most records.
    public var mostRecords = 1_000_000
    /// The most octets of one file.
    public var largestFile = 1 << 36
    /// The most octets of all files together.
    public var largestTotal = 1 << 38
    /// Whether names may differ by case or by how characters are composed alone. Where the file system takes such names
    /// for one, extraction fails.
    public var allowsTwins = false

    /// A million records, 64 GiB for one file, 256 GiB for all, and no twins.
    public init() {}
}
