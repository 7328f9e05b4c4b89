import MeshCore
import MeshDARE
import MeshPlatforms

/// Which entry of a kind of application is meant (platform specification §8): the one that is named; if none is, the default of this
/// profile on this machine, else the default on all devices of the person, else the machine's for everyone.
///
/// What is named and not there is an error, and so is a default of this profile on this machine: nothing else is ever taken in its
/// place. A default of the machine says nothing to a person who has no such entry.
public struct ApplicationDefaults<Entry: DefaultableEntry>: Sendable {
    /// An entry of the kind, and which version of it.
    public typealias Item = EntryStore<Entry>.Item

    /// The entry that is the default, and where that is set.
    public struct Choice: Sendable {
        /// The entry.
        public let item: Item
        /// For whom and where it is the default.
        public let scope: DefaultScope
    }

    /// The kind.
    public let kind: ApplicationKind
    /// The store that its entries are in.
    public let entries: EntryStore<Entry>
    private let profile: UDF
    private let directory: ProfileDirectory
    private let clock: any MeshClock

    init(_ kind: ApplicationKind, _ entries: EntryStore<Entry>, of profile: UDF, on platform: any MeshPlatform) {
        self.kind = kind
        self.entries = entries
        self.profile = profile
        directory = ProfileDirectory(platform.registry)
        clock = platform.clock
    }

    // MARK: Looking

    /// The entry that `selector` names: its key, its local name, or what else entries of its type are named by; nil for the
    /// default.
    ///
    /// - Returns: nil if none is named, and there is no default.
    /// - Throws: ``PlatformError`` `notFound` or `ambiguous` for what is named; as ``current()``.
    public func find(_ selector: String?) async throws -> Item? {
        guard let selector else { return try await current()?.item }
        return try await named(selector)
    }

    /// The default; nil if there is none.
    ///
    /// - Throws: ``SessionError`` `defaultMissing` if the default of this profile on this machine is not there; as
    ///   ``EntryStore/find(_:)-(String)``.
    public func current() async throws -> Choice? {
        try await choice(entry: { try await entry($0) }, marked: { try await marked() })
    }

    /// The default among `items`, which are all entries of the store.
    ///
    /// - Throws: as ``current()``.
    public func current(among items: [Item]) async throws -> Choice? {
        let own = items.filter { $0.entry.applicationKind == kind }
        return try await choice(
            entry: { key in own.first { $0.key == key } },
            marked: { Self.ordered(own.filter { $0.entry.madeDefault != nil }) })
    }

    private func choice(
        entry: (String) async throws -> Item?, marked: () async throws -> [Item]
    ) async throws -> Choice? {
        if let key = try await directory.applicationDefault(kind.rawValue, for: profile) {
            guard let item = try await entry(key) else {
                throw SessionError(
                    .defaultMissing,
                    "The default \(kind.words) of this profile on this machine is \"\(key)\", and there is none of that key.",
                    remedy: "Set another one, or clear it.")
            }
            return Choice(item: item, scope: .thisMachine)
        }
        if let item = try await marked().last { return Choice(item: item, scope: .allDevices) }
        guard let key = try await directory.applicationDefault(kind.rawValue, for: nil),
            let item = try await entry(key)
        else { return nil }
        return Choice(item: item, scope: .everyProfile)
    }

    // MARK: Changing

    /// Makes the entry that `selector` names the default. On all devices, it is so after the next synchronisation.
    ///
    /// - Returns: the entry.
    /// - Throws: ``StaleEntry`` if it is changed meanwhile; as ``find(_:)``, ``EntryStore/update(_:from:)``.
    @discardableResult
    public func set(_ selector: String, _ scope: DefaultScope = .allDevices) async throws -> Item {
        let item = try await named(selector)
        switch scope {
        case .thisMachine: try await directory.setApplicationDefault(item.key, kind.rawValue, for: profile)
        case .everyProfile: try await directory.setApplicationDefault(item.key, kind.rawValue, for: nil)
        case .allDevices: try await mark(item)
        }
        return item
    }

    /// Takes the default away. One that is set elsewhere counts from then on.
    ///
    /// - Returns: whether there was one.
    /// - Throws: as ``set(_:_:)``.
    @discardableResult
    public func clear(_ scope: DefaultScope = .allDevices) async throws -> Bool {
        guard scope == .allDevices else {
            let personal = scope == .thisMachine ? profile : nil
            guard try await directory.applicationDefault(kind.rawValue, for: personal) != nil else { return false }
            try await directory.setApplicationDefault(nil, kind.rawValue, for: personal)
            return true
        }
        // The latest last: whatever ends this, none that was given up before becomes the default again.
        let items = try await marked()
        for item in items { try await unmark(item) }
        return !items.isEmpty
    }

    private func mark(_ item: Item) async throws {
        let others = try await marked()
        if others.count == 1, others[0].key == item.key { return }
        var entry = item.entry
        // Later than the others also if the clock of a device that marked one was ahead.
        let latest = others.compactMap(\.entry.madeDefault).max() ?? 0
        entry.madeDefault = max(clock.now.secondsSince1970, latest == .max ? latest : latest + 1)
        try await entries.update(entry, from: item.version)
        for other in others where other.key != item.key {
            do {
                try await unmark(other)
            } catch is StaleEntry<Entry> {
                // Somebody changes it now. Its mark is older, and does not count.
            }
        }
    }

    private func unmark(_ item: Item) async throws {
        var entry = item.entry
        entry.madeDefault = nil
        try await entries.update(entry, from: item.version)
    }

    // MARK: Parts

    private func named(_ selector: String) async throws -> Item {
        if let item = try await entry(selector) { return item }
        if let item = try await entries.find(named: selector), item.entry.applicationKind == kind { return item }
        for name in Entry.namingKeys {
            let found = try await entries.find(SecondaryKey(name: name, value: selector))
                .filter { $0.entry.applicationKind == kind }
            if found.count == 1 { return found[0] }
            guard found.isEmpty else {
                throw PlatformError(
                    .ambiguous, store: entries.store.name.containerName,
                    "\(found.count) entries are called '\(selector)'.",
                    remedy: "Name the one that is meant by its key.",
                    candidates: found.map { PlatformError.Candidate(name: $0.key, detail: "") })
            }
        }
        throw PlatformError(
            .notFound, store: entries.store.name.containerName, "There is no \(kind.words) '\(selector)'.",
            remedy: "Name one that is there by its key.")
    }

    private func entry(_ key: String) async throws -> Item? {
        try await entries.find(key).flatMap { $0.entry.applicationKind == kind ? $0 : nil }
    }

    /// The entries that are marked as the default on all devices; the last one counts.
    private func marked() async throws -> [Item] {
        Self.ordered(try await entries.find(Entry.defaultKey(kind)).filter { $0.entry.applicationKind == kind })
    }

    private static func ordered(_ items: [Item]) -> [Item] {
        items.sorted { ($0.entry.madeDefault ?? .min, $0.key) < ($1.entry.madeDefault ?? .min, $1.key) }
    }
}

/// For whom and where an entry is the default.
public enum DefaultScope: String, CaseIterable, Sendable {
    /// For one profile on one machine.
    case thisMachine = "this-machine"
    /// For one profile on all its devices.
    case allDevices = "all-devices"
    /// For every profile on one machine that has no other.
    case everyProfile = "every-profile"
}

extension PersonalSession {
    /// The default for a kind of application, among entries of a type: as ``CatalogedApplication`` for mail accounts.
    ///
    /// - Throws: as ``store(_:)``.
    public func defaults<Entry: DefaultableEntry>(
        _ kind: ApplicationKind, of type: Entry.Type = Entry.self
    ) async throws -> ApplicationDefaults<Entry> {
        ApplicationDefaults(kind, try await entries(in: kind.store), of: udf, on: platform)
    }
}
