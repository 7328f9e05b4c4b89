/// What the frames of a catalog add up to: for each key the frame that holds its entry.
///
/// It is made from headers alone, and holds one small record for each entry that is there.
struct CatalogIndex: Sendable {
    /// What a frame says of an entry.
    struct Change: Sendable {
        let frame: Int
        let event: CatalogEvent
        let key: String
        var secondaryKeys: [SecondaryKey] = []
        var first: Int?
        var previous: Int?
    }

    /// Where an entry is.
    struct Entry: Hashable, Sendable {
        /// The frame that added it.
        let first: Int
        /// The frame that holds it now.
        let current: Int
        let secondaryKeys: [SecondaryKey]
    }

    private(set) var entries: [ExactText: Entry] = [:]
    private var bySecondaryKey: [SecondaryKey: Set<ExactText>] = [:]
    private(set) var issues = CatalogIssues()

    /// Applies what a frame says. The last event wins, also where its order is not the legal one, which is noted.
    mutating func apply(_ change: Change) {
        let key = ExactText(change.key)
        let old = entries[key]
        switch (change.event, old) {
        case (.new, .some): note(.newOfPresent, change)
        case (.update, nil): note(.updateOfAbsent, change)
        case (.delete, nil): note(.deleteOfAbsent, change)
        default: break
        }
        if let old {
            if change.event != .new, change.previous.map({ $0 != old.current }) ?? false {
                note(.wrongPrevious, change)
            }
            if change.event != .new, change.first.map({ $0 != old.first }) ?? false { note(.wrongFirst, change) }
            for secondary in old.secondaryKeys { remove(key, from: secondary) }
        }
        guard change.event != .delete else {
            entries[key] = nil
            return
        }
        let first = change.event == .update ? old?.first ?? change.frame : change.frame
        entries[key] = Entry(first: first, current: change.frame, secondaryKeys: change.secondaryKeys)
        for secondary in change.secondaryKeys { bySecondaryKey[secondary, default: []].insert(key) }
    }

    private mutating func remove(_ key: ExactText, from secondary: SecondaryKey) {
        guard var keys = bySecondaryKey.removeValue(forKey: secondary) else { return }
        keys.remove(key)
        if !keys.isEmpty { bySecondaryKey[secondary] = keys }
    }

    private mutating func note(_ kind: CatalogIssue.Kind, _ change: Change) {
        issues.note(CatalogIssue(kind: kind, frame: change.frame, key: change.key))
    }

    /// Notes what is wrong with a frame that cannot be applied.
    mutating func note(_ issue: CatalogIssue) { issues.note(issue) }

    /// The entry of `key`.
    func entry(_ key: String) -> Entry? { entries[ExactText(key)] }

    /// The primary keys of the entries that have `secondary`, oldest entry first.
    func keys(_ secondary: SecondaryKey) -> [String] {
        ordered(bySecondaryKey[secondary] ?? [])
    }

    /// The primary keys of all entries, oldest entry first.
    var keys: [String] {
        entries.sorted { $0.value.first < $1.value.first }.map(\.key.text)
    }

    private func ordered(_ keys: Set<ExactText>) -> [String] {
        keys.sorted { (entries[$0]?.first ?? 0) < (entries[$1]?.first ?? 0) }.map(\.text)
    }
}

/// Something in a catalog that should not be as it is, and did not keep it from being read.
public struct CatalogIssue: Hashable, Sendable {
    /// What it is.
    public enum Kind: String, Hashable, Sendable {
        /// An entry is added that is there.
        case newOfPresent = "new-of-present"
        /// An entry is updated that is not there.
        case updateOfAbsent = "update-of-absent"
        /// An entry is deleted that is not there.
        case deleteOfAbsent = "delete-of-absent"
        /// A frame names another previous version than there is.
        case wrongPrevious = "wrong-previous"
        /// A frame names another first version than there is.
        case wrongFirst = "wrong-first"
        /// A frame has an event of a name that is not known; it is ignored.
        case unknownEvent = "unknown-event"
        /// A frame has an event and no key; it is ignored.
        case noKey = "no-key"
        /// A frame belongs to a transaction of which the rest is missing; it is ignored.
        case unfinishedTransaction = "unfinished-transaction"
    }

    /// What it is.
    public let kind: Kind
    /// The frame in which it was found.
    public let frame: Int
    /// The primary key of the entry, if any.
    public let key: String?

    init(kind: Kind, frame: Int, key: String?) {
        self.kind = kind
        self.frame = frame
        self.key = key
    }
}

/// The first issues of a catalog, and how many there are in all.
public struct CatalogIssues: Sendable {
    /// How many are kept.
    public static let limit = 1000
    /// The first ones.
    public private(set) var first: [CatalogIssue] = []
    /// How many there are.
    public private(set) var count = 0

    mutating func note(_ issue: CatalogIssue) {
        count += 1
        if first.count < Self.limit { first.append(issue) }
    }
}
