import MeshEncoding

/// An application that shares its settings and keys between a person's devices (`schema-08` §10.4).
///
/// The kinds of application (SSH, mail, network, group) differ in their tag and in members of their own.
public struct CatalogedApplication: DefaultableEntry {
    /// The kinds, by the tag that is written.
    public enum Kind: String, CaseIterable, Sendable {
        /// An application without members of its own.
        case other = "CatalogedApplication"
        /// Keys of an SSH client.
        case ssh = "CatalogedApplicationSSH"
        /// A mail account.
        case mail = "CatalogedApplicationMail"
        /// A network.
        case network = "CatalogedApplicationNetwork"
        /// A group that the person administers or belongs to.
        case group = "CatalogedGroup"
    }

    /// What the keys of groups begin with.
    public static let groupPrefix = "mmm/CatalogedGroup/"
    /// The reference of 2022 writes `Ssh`.
    private static let otherSSH = "CatalogedApplicationSsh"

    public static let tags = Kind.allCases.map(\.rawValue) + [otherSSH]
    public static let members = [
        EntryMember("Key", .text), defaultMember, EntryMember("Grant", .texts),
        EntryMember("Deny", .texts), EntryMember("EnvelopedCapabilities", .envelopes),
        EntryMember("EnvelopedEscrow", .envelopes), EntryMember("EnvelopedProfileGroup", .envelope),
        EntryMember("EnvelopedActivationAccount", .envelope), EntryMember("EnvelopedActivationCommon", .envelope),
        EntryMember("EnvelopedConnectionAddress", .envelope), EntryMember("ClientKey", .object),
        EntryMember("AccountAddress", .text), EntryMember("InboundConnect", .text),
        EntryMember("OutboundConnect", .text), EntryMember("SmimeSign", .object), EntryMember("SmimeEncrypt", .object),
        EntryMember("OpenpgpSign", .object), EntryMember("OpenpgpEncrypt", .object),
        EntryMember("ReplyToAddress", .text), EntryMember("DisplayName", .text), EntryMember("AccountName", .text),
        EntryMember("Inbound", .objects), EntryMember("Outbound", .objects), EntryMember("FormerKeys", .objects),
        EntryMember("DeviceUdf", .text), EntryMember("Description", .text), EntryMember("PublicKey", .text),
        EntryMember("EnvelopedDeviceKey", .envelope),
    ]
    public static let fileNames = StoreName.application.fileNames

    public let tag: String
    public var content: JSONObject

    public init(tag: String, content: JSONObject) {
        self.tag = tag
        self.content = content
    }

    /// An application of `kind`.
    public init(_ kind: Kind, key: String) {
        self.init(tag: kind.rawValue, content: ["Key": .string(key)])
    }

    /// What kind of application it is.
    public var kind: Kind { tag.asLabel == Self.otherSSH ? .ssh : Kind(rawValue: tag.asLabel) ?? .other }

    public var primaryKey: String? { key }
    public var secondaryKeys: [SecondaryKey] {
        (accountAddress.map { [SecondaryKey(name: Self.addressKey, value: $0)] } ?? []) + defaultKeys
    }
    /// The name of the secondary key that is the address of a mail account.
    public static let addressKey = "AccountAddress"
    public static let namingKeys = [addressKey]
    public var applicationKind: ApplicationKind? {
        switch kind {
        case .ssh: .ssh
        case .mail: .mail
        case .network: .network
        case .other, .group: nil
        }
    }

    /// What the application is found by: for SSH the identifier of the client key, for groups a key that begins with
    /// ``groupPrefix``.
    public var key: String? {
        get { self["Key"] }
        set { self["Key"] = newValue }
    }
    /// Keys and rights for use with the application, sealed.
    public var envelopedCapabilities: [JSONValue] {
        get { self[envelopes: "EnvelopedCapabilities"] }
        set { self[envelopes: "EnvelopedCapabilities"] = newValue }
    }
    /// The profile of a group.
    public var envelopedProfileGroup: JSONValue? {
        get { self[envelope: "EnvelopedProfileGroup"] }
        set { self[envelope: "EnvelopedProfileGroup"] = newValue }
    }
    /// What is needed to act for a group, sealed.
    public var envelopedActivationAccount: JSONValue? {
        get { self[envelope: "EnvelopedActivationAccount"] }
        set { self[envelope: "EnvelopedActivationAccount"] = newValue }
    }
    /// The client key of SSH (KeyData).
    public var clientKey: JSONObject? {
        get { self["ClientKey"] }
        set { self["ClientKey"] = newValue }
    }
    /// The device whose key it is, by the fingerprint of its profile.
    public var deviceUDF: String? {
        get { self["DeviceUdf"] }
        set { self["DeviceUdf"] = newValue }
    }
    /// Words about the device.
    public var description: String? {
        get { self["Description"] }
        set { self["Description"] = newValue }
    }
    /// The device's key in the form that the application writes.
    public var publicKey: String? {
        get { self["PublicKey"] }
        set { self["PublicKey"] = newValue }
    }
    /// What the device itself says of its key, signed.
    public var envelopedDeviceKey: JSONValue? {
        get { self[envelope: "EnvelopedDeviceKey"] }
        set { self[envelope: "EnvelopedDeviceKey"] = newValue }
    }
    /// The address of a mail account.
    public var accountAddress: String? {
        get { self["AccountAddress"] }
        set { self["AccountAddress"] = newValue }
    }
    /// How a mail account is read.
    public var inboundConnect: String? {
        get { self["InboundConnect"] }
        set { self["InboundConnect"] = newValue }
    }
    /// How a mail account sends.
    public var outboundConnect: String? {
        get { self["OutboundConnect"] }
        set { self["OutboundConnect"] = newValue }
    }
}
