import MeshCore
import MeshCryptography
import MeshDARE
import MeshEncoding
import MeshProfiles

/// A PIN that an account has handed out for one device (protocol-09 §8.1): whoever knows it is connected without comparing.
public struct ConnectionPIN: Sendable {
    /// The PIN itself (`A…`): a secret, for the person at the new device.
    public let pin: SharedSecret
    /// The identifier under which the account knows it. Not a secret.
    public let identifier: UDF
    /// When it is no longer good.
    public let expires: Timestamp

    /// What PINs for devices are made for.
    static let action = "Device"
    /// How long a PIN is good, and the longest it can be.
    public static let lifetime = Duration.seconds(900)
    /// How many requests may name a PIN without knowing it, before it is void.
    public static let maximumTries = 5
}

/// A PIN as the account keeps it, in its Local store, sealed to itself: an entry under the PIN's identifier.
struct KeptPIN: CatalogEntry {
    static let tags = ["KeptPin"]
    static let members = [
        EntryMember("PinId", .text), EntryMember("EnvelopedMessagePin", .envelope), EntryMember("Tries", .text),
        EntryMember("Rights", .texts), EntryMember("EnvelopedMessageClaim", .envelope),
    ]
    static let fileNames = StoreName.local.fileNames

    let tag: String
    var content: JSONObject

    init(tag: String, content: JSONObject) {
        self.tag = tag
        self.content = content
    }

    init(_ identifier: UDF, _ message: DAREEnvelope, rights: [Right], claim: DAREEnvelope? = nil) {
        self.init(tag: Self.tags[0], content: [:])
        content["PinId"] = .string(identifier.text)
        content["EnvelopedMessagePin"] = message.value
        content["Rights"] = .array(rights.map { .string($0.rawValue) })
        content["EnvelopedMessageClaim"] = claim?.value
    }

    var primaryKey: String? { content["PinId"]?.string }
    var message: DAREEnvelope? { content["EnvelopedMessagePin"].flatMap { try? DAREEnvelope($0) } }
    /// The claim of the device that the PIN is for, if it was claimed by its code.
    var claim: DAREEnvelope? { content["EnvelopedMessageClaim"].flatMap { try? DAREEnvelope($0) } }
    var rights: [Right] { (content["Rights"]?.array ?? []).compactMap { $0.string.map(Right.init(rawValue:)) } }
    /// How many requests have named it without knowing it.
    var tries: Int {
        get { content["Tries"]?.string.flatMap { Int($0) } ?? 0 }
        set { content["Tries"] = .string(String(newValue)) }
    }
}
