import MeshEncoding

/// What this machine is connected to: an account, a service, or a connection that is still pending; an entry of
/// `host.dare` (platform specification §5.2).
public struct CatalogedMachine: CatalogEntry {
    /// The kinds, by the tag that is written. Each has a default of its own.
    public enum Kind: String, CaseIterable, Sendable {
        /// A device of an account (2020: `DeviceConnection`, or `AdminConnection` if it administers).
        case standard = "CatalogedStandard"
        /// A connection that was asked for (2020: `PendingConnection`).
        case pending = "CatalogedPending"
        /// A connection that the maker of the device prepared.
        case preconfigured = "CatalogedPreconfigured"
        /// A service that this machine is a host of.
        case service = "CatalogedService"
    }

    private static let kinds: [String: Kind] = [
        "PendingConnection": .pending, "DeviceConnection": .standard, "AdminConnection": .standard,
        "Preconfigured": .preconfigured, "Service": .service,
    ]

    public static let tags = Kind.allCases.map(\.rawValue) + kinds.keys.sorted()
    public static let members = [
        EntryMember("Id", .text), EntryMember("Local", .text), EntryMember("Default", .flag),
        EntryMember("DeviceUDF", .text), EntryMember("AccountAddress", .text), EntryMember("PublicationId", .text),
        EntryMember("ServiceAuthenticator", .text), EntryMember("DeviceAuthenticator", .text),
        EntryMember("ServiceIdentifier", .text), EntryMember("CatalogedDevice", .object),
        EntryMember("CatalogedDeviceDigest", .text), EntryMember("EnvelopedProfileAccount", .envelope),
        EntryMember("EnvelopedAccountHostAssignment", .envelope), EntryMember("EnvelopedProfileDevice", .envelope),
        EntryMember("EnvelopedAcknowledgeConnection", .envelope), EntryMember("EnvelopedConnectionService", .envelope),
        EntryMember("EnvelopedConnectionDevice", .envelope), EntryMember("EnvelopedProfileService", .envelope),
        EntryMember("EnvelopedProfileHost", .envelope), EntryMember("EnvelopedActivationCommon", .envelope),
        EntryMember("EnvelopedActivationHost", .envelope),
    ]
    public static let fileNames = [StoreName.host]

    public let tag: String
    public var content: JSONObject

    public init(tag: String, content: JSONObject) {
        self.tag = tag
        self.content = content
    }

    /// An entry of `kind` with the identifier `id`.
    public init(_ kind: Kind, id: String) {
        self.init(tag: kind.rawValue, content: ["Id": .string(id)])
    }

    /// What kind of connection it is.
    public var kind: Kind { Kind(rawValue: tag.asLabel) ?? Self.kinds[tag.asLabel] ?? .standard }

    public var primaryKey: String? { id }
    public var secondaryKeys: [SecondaryKey] {
        [("ProfileUdf", profileUDF), ("AccountAddress", accountAddress)].compactMap { name, value in
            value.map { SecondaryKey(name: name, value: $0) }
        }
    }

    /// The identifier of the entry.
    public var id: String? {
        get { self["Id"] }
        set { self["Id"] = newValue }
    }
    /// The name that the person gave it on this machine. (Entries of the host call it `Local`.)
    public var localName: String? {
        get { self["Local"] ?? self["LocalName"] }
        set { self["Local"] = newValue }
    }
    /// Whether it is the default of its kind.
    public var isDefault: Bool {
        get { self["Default"] }
        set { self["Default"] = newValue }
    }
    /// The fingerprint of the device.
    public var deviceUDF: String? {
        get { self["DeviceUDF"] }
        set { self["DeviceUDF"] = newValue }
    }
    /// The address of the account.
    public var accountAddress: String? {
        get { self["AccountAddress"] }
        set { self["AccountAddress"] = newValue }
    }
    /// The publication that a preconfigured device is claimed by.
    public var publicationID: String? {
        get { self["PublicationId"] }
        set { self["PublicationId"] = newValue }
    }
    /// The device entry of the account's own catalog.
    public var catalogedDevice: JSONObject? {
        get { self["CatalogedDevice"] }
        set { self["CatalogedDevice"] = newValue }
    }
    /// The profile of the account.
    public var envelopedProfileAccount: JSONValue? {
        get { self[envelope: "EnvelopedProfileAccount"] }
        set { self[envelope: "EnvelopedProfileAccount"] = newValue }
    }
    /// The profile that a pending or preconfigured device has shown.
    public var envelopedProfileDevice: JSONValue? {
        get { self[envelope: "EnvelopedProfileDevice"] }
        set { self[envelope: "EnvelopedProfileDevice"] = newValue }
    }
    /// The service's answer to the request of a pending connection.
    public var envelopedAcknowledgeConnection: JSONValue? {
        get { self[envelope: "EnvelopedAcknowledgeConnection"] }
        set { self[envelope: "EnvelopedAcknowledgeConnection"] = newValue }
    }
    /// The profile of a service.
    public var envelopedProfileService: JSONValue? {
        get { self[envelope: "EnvelopedProfileService"] }
        set { self[envelope: "EnvelopedProfileService"] = newValue }
    }

    /// The fingerprint of the profile that the entry is about: the account's, the service's, else the device's. An
    /// enveloped profile has its fingerprint as the identifier of the envelope.
    public var profileUDF: String? {
        for envelope in [envelopedProfileAccount, envelopedProfileService, envelopedProfileDevice] {
            let header = (envelope?.array ?? envelope?["DareEnvelope"]?.array)?.first
            if let udf = (header?["EnvelopeId"] ?? header?["EnvelopeID"])?.string { return udf }
        }
        return deviceUDF
    }
}
