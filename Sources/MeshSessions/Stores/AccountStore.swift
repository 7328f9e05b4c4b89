import MeshCore
import MeshCryptography
import MeshDARE
import MeshEncoding
import MeshPlatforms

/// Which version of an entry: what a change says it is based on.
public struct EntryVersion: Hashable, Sendable, CustomStringConvertible {
    /// The frame in the store's copy in which its content was written; nil while the version waits to be sent.
    public let frame: Int?
    /// The change that waits to be sent; nil when none does.
    public let change: String?

    public var description: String { frame.map { "frame \($0)" } ?? "not sent yet" }
}

/// An entry of an account's store, as this machine sees it: with what was changed here and not sent yet.
public struct StoredEntry: Sendable, Equatable {
    /// The primary key.
    public let key: String
    /// The content, opened.
    public let content: [UInt8]
    /// The version.
    public let version: EntryVersion
    /// Whether this version waits to be sent.
    public var isPending: Bool { version.change != nil }
    /// Whether another device has changed the entry too, and someone has to decide.
    public let isConflict: Bool

    /// The entry as a value of the type that its store holds.
    ///
    /// - Throws: ``CatalogError`` `invalidEntry` if it is of another type.
    public func decoded<Entry: CatalogEntry>(as type: Entry.Type = Entry.self) throws -> Entry {
        guard let entry = try CatalogContent<Entry>(payload: content).entry else {
            throw CatalogError(.invalidEntry, "The entry \"\(key)\" is no \(Entry.tags[0]).")
        }
        return entry
    }
}

/// One store of an account on this machine: a catalog whose entries are the same on all devices once they are synchronised.
///
/// Changes are kept at once, sealed, on this machine, and sent by ``PersonalSession/sync()``. The value holds the keys to the
/// store, and keeps its files open: let go of it when the work is done.
public struct AccountStore: Sendable {
    /// Which store.
    public let name: StoreName
    let platform: any MeshPlatform
    let stores: OpenedStores
    private var calls: BlockingCalls { BlockingCalls(store: platform.containers.name) }
    /// Opening a large catalog takes its time.
    private static let deadline = Duration.seconds(120)

    init(_ name: StoreName, keys: StoreKeys, platform: any MeshPlatform) {
        self.init(name, in: OpenedStores(keys: keys, platform: platform), platform: platform)
    }

    init(_ name: StoreName, in stores: OpenedStores, platform: any MeshPlatform) {
        self.name = name
        self.platform = platform
        self.stores = stores
    }

    /// The same store, whose entries are found by what those of a type are found by.
    init<Entry: CatalogEntry>(_ store: AccountStore, of type: Entry.Type) {
        name = store.name
        platform = store.platform
        stores = OpenedStores(keys: store.stores.keys, platform: store.platform, entryKeys: EntryKeys.keys(of: type))
    }

    // MARK: Looking

    /// The entry of the primary key `key`; nil if there is none.
    ///
    /// - Throws: ``DAREError``, ``PlatformError``.
    public func find(_ key: String) async throws -> StoredEntry? {
        try await work { try $0.find(key) }
    }

    /// The entry of the primary key `key` as a value; nil if there is none.
    ///
    /// - Throws: ``CatalogError`` `invalidEntry`; as ``find(_:)``.
    public func find<Entry: CatalogEntry>(_ key: String, as type: Entry.Type) async throws -> Entry? {
        try await find(key)?.decoded(as: type)
    }

    /// All entries, the oldest first.
    ///
    /// - Throws: as ``find(_:)``.
    public func entries() async throws -> [StoredEntry] { try await work { try $0.entries() } }

    /// All entries of a type, the oldest first; others are left out.
    ///
    /// - Throws: as ``find(_:)``.
    public func entries<Entry: CatalogEntry>(of type: Entry.Type) async throws -> [Entry] {
        try await entries().compactMap { try? CatalogContent<Entry>(payload: $0.content).entry }
    }

    // MARK: Changing

    /// Adds entries, all or none.
    ///
    /// - Returns: their versions.
    /// - Throws: ``CatalogError`` `alreadyExists`, `invalidKey`; as ``find(_:)``.
    @discardableResult
    public func add<Entry: CatalogEntry>(_ entries: [Entry]) async throws -> [EntryVersion] {
        try await change(try entries.map { try Change(.new, $0, from: nil) })
    }

    func apply<Entry: CatalogEntry>(
        adding: [Entry], replacing: [(entry: Entry, version: EntryVersion)]
    ) async throws {
        _ = try await change(
            try adding.map { try Change(.new, $0, from: nil) }
                + replacing.map { try Change(.update, $0.entry, from: $0.version) })
    }

    /// Adds an entry.
    ///
    /// - Throws: as ``add(_:)-([Entry])``.
    public func add(_ entry: some CatalogEntry) async throws { _ = try await add([entry]) }

    /// Replaces an entry by one of the same key.
    ///
    /// - Parameter version: the version that the change is made on; nil replaces whatever is there.
    /// - Returns: the version that it is now.
    /// - Throws: ``CatalogError`` `notFound`; ``SessionError`` `changedElsewhere` if there is another version by now; as
    ///   ``find(_:)``.
    @discardableResult
    public func update(_ entry: some CatalogEntry, from version: EntryVersion?) async throws -> EntryVersion? {
        try await change([Change(.update, entry, from: version)]).first
    }

    /// Takes an entry away.
    ///
    /// - Throws: as ``update(_:from:)``.
    public func delete(_ key: String, from version: EntryVersion?) async throws {
        _ = try await change([Change(.delete, key, [], [], from: version)])
    }

    private struct Change: Sendable {
        let event: CatalogEvent
        let key: String
        let content: [UInt8]
        let secondaryKeys: [SecondaryKey]
        let base: EntryVersion?

        init(
            _ event: CatalogEvent, _ key: String, _ content: [UInt8], _ secondaryKeys: [SecondaryKey],
            from base: EntryVersion?
        ) {
            self.event = event
            self.key = key
            self.content = content
            self.secondaryKeys = secondaryKeys
            self.base = base
        }

        init(_ event: CatalogEvent, _ entry: some CatalogEntry, from base: EntryVersion?) throws(CatalogError) {
            guard let key = entry.primaryKey, !key.isEmpty else {
                throw CatalogError(.invalidKey, "A \(entry.tag) lacks what its primary key is made of.")
            }
            self.init(event, key, entry.encoded.compact, entry.allSecondaryKeys, from: base)
        }
    }

    private func change(_ changes: [Change]) async throws -> [EntryVersion] {
        try stores.keys.requireWriting(name)
        let (name, now, random) = (name, platform.clock.now, platform.random)
        return try await work { opened in
            var versions: [EntryVersion] = []
            try opened.outbox.add {
                var seen: Set<[UInt8]> = []
                versions = []
                return try changes.map { change in
                    guard seen.insert(Array(change.key.utf8)).inserted else {
                        throw CatalogError(.alreadyExists, "The key \"\(change.key)\" stands twice in one change.")
                    }
                    let present = try opened.version(of: change.key)
                    try Self.check(change, on: present, in: opened)
                    let id = UDF(type: .nonce, value: random.bytes(16)).text
                    versions.append(EntryVersion(frame: present?.frame, change: id))
                    return PendingChange(
                        id: id, store: name, event: change.event, key: change.key, base: present?.frame,
                        content: change.content, secondaryKeys: change.secondaryKeys, made: now)
                }
            }
            return versions
        }
    }

    private static func check(_ change: Change, on present: EntryVersion?, in opened: OpenedStore) throws {
        let store = opened.name
        switch (change.event, present) {
        case (.new, .some):
            throw CatalogError(
                .alreadyExists, "There is an entry \"\(change.key)\" in \(store.containerName) already.",
                remedy: "Update it.")
        case (.update, nil), (.delete, nil):
            throw CatalogError(.notFound, "There is no entry \"\(change.key)\" in \(store.containerName).")
        default:
            guard let base = change.base, let present, try !opened.isSame(base, present) else { return }
            throw SessionError(
                .changedElsewhere,
                "The entry \"\(change.key)\" in \(store.containerName) is not the one that was read.",
                remedy: "Read it again, and make the change on that.")
        }
    }

    // MARK: The parts

    func work<R: Sendable>(_ body: @escaping @Sendable (OpenedStore) throws -> R) async throws -> R {
        let (name, stores) = (name, stores)
        return try await calls.run(deadline: Self.deadline) { try stores.working { try body(try $0.store(name)) } }
    }

    func workWithStores<R: Sendable>(_ body: @escaping @Sendable (OpenedStores) throws -> R) async throws -> R {
        let stores = stores
        return try await calls.run(deadline: Self.deadline) { try stores.working(body) }
    }
}

/// A store's two parts, opened: the replica, and the changes that wait. Every call blocks.
struct OpenedStore {
    let name: StoreName
    /// What the portal has, as far as this machine knows; nil before the first synchronisation.
    let replica: Catalog?
    let outbox: Outbox

    init(name: StoreName, replica: Catalog?, outbox: Outbox) {
        self.name = name
        self.replica = replica
        self.outbox = outbox
    }

    init(_ name: StoreName, keys: StoreKeys, platform: any MeshPlatform) throws {
        self = try OpenedStores(keys: keys, platform: platform).store(name)
    }

    static func directory(of account: UDF, on platform: any MeshPlatform) throws -> any ContainerDirectory {
        guard let directory = try platform.containers.directory(of: account, create: true) else {
            throw PlatformError(.unsupported, store: platform.containers.name, "The machine keeps no containers.")
        }
        return directory
    }

    /// The version of an entry that is there now; nil if there is none.
    func version(of key: String) throws -> EntryVersion? {
        if let change = try outbox.lastChange(of: key, in: name) {
            return change.event == .delete ? nil : EntryVersion(frame: change.base, change: change.id)
        }
        return try replica?.find(key).map { EntryVersion(frame: $0.contentFrame, change: nil) }
    }

    func find(_ key: String) throws -> StoredEntry? {
        if let change = try outbox.lastChange(of: key, in: name) { return Self.entry(change) }
        return try replica.flatMap { replica in try replica.find(key).map { try Self.entry($0, in: replica) } }
    }

    func entries() throws -> [StoredEntry] {
        var changed: [[UInt8]: PendingChange] = [:]
        var order: [[UInt8]] = []
        for change in try outbox.changes(of: name) {
            let key = Array(change.key.utf8)
            if changed.updateValue(change, forKey: key) == nil { order.append(key) }
        }
        var entries: [StoredEntry] = []
        if let replica {
            for key in try replica.keys {
                if let change = changed.removeValue(forKey: Array(key.utf8)) {
                    Self.entry(change).map { entries.append($0) }
                } else if let record = try replica.find(key) {
                    entries.append(try Self.entry(record, in: replica))
                }
            }
        }
        return entries + order.compactMap { changed[$0].flatMap(Self.entry) }
    }

    /// Whether two versions are one: what was not sent yet when it was read may have been sent since.
    func isSame(_ read: EntryVersion, _ present: EntryVersion) throws -> Bool {
        if read == present { return true }
        guard let id = read.change, present.change == nil, let frame = present.frame else { return false }
        return try replica?.sequence.frame(at: frame).members.contentMeta.members[PendingChange.frameMember]?.string
            == id
    }

    static func entry(_ change: PendingChange) -> StoredEntry? {
        guard change.event != .delete else { return nil }
        return StoredEntry(
            key: change.key, content: change.content, version: EntryVersion(frame: change.base, change: change.id),
            isConflict: change.isConflict)
    }

    static func entry(_ record: CatalogRecord, in replica: Catalog) throws -> StoredEntry {
        StoredEntry(
            key: record.key, content: try replica.content(of: record),
            version: EntryVersion(frame: record.contentFrame, change: nil), isConflict: false)
    }
}
