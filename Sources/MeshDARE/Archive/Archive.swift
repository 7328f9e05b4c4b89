import MeshCore
import MeshCryptography
import MeshEncoding
import MeshPlatforms
import Synchronization

/// An archive: files and directories in a DARE sequence, one frame each (`dare-12` §7.3).
///
/// Headers name the files and are not encrypted, whether the contents are or not: that is how archives are. Contents pass
/// through in pieces, whatever their size. Every call blocks.
public final class Archive: Sendable {
    /// What the first frame of an archive says it is.
    public static let contentType = "mmm-tbs"
    /// The sequence.
    public let sequence: DARESequence
    private let limits: ArchiveLimits
    private let state: Mutex<State>

    private struct State {
        var scanner: CatalogScanner
        var index = ArchiveIndex()

        mutating func read(to end: Int, _ limits: ArchiveLimits) throws {
            var scanner = scanner
            defer { self.scanner = scanner }
            try scanner.scanLarge(to: end) { header, frame, stored in
                guard frame <= limits.mostRecords else {
                    throw ArchiveError(
                        .tooManyFiles, frame: frame, "The archive has more than \(limits.mostRecords) records.",
                        remedy: "Raise the limit if you trust where it comes from.")
                }
                try index.take(header, frame: frame, position: stored.position)
            }
        }
    }

    // MARK: Making and opening

    /// Makes an archive in the file called `name`.
    ///
    /// - Parameters:
    ///   - policy: who can read it, and who signs.
    ///   - keys: the key to sign with.
    /// - Throws: as ``DARESequence/create(_:in:_:keys:random:)``.
    public static func create(
        _ name: String, in directory: any ContainerDirectory, policy: SequencePolicy = .plain,
        keys: SequenceKeys = .none, limits: ArchiveLimits = ArchiveLimits(),
        random: any RandomSource = SystemRandomSource()
    ) throws -> Archive {
        var meta = ContentMeta()
        meta.contentType = contentType
        let sequence = try DARESequence.create(
            name, in: directory, SequenceOptions(.merkle, policy: policy, meta: meta), keys: keys, random: random)
        return try Archive(sequence, limits)
    }

    /// Opens the archive in the file called `name`; nil if it is not there. Reads the headers of all frames.
    ///
    /// - Throws: ``ArchiveError`` `notAnArchive`, `tooManyFiles`; ``DAREError``, ``PlatformError`` as
    ///   ``DARESequence/open(_:in:_:wholeRuns:keys:random:)``.
    public static func open(
        _ name: String, in directory: any ContainerDirectory, _ access: ContainerAccess = .append,
        keys: SequenceKeys = .none, limits: ArchiveLimits = ArchiveLimits()
    ) throws -> Archive? {
        guard let sequence = try DARESequence.open(name, in: directory, access, keys: keys) else { return nil }
        // Archives of 2018 do not say what they are.
        guard [contentType, nil].contains(sequence.meta.contentType?.asLabel), sequence.meta.event == nil else {
            throw ArchiveError(
                .notAnArchive, "\(sequence.path) is a sequence of another kind, not an archive.")
        }
        return try Archive(sequence, limits)
    }

    private init(_ sequence: DARESequence, _ limits: ArchiveLimits) throws {
        self.sequence = sequence
        self.limits = limits
        var state = State(scanner: CatalogScanner(sequence))
        try state.read(to: sequence.extent.end, limits)
        self.state = Mutex(state)
    }

    private func current<R>(_ body: (State) throws -> R) throws -> R {
        try state.withLock { state in
            try sequence.refresh()
            try state.read(to: sequence.extent.end, limits)
            return try body(state)
        }
    }

    // MARK: Listing

    /// The records that are refused: hostile names, and names that changed from a file to a directory. What they hold is
    /// not among the files.
    public var problems: [ArchiveError] { get throws { try current { $0.index.problems } } }

    /// The files and directories that are in the archive, in the order of their paths. Contents are not read.
    public func files() throws -> [ArchiveFile] {
        try current { state in
            try state.index.entries.sorted { $0.key.text.utf8.lexicographicallyPrecedes($1.key.text.utf8) }
                .map { try file($0.key, $0.value) }
        }
    }

    /// The file of that path; nil if there is none.
    public func find(_ path: ArchivePath) throws -> ArchiveFile? {
        try current { state in try state.index.entries[path].map { try file(path, $0) } }
    }

    private func file(_ path: ArchivePath, _ entry: ArchiveIndex.Entry) throws -> ArchiveFile {
        let stored = try StoredFrame(sequence.log, at: entry.position, limit: sequence.extent.end)
        let header = try FrameHeader.parse(stored.header[...], "header")
        return ArchiveFile(
            path: path, isDirectory: entry.isDirectory, storedSize: stored.payload.count,
            attributes: ArchiveRecord.attributes(try EnvelopeMembers(header: header).contentMeta), frame: entry.frame,
            position: entry.position)
    }

    // MARK: Reading

    /// The content of a file, piece after piece. Only after the call has returned is it known to be what was put in.
    ///
    /// - Throws: ``DAREError`` `digestMismatch`, `wrongRecipient`, `decryptionFailed` and others; what `sink` throws.
    public func read(_ file: ArchiveFile, to sink: OctetSink) throws {
        try sequence.readContent(at: file.position, index: file.frame, to: sink)
    }

    /// Makes the proof that a file is in the archive as it is now, for someone who has the archive's last tree digest and
    /// not the archive.
    ///
    /// - Throws: as ``DARESequence/inclusionProof(of:under:)``.
    public func inclusionProof(of file: ArchiveFile) throws -> InclusionProof {
        try sequence.inclusionProof(of: file.frame, under: sequence.refresh() - 1)
    }

    // MARK: Adding and deleting

    /// Adds a file, or replaces the one of its path.
    ///
    /// - Parameters:
    ///   - size: how many octets it has.
    ///   - source: gives them.
    ///   - replaces: whether a file of that path may be replaced.
    /// - Returns: the number of its frame.
    /// - Throws: ``ArchiveError`` `alreadyExists`, `kindConflict`, `changed` (the source gave more or less);
    ///   ``DAREError``, ``PlatformError`` as ``DARESequence/append(durability:until:_:)``; what `source` throws. Nothing
    ///   was added then.
    @discardableResult
    public func add(
        _ path: ArchivePath, size: Int, attributes: ArchiveFileAttributes = ArchiveFileAttributes(),
        replaces: Bool = true, durability: FrameLog.Durability = .grouped, from source: OctetSource
    ) throws -> Int {
        try append(path, isDirectory: false, attributes, replaces: replaces, durability) { appender, content in
            try appender.append(content, count: size, from: source)
        }
    }

    /// Adds a directory, for one that is empty or whose times are to be kept.
    @discardableResult
    public func addDirectory(
        _ path: ArchivePath, attributes: ArchiveFileAttributes = ArchiveFileAttributes(),
        durability: FrameLog.Durability = .grouped
    ) throws -> Int {
        try append(path, isDirectory: true, attributes, replaces: true, durability) { appender, content in
            var content = content
            content.isStoredAsIs = true
            return try appender.append(content, isLast: true)
        }
    }

    /// Takes a file away: it is no longer listed. Its content stays in the sequence.
    ///
    /// - Throws: ``ArchiveError`` `notFound`.
    public func delete(_ path: ArchivePath, durability: FrameLog.Durability = .grouped) throws {
        try append(durability) { entries, appender in
            guard let old = entries[path] else {
                throw ArchiveError(.notFound, "There is no file \(ArchiveError.quoted(path.text)) in \(sequence.path).")
            }
            var content = FrameContent(
                meta: ArchiveRecord.meta(
                    path, isDirectory: old.isDirectory, ArchiveFileAttributes(), .delete, first: old.first,
                    previous: old.frame))
            content.isStoredAsIs = true
            try appender.append(content, isLast: true)
        }
    }

    /// Makes durable what was added.
    public func synchronize() throws { try sequence.synchronize() }

    private func append(
        _ path: ArchivePath, isDirectory: Bool, _ attributes: ArchiveFileAttributes, replaces: Bool,
        _ durability: FrameLog.Durability, _ write: (inout SequenceAppender, FrameContent) throws -> Int
    ) throws -> Int {
        try append(durability) { entries, appender in
            let old = entries[path]
            guard old == nil || replaces else {
                throw ArchiveError(
                    .alreadyExists, "There is a file \(ArchiveError.quoted(path.text)) in \(sequence.path) already.")
            }
            try check(path, isDirectory: isDirectory, entries)
            let meta = ArchiveRecord.meta(
                path, isDirectory: isDirectory, attributes, old == nil ? .new : .update, first: old?.first,
                previous: old?.frame)
            return try write(&appender, FrameContent(meta: meta))
        }
    }

    private func append<R>(
        _ durability: FrameLog.Durability,
        _ body: ([ArchivePath: ArchiveIndex.Entry], inout SequenceAppender) throws -> R
    ) throws -> R {
        try sequence.append(durability: durability) { appender in
            let entries = try state.withLock { state in
                try state.read(to: appender.batch.start, limits)
                return state.index.entries
            }
            return try body(entries, &appender)
        }
    }

    /// A path cannot lead through a file, nor be of another kind than it was.
    private func check(
        _ path: ArchivePath, isDirectory: Bool, _ entries: [ArchivePath: ArchiveIndex.Entry]
    ) throws(ArchiveError) {
        let parts = path.parts
        for length in 1...parts.count {
            let prefix = try ArchivePath(parts: Array(parts[..<length]))
            guard let entry = entries[prefix], entry.isDirectory != (length < parts.count || isDirectory) else {
                continue
            }
            throw ArchiveError(
                .kindConflict,
                "\(ArchiveError.quoted(prefix.text)) is \(entry.isDirectory ? "a directory" : "a file") in "
                    + "\(sequence.path).")
        }
    }
}
