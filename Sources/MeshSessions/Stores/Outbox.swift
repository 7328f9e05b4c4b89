import MeshCore
import MeshCryptography
import MeshDARE
import MeshEncoding
import MeshPlatforms

/// The changes of an account that the portal has not taken yet: a container of this machine alone, sealed to its device's own
/// key. Every call blocks.
///
/// A change is durable when ``add(_:)`` returns, and is taken out when the portal has it. Read with the stores' own entries, it
/// makes what a person has just written visible at once, also without a network.
struct Outbox: Sendable {
    static let fileName = "Outbox.dcat"
    private let catalog: Catalog
    private let names: OutboxNames

    /// The outbox in the account's `directory`; made if it is not there.
    ///
    /// - Parameter fileName: the name of the file; another than the usual one for an outbox that was brought along.
    /// - Throws: ``DAREError``, ``PlatformError``.
    init(
        _ fileName: String = Outbox.fileName, in directory: any ContainerDirectory, keys: StoreKeys,
        platform: any MeshPlatform
    ) throws {
        names = OutboxNames(keys.encryption)
        var options = keys.outboxOptions(on: platform)
        options.secondaryKeys = { [names] content in
            (try? JSONBCDDecoder().decode(PendingChange.self, from: content)).map { Self.places($0, names) } ?? []
        }
        catalog = try Catalog.openOrCreate(fileName, in: directory, options: options)
    }

    // MARK: Finding

    /// What a change is found by. It stands in the headers, so that nothing has to be opened to find it.
    private static func places(_ change: PendingChange, _ names: OutboxNames) -> [SecondaryKey] {
        [entry(names.name(change.store, change.key)), place(change.store, isConflict: change.isConflict)]
            + change.secondaryKeys.map { found(names.name(change.store, $0)) }
    }

    private static func entry(_ name: String) -> SecondaryKey { SecondaryKey(name: "Entry", value: name) }

    private static func found(_ name: String) -> SecondaryKey { SecondaryKey(name: "Found", value: name) }

    /// The changes of an entry.
    private func place(_ store: StoreName, _ key: String) -> SecondaryKey { Self.entry(names.name(store, key)) }

    /// The changes of a store that can be sent, or that cannot.
    private static func place(_ store: StoreName, isConflict: Bool) -> SecondaryKey {
        SecondaryKey(name: placeName(isConflict: isConflict), value: store.rawValue)
    }

    private static func placeName(isConflict: Bool) -> String { isConflict ? "Conflict" : "Waiting" }

    /// How many changes wait.
    var count: Int { get throws { try catalog.count } }

    /// The identifiers of all changes, the oldest first.
    var identifiers: [String] { get throws { try catalog.keys } }

    /// The changes of `store`, those of an entry the oldest first.
    ///
    /// - Throws: ``PlatformError`` `corrupt` for one that cannot be read; ``DAREError``.
    func changes(of store: StoreName) throws -> [PendingChange] {
        // What is made after a conflict waits until that is decided: so conflicts are older.
        try [true, false].flatMap { try catalog.find(Self.place(store, isConflict: $0)).map(change) }
    }

    /// The identifiers of the changes of `store` that can be sent, the oldest first.
    func waiting(for store: StoreName) throws -> [String] {
        try catalog.find(Self.place(store, isConflict: false)).map(\.key)
    }

    /// The stores of which changes can be sent; with `isConflict` those of which somebody has to decide about some. Ordered by
    /// name.
    func stores(isConflict: Bool = false) throws -> [StoreName] {
        try catalog.values(ofSecondaryKeys: Self.placeName(isConflict: isConflict)).sorted()
            .compactMap { StoreName(rawValue: $0) }
    }

    /// The changes of `store` that somebody has to decide about, the oldest first.
    func conflicts(in store: StoreName) throws -> [PendingChange] {
        try catalog.find(Self.place(store, isConflict: true)).map(change)
    }

    /// The change of that identifier; nil if it is not there any more.
    func find(_ id: String) throws -> PendingChange? { try catalog.find(id).map(change) }

    /// Whether changes of an entry wait.
    func hasChanges(of key: String, in store: StoreName) throws -> Bool {
        try catalog.hasEntries(place(store, key))
    }

    /// Whether one of several changes of an entry waits for a decision.
    func isUndecided(_ key: String, in store: StoreName) throws -> Bool {
        let records = try catalog.find(place(store, key))
        return try records.count > 1 && records.contains { try change($0).isConflict }
    }

    /// The last change of an entry; nil if none waits.
    func lastChange(of key: String, in store: StoreName) throws -> PendingChange? {
        try catalog.find(place(store, key)).last.map(change)
    }

    /// All changes of an entry, the oldest first.
    func changes(of key: String, in store: StoreName) throws -> [PendingChange] {
        try catalog.find(place(store, key)).map(change)
    }

    /// The changes that make an entry one that is found by `key`, the oldest first. Later ones may have made it another.
    func changes(foundBy key: SecondaryKey, in store: StoreName) throws -> [PendingChange] {
        try catalog.find(Self.found(names.name(store, key))).map(change).filter { $0.secondaryKeys.contains(key) }
    }

    private func change(_ record: CatalogRecord) throws -> PendingChange {
        do {
            return try JSONBCDDecoder().decode(PendingChange.self, from: try catalog.content(of: record))
        } catch let error as DecodingError {
            throw PlatformError(
                .corrupt, store: catalog.path,
                "A change that waits to be sent (frame \(record.version.frame)) is damaged.", cause: error)
        }
    }

    // MARK: Changing

    /// Keeps the changes that `body` gives, all or none. Nobody else puts any in while it runs.
    func add(_ body: () throws -> [PendingChange]) throws {
        try catalog.transact { transaction in
            for change in try body() { _ = try transaction.add(change.id, try frame(change)) }
        }
    }

    /// Replaces a change that is there; one that is not there is passed over.
    func update(_ changes: [PendingChange]) throws {
        guard !changes.isEmpty else { return }
        try catalog.transact { transaction in
            for change in changes where transaction.find(change.id) != nil {
                _ = try transaction.update(change.id, try frame(change), from: nil)
            }
        }
    }

    /// Takes out changes that the portal has. Those that are not there are passed over; later changes of the same entries are
    /// based on what was sent from now on.
    ///
    /// - Parameter frames: the changes, and the frames that hold them.
    func settle(_ store: StoreName, _ frames: [(id: String, key: String, frame: Int)]) throws {
        guard !frames.isEmpty else { return }
        try catalog.transact { transaction in
            let gone = Set(frames.map(\.id))
            var bases: [[UInt8]: (key: String, frame: Int)] = [:]
            for sent in frames {
                bases[Array(sent.key.utf8)] = (sent.key, sent.frame)
                if transaction.find(sent.id) != nil { try transaction.delete(sent.id, from: nil) }
            }
            for (key, frame) in bases.values {
                for record in try catalog.find(place(store, key)) where !gone.contains(record.key) {
                    var later = try change(record)
                    later.base = frame
                    _ = try transaction.update(later.id, try self.frame(later), from: nil)
                }
            }
        }
    }

    /// Takes out a change that somebody has decided against.
    func withdraw(_ id: String) throws {
        try catalog.transact { transaction in
            if transaction.find(id) != nil { try transaction.delete(id, from: nil) }
        }
    }

    /// Writes the outbox in `directory` anew, if nearly all of it are frames of changes that were sent.
    func tidy(in directory: any ContainerDirectory) throws {
        guard try catalog.sequence.count > 1000 + 4 * catalog.count else { return }
        _ = try directory.remove(try catalog.compact())
    }

    private func frame(_ change: PendingChange) throws -> CatalogFrame {
        var frame = CatalogFrame(try JSONBCDEncoder(JSONWritingOptions(.jsonB)).encode(change))
        frame.meta.keyValues = Self.places(change, names).map { ContentMeta.KeyValue(key: $0.name, value: $0.value) }
        return frame
    }
}
