import MeshEncoding

/// A right that the account grants: a capability that the service uses or checks on behalf of a device or member, such as
/// a share of a decryption key (`schema-08` §10.4; the draft of 2020 calls the catalog that of recryption).
public struct CatalogedAccess: CatalogEntry {
    public static let tags = ["CatalogedAccess"]
    public static let members = [EntryMember("Capability", .object)]
    public static let fileNames = StoreName.access.fileNames

    public let tag: String
    public var content: JSONObject

    public init(tag: String, content: JSONObject) {
        self.tag = tag
        self.content = content
    }

    /// An entry for a capability: `kind` is the name of its type, as `CapabilityDecryptPartial`.
    public init(_ kind: String, _ capability: JSONObject) {
        self.init(tag: Self.tags[0], content: ["Capability": .object([kind: .object(capability)])])
    }

    /// The capability's identifier.
    public var primaryKey: String? { capability?.members["Id"]?.string }

    public var secondaryKeys: [SecondaryKey] {
        ["SubjectId", "SubjectAddress", "GranteeUdf", "GranteeAccount"].compactMap { name in
            capability?.members[name]?.string.map { SecondaryKey(name: name, value: $0) }
        }
    }

    /// The capability: the name of its type, and its members.
    public var capability: (kind: String, members: JSONObject)? {
        guard let tagged: JSONObject = self["Capability"], tagged.count == 1, let kind = tagged.names.first,
            let members = tagged[kind]?.object
        else { return nil }
        return (kind, members)
    }
}
