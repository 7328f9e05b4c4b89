import MeshCore
import MeshCryptography
import MeshEncoding

/// What one kind of signed object holds: a profile, a connection, an activation, a message. A value of such a type that was
/// not taken from a verified one proves nothing.
public protocol AssertionContent: Sendable {
    /// The name of the kind on the wire.
    static var tag: String { get }
    /// The most octets that the content may have.
    static var maximumSize: Int { get }

    /// Reads the members of the object.
    ///
    /// - Throws: ``ProfileError`` `badKey`, `malformed`.
    init(members: JSONObject) throws(ProfileError)

    /// The members of the object.
    var members: JSONObject { get }
    /// The identifier of the envelope it travels in.
    var envelopeID: UDF? { get }
}

extension AssertionContent {
    public static var maximumSize: Int { 1 << 20 }
    public var envelopeID: UDF? { nil }

    /// The object as it is signed: tagged, in compact JSON.
    var body: [UInt8] { JSONValue.object([Self.tag: .object(members)]).compact }
}

/// What is said about the content of an envelope that the product makes. It is not signed: nothing is concluded from it.
func contentMeta(_ type: String, id: UDF?, created: Timestamp) -> JSONObject {
    var meta = JSONObject()
    meta["UniqueId"] = id.map { .string($0.text) }
    meta["MessageType"] = .string(type)
    meta["cty"] = "application/mmm/object"
    meta["Created"] = .string(created.description)
    return meta
}
