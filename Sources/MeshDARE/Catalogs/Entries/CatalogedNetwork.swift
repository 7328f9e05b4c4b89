import MeshEncoding

/// A network and what opens it (`schema-08` §10.4). The catalog it lies in must be encrypted.
public struct CatalogedNetwork: ServiceEntry {
    public static let tags = ["CatalogedNetwork"]
    public static let members = serviceMembers
    public static let fileNames = StoreName.network.fileNames

    public let tag: String
    public var content: JSONObject

    public init(tag: String, content: JSONObject) {
        self.tag = tag
        self.content = content
    }

    public static let namingKeys = [serviceKey]
    public var applicationKind: ApplicationKind? { .network }
}
