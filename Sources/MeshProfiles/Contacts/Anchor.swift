import MeshDARE
import MeshEncoding

/// What the trust in a contact rests on (`schema-08` §10.3).
public struct Anchor: ContactPart {
    public static let known = [
        EntryMember("Udf", .text),
        EntryMember("Validation", .text),
    ]

    public var members: JSONObject
    public init(checked members: JSONObject) { self.members = members }

    /// The fingerprint of a profile.
    public var udf: String? {
        get { self["Udf"] }
        set { self["Udf"] = newValue }
    }

    /// How it was validated; ``ownWord`` by the contact itself.
    public var validation: String? {
        get { self["Validation"] }
        set { self["Validation"] = newValue }
    }

    /// The validation of an anchor that somebody gives for themselves.
    public static let ownWord = "Self"
}

/// Where a contact was taken from (`schema-08` §10.3).
public struct TaggedSource: ContactPart {
    public static let known = [
        EntryMember("LocalName", .text),
        EntryMember("Validation", .text),
        EntryMember("BinarySource", .binary),
        EntryMember("EnvelopedSource", .envelope),
    ]

    public var members: JSONObject
    public init(checked members: JSONObject) { self.members = members }

    /// A name for it on this machine.
    public var localName: String? {
        get { self["LocalName"] }
        set { self["LocalName"] = newValue }
    }

    /// How it was validated.
    public var validation: String? {
        get { self["Validation"] }
        set { self["Validation"] = newValue }
    }

    /// The source as octets.
    public var binary: [UInt8]? {
        get { members["BinarySource"]?.binary }
        set { members["BinarySource"] = newValue.map { .binary($0) } }
    }

    /// The source, signed: unverified.
    public var envelope: DAREEnvelope? {
        get { self[envelope: "EnvelopedSource"] }
        set { self[envelope: "EnvelopedSource"] = newValue }
    }
}
