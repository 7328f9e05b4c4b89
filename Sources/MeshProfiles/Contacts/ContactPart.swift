import MeshCore
import MeshDARE
import MeshEncoding

/// An object in a contact, or a contact itself (`schema-08` §10.3).
///
/// It is its ``members``: the properties of a type read and write some of them, and members that are not known here stay
/// where they are.
public protocol ContactPart: Codable, Equatable, Sendable {
    /// The members that the type knows.
    static var known: [EntryMember] { get }
    /// Of those that hold objects, the types of the objects.
    static var parts: [String: any ContactPart.Type] { get }
    /// All members.
    var members: JSONObject { get set }
    /// An object of these members, which are as ``known`` says.
    init(checked members: JSONObject)
}

extension ContactPart {
    public static var parts: [String: any ContactPart.Type] { [:] }

    /// An object without members.
    public init() { self.init(checked: JSONObject()) }

    /// Reads the members of the object.
    ///
    /// - Throws: ``ProfileError`` `malformed`, which names the member that holds something else than it must.
    public init(members: JSONObject) throws(ProfileError) {
        try Self.check(members)
        self.init(checked: members)
    }

    /// Reads the object with the package's own decoders (``JSONBCDDecoder``).
    public init(from decoder: any Decoder) throws {
        let members = try JSONObject(from: decoder)
        do {
            try self.init(members: members)
        } catch {
            throw DecodingError.dataCorrupted(
                .init(codingPath: decoder.codingPath, debugDescription: error.message, underlyingError: error))
        }
    }

    /// Writes the object with the package's own encoders (``JSONBCDEncoder``).
    public func encode(to encoder: any Encoder) throws { try members.encode(to: encoder) }

    private static func check(_ members: JSONObject) throws(ProfileError) {
        for member in known {
            guard let value = members[member.name], value != .null else { continue }
            guard member.kind.holds(value) else {
                throw ProfileError(.malformed, "The member \(member.name) of a contact is not \(member.kind.words).")
            }
            guard let part = parts[member.name] else { continue }
            for element in value.array ?? [] { try part.check(element.object ?? JSONObject()) }
        }
    }
}

/// Members by name. Reading never fails: what they hold was checked when the object was read.
extension ContactPart {
    subscript(_ name: String) -> String? {
        get { members[name]?.string }
        set { members[name] = newValue.map { .string($0) } }
    }

    subscript(_ name: String) -> [String] {
        get { members[name]?.array?.compactMap(\.string) ?? [] }
        set { members[name] = newValue.isEmpty ? nil : .array(newValue.map { .string($0) }) }
    }

    subscript(_ name: String) -> Bool {
        get { members[name] == .bool(true) }
        set { members[name] = newValue ? .bool(true) : nil }
    }

    subscript<Part: ContactPart>(_ name: String) -> [Part] {
        get { members[name]?.array?.compactMap { $0.object.map { Part(checked: $0) } } ?? [] }
        set { members[name] = newValue.isEmpty ? nil : .array(newValue.map { .object($0.members) }) }
    }

    subscript(envelope name: String) -> DAREEnvelope? {
        get { members[name].flatMap { try? DAREEnvelope($0) } }
        set { members[name] = newValue?.value }
    }
}
