import MeshCore
import MeshCryptography
import MeshEncoding
import MeshPlatforms
import Synchronization

/// A catalog: entries that are found by key, kept in a DARE sequence of the events that added, updated and deleted them
/// (`dare-12` §7.1).
///
/// Opening it reads the headers of all frames and keeps a small record for each entry that is there; contents are read
/// when they are asked for. Each call sees what other threads and processes have appended before. Every call blocks.
///
/// The primary key of an entry stands in the header of its frames, unencrypted in an encrypted catalog too: that is how
/// catalogs are. Secondary keys are written there only if the catalog is not encrypted; else they are found by reading.
public final class Catalog: Sendable {
    /// The name of its file.
    public let name: String
    /// For messages: where it is.
    public var path: String { "\(directory.path)/\(name)" }
    let directory: any ContainerDirectory
    let access: ContainerAccess
    let options: CatalogOptions
    private let state: Mutex<State>

    /// What is known of the file as far as it has been read.
    struct State {
        var sequence: DARESequence
        var file: CatalogFileIdentity
        var scanner: CatalogScanner
        var index = CatalogIndex()
        var defaultKey: String?
        var exchange = LastExchange()

        init(_ sequence: DARESequence) throws {
            self.sequence = sequence
            file = try CatalogFileIdentity(sequence)
            scanner = CatalogScanner(sequence)
        }

        /// Reads the headers of the frames up to `end`.
        mutating func read(to end: Int) throws {
            var scanner = scanner
            defer { self.scanner = scanner }
            try scanner.scan(to: end) { header, frame, position in
                if let key = SequenceInfo(header: header).defaultKey { defaultKey = key }
                exchange.take(header, frame)
                index.take(
                    try CatalogIndex.Change(header: header, frame: frame, position: position, noting: &index))
            }
        }
    }

    // MARK: Making and opening

    /// Makes a catalog in the file called `name`, durably.
    ///
    /// - Throws: ``PlatformError`` `alreadyExists` and others; ``DAREError`` as ``DARESequence/create(_:in:_:keys:random:)``.
    public static func create(
        _ name: String, in directory: any ContainerDirectory, options: CatalogOptions = CatalogOptions()
    ) throws -> Catalog {
        let sequence = try DARESequence.create(
            name, in: directory, options.sequence(), keys: options.keys, random: options.random)
        return try Catalog(name, in: directory, .append, options, sequence)
    }

    /// Opens the catalog in the file called `name`; nil if it is not there.
    ///
    /// - Throws: ``DAREError`` `malformed`, `digestMismatch` (a frame was changed), `unsupportedAlgorithm`;
    ///   ``PlatformError``.
    public static func open(
        _ name: String, in directory: any ContainerDirectory, _ access: ContainerAccess = .append,
        options: CatalogOptions = CatalogOptions()
    ) throws -> Catalog? {
        guard
            let sequence = try DARESequence.open(
                name, in: directory, access, wholeRuns: options.wholeRuns, keys: options.keys, random: options.random)
        else { return nil }
        let catalog = try Catalog(name, in: directory, access, options, sequence)
        if access == .append { try catalog.finishCompaction() }
        return catalog
    }

    /// Opens the catalog, or makes it if it is not there.
    public static func openOrCreate(
        _ name: String, in directory: any ContainerDirectory, options: CatalogOptions = CatalogOptions()
    ) throws -> Catalog {
        while true {
            if let catalog = try open(name, in: directory, options: options) { return catalog }
            do {
                return try create(name, in: directory, options: options)
            } catch let error as PlatformError where error.code == .alreadyExists {
                continue
            }
        }
    }

    private init(
        _ name: String, in directory: any ContainerDirectory, _ access: ContainerAccess, _ options: CatalogOptions,
        _ sequence: DARESequence
    ) throws {
        self.name = name
        self.directory = directory
        self.access = access
        self.options = options
        var state = try State(sequence)
        try state.read(to: sequence.extent.end)
        self.state = Mutex(state)
    }

    // MARK: Catching up

    /// The state, after reading what was appended since.
    func current<R>(_ body: (inout State) throws -> R) throws -> R {
        try state.withLock { state in
            if try !state.sequence.log.isCurrent() { try reopen(&state) }
            try state.sequence.refresh()
            try state.read(to: state.sequence.extent.end)
            return try body(&state)
        }
    }

    /// The state as it is, with the sequence that the caller has locked read up to `end`.
    func locked<R>(_ sequence: DARESequence, to end: Int, _ body: (inout State) throws -> R) throws -> R {
        try state.withLock { state in
            guard state.sequence === sequence, try sequence.log.isCurrent() else { throw sequence.log.replaced }
            try state.read(to: end)
            return try body(&state)
        }
    }

    /// The entry of `key` as far as the catalog has been read.
    func entry(_ key: String) -> CatalogIndex.Entry? { state.withLock { $0.index.entry(key) } }

    /// Takes in changes that were appended to `sequence` up to `end`.
    func took(_ end: Int, of sequence: DARESequence) throws {
        try state.withLock { state in
            if state.sequence === sequence { try state.read(to: end) }
        }
    }

    /// Goes over to the file that has been put in place of the one that was open.
    private func reopen(_ state: inout State) throws {
        guard
            let sequence = try DARESequence.open(
                name, in: directory, access, wholeRuns: options.wholeRuns, keys: options.keys, random: options.random)
        else { throw PlatformError(.notFound, store: path, "The catalog was removed while it was open.") }
        state = try State(sequence)
    }

    /// The sequence of the file that is in place now.
    public var sequence: DARESequence { get throws { try current { $0.sequence } } }

    // MARK: Looking

    /// How many entries there are.
    public var count: Int { get throws { try current { $0.index.entries.count } } }

    /// The primary keys of all entries, the oldest entry first.
    public var keys: [String] { get throws { try current { $0.index.keys } } }

    /// What was found that should not be as it is: events in an order that is not legal, unknown ones, transactions that
    /// were not finished.
    public var issues: CatalogIssues { get throws { try current { $0.index.issues } } }

    /// The key of the entry that is the default, if there is one (`Default` of the sequence).
    public var defaultKey: String? {
        get throws { try current { state in state.defaultKey.flatMap { state.index.entry($0) == nil ? nil : $0 } } }
    }

    /// The entry of the primary key `key`; nil if there is none.
    public func find(_ key: String) throws -> CatalogRecord? {
        try current { state in state.index.entry(key).map { CatalogRecord(key, $0, state.file) } }
    }

    /// The entries that have the secondary key `key`, the oldest first.
    ///
    /// - Throws: ``DAREError`` where contents have to be read for it and cannot; those encrypted to others are passed over.
    public func find(_ key: SecondaryKey) throws -> [CatalogRecord] {
        try current { state in
            try readSecondaryKeys(&state)
            return state.index.entries(having: key).map { CatalogRecord($0.key, $0.entry, state.file) }
        }
    }

    /// Whether an entry has the secondary key `key`.
    ///
    /// - Throws: as ``find(_:)-(SecondaryKey)``.
    public func hasEntries(_ key: SecondaryKey) throws -> Bool {
        try current { state in
            try readSecondaryKeys(&state)
            return state.index.hasEntries(having: key)
        }
    }

    /// The values that the secondary keys of that name have, in no order.
    ///
    /// - Throws: as ``find(_:)-(SecondaryKey)``.
    public func values(ofSecondaryKeys name: String) throws -> [String] {
        try current { state in
            try readSecondaryKeys(&state)
            return state.index.values(ofSecondaryKeys: name)
        }
    }

    /// The entry whose local name is `name`, else the one that has it as its primary key; nil if there is none.
    ///
    /// - Throws: ``PlatformError`` `ambiguous` if several entries have that local name.
    public func find(named name: String) throws -> CatalogRecord? {
        let local = try find(SecondaryKey(name: SecondaryKey.localName, value: name))
        guard local.count < 2 else {
            throw PlatformError(
                .ambiguous, store: path, "\(local.count) entries have the same local name.",
                remedy: "Name the one that is meant by its primary key.",
                candidates: local.map { PlatformError.Candidate(name: $0.key, detail: "\($0.version)") })
        }
        return try local.first ?? find(name)
    }

    /// Reads the entries whose headers do not say by what else they are found.
    private func readSecondaryKeys(_ state: inout State) throws {
        for key in state.index.unread {
            guard let entry = state.index.entry(key.text) else { continue }
            var keys: [SecondaryKey] = []
            do {
                keys = try options.secondaryKeys(Self.content(state.sequence, entry.position, entry.current))
            } catch let error as DAREError where Self.isForOthers(error) {
                // Not ours to read: it has no keys for us.
            }
            state.index.setSecondaryKeys(keys, of: key)
        }
    }

    static func isForOthers(_ error: DAREError) -> Bool { [.wrongRecipient, .noRecipients].contains(error.code) }

    /// The content of an entry, or of an earlier version of it: verified against its digest, and decrypted.
    ///
    /// - Throws: ``DAREError`` `digestMismatch`, `wrongRecipient` (it is encrypted to others) and others; ``CatalogError``
    ///   `conflict` if the file was compacted meanwhile.
    public func content(of record: CatalogRecord) throws -> [UInt8] {
        try content(of: record.version, at: record.position)
    }

    func content(of version: CatalogVersion, at position: Int) throws -> [UInt8] {
        let sequence = try current { state in
            guard state.file == version.file else {
                throw CatalogError(
                    .conflict, "The catalog \(path) was compacted since the entry was looked up.",
                    remedy: "Look it up again.")
            }
            return state.sequence
        }
        return try Self.content(sequence, position, version.frame)
    }

    static func content(_ sequence: DARESequence, _ position: Int, _ frame: Int) throws -> [UInt8] {
        let found = try SequenceFrame(
            sequence.log.frame(at: position), number: sequence.unnumbered == nil ? nil : frame)
        guard found.index == frame else {
            throw DAREError(.malformed, "In \(sequence.path), the frame at \(position) is not frame \(frame).")
        }
        return try sequence.content(of: found)
    }
}

/// Where an entry is, and which version of it.
public struct CatalogRecord: Hashable, Sendable {
    /// The primary key.
    public let key: String
    /// The version.
    public let version: CatalogVersion
    /// The frame in which the content was written first: that of the version, unless it was only encrypted anew since.
    public let contentFrame: Int
    let position: Int

    init(_ key: String, _ entry: CatalogIndex.Entry, _ file: CatalogFileIdentity) {
        self.key = key
        version = CatalogVersion(frame: entry.current, file: file)
        contentFrame = entry.contentFrame
        position = entry.position
    }
}

/// How a catalog is made and used.
public struct CatalogOptions: Sendable {
    /// The type of a new sequence.
    public var type = SequenceType.chain
    /// Who can read a new catalog, and who signs.
    public var policy = SequencePolicy.plain
    /// What a new catalog says it is (`cty`).
    public var contentType: String?
    /// The keys to read and sign with.
    public var keys = SequenceKeys.none
    /// What the secondary keys of an entry are, from its content: for entries whose header does not say.
    public var secondaryKeys: @Sendable ([UInt8]) -> [SecondaryKey] = { _ in [] }
    /// The clock that tells when an entry was written.
    public var clock: any MeshClock = SystemClock()
    /// Where random octets come from.
    public var random: any RandomSource = SystemRandomSource()
    /// Whether the catalog is a copy that grows by whole signed runs alone: see ``DARESequence/open(_:in:_:wholeRuns:keys:random:)``.
    public var wholeRuns = false
    /// Whom new frames are for in a copy of a catalog of one key exchange. If the last exchange is for others, the next run
    /// begins with a new one. Nil: for whom the last exchange is.
    public var readers: [PublicKey]?

    /// A plain catalog.
    public init() {}

    func sequence(meta: ContentMeta = ContentMeta()) -> SequenceOptions {
        var meta = meta
        meta.contentType = contentType
        return SequenceOptions(type, policy: policy, meta: meta)
    }
}
