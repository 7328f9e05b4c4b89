import MeshEncoding
import MeshPlatforms

/// One event in the life of an entry.
public struct CatalogHistoryItem: Hashable, Sendable {
    /// What happened.
    public let event: CatalogEvent
    /// The version it made; for a deletion, the frame that says so.
    public let version: CatalogVersion
    let position: Int
}

extension Catalog {
    /// What has happened to the entry of `key`, also if it is gone: the oldest event first. Reads the headers of all
    /// frames; events before the last compaction are in the files that it kept.
    public func history(of key: String) throws -> [CatalogHistoryItem] {
        let (sequence, end, file) = try current { ($0.sequence, $0.sequence.extent.end, $0.file) }
        let wanted = ExactText(key)
        // Transactions that were not finished are no history, so the events are taken in order, as on opening.
        var index = CatalogIndex()
        var items: [CatalogHistoryItem] = []
        try Self.replay(sequence, to: end, into: &index) { change in
            guard ExactText(change.key) == wanted else { return }
            items.append(
                CatalogHistoryItem(
                    event: change.event, version: CatalogVersion(frame: change.frame, file: file),
                    position: change.position))
        }
        return items
    }

    /// The content of a version of the past.
    ///
    /// - Throws: as ``content(of:)``; ``CatalogError`` `notFound` for a deletion.
    public func content(of item: CatalogHistoryItem) throws -> [UInt8] {
        guard item.event != .delete else {
            throw CatalogError(.notFound, "A deleted entry has no content (\(path), \(item.version)).")
        }
        return try content(of: item.version, at: item.position)
    }

    /// The catalog as it was when frame `frame` was its last one: later frames are ignored. Nothing is changed.
    ///
    /// Reads the headers of all frames up to it.
    ///
    /// - Throws: ``DAREError`` `noSuchFrame` and others.
    public func snapshot(asOf frame: Int) throws -> CatalogSnapshot {
        let (sequence, file) = try current { ($0.sequence, $0.file) }
        let last = try sequence.frame(at: frame)
        var index = CatalogIndex()
        try Self.replay(sequence, to: last.end, into: &index) { _ in }
        return CatalogSnapshot(catalog: self, frame: frame, file: file, index: index)
    }

    private static func replay(
        _ sequence: DARESequence, to end: Int, into index: inout CatalogIndex,
        applied: (CatalogIndex.Change) -> Void
    ) throws {
        var scanner = CatalogScanner(sequence)
        try scanner.scan(to: end) { header, frame, position in
            let change = try CatalogIndex.Change(header: header, frame: frame, position: position, noting: &index)
            for change in index.take(change) { applied(change) }
        }
    }
}

/// A catalog as it was at a frame of the past.
public struct CatalogSnapshot: Sendable {
    private let catalog: Catalog
    /// The last frame that counts.
    public let frame: Int
    private let file: CatalogFileIdentity
    private let index: CatalogIndex

    init(catalog: Catalog, frame: Int, file: CatalogFileIdentity, index: CatalogIndex) {
        self.catalog = catalog
        self.frame = frame
        self.file = file
        self.index = index
    }

    /// The primary keys of the entries, the oldest entry first.
    public var keys: [String] { index.keys }

    /// The entry of the primary key `key`; nil if there was none.
    public func find(_ key: String) -> CatalogRecord? {
        index.entry(key).map { CatalogRecord(key, $0, file) }
    }

    /// The content of an entry; see ``Catalog/content(of:)``.
    public func content(of record: CatalogRecord) throws -> [UInt8] { try catalog.content(of: record) }
}
