import MeshCore
import MeshDARE

/// A store of an account whose entries are of one type: what an application keeps on all devices of a person
/// (sessions specification §H), such as ``PersonalSession/credentials()``.
///
/// Entries of other types that lie in the same store are left alone. Changes are kept at once, sealed, on this machine, and sent
/// by ``PersonalSession/sync(progress:)``. The value holds the keys to the store, and keeps its files open: let go of it when the
/// work is done.
public struct EntryStore<Entry: CatalogEntry>: Sendable {
    /// The store.
    public let store: AccountStore

    init(_ store: AccountStore) { self.store = AccountStore(store, of: Entry.self) }

    /// An entry, and which version of it.
    public struct Item: Sendable, Equatable {
        /// The primary key.
        public let key: String
        /// The entry.
        public var entry: Entry
        /// What ``EntryStore/update(_:from:)`` wants to know.
        public let version: EntryVersion
        /// Whether another device has changed the entry too, and someone has to decide (``PersonalSession/conflicts()``).
        public let isConflict: Bool
        /// Whether this version waits to be sent.
        public var isPending: Bool { version.change != nil }

        init?(_ stored: StoredEntry) {
            guard let entry: Entry = try? stored.decoded() else { return nil }
            key = stored.key
            self.entry = entry
            version = stored.version
            isConflict = stored.isConflict
        }
    }

    /// What has happened to an entry.
    public struct Event: Sendable, Equatable {
        /// What happened.
        public let event: CatalogEvent
        /// The version that it made.
        public let version: EntryVersion
        /// When, as the device says that did it.
        public let made: Timestamp?
        /// The entry as it was then; nil for a deletion, for a value of another type, and where this device cannot open it.
        public let entry: Entry?
        /// Whether it waits to be sent.
        public var isPending: Bool { version.change != nil }
    }

    // MARK: Looking

    /// The entry of the primary key `key`; nil if there is none of the type. Takes as long among many entries as among few.
    ///
    /// - Throws: ``DAREError``, ``PlatformError``.
    public func find(_ key: String) async throws -> Item? { try await store.find(key).flatMap(Item.init) }

    /// The entry whose local name is `name`, else the one that has it as its primary key; nil if there is none of the type.
    ///
    /// - Throws: ``PlatformError`` `ambiguous` if several entries have that local name; as ``find(_:)-(String)``.
    public func find(named name: String) async throws -> Item? {
        try await store.find(named: name).flatMap(Item.init)
    }

    /// The entries that have a secondary key. The first time, all entries are read; from then on it is looked up.
    ///
    /// - Throws: as ``find(_:)-(String)``.
    public func find(_ key: SecondaryKey) async throws -> [Item] { try await store.find(key).compactMap(Item.init) }

    /// All entries of the type, the oldest first.
    ///
    /// - Throws: as ``find(_:)-(String)``.
    public func entries() async throws -> [Item] { try await store.entries().compactMap(Item.init) }

    /// What has happened to the entry of `key`, also if it is gone: the oldest event first, what waits to be sent last. Reads the
    /// headers of all frames.
    ///
    /// - Throws: as ``find(_:)-(String)``.
    public func history(of key: String) async throws -> [Event] {
        try await store.history(of: key).map { stored in
            Event(
                event: stored.event, version: stored.version, made: stored.made,
                entry: stored.content.flatMap { (try? CatalogContent<Entry>(payload: $0))?.entry })
        }
    }

    // MARK: Changing

    /// Adds an entry.
    ///
    /// - Returns: its version.
    /// - Throws: ``CatalogError`` `alreadyExists`, `invalidKey`; as ``find(_:)-(String)``.
    @discardableResult
    public func add(_ entry: Entry) async throws -> EntryVersion? { try await store.add([entry]).first }

    /// Adds entries, all or none.
    ///
    /// - Returns: their versions.
    /// - Throws: as ``add(_:)-(Entry)``.
    @discardableResult
    public func add(_ entries: [Entry]) async throws -> [EntryVersion] { try await store.add(entries) }

    /// Adds entries and replaces others by ones of the same keys, all or none. No key occurs twice.
    ///
    /// - Parameter replacing: the entries, each with the version that its change is made on.
    /// - Throws: ``CatalogError`` `alreadyExists`, `notFound`, `invalidKey`; ``SessionError`` `changedElsewhere` if there is another
    ///   version of an entry by now; as ``find(_:)-(String)``.
    public func apply(adding: [Entry], replacing: [(entry: Entry, version: EntryVersion)]) async throws {
        try await store.apply(adding: adding, replacing: replacing)
    }

    /// Replaces an entry by one of the same key.
    ///
    /// - Parameter version: the version that the change is made on; nil replaces whatever is there.
    /// - Returns: the version that it is now.
    /// - Throws: ``StaleEntry``, with both entries, if there is another version by now; ``CatalogError`` `notFound`; as
    ///   ``find(_:)-(String)``.
    @discardableResult
    public func update(_ entry: Entry, from version: EntryVersion?) async throws -> EntryVersion? {
        do {
            return try await store.update(entry, from: version)
        } catch let error where Self.isStale(error, version) {
            throw try await stale(entry.primaryKey ?? "", entry, error)
        }
    }

    /// Takes an entry away.
    ///
    /// - Parameter version: the version that was seen last; nil takes away whatever is there.
    /// - Throws: as ``update(_:from:)``.
    public func remove(_ key: String, from version: EntryVersion?) async throws {
        do {
            try await store.delete(key, from: version)
        } catch let error where Self.isStale(error, version) {
            throw try await stale(key, nil, error)
        }
    }

    private static func isStale(_ error: any Error, _ version: EntryVersion?) -> Bool {
        guard version != nil else { return false }
        if let error = error as? CatalogError { return error.code == .notFound }
        return (error as? SessionError)?.code == .changedElsewhere
    }

    private func stale(_ key: String, _ ours: Entry?, _ error: any Error) async throws -> StaleEntry<Entry> {
        StaleEntry(key: key, store: store.name, ours: ours, theirs: try await find(key), cause: error)
    }
}

/// A change was made on a version of an entry that is not there any more, and was refused. Nothing was changed.
public struct StaleEntry<Entry: CatalogEntry>: MeshError {
    /// The primary key of the entry.
    public let key: String
    /// The store.
    public let store: StoreName
    /// What was to be there; nil if the entry was to be taken away.
    public let ours: Entry?
    /// What is there, with its version; nil if the entry is gone.
    public let theirs: EntryStore<Entry>.Item?
    public let cause: (any Error)?

    public var codeName: String { SessionError.Code.changedElsewhere.name }
    public var message: String {
        "The entry \"\(key)\" in \(store.containerName) \(theirs == nil ? "is gone" : "is not the one that was read")."
    }
    public var remedy: String? { "Read it again, and make the change on that." }

    init(key: String, store: StoreName, ours: Entry?, theirs: EntryStore<Entry>.Item?, cause: any Error) {
        self.key = key
        self.store = store
        self.ours = ours
        self.theirs = theirs
        self.cause = cause
    }
}

extension EntryConflict {
    /// Both entries as values of the type that the store holds; nil for one that was deleted.
    ///
    /// - Throws: ``CatalogError`` `invalidEntry` if one is of another type.
    public func decoded<Entry: CatalogEntry>(as type: Entry.Type) throws -> (ours: Entry?, theirs: Entry?) {
        func entry(_ content: [UInt8]?) throws -> Entry? {
            guard let content else { return nil }
            guard let entry = try CatalogContent<Entry>(payload: content).entry else {
                throw CatalogError(.invalidEntry, "The entry \"\(key)\" is no \(Entry.tags[0]).")
            }
            return entry
        }
        return (try entry(ours), try entry(theirs))
    }
}
