import MeshEncoding

/// Something to do, or an appointment (`schema-08` §10.4).
public struct CatalogedTask: CatalogEntry {
    public static let tags = ["CatalogedTask"]
    public static let members = [
        EntryMember("Key", .text), EntryMember("Title", .text), EntryMember("EnvelopedTask", .envelope),
    ]
    public static let fileNames = StoreName.task.fileNames

    public let tag: String
    public var content: JSONObject

    public init(tag: String, content: JSONObject) {
        self.tag = tag
        self.content = content
    }

    /// An entry of this key.
    public init(key: String, title: String? = nil) {
        self.init(tag: Self.tags[0], content: ["Key": .string(key)])
        self.title = title
    }

    public var primaryKey: String? { key }

    /// What the entry is found by.
    public var key: String? {
        get { self["Key"] }
        set { self["Key"] = newValue }
    }
    /// A title.
    public var title: String? {
        get { self["Title"] }
        set { self["Title"] = newValue }
    }
    /// The task.
    public var envelopedTask: JSONValue? {
        get { self[envelope: "EnvelopedTask"] }
        set { self[envelope: "EnvelopedTask"] = newValue }
    }
}
