import MeshCore
import MeshEncoding

/// A document that the service hands to whoever knows its authenticator (`schema-08` §10.4).
public struct CatalogedPublication: CatalogEntry {
    public static let tags = ["CatalogedPublication"]
    public static let members = [
        EntryMember("Id", .text), EntryMember("Authenticator", .text), EntryMember("EnvelopedData", .envelope),
        EntryMember("NotOnOrAfter", .time),
    ]
    public static let fileNames = StoreName.publication.fileNames

    public let tag: String
    public var content: JSONObject

    public init(tag: String, content: JSONObject) {
        self.tag = tag
        self.content = content
    }

    /// An entry of this identifier.
    public init(id: String) { self.init(tag: Self.tags[0], content: ["Id": .string(id)]) }

    public var primaryKey: String? { id }

    /// The identifier.
    public var id: String? {
        get { self["Id"] }
        set { self["Id"] = newValue }
    }
    /// What a claim has to bring along as its `ServiceAuthenticate`, letter for letter: whoever publishes derives it from the
    /// device's code, so that it proves the knowledge of that. Without it, whoever knows the identifier can claim.
    public var authenticator: String? {
        get { self["Authenticator"] }
        set { self["Authenticator"] = newValue }
    }
    /// The document.
    public var envelopedData: JSONValue? {
        get { self[envelope: "EnvelopedData"] }
        set { self[envelope: "EnvelopedData"] = newValue }
    }
    /// When it is no longer handed out.
    public var notOnOrAfter: Timestamp? {
        get { self["NotOnOrAfter"] }
        set { self["NotOnOrAfter"] = newValue }
    }
}
