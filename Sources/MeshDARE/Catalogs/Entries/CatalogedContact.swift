import MeshEncoding

/// A person or organization that the user knows (`schema-08` §10.4).
public struct CatalogedContact: CatalogEntry {
    public static let tags = ["CatalogedContact"]
    public static let members = [
        EntryMember("Key", .text), EntryMember("Self", .flag), EntryMember("Contact", .object),
        EntryMember("EnvelopedContact", .envelope),
    ]
    public static let fileNames = StoreName.contact.fileNames

    public let tag: String
    public var content: JSONObject

    public init(tag: String, content: JSONObject) {
        self.tag = tag
        self.content = content
    }

    /// An entry of this key.
    public init(key: String) { self.init(tag: Self.tags[0], content: ["Key": .string(key)]) }

    public var primaryKey: String? { key }

    /// The network addresses of the contact.
    public var secondaryKeys: [SecondaryKey] {
        addresses.map { SecondaryKey(name: "Address", value: $0) }
    }

    /// What the entry is found by.
    public var key: String? {
        get { self["Key"] }
        set { self["Key"] = newValue }
    }
    /// Whether the contact is the user. Such an entry is valid only if an administration key signed it.
    public var isSelf: Bool {
        get { self["Self"] }
        set { self["Self"] = newValue }
    }
    /// The contact: a tagged object (`ContactPerson`, `ContactGroup`, `ContactOrganization`).
    public var contact: JSONObject? {
        get { self["Contact"] }
        set { self["Contact"] = newValue }
    }
    /// The contact, signed.
    public var envelopedContact: JSONValue? {
        get { self[envelope: "EnvelopedContact"] }
        set { self[envelope: "EnvelopedContact"] = newValue }
    }
    /// The network addresses of the contact, also if it has no tag.
    public var addresses: [String] {
        guard let contact else { return [] }
        let inner = contact.count == 1 ? contact.names.first.flatMap { contact[$0]?.object } : nil
        return (inner ?? contact)["NetworkAddresses"]?.array?.compactMap { $0["Address"]?.string } ?? []
    }
}
