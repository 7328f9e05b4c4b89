import MeshCore
import MeshDARE
import MeshEncoding

/// A change of an account's store that was made on this machine and that the portal has not taken yet.
public struct PendingChange: Sendable, Equatable {
    /// What makes it this change and no other, on all devices: a nonce (`N…`). It stands in the frame's header too, so that
    /// a change whose acknowledgement was lost is recognised and not made twice.
    public let id: String
    /// The store.
    public let store: StoreName
    /// What is to be done with the entry.
    public let event: CatalogEvent
    /// The primary key of the entry.
    public let key: String
    /// The frame of the version that the change was made on; nil for a new entry, and for a change of a pending one.
    public var base: Int?
    /// The content of the entry; empty for a deletion.
    public var content: [UInt8]
    /// What the entry is found by besides its primary key.
    public var secondaryKeys: [SecondaryKey]
    /// When it was made.
    public let made: Timestamp
    /// Whether another device has changed the entry meanwhile: nothing is sent until someone has decided.
    public var isConflict = false

    /// The member of a frame's metadata that says which change it is.
    static let frameMember = "ChangeId"
}

extension PendingChange: Codable {
    private struct Key: Codable {
        let name: String
        let value: String
        enum CodingKeys: String, CodingKey {
            case name = "Key"
            case value = "Value"
        }
    }

    enum CodingKeys: String, CodingKey {
        case id = "Id"
        case store = "Store"
        case event = "Event"
        case key = "Key"
        case base = "Base"
        case content = "Content"
        case secondaryKeys = "KeyValues"
        case made = "Made"
        case isConflict = "Conflict"
    }

    public init(from decoder: any Decoder) throws {
        let members = try decoder.container(keyedBy: CodingKeys.self)
        func wrong(_ what: String) -> DecodingError {
            .dataCorrupted(.init(codingPath: decoder.codingPath, debugDescription: "This is no \(what)."))
        }
        guard let store = StoreName(rawValue: try members.decode(String.self, forKey: .store)) else {
            throw wrong("store")
        }
        guard let event = CatalogEvent(rawValue: try members.decode(String.self, forKey: .event)) else {
            throw wrong("event")
        }
        guard let content = try members.decode(JSONValue.self, forKey: .content).binary else { throw wrong("content") }
        self.store = store
        self.event = event
        self.content = content
        id = try members.decode(String.self, forKey: .id)
        key = try members.decode(String.self, forKey: .key)
        base = try members.decodeIfPresent(Int.self, forKey: .base)
        secondaryKeys = try (members.decodeIfPresent([Key].self, forKey: .secondaryKeys) ?? []).map {
            SecondaryKey(name: $0.name, value: $0.value)
        }
        made = try members.decode(Timestamp.self, forKey: .made)
        isConflict = try members.decodeIfPresent(Bool.self, forKey: .isConflict) ?? false
    }

    public func encode(to encoder: any Encoder) throws {
        var members = encoder.container(keyedBy: CodingKeys.self)
        try members.encode(id, forKey: .id)
        try members.encode(store.rawValue, forKey: .store)
        try members.encode(event.rawValue, forKey: .event)
        try members.encode(key, forKey: .key)
        try members.encodeIfPresent(base, forKey: .base)
        try members.encode(JSONValue.binary(content), forKey: .content)
        if !secondaryKeys.isEmpty {
            try members.encode(secondaryKeys.map { Key(name: $0.name, value: $0.value) }, forKey: .secondaryKeys)
        }
        try members.encode(made, forKey: .made)
        if isConflict { try members.encode(true, forKey: .isConflict) }
    }
}
