import MeshEncoding

/// A name and password for a service (`schema-08` §10.4). The catalog it lies in must be encrypted.
public struct CatalogedCredential: ServiceEntry {
    public static let tags = ["CatalogedCredential"]
    public static let members =
        serviceMembers + [
            EntryMember("ClientAuthentication", .objects), EntryMember("HostAuthentication", .objects),
        ]
    public static let fileNames = StoreName.credential.fileNames

    public let tag: String
    public var content: JSONObject

    public init(tag: String, content: JSONObject) {
        self.tag = tag
        self.content = content
    }
}
