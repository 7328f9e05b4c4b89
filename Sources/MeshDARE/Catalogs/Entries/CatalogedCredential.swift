import MeshEncoding

/// A name and password for a service (`schema-08` §10.4). The catalog it lies in must be encrypted.
public struct CatalogedCredential: ServiceEntry {
    public static let tags = ["CatalogedCredential"]
    public static let members =
        serviceMembers + [
            EntryMember("ClientAuthentication", .objects), EntryMember("HostAuthentication", .objects),
            EntryMember(oneTimeMember, .object), EntryMember("Title", .text), EntryMember("Uri", .text),
            EntryMember("Notes", .text),
        ]
    public static let fileNames = StoreName.credential.fileNames

    public let tag: String
    public var content: JSONObject

    public init(tag: String, content: JSONObject) {
        self.tag = tag
        self.content = content
    }

    /// What a person calls it (an extension of the schema).
    public var title: String? {
        get { self["Title"] }
        set { self["Title"] = newValue }
    }
    /// Where it is used, if that is more than the service says (an extension of the schema).
    public var uri: String? {
        get { self["Uri"] }
        set { self["Uri"] = newValue }
    }
    /// Words about it, which may be secret (an extension of the schema).
    public var notes: String? {
        get { self["Notes"] }
        set { self["Notes"] = newValue }
    }

    /// The name of the secondary key that is the host of the service.
    public static let hostKey = "Host"

    /// The host in a service that is written as in a URI, `[name@]host[:port][/path]`: in lower case, with the port.
    public static func host(of service: String) -> String {
        let authority = service.prefix { $0 != "/" }
        let start = authority.lastIndex(of: "@").map { authority.index(after: $0) } ?? authority.startIndex
        return authority[start...].lowercased()
    }

    /// The name of the secondary key that is the title.
    public static let titleKey = "Title"
    public static let namingKeys = [serviceKey, hostKey, titleKey]
    public var applicationKind: ApplicationKind? { .web }

    /// The service, its host, and the title.
    public var secondaryKeys: [SecondaryKey] {
        let places = service.map { service in
            [
                SecondaryKey(name: Self.serviceKey, value: service),
                SecondaryKey(name: Self.hostKey, value: Self.host(of: service)),
            ]
        }
        return (places ?? []) + (title.map { [SecondaryKey(name: Self.titleKey, value: $0)] } ?? []) + defaultKeys
    }
}
