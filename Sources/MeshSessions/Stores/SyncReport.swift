import MeshCore
import MeshDARE
import MeshPortals

/// An entry that two devices have changed: nothing is sent of it until someone has decided.
public struct EntryConflict: Sendable, Equatable {
    /// The store.
    public let store: StoreName
    /// The primary key of the entry.
    public let key: String
    /// The content that waits here to be sent; nil for a deletion.
    public let ours: [UInt8]?
    /// The content that another device has sent; nil if it deleted the entry.
    public let theirs: [UInt8]?
    /// The change that waits.
    let change: String
}

/// What a synchronisation did.
public struct SyncReport: Sendable, Equatable {
    /// How many frames of each store were received.
    public var received: [StoreName: Int] = [:]
    /// How many changes of each store were sent.
    public var sent: [StoreName: Int] = [:]
    /// How many changes wait of stores that this device may not write any more; an administrator's device can give it the right
    /// again.
    public var withheld: [StoreName: Int] = [:]
    /// Entries that two devices have changed, and someone has to decide about.
    public var conflicts: [EntryConflict] = []
    /// How many requests for connection wait; nil unless this device administers the account.
    public var pendingConnections: Int?
    /// What else is different.
    public var changes = SessionChanges()

    /// Whether nothing was received or sent.
    public var isEmpty: Bool { received.isEmpty && sent.isEmpty && conflicts.isEmpty && changes.isEmpty }

    init() {}

    /// Adds what was done after it.
    mutating func note(_ later: SyncReport) {
        received.merge(later.received, uniquingKeysWith: +)
        sent.merge(later.sent, uniquingKeysWith: +)
        withheld.merge(later.withheld) { $1 }
        conflicts = later.conflicts
        pendingConnections = later.pendingConnections ?? pendingConnections
        changes.note(later.changes)
    }
}

/// How far a synchronisation is.
public struct SyncProgress: Sendable {
    /// The store that is being worked on.
    public let store: StoreName
    /// How many of its frames or changes are done.
    public let done: Int
    /// Of how many.
    public let total: Int
    /// Whether they are sent, not received.
    public let isSending: Bool
}

extension SessionChanges {
    /// Notes that stores were sent to the portal of `address`.
    mutating func note(_ sent: [StoreName], to address: AccountAddress) {
        for store in sent { note(.store, .published, "\(store.containerName) at \(address.canonical)") }
    }
}
