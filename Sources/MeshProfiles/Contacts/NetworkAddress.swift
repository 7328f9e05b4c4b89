import MeshDARE
import MeshEncoding

/// Where somebody is reached (`schema-08` §10.3).
public struct NetworkAddress: ContactPart {
    public static let known = [
        EntryMember("Inactive", .flag),
        EntryMember("Address", .text),
        EntryMember("NetworkCapability", .texts),
        EntryMember("EnvelopedProfileAccount", .envelope),
        EntryMember("Protocols", .objects),
    ]
    public static let parts: [String: any ContactPart.Type] = [
        "Protocols": NetworkProtocol.self
    ]

    public var members: JSONObject
    public init(checked members: JSONObject) { self.members = members }

    /// Whether it is no longer used.
    public var isInactive: Bool {
        get { self["Inactive"] }
        set { self["Inactive"] = newValue }
    }

    /// The address, such as that of a portal account.
    public var address: String? {
        get { self["Address"] }
        set { self["Address"] = newValue }
    }

    /// What can be done with it.
    public var capabilities: [String] {
        get { self["NetworkCapability"] }
        set { self["NetworkCapability"] = newValue }
    }

    /// The signed profile of the account: unverified.
    public var profile: DAREEnvelope? {
        get { self[envelope: "EnvelopedProfileAccount"] }
        set { self[envelope: "EnvelopedProfileAccount"] = newValue }
    }

    /// By which protocols it is reached.
    public var protocols: [NetworkProtocol] {
        get { self["Protocols"] }
        set { self["Protocols"] = newValue }
    }
}

/// A protocol by which an address is reached (`schema-08` §10.3).
public struct NetworkProtocol: ContactPart {
    public static let known = [
        EntryMember("Protocol", .text)
    ]

    public var members: JSONObject
    public init(checked members: JSONObject) { self.members = members }

    /// Its name.
    public var name: String? {
        get { self["Protocol"] }
        set { self["Protocol"] = newValue }
    }
}
