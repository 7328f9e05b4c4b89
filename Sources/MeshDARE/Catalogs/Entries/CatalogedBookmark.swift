import MeshEncoding

/// A bookmark (`schema-08` §10.4).
public struct CatalogedBookmark: CatalogEntry {
    public static let tags = ["CatalogedBookmark"]
    public static let members = [
        EntryMember("Uid", .text), EntryMember("Uri", .text), EntryMember("Title", .text), EntryMember("Path", .text),
        EntryMember("Comments", .texts),
    ]
    public static let fileNames = StoreName.bookmark.fileNames

    public let tag: String
    public var content: JSONObject

    public init(tag: String, content: JSONObject) {
        self.tag = tag
        self.content = content
    }

    /// A bookmark of this identifier.
    public init(uid: String, uri: String, title: String? = nil) {
        self.init(tag: Self.tags[0], content: ["Uid": .string(uid), "Uri": .string(uri)])
        self.title = title
    }

    /// `Uid`; for entries of the drafts, which have none, the path.
    public var primaryKey: String? { uid ?? path }
    public var secondaryKeys: [SecondaryKey] { uri.map { [SecondaryKey(name: "Uri", value: $0)] } ?? [] }

    /// The identifier.
    public var uid: String? {
        get { self["Uid"] }
        set { self["Uid"] = newValue }
    }
    /// What it leads to.
    public var uri: String? {
        get { self["Uri"] }
        set { self["Uri"] = newValue }
    }
    /// A title.
    public var title: String? {
        get { self["Title"] }
        set { self["Title"] = newValue }
    }
    /// Where it stands among the bookmarks.
    public var path: String? {
        get { self["Path"] }
        set { self["Path"] = newValue }
    }
}
