import MeshDARE
import MeshEncoding

/// A place on Earth (`schema-08` §10.3, Location).
public struct ContactLocation: ContactPart {
    public static let known = [
        EntryMember("Appartment", .text),
        EntryMember("Street", .text),
        EntryMember("District", .text),
        EntryMember("Locality", .text),
        EntryMember("County", .text),
        EntryMember("Postcode", .text),
        EntryMember("Country", .text),
    ]

    public var members: JSONObject
    public init(checked members: JSONObject) { self.members = members }

    /// The apartment. (The schema writes it so.)
    public var apartment: String? {
        get { self["Appartment"] }
        set { self["Appartment"] = newValue }
    }

    /// Street and number.
    public var street: String? {
        get { self["Street"] }
        set { self["Street"] = newValue }
    }

    /// The district.
    public var district: String? {
        get { self["District"] }
        set { self["District"] = newValue }
    }

    /// The town.
    public var locality: String? {
        get { self["Locality"] }
        set { self["Locality"] = newValue }
    }

    /// The county.
    public var county: String? {
        get { self["County"] }
        set { self["County"] = newValue }
    }

    /// The postcode.
    public var postcode: String? {
        get { self["Postcode"] }
        set { self["Postcode"] = newValue }
    }

    /// The country.
    public var country: String? {
        get { self["Country"] }
        set { self["Country"] = newValue }
    }
}

/// What somebody is in an organization (`schema-08` §10.3, Role).
public struct ContactRole: ContactPart {
    public static let known = [
        EntryMember("OrganizationName", .text),
        EntryMember("Titles", .texts),
        EntryMember("Locations", .objects),
    ]
    public static let parts: [String: any ContactPart.Type] = [
        "Locations": ContactLocation.self
    ]

    public var members: JSONObject
    public init(checked members: JSONObject) { self.members = members }

    /// The name of the organization.
    public var organizationName: String? {
        get { self["OrganizationName"] }
        set { self["OrganizationName"] = newValue }
    }

    /// The titles there.
    public var titles: [String] {
        get { self["Titles"] }
        set { self["Titles"] = newValue }
    }

    /// The places there.
    public var locations: [ContactLocation] {
        get { self["Locations"] }
        set { self["Locations"] = newValue }
    }
}

/// A page about somebody (`schema-08` §10.3, Bookmark).
public struct ContactBookmark: ContactPart {
    public static let known = [
        EntryMember("Uri", .text),
        EntryMember("Title", .text),
        EntryMember("Role", .texts),
    ]

    public var members: JSONObject
    public init(checked members: JSONObject) { self.members = members }

    /// Its address.
    public var uri: String? {
        get { self["Uri"] }
        set { self["Uri"] = newValue }
    }

    /// Its title.
    public var title: String? {
        get { self["Title"] }
        set { self["Title"] = newValue }
    }

    /// What it is about.
    public var roles: [String] {
        get { self["Role"] }
        set { self["Role"] = newValue }
    }
}
