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
