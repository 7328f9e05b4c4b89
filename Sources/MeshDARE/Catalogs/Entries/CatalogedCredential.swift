import MeshEncoding

/// A name and password for a service (`schema-08` §10.4). The catalog it lies in must be encrypted.
public struct CatalogedCredential: CatalogEntry {
    public static let tags = ["CatalogedCredential"]
    public static let members =
        ServiceEntry.members + [
            EntryMember("ClientAuthentication", .objects), EntryMember("HostAuthentication", .objects),
        ]
    public static let fileNames = StoreName.credential.fileNames

    public let tag: String
    public var content: JSONObject

    public init(tag: String, content: JSONObject) {
        self.tag = tag
        self.content = content
    }

    /// A credential for `service`, under `networkProtocol` if only that is meant.
    public init(service: String, networkProtocol: String? = nil) {
        self.init(tag: Self.tags[0], content: ServiceEntry.content(service, networkProtocol))
    }

    /// Protocol and service.
    public var primaryKey: String? { ServiceEntry.key(content) }

    /// The protocol: `http`, `smtp`.
    public var networkProtocol: String? {
        get { self["Protocol"] }
        set { self["Protocol"] = newValue }
    }
    /// The service: a domain name.
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

/// What credentials and networks have in common.
enum ServiceEntry {
    static let members = [
        EntryMember("Protocol", .text), EntryMember("Service", .text), EntryMember("Username", .text),
        EntryMember("Password", .text),
    ]

    static func content(_ service: String, _ networkProtocol: String?) -> JSONObject {
        var content = JSONObject()
        if let networkProtocol { content["Protocol"] = .string(networkProtocol) }
        content["Service"] = .string(service)
        return content
    }

    /// Protocol, a colon, service.
    static func key(_ content: JSONObject) -> String? {
        guard let service = content["Service"]?.string else { return nil }
        return "\(content["Protocol"]?.string ?? ""):\(service)"
    }
}
