import MeshCore
import MeshCryptography
import MeshDARE
import MeshEncoding

/// What a Mesh message holds (`schema-08` §10.6): at most 32 KiB, under an identifier from which that of its envelope and
/// that of its answer come.
public protocol MessageContent: AssertionContent {
    /// The identifier of the message.
    var messageID: UDF { get }
    /// The address of the sender, if it says.
    var sender: String? { get }
    /// The address of the recipient, if it says.
    var recipient: String? { get }
}

extension MessageContent {
    public static var maximumSize: Int { 32 << 10 }

    /// The identifiers of the envelope and of the answer.
    public var identifiers: MessageIdentifiers { MessageIdentifiers(of: messageID) }
    public var envelopeID: UDF? { identifiers.envelope }

    /// The members that every message has.
    var commonMembers: JSONObject {
        var members: JSONObject = ["MessageId": .string(messageID.text)]
        members["Sender"] = sender.map { .string($0) }
        members["Recipient"] = recipient.map { .string($0) }
        return members
    }
}

extension JSONObject {
    /// The text that is the member `name`.
    ///
    /// - Throws: ``ProfileError`` `malformed`.
    func text(_ name: String) throws(ProfileError) -> String {
        guard let text = self[name]?.string else { throw .missing(name) }
        return text
    }

    /// The octets that are the member `name`, if it has one of `counts` octets.
    ///
    /// - Throws: ``ProfileError`` `malformed`.
    func octets(_ name: String, counts: ClosedRange<Int>) throws(ProfileError) -> [UInt8] {
        guard let octets = self[name]?.binary, counts.contains(octets.count) else { throw .missing(name) }
        return octets
    }

    /// The envelope that is the member `name`.
    ///
    /// - Throws: ``ProfileError`` `malformed`.
    func envelope(_ name: String) throws(ProfileError) -> DAREEnvelope {
        guard let value = self[name], let envelope = try? DAREEnvelope(value) else { throw .missing(name) }
        return envelope
    }

    /// The moment that is the member `name`.
    ///
    /// - Throws: ``ProfileError`` `malformed`.
    func time(_ name: String) throws(ProfileError) -> Timestamp {
        guard let time = self[name]?.string.flatMap({ Timestamp($0) }) else { throw .missing(name) }
        return time
    }
}

extension ProfileError {
    static func missing(_ member: String) -> ProfileError {
        ProfileError(.malformed, "The member \(member) is missing, or is not what it must be.")
    }
}
