import MeshCore
import MeshCryptography
import MeshDARE
import MeshEncoding

/// What has become of earlier messages (`schema-08` §10.6, MessageComplete).
public struct MessageComplete: MessageContent {
    public static let tag = "MessageComplete"

    public let messageID: UDF
    public let sender: String?
    public let recipient: String?
    /// Which messages are meant, and what has become of them.
    public let references: [Reference]

    /// What has become of one message (`schema-08` §10.3, Reference).
    public struct Reference: Hashable, Sendable {
        /// The identifier of the message.
        public let messageID: UDF
        /// The identifier of the answer to it, if there is one.
        public let responseID: UDF?
        /// What it is now.
        public let state: SpoolState

        /// That the message is in `state`.
        public init(messageID: UDF, responseID: UDF? = nil, state: SpoolState) {
            self.messageID = messageID
            self.responseID = responseID
            self.state = state
        }
    }

    /// A message that says `references`.
    public init(
        references: [Reference], sender: String? = nil, recipient: String? = nil, random: any RandomSource
    ) {
        messageID = NonceUDF.make(from: random)
        self.sender = sender
        self.recipient = recipient
        self.references = references
    }

    public init(members: JSONObject) throws(ProfileError) {
        messageID = try members.fingerprint("MessageId")
        sender = members["Sender"]?.string
        recipient = members["Recipient"]?.string
        guard let list = members["References"]?.array else { throw .missing("References") }
        references = try list.map { (element) throws(ProfileError) in
            guard let reference = element.object else { throw .missing("References") }
            return Reference(
                messageID: try reference.fingerprint("MessageId"),
                responseID: reference["ResponseId"] == nil ? nil : try reference.fingerprint("ResponseId"),
                state: SpoolState(rawValue: try reference.text("Relationship")))
        }
    }

    public var members: JSONObject {
        var members = commonMembers
        members["References"] = .array(
            references.map { reference in
                var object: JSONObject = ["MessageId": .string(reference.messageID.text)]
                object["ResponseId"] = reference.responseID.map { .string($0.text) }
                object["Relationship"] = .string(reference.state.rawValue)
                return .object(object)
            })
        return members
    }
}
