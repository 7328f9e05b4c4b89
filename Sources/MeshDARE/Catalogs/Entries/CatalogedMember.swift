import MeshEncoding

/// A member of a group (`schema-08` §10.4).
public struct CatalogedMember: CatalogEntry {
    public static let tags = ["CatalogedMember"]
    public static let members = [
        EntryMember("ContactAddress", .text), EntryMember("MemberCapabilityId", .text),
        EntryMember("ServiceCapabilityId", .text),
    ]
    public static let fileNames = StoreName.member.fileNames

    public let tag: String
    public var content: JSONObject

    public init(tag: String, content: JSONObject) {
        self.tag = tag
        self.content = content
    }

    /// The member that has this address.
    public init(contactAddress: String) {
        self.init(tag: Self.tags[0], content: ["ContactAddress": .string(contactAddress)])
    }

    public var primaryKey: String? { contactAddress }

    /// The address of the member.
    public var contactAddress: String? {
        get { self["ContactAddress"] }
        set { self["ContactAddress"] = newValue }
    }
    /// The capability that the member holds.
    public var memberCapabilityID: String? {
        get { self["MemberCapabilityId"] }
        set { self["MemberCapabilityId"] = newValue }
    }
    /// The capability that the service holds for the member.
    public var serviceCapabilityID: String? {
        get { self["ServiceCapabilityId"] }
        set { self["ServiceCapabilityId"] = newValue }
    }
}
