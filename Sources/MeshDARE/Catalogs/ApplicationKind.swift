/// The kinds of application that have a default: the entry that is meant when none is named (platform specification §3, §8).
///
/// The raw value is the name in the registry.
public enum ApplicationKind: String, CaseIterable, Sendable {
    /// Names and passwords.
    case web = "Web"
    /// Keys of SSH clients.
    case ssh = "SSH"
    /// Networks.
    case network = "Network"
    /// Mail accounts.
    case mail = "Mail"

    /// Where its entries are.
    public var store: StoreName {
        switch self {
        case .web: .credential
        case .ssh: .ssh
        case .network: .network
        case .mail: .mail
        }
    }

    /// What a person calls one entry.
    public var words: String {
        switch self {
        case .web: "credential"
        case .ssh: "SSH key"
        case .network: "network"
        case .mail: "mail account"
        }
    }
}

/// An entry that can be the default of its kind, on all devices of a person.
///
/// The mark is the member `Default` of the entry: when it was made the default, in seconds since 1970. Where several entries have
/// one, as when two devices have chosen at the same time, the latest counts.
public protocol DefaultableEntry: CatalogEntry {
    /// The kind that it can be the default of; nil if it is of none.
    var applicationKind: ApplicationKind? { get }
    /// The names of the secondary keys that a person may name it by.
    static var namingKeys: [String] { get }
}

extension DefaultableEntry {
    static var defaultMember: EntryMember { EntryMember("Default", .integer) }

    /// When it was made the default, in seconds since 1970; nil if it is not marked.
    public var madeDefault: Int64? {
        get { self["Default"] }
        set { self["Default"] = newValue }
    }

    /// The secondary key of entries that are marked as the default of `kind`.
    public static func defaultKey(_ kind: ApplicationKind) -> SecondaryKey {
        SecondaryKey(name: "Default", value: kind.rawValue)
    }

    /// What it is found by if it is marked.
    var defaultKeys: [SecondaryKey] {
        guard madeDefault != nil, let applicationKind else { return [] }
        return [Self.defaultKey(applicationKind)]
    }
}
