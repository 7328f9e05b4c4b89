import MeshDARE
import MeshEncoding

/// A name of a person (`schema-08` §10.3).
public struct PersonName: ContactPart {
    public static let known = [
        EntryMember("Inactive", .flag),
        EntryMember("FullName", .text),
        EntryMember("Prefix", .text),
        EntryMember("First", .text),
        EntryMember("Middle", .texts),
        EntryMember("Last", .text),
        EntryMember("Suffix", .text),
        EntryMember("PostNominal", .text),
    ]

    public var members: JSONObject
    public init(checked members: JSONObject) { self.members = members }

    /// Whether it is no longer used.
    public var isInactive: Bool {
        get { self["Inactive"] }
        set { self["Inactive"] = newValue }
    }

    /// The name as it is written.
    public var fullName: String? {
        get { self["FullName"] }
        set { self["FullName"] = newValue }
    }

    /// What stands before it, such as a title.
    public var prefix: String? {
        get { self["Prefix"] }
        set { self["Prefix"] = newValue }
    }

    /// The given name.
    public var first: String? {
        get { self["First"] }
        set { self["First"] = newValue }
    }

    /// The names between.
    public var middle: [String] {
        get { self["Middle"] }
        set { self["Middle"] = newValue }
    }

    /// The family name.
    public var last: String? {
        get { self["Last"] }
        set { self["Last"] = newValue }
    }

    /// What stands behind it, such as "Jr.".
    public var suffix: String? {
        get { self["Suffix"] }
        set { self["Suffix"] = newValue }
    }

    /// Degrees and honours.
    public var postNominal: String? {
        get { self["PostNominal"] }
        set { self["PostNominal"] = newValue }
    }
}

/// A name of an organization (`schema-08` §10.3).
public struct OrganizationName: ContactPart {
    public static let known = [
        EntryMember("Inactive", .flag),
        EntryMember("RegisteredName", .text),
        EntryMember("DBA", .text),
    ]

    public var members: JSONObject
    public init(checked members: JSONObject) { self.members = members }

    /// Whether it is no longer used.
    public var isInactive: Bool {
        get { self["Inactive"] }
        set { self["Inactive"] = newValue }
    }

    /// The name that is registered.
    public var registeredName: String? {
        get { self["RegisteredName"] }
        set { self["RegisteredName"] = newValue }
    }

    /// The name under which it does business.
    public var tradingName: String? {
        get { self["DBA"] }
        set { self["DBA"] = newValue }
    }
}
