import MeshCore
import MeshDARE
import MeshEncoding
import MeshPlatforms

/// What has happened to an entry of a store.
public struct StoredEvent: Sendable, Equatable {
    /// What happened.
    public let event: CatalogEvent
    /// The version that it made.
    public let version: EntryVersion
    /// When, as the device says that did it.
    public let made: Timestamp?
    /// The content; nil for a deletion, and where it was sealed to keys that this device does not have.
    public let content: [UInt8]?
    /// Whether it waits to be sent.
    public var isPending: Bool { version.change != nil }
}

extension AccountStore {
    /// The entries that have a secondary key, what waits to be sent after what was received. The first time, all contents are
    /// read; from then on it is looked up.
    ///
    /// - Throws: as ``find(_:)``.
    public func find(_ key: SecondaryKey) async throws -> [StoredEntry] { try await work { try $0.find(key) } }

    /// The entry whose local name is `name`, else the one that has it as its primary key; nil if there is none.
    ///
    /// - Throws: ``PlatformError`` `ambiguous` if several entries have that local name; as ``find(_:)``.
    public func find(named name: String) async throws -> StoredEntry? {
        let local = try await find(SecondaryKey(name: SecondaryKey.localName, value: name))
        guard local.count < 2 else {
            throw PlatformError(
                .ambiguous, store: self.name.containerName, "\(local.count) entries have the same local name.",
                remedy: "Name the one that is meant by its primary key.",
                candidates: local.map { PlatformError.Candidate(name: $0.key, detail: "") })
        }
        if let entry = local.first { return entry }
        return try await find(name)
    }

    /// What has happened to the entry of `key`, also if it is gone: the oldest event first, what waits to be sent last. Reads
    /// the headers of all frames.
    ///
    /// - Throws: as ``find(_:)``.
    public func history(of key: String) async throws -> [StoredEvent] { try await work { try $0.history(of: key) } }
}

extension OpenedStore {
    func find(_ secondary: SecondaryKey) throws -> [StoredEntry] {
        var entries: [StoredEntry] = []
        if let replica {
            for record in try replica.find(secondary) where try !outbox.hasChanges(of: record.key, in: name) {
                entries.append(try Self.entry(record, in: replica))
            }
        }
        for change in try outbox.changes(foundBy: secondary, in: name)
        where try outbox.lastChange(of: change.key, in: name)?.id == change.id {
            if let entry = Self.entry(change) { entries.append(entry) }
        }
        return entries
    }

    func history(of key: String) throws -> [StoredEvent] {
        var events: [StoredEvent] = []
        if let replica {
            let sequence = try replica.sequence
            for item in try replica.history(of: key) {
                let members = try sequence.frame(at: item.version.frame).members
                events.append(
                    StoredEvent(
                        event: item.event, version: EntryVersion(frame: item.version.frame, change: nil),
                        made: members.received, content: try Self.content(of: item, in: replica)))
            }
        }
        for change in try outbox.changes(of: key, in: name) {
            events.append(
                StoredEvent(
                    event: change.event, version: EntryVersion(frame: change.base, change: change.id),
                    made: change.made, content: change.event == .delete ? nil : change.content))
        }
        return events
    }

    private static func content(of item: CatalogHistoryItem, in replica: Catalog) throws -> [UInt8]? {
        guard item.event != .delete else { return nil }
        do {
            return try replica.content(of: item)
        } catch let error as DAREError where [.wrongRecipient, .noRecipients, .wrongKey].contains(error.code) {
            return nil
        }
    }
}

// What is printed or logged of entries says which they are, never what they hold.
extension StoredEntry: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String { "entry \(key) (\(version))" }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: ["key": key, "version": version]) }
}

extension StoredEvent: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String { "\(event.rawValue) (\(version))" }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: ["event": event, "version": version]) }
}

extension PendingChange: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String { "\(event.rawValue) of \(key) in \(store.rawValue), not sent yet" }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: ["id": id, "store": store, "key": key]) }
}

extension EntryConflict: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String { "conflict about \(key) in \(store.rawValue)" }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: ["store": store, "key": key]) }
}
