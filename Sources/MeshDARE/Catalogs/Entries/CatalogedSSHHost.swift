import MeshEncoding

/// Which key a host has, for SSH: a line of `known_hosts` (sessions specification §H, HostEntries).
public struct CatalogedSSHHostKey: CatalogEntry {
    public static let tags = ["CatalogedSSHHostKey"]
    public static let members = [
        EntryMember("Address", .text), EntryMember("AlgorithmID", .text), EntryMember("PublicKey", .text),
        EntryMember("Marker", .text), EntryMember("Description", .text),
    ]
    public static let fileNames = StoreName.ssh.fileNames

    public let tag: String
    public var content: JSONObject

    public init(tag: String, content: JSONObject) {
        self.tag = tag
        self.content = content
    }

    /// The key of the kind `algorithm` that the host or pattern `address` has, in Base64.
    public init(address: String, algorithm: String, publicKey: String) {
        self.init(
            tag: Self.tags[0],
            content: [
                "Address": .string(address), "AlgorithmID": .string(algorithm), "PublicKey": .string(publicKey),
            ])
    }

    /// A host has one key of a kind, so that two devices that learn different ones notice it.
    public var primaryKey: String? {
        guard let address, let algorithm, !address.isEmpty, !algorithm.isEmpty else { return nil }
        return "known/\(marker.map { "\($0) " } ?? "")\(address) \(algorithm)"
    }
    public var secondaryKeys: [SecondaryKey] { address.map { [SecondaryKey(name: "Address", value: $0)] } ?? [] }

    /// The name, address or pattern, as `known_hosts` has it; a hashed name too.
    public var address: String? {
        get { self["Address"] }
        set { self["Address"] = newValue }
    }
    /// The kind of key: `ssh-ed25519`.
    public var algorithm: String? {
        get { self["AlgorithmID"] }
        set { self["AlgorithmID"] = newValue }
    }
    /// The key in SSH's wire encoding, in Base64.
    public var publicKey: String? {
        get { self["PublicKey"] }
        set { self["PublicKey"] = newValue }
    }
    /// `@cert-authority` or `@revoked`.
    public var marker: String? {
        get { self["Marker"] }
        set { self["Marker"] = newValue }
    }
    /// Words about it.
    public var description: String? {
        get { self["Description"] }
        set { self["Description"] = newValue }
    }
}

/// What an SSH client is to do for a host: a section of its configuration.
public struct CatalogedSSHHost: CatalogEntry {
    public static let tags = ["CatalogedSSHHost"]
    public static let members = [
        EntryMember("Alias", .text), EntryMember("Address", .text), EntryMember("Port", .integer),
        EntryMember("User", .text),
    ]
    public static let fileNames = StoreName.ssh.fileNames

    public let tag: String
    public var content: JSONObject

    public init(tag: String, content: JSONObject) {
        self.tag = tag
        self.content = content
    }

    /// The host that the person calls `alias`.
    public init(alias: String) { self.init(tag: Self.tags[0], content: ["Alias": .string(alias)]) }

    public var primaryKey: String? { alias.map { "host/\($0)" } }

    /// What the person calls it.
    public var alias: String? {
        get { self["Alias"] }
        set { self["Alias"] = newValue }
    }
    /// Its name or address.
    public var address: String? {
        get { self["Address"] }
        set { self["Address"] = newValue }
    }
    /// The port.
    public var port: Int64? {
        get { self["Port"] }
        set { self["Port"] = newValue }
    }
    /// Who to log in as.
    public var user: String? {
        get { self["User"] }
        set { self["User"] = newValue }
    }
}
