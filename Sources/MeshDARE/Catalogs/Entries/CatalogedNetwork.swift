import MeshEncoding

/// A network and what opens it (`schema-08` §10.4). The catalog it lies in must be encrypted.
public struct CatalogedNetwork: CatalogEntry {
    public static let tags = ["CatalogedNetwork"]
    public static let members = ServiceEntry.members
    public static let fileNames = StoreName.network.fileNames

    public let tag: String
    public var content: JSONObject

    public init(tag: String, content: JSONObject) {
        self.tag = tag
        self.content = content
    }

    /// An entry for the network `service`, of the kind `networkProtocol`.
    public init(service: String, networkProtocol: String? = nil) {
        self.init(tag: Self.tags[0], content: ServiceEntry.content(service, networkProtocol))
    }

    /// Protocol and service.
    public var primaryKey: String? { ServiceEntry.key(content) }

    /// The kind of network: `wifi`.
    public var networkProtocol: String? {
        get { self["Protocol"] }
        set { self["Protocol"] = newValue }
    }
    /// The network: an SSID.
    public var service: String? {
        get { self["Service"] }
        set { self["Service"] = newValue }
    }
    /// The name of the user there.
    public var username: String? {
        get { self["Username"] }
        set { self["Username"] = newValue }
    }
    /// The password, as the schema has it: a text in the entry.
    public var password: String? {
        get { self["Password"] }
        set { self["Password"] = newValue }
    }
}
