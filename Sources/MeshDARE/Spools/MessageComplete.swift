import MeshCore
import MeshEncoding

/// The message that changes the states of earlier ones (`schema-08` §10.6): for each, which message and what it is now.
struct MessageComplete {
    static let tag = "MessageComplete"

    /// Which messages are meant, by the identifiers they have, and their states.
    let references: [(messageID: String, state: SpoolState)]

    /// Reads the content of a message; nil if it is another message, or none.
    init?(_ content: [UInt8]) {
        guard let value = try? JSONValue(decoding: content), let list = value[Self.tag]?["References"]?.array else {
            return nil
        }
        references = list.compactMap { reference in
            // Until 2020 the member was MessageID.
            guard let id = (reference["MessageId"] ?? reference["MessageID"])?.string,
                let state = reference["Relationship"]?.string
            else { return nil }
            return (id, SpoolState(rawValue: state))
        }
    }

    /// The content of a message that says that `messages` are in `state`.
    static func content(id: UDF, _ messages: [UDF], _ state: SpoolState) -> [UInt8] {
        let references = messages.map { message in
            JSONValue.object(["MessageId": .string(message.text), "Relationship": .string(state.rawValue)])
        }
        let message: JSONObject = ["MessageId": .string(id.text), "References": .array(references)]
        return JSONValue.object([tag: .object(message)]).compact
    }
}
