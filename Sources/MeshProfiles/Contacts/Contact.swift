import MeshCore
import MeshDARE
import MeshEncoding

/// Somebody, and how they are reached (`schema-08` §10.3). A contact that was not taken from a ``VerifiedContact`` proves
/// nothing.
public protocol Contact: ContactPart, AssertionContent {
    /// The members of this kind of contact alone.
    static var own: [EntryMember] { get }
    /// Of those that hold objects, the types of the objects.
    static var ownParts: [String: any ContactPart.Type] { get }
}

extension Contact {
    public static var own: [EntryMember] { [] }
    public static var ownParts: [String: any ContactPart.Type] { [:] }

    public static var known: [EntryMember] {
        [EntryMember("Id", .text), EntryMember("Updated", .time), EntryMember("Names", .texts)]
            + commonParts.keys.sorted().map { EntryMember($0, .objects) } + own
    }
    public static var parts: [String: any ContactPart.Type] { commonParts.merging(ownParts) { $1 } }

    private static var commonParts: [String: any ContactPart.Type] {
        [
            "Anchors": Anchor.self, "NetworkAddresses": NetworkAddress.self, "Locations": ContactLocation.self,
            "Roles": ContactRole.self, "Bookmark": ContactBookmark.self, "Sources": TaggedSource.self,
        ]
    }

    /// An identifier.
    public var id: String? {
        get { self["Id"] }
        set { self["Id"] = newValue }
    }
    /// What the trust in it rests on.
    public var anchors: [Anchor] {
        get { self["Anchors"] }
        set { self["Anchors"] = newValue }
    }
    /// Where it is reached.
    public var networkAddresses: [NetworkAddress] {
        get { self["NetworkAddresses"] }
        set { self["NetworkAddresses"] = newValue }
    }
    /// Places.
    public var locations: [ContactLocation] {
        get { self["Locations"] }
        set { self["Locations"] = newValue }
    }
    /// Roles in organizations.
    public var roles: [ContactRole] {
        get { self["Roles"] }
        set { self["Roles"] = newValue }
    }
    /// Pages.
    public var bookmarks: [ContactBookmark] {
        get { self["Bookmark"] }
        set { self["Bookmark"] = newValue }
    }
    /// Where it was taken from.
    public var sources: [TaggedSource] {
        get { self["Sources"] }
        set { self["Sources"] = newValue }
    }
    /// When it was made or changed.
    public var updated: Timestamp? {
        get { members["Updated"]?.string.flatMap { Timestamp($0) } }
        set { members["Updated"] = newValue.map { .string($0.description) } }
    }

    /// The tagged object, as it stands in an entry.
    public var tagged: JSONObject { [Self.tag: .object(members)] }
}

/// A person (`schema-08` §10.3).
public struct ContactPerson: Contact {
    public static let tag = "ContactPerson"
    public static let own = [EntryMember("CommonNames", .objects)]
    public static let ownParts: [String: any ContactPart.Type] = ["CommonNames": PersonName.self]

    public var members: JSONObject
    public init(checked members: JSONObject) { self.members = members }

    /// The names of the person, the usual one first.
    public var commonNames: [PersonName] {
        get { self["CommonNames"] }
        set { self["CommonNames"] = newValue }
    }
}

/// An organization (`schema-08` §10.3).
public struct ContactOrganization: Contact {
    public static let tag = "ContactOrganization"
    public static let own = [EntryMember("CommonNames", .objects)]
    public static let ownParts: [String: any ContactPart.Type] = ["CommonNames": OrganizationName.self]

    public var members: JSONObject
    public init(checked members: JSONObject) { self.members = members }

    /// The names of the organization, the usual one first.
    public var commonNames: [OrganizationName] {
        get { self["CommonNames"] }
        set { self["CommonNames"] = newValue }
    }
}

/// A group (`schema-08` §10.3).
public struct ContactGroup: Contact {
    public static let tag = "ContactGroup"

    public var members: JSONObject
    public init(checked members: JSONObject) { self.members = members }
}
