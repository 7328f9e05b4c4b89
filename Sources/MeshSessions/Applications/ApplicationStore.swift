import MeshCore
import MeshDARE
import MeshEncoding
import MeshProfiles

/// What an application of its own kind keeps on all devices of a person that have a right: values of any type, each under a key
/// (guide §6.10).
///
/// The portal sees the name of the application, the keys, and when a value was changed; the values are sealed. Changes are kept
/// at once, sealed, on this machine, and sent by ``PersonalSession/sync(progress:)``. Let go of it when the work is done.
public struct ApplicationStore<Value: Codable & Sendable>: Sendable {
    /// The name of the application.
    public let name: String
    private let entries: EntryStore<CatalogedApplication>

    init(_ name: String, in store: AccountStore) {
        self.name = name
        entries = EntryStore(store)
    }

    /// A value, and which version of it.
    public struct Item: Sendable {
        /// The key.
        public let key: String
        /// The value.
        public var value: Value
        /// What ``ApplicationStore/update(_:as:from:)`` wants to know.
        public let version: EntryVersion
        /// Whether another device has changed the value too, and someone has to decide (``PersonalSession/conflicts()``).
        public let isConflict: Bool
        /// Whether this version waits to be sent.
        public var isPending: Bool { version.change != nil }
    }

    // MARK: Looking

    /// The value of `key`; nil if there is none. Takes as long among many values as among few.
    ///
    /// - Throws: ``CatalogError`` `invalidEntry` if what is there is of another type, `invalidKey`; ``DAREError``,
    ///   ``PlatformError``.
    public func find(_ key: String) async throws -> Item? {
        try await entries.find(try path(key)).map { try item($0, key) }
    }

    /// All values, the oldest first.
    ///
    /// - Throws: as ``find(_:)``.
    public func values() async throws -> [Item] {
        try await found().map { try item($0.item, $0.key) }
    }

    /// The keys of all values, the oldest first.
    ///
    /// - Throws: as ``find(_:)``.
    public func keys() async throws -> [String] { try await found().map(\.key) }

    // MARK: Changing

    /// Adds a value.
    ///
    /// - Throws: ``CatalogError`` `alreadyExists`, `invalidKey`, `invalidEntry` for a value that is nested too deeply; ``JSONError`` for
    ///   one that cannot be written; ``SessionError`` `rightMissing` if this device may not write; as ``find(_:)``.
    @discardableResult
    public func add(_ value: Value, as key: String) async throws -> EntryVersion? {
        try await entries.add(try entry(value, key))
    }

    /// Replaces a value.
    ///
    /// - Parameter version: the version that the change is made on; nil replaces whatever is there.
    /// - Throws: ``StaleValue``, with both values, if there is another version by now; ``CatalogError`` `notFound`; as
    ///   ``add(_:as:)``.
    @discardableResult
    public func update(_ value: Value, as key: String, from version: EntryVersion?) async throws -> EntryVersion? {
        do {
            return try await entries.update(try entry(value, key), from: version)
        } catch let error as StaleEntry<CatalogedApplication> {
            throw StaleValue(key: key, ours: value, theirs: try error.theirs.map { try item($0, key) }, cause: error)
        }
    }

    /// Takes a value away.
    ///
    /// - Throws: as ``update(_:as:from:)``.
    public func remove(_ key: String, from version: EntryVersion?) async throws {
        do {
            try await entries.remove(try path(key), from: version)
        } catch let error as StaleEntry<CatalogedApplication> {
            throw StaleValue(key: key, ours: nil, theirs: try error.theirs.map { try item($0, key) }, cause: error)
        }
    }

    // MARK: Parts

    /// The entries of the application, with the keys of its values.
    private func found() async throws -> [(key: String, item: EntryStore<CatalogedApplication>.Item)] {
        let prefix = Self.prefix(name)
        return try await entries.entries().compactMap { found in
            guard found.key.utf8.starts(with: prefix.utf8) else { return nil }
            return (String(decoding: found.key.utf8.dropFirst(prefix.utf8.count), as: UTF8.self), found)
        }
    }

    private static func prefix(_ name: String) -> String { "application/\(name)/" }

    private func path(_ key: String) throws -> String {
        guard !key.isEmpty, key.utf8.count <= 1024 else {
            throw CatalogError(.invalidKey, "The key of a value of \(name) has 1 to 1024 octets.")
        }
        return Self.prefix(name) + key
    }

    private func entry(_ value: Value, _ key: String) throws -> CatalogedApplication {
        var entry = CatalogedApplication(.other, key: try path(key))
        // In a list, so that a value may also be a number or a text.
        let octets = try JSONBCDEncoder(JSONWritingOptions(.json)).encode([value])
        do {
            entry.content["Value"] = try JSONValue(parsing: octets)
            // The entry has some levels more than the value alone; what could not be read again is not written.
            _ = try CatalogContent<CatalogedApplication>(payload: entry.encoded.compact)
        } catch {
            throw CatalogError(
                .invalidEntry, "What is to be kept as \"\(key)\" could not be read again: it is nested too deeply.",
                cause: error)
        }
        return entry
    }

    private func item(_ found: EntryStore<CatalogedApplication>.Item, _ key: String) throws -> Item {
        let values: [Value]
        do {
            values = try JSONBCDDecoder().decode([Value].self, from: (found.entry.content["Value"] ?? .null).compact)
        } catch {
            throw CatalogError(
                .invalidEntry, "What \(name) keeps as \"\(key)\" is no \(Value.self).",
                remedy: "Use the version of the application that wrote it, or a newer one.", cause: error)
        }
        guard values.count == 1 else {
            throw CatalogError(.invalidEntry, "What \(name) keeps as \"\(key)\" is no value.")
        }
        return Item(key: key, value: values[0], version: found.version, isConflict: found.isConflict)
    }

    /// A change was made on a version of a value that is not there any more, and was refused. Nothing was changed.
    public struct StaleValue: MeshError {
        /// The key.
        public let key: String
        /// What was to be there; nil if the value was to be taken away.
        public let ours: Value?
        /// What is there, with its version; nil if it is gone.
        public let theirs: Item?
        public let cause: (any Error)?

        public var codeName: String { SessionError.Code.changedElsewhere.name }
        public var message: String {
            "The value \"\(key)\" \(theirs == nil ? "is gone" : "is not the one that was read")."
        }
        public var remedy: String? { "Read it again, and make the change on that." }
    }
}

extension PersonalSession {
    /// What the application `name` keeps for the person, on the devices that have the right `readers`. Needs no portal.
    ///
    /// - Parameters:
    ///   - name: of the application, such as `com.example.notes`: 1 to 128 octets without `/`.
    ///   - type: the type of its values.
    ///   - readers: the right by which its values are read: any but ``Right/threshold``, also one of the application's own, once it
    ///     was given to a device or ``makeKeys(of:)`` was called.
    ///   - writers: the right that a device needs besides to change them; nil: whoever may read them may. Administrators always may.
    /// - Throws: ``CatalogError`` `invalidKey` for a name that cannot be; ``SessionError`` `invalidRight` for a right that cannot
    ///   be, `rightMissing` if this device does not have the right to read; as ``store(_:)``.
    public func application<Value: Codable & Sendable>(
        _ name: String, of type: Value.Type = Value.self, readers: Right = .member, writers: Right? = nil
    ) async throws -> ApplicationStore<Value> {
        guard (1...128).contains(name.utf8.count), !name.utf8.contains(UInt8(ascii: "/")) else {
            throw CatalogError(.invalidKey, "The name of an application has 1 to 128 octets, and no '/'.")
        }
        guard let store = StoreName.ofApplications(readers: readers, writers: writers ?? readers) else {
            try Self.check([readers, writers ?? readers])
            throw SessionError(
                .invalidRight, "By the right \"\(Right.threshold.rawValue)\" nothing is read or written.",
                remedy: "Take another right.")
        }
        let keys = try await context().storeKeys
        guard keys.reads(store) else {
            throw SessionError(
                .rightMissing, "This device does not have the right \"\(readers.rawValue)\", by which \(name) is read.",
                remedy: "Have an administrator's device give it: meshclient device rights.")
        }
        guard keys.groups.newest(of: readers) != nil else {
            throw SessionError(
                .rightMissing, "The account has no right \"\(readers.rawValue)\", by which \(name) would be read.",
                remedy: "Give it to a device on one that administers the account: meshclient device rights.")
        }
        return ApplicationStore(name, in: try await self.store(store))
    }
}
