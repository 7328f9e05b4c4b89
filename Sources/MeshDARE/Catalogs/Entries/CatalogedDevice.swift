import MeshEncoding

/// A device that is connected to an account (`schema-08` §10.4).
public struct CatalogedDevice: CatalogEntry {
    public static let tags = ["CatalogedDevice"]
    public static let members = [
        EntryMember("Updated", .time),
        EntryMember("Udf", .text), EntryMember("DeviceUdf", .text), EntryMember("SignatureUdf", .text),
        EntryMember("EnvelopedProfileUser", .envelope), EntryMember("EnvelopedProfileDevice", .envelope),
        EntryMember("EnvelopedConnectionUser", .envelope), EntryMember("EnvelopedConnectionDevice", .envelope),
        EntryMember("EnvelopedConnectionService", .envelope), EntryMember("EnvelopedActivationDevice", .envelope),
        EntryMember("EnvelopedActivationAccount", .envelope), EntryMember("EnvelopedActivationCommon", .envelope),
        EntryMember("EnvelopedActivationApplication", .envelopes),
    ]
    public static let fileNames = StoreName.device.fileNames

    public let tag: String
    public var content: JSONObject

    public init(tag: String, content: JSONObject) {
        self.tag = tag
        self.content = content
    }

    /// The fingerprint of the device's own profile.
    public var primaryKey: String? { deviceUDF }
    public var secondaryKeys: [SecondaryKey] { udf.map { [SecondaryKey(name: "Udf", value: $0)] } ?? [] }

    /// The fingerprint of the key that the device signs with for the account.
    public var udf: String? {
        get { self["Udf"] }
        set { self["Udf"] = newValue }
    }
    /// The fingerprint of the device's own profile.
    public var deviceUDF: String? {
        get { self["DeviceUdf"] }
        set { self["DeviceUdf"] = newValue }
    }
    /// The fingerprint of the account's signature key.
    public var signatureUDF: String? {
        get { self["SignatureUdf"] }
        set { self["SignatureUdf"] = newValue }
    }
    /// The profile of the person or account.
    public var envelopedProfileUser: JSONValue? {
        get { self[envelope: "EnvelopedProfileUser"] }
        set { self[envelope: "EnvelopedProfileUser"] = newValue }
    }
    /// The profile of the device.
    public var envelopedProfileDevice: JSONValue? {
        get { self[envelope: "EnvelopedProfileDevice"] }
        set { self[envelope: "EnvelopedProfileDevice"] = newValue }
    }
    /// The connection, signed by an administration device. The reference of 2022 names it `EnvelopedConnectionDevice`.
    public var envelopedConnection: JSONValue? {
        get { self[envelope: "EnvelopedConnectionUser"] ?? self[envelope: "EnvelopedConnectionDevice"] }
        set {
            let other = content["EnvelopedConnectionUser"] == nil && content["EnvelopedConnectionDevice"] != nil
            self[envelope: other ? "EnvelopedConnectionDevice" : "EnvelopedConnectionUser"] = newValue
        }
    }
    /// What the device needs to know to act, sealed to it.
    public var envelopedActivationDevice: JSONValue? {
        get { self[envelope: "EnvelopedActivationDevice"] }
        set { self[envelope: "EnvelopedActivationDevice"] = newValue }
    }
    /// What the device needs to know to act for the account, sealed to it.
    public var envelopedActivationAccount: JSONValue? {
        get { self[envelope: "EnvelopedActivationAccount"] }
        set { self[envelope: "EnvelopedActivationAccount"] = newValue }
    }
    /// The same for applications.
    public var envelopedActivationApplication: [JSONValue] {
        get { self[envelopes: "EnvelopedActivationApplication"] }
        set { self[envelopes: "EnvelopedActivationApplication"] = newValue }
    }
}
