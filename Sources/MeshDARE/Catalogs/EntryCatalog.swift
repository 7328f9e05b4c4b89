import MeshCore
import MeshEncoding
import MeshPlatforms

/// A catalog whose entries are of one type, such as `EntryCatalog<CatalogedContact>`.
///
/// Entries of other types, and those encrypted to others, are kept and never touched. Every call blocks.
public struct EntryCatalog<Entry: CatalogEntry>: Sendable {
    /// The catalog.
    public let catalog: Catalog

    /// The entries in `catalog`.
    init(_ catalog: Catalog) { self.catalog = catalog }

    /// An entry, and which version of it.
    public struct Item: Sendable {
        /// The primary key.
        public let key: String
        /// The version; what ``EntryCatalog/update(_:from:durability:)`` wants to know.
        public let version: CatalogVersion
        /// What was found.
        public let content: Content

        /// The entry, if it is of the type and can be read.
        public var entry: Entry? { if case .readable(let content) = content { content.entry } else { nil } }
    }

    /// What was found under a key.
    public enum Content: Sendable {
        /// An entry.
        case readable(CatalogContent<Entry>)
        /// It is encrypted to others.
        case forOthers
        /// It can be read, and is no entry: the reason.
        case damaged(CatalogError)
    }

    // MARK: Opening

    /// Opens the catalog in `directory`, in whatever spelling its file has; makes it if it is not there.
    ///
    /// - Throws: as ``Catalog/openOrCreate(_:in:options:)``.
    public static func openOrCreate(
        in directory: any ContainerDirectory, options: CatalogOptions = CatalogOptions()
    ) throws -> EntryCatalog {
        let name = try fileName(in: directory) ?? Entry.fileNames[0]
        return EntryCatalog(try Catalog.openOrCreate(name, in: directory, options: reading(options)))
    }

    /// Opens the catalog in `directory`, in whatever spelling its file has; nil if it is not there.
    ///
    /// - Parameter name: the name of the file, where it is another (``StoreName/deviceCatalog(of:)``).
    /// - Throws: as ``Catalog/open(_:in:_:options:)``.
    public static func open(
        in directory: any ContainerDirectory, named name: String? = nil, _ access: ContainerAccess = .append,
        options: CatalogOptions = CatalogOptions()
    ) throws -> EntryCatalog? {
        guard let name = try name ?? fileName(in: directory) else { return nil }
        return try Catalog.open(name, in: directory, access, options: reading(options)).map { EntryCatalog($0) }
    }

    private static func fileName(in directory: any ContainerDirectory) throws -> String? {
        let names = Set(try directory.names().map { ExactText($0) })
        return Entry.fileNames.first { names.contains(ExactText($0)) }
    }

    private static func reading(_ options: CatalogOptions) -> CatalogOptions {
        var options = options
        options.secondaryKeys = { content in
            // What is no entry has no keys; it is reported when it is looked at.
            (try? CatalogContent<Entry>(payload: content))?.entry?.allSecondaryKeys ?? []
        }
        return options
    }

    // MARK: Looking

    /// The entry of the primary key `key`; nil if there is none.
    public func find(_ key: String) throws -> Item? { try catalog.find(key).map(item) }

    /// The entry whose local name is `name`, else the one that has it as its primary key; nil if there is none.
    ///
    /// - Throws: as ``Catalog/find(named:)``.
    public func find(named name: String) throws -> Item? { try catalog.find(named: name).map(item) }

    /// The entries that have a secondary key, the oldest first.
    public func find(_ key: SecondaryKey) throws -> [Item] { try catalog.find(key).map(item) }

    /// All entries, the oldest first.
    public func items() throws -> [Item] { try catalog.keys.compactMap { try find($0) } }

    private func item(_ record: CatalogRecord) throws -> Item {
        let content: Content
        do {
            content = .readable(try CatalogContent<Entry>(payload: try catalog.content(of: record)))
        } catch let error as DAREError where Catalog.isForOthers(error) {
            content = .forOthers
        } catch let error as CatalogError where error.code == .invalidEntry {
            content = .damaged(error)
        }
        return Item(key: record.key, version: record.version, content: content)
    }

    // MARK: Changing

    /// Adds an entry.
    ///
    /// - Throws: ``CatalogError`` `alreadyExists`, `invalidKey`; as ``Catalog/transact(durability:until:_:)``.
    @discardableResult
    public func add(_ entry: Entry, durability: FrameLog.Durability = .grouped) throws -> CatalogVersion {
        try catalog.transact(durability: durability) { try $0.add(entry) }
    }

    /// Replaces an entry by one of the same key.
    ///
    /// - Parameter version: the version that the change is based on; nil replaces whatever is there.
    /// - Throws: ``CatalogError`` `conflict` (with both versions), `notFound`, `invalidKey`.
    @discardableResult
    public func update(
        _ entry: Entry, from version: CatalogVersion?, durability: FrameLog.Durability = .grouped
    ) throws -> CatalogVersion {
        try catalog.transact(durability: durability) { try $0.update(entry, from: version) }
    }

    /// Adds an entry, or replaces the one of the same key.
    @discardableResult
    public func put(_ entry: Entry, durability: FrameLog.Durability = .grouped) throws -> CatalogVersion {
        try catalog.transact(durability: durability) { try $0.put(entry) }
    }

    /// Takes an entry away.
    ///
    /// - Throws: ``CatalogError`` `conflict`, `notFound`.
    public func delete(
        _ key: String, from version: CatalogVersion?, durability: FrameLog.Durability = .grouped
    ) throws {
        try catalog.transact(durability: durability) { try $0.delete(key, from: version) }
    }
}

extension CatalogTransaction {
    /// Adds an entry; see ``add(_:_:)``.
    @discardableResult
    public mutating func add(_ entry: some CatalogEntry) throws(CatalogError) -> CatalogVersion {
        try add(key(of: entry), frame(of: entry))
    }

    /// Replaces an entry; see ``update(_:_:from:)``.
    @discardableResult
    public mutating func update(
        _ entry: some CatalogEntry, from version: CatalogVersion?
    ) throws(CatalogError) -> CatalogVersion {
        try update(key(of: entry), frame(of: entry), from: version)
    }

    /// Adds or replaces an entry; see ``put(_:_:)``.
    @discardableResult
    public mutating func put(_ entry: some CatalogEntry) throws(CatalogError) -> CatalogVersion {
        try put(key(of: entry), frame(of: entry))
    }

    private func key(of entry: some CatalogEntry) throws(CatalogError) -> String {
        guard let key = entry.primaryKey else {
            throw CatalogError(.invalidKey, "A \(entry.tag) lacks what its primary key is made of.")
        }
        return key
    }

    private func frame(of entry: some CatalogEntry) -> CatalogFrame {
        CatalogFrame(entry.encoded.compact, secondaryKeys: entry.allSecondaryKeys)
    }
}
