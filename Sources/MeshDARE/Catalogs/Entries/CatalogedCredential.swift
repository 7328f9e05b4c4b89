import MeshEncoding

/// A name and password for a service (`schema-08` §10.4). The catalog it lies in must be encrypted.
public struct CatalogedCredential: ServiceEntry {
    public static let tags = ["CatalogedCredential"]
    public static let members =
        serviceMembers + [
            EntryMember("ClientAuthentication", .objects), EntryMember("HostAuthentication", .objects),
            EntryMember(oneTimeMember, .object),
        ]
    public static let fileNames = StoreName.credential.fileNames

    public let tag: String
    public var content: JSONObject

    public init(tag: String, content: JSONObject) {
        self.tag = tag
        self.content = content
    }

    /// The name of the secondary key that is the host of the service.
    public static let hostKey = "Host"

    /// The host in a service that is written as in a URI, `[name@]host[:port][/path]`: in lower case, with the port.
    public static func host(of service: String) -> String {
        let authority = service.prefix { $0 != "/" }
        let start = authority.lastIndex(of: "@").map { authority.index(after: $0) } ?? authority.startIndex
        return authority[start...].lowercased()
    }

    /// The service, and its host.
    public var secondaryKeys: [SecondaryKey] {
        guard let service else { return [] }
        return [
            SecondaryKey(name: Self.serviceKey, value: service),
            SecondaryKey(name: Self.hostKey, value: Self.host(of: service)),
        ]
    }
}
