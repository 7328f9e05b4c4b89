import MeshEncoding

/// What the frames of a catalog add up to: for each key the frame that holds its entry.
///
/// It is made from headers alone, and holds one small record for each entry that is there.
struct CatalogIndex: Sendable {
    /// What a frame says of an entry.
    struct Change: Hashable, Sendable {
        let frame: Int
        var position = 0
        let event: CatalogEvent
        let key: String
        /// Nil if the header does not say: the content has to be read.
        var secondaryKeys: [SecondaryKey]? = []
        var first: Int?
        var previous: Int?
        var transaction: CatalogTransactionMark?
        /// The frame that has the same content, if this one only encrypts it anew.
        var rewrites: Int?
    }

    /// Where an entry is.
    struct Entry: Hashable, Sendable {
        /// The frame that added it.
        let first: Int
        /// The frame that holds it now.
        let current: Int
        /// The frame in which the content was written first.
        var contentFrame: Int
        /// Where that frame is in the file.
        let position: Int
        /// Nil while the content has not been read for them.
        fileprivate(set) var secondaryKeys: [SecondaryKey]?
    }

    private(set) var entries: [ExactText: Entry] = [:]
    private var bySecondaryKey: [SecondaryKey: Set<ExactText>] = [:]
    /// The entries whose secondary keys are not known yet.
    private(set) var unread: Set<ExactText> = []
    /// The changes of a transaction whose last frame has not been seen.
    private var unfinished: [Change] = []
    private(set) var issues = CatalogIssues()

    /// Takes in what the next frame says; nil for a frame that says nothing of entries.
    ///
    /// A transaction takes effect with its last frame; if another frame comes first, its writer died, and it never was.
    ///
    /// - Returns: the changes that took effect.
    @discardableResult
    mutating func take(_ change: Change?) -> [Change] {
        let mark = change?.transaction
        if let start = unfinished.first, start.transaction?.first != mark?.first {
            note(.unfinishedTransaction, start)
            unfinished = []
        }
        guard let change else { return [] }
        guard let mark, mark.count > 1 else {
            apply(change)
            return [change]
        }
        // A frame in the middle of a transaction whose beginning is not there.
        guard mark.first >= 0, mark.first <= change.frame, change.frame - mark.first == unfinished.count,
            unfinished.count < mark.count
        else {
            note(.unfinishedTransaction, change)
            unfinished = []
            return []
        }
        unfinished.append(change)
        guard unfinished.count == mark.count else { return [] }
        let whole = unfinished
        unfinished = []
        for change in whole { apply(change) }
        return whole
    }

    /// Applies what a frame says. The last event wins, also where its order is not the legal one, which is noted.
    private mutating func apply(_ change: Change) {
        let key = ExactText(change.key)
        let old = entries[key]
        switch (change.event, old) {
        case (.new, .some): note(.newOfPresent, change)
        case (.update, nil): note(.updateOfAbsent, change)
        case (.delete, nil): note(.deleteOfAbsent, change)
        default: break
        }
        if let old {
            if change.event != .new, let previous = change.previous, previous != old.current {
                note(.wrongPrevious, change)
            }
            if change.event != .new, let first = change.first, first != old.first { note(.wrongFirst, change) }
            forgetSecondaryKeys(of: key, old)
        }
        guard change.event != .delete else {
            entries[key] = nil
            return
        }
        let first = change.event == .update ? old?.first ?? change.frame : change.frame
        // One that is said to have another's content, and does not follow it, has its own.
        let isRewritten = change.event == .update && change.rewrites != nil && change.rewrites == old?.contentFrame
        entries[key] = Entry(
            first: first, current: change.frame, contentFrame: isRewritten ? old?.contentFrame ?? 0 : change.frame,
            position: change.position, secondaryKeys: nil)
        if let secondaryKeys = change.secondaryKeys {
            index(secondaryKeys, of: key)
        } else {
            unread.insert(key)
        }
    }

    /// Says what the secondary keys of an entry are whose content has been read.
    mutating func setSecondaryKeys(_ keys: [SecondaryKey], of key: ExactText) {
        guard entries[key]?.secondaryKeys == nil else { return }
        unread.remove(key)
        index(keys, of: key)
    }

    private mutating func index(_ keys: [SecondaryKey], of key: ExactText) {
        entries[key]?.secondaryKeys = keys
        for secondary in keys { bySecondaryKey[secondary, default: []].insert(key) }
    }

    private mutating func forgetSecondaryKeys(of key: ExactText, _ entry: Entry) {
        unread.remove(key)
        for secondary in entry.secondaryKeys ?? [] {
            guard var keys = bySecondaryKey.removeValue(forKey: secondary) else { continue }
            keys.remove(key)
            if !keys.isEmpty { bySecondaryKey[secondary] = keys }
        }
    }

    private mutating func note(_ kind: CatalogIssue.Kind, _ change: Change) {
        issues.note(CatalogIssue(kind: kind, frame: change.frame, key: change.key))
    }

    /// Notes what is wrong with a frame that says nothing of an entry.
    mutating func note(_ kind: CatalogIssue.Kind, frame: Int) {
        issues.note(CatalogIssue(kind: kind, frame: frame, key: nil))
    }

    /// The entry of `key`.
    func entry(_ key: String) -> Entry? { entries[ExactText(key)] }

    /// The entries that have `secondary`, with their primary keys, the oldest first.
    func entries(having secondary: SecondaryKey) -> [(key: String, entry: Entry)] {
        // Looked up before they are sorted: there may be many.
        (bySecondaryKey[secondary] ?? []).compactMap { key in entries[key].map { (key.text, $0) } }
            .sorted { $0.entry.first < $1.entry.first }
    }

    /// Whether an entry has `secondary`.
    func hasEntries(having secondary: SecondaryKey) -> Bool { bySecondaryKey[secondary] != nil }

    /// The values of the secondary keys of that name.
    func values(ofSecondaryKeys name: String) -> [String] {
        bySecondaryKey.keys.lazy.filter { $0.name == name }.map(\.value)
    }

    /// The primary keys of all entries, oldest entry first.
    var keys: [String] {
        entries.map { (first: $0.value.first, key: $0.key.text) }.sorted { $0.first < $1.first }.map(\.key)
    }

    /// The primary keys of the entries whose current frames are before `frame`, in the order of these.
    func keys(before frame: Int) -> [String] {
        entries.lazy.filter { $0.value.current < frame }.map { (current: $0.value.current, key: $0.key.text) }
            .sorted { $0.current < $1.current }.map(\.key)
    }
}

/// Which frames make up a transaction: none of them counts unless all are there. An extension of this package that other
/// readers ignore; it stands in `ContentMetaData` as `Transaction`, a list of the two numbers.
struct CatalogTransactionMark: Hashable, Sendable {
    /// The number of the first frame.
    let first: Int
    /// How many there are.
    let count: Int
}
