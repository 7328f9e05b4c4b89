import MeshEncoding

/// What credentials and networks have in common: a service, and what opens it (`schema-08` §10.4).
public protocol ServiceEntry: CatalogEntry {}

extension ServiceEntry {
    /// The members that each of them has.
    static var serviceMembers: [EntryMember] {
        ["Protocol", "Service", "Username", "Password"].map { EntryMember($0, .text) }
    }

    /// An entry for `service`, under `networkProtocol` if only that is meant.
    public init(service: String, networkProtocol: String? = nil) {
        self.init()
        self.networkProtocol = networkProtocol
        self.service = service
    }

    /// Protocol, a colon, service.
    public var primaryKey: String? { service.map { "\(networkProtocol ?? ""):\($0)" } }

    /// The protocol, as `http`, `smtp`; the kind of a network, as `wifi`.
    public var networkProtocol: String? {
        get { self["Protocol"] }
        set { self["Protocol"] = newValue }
    }
    /// The service, a domain name; the network, an SSID.
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
