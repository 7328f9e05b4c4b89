import MeshCore
import MeshEncoding

/// What one entry of a catalog holds: an object under the name of its type, `{"CatalogedX":{…}}`.
///
/// An entry is its ``content``; the properties of a type read and write members of it. Members that the type does not
/// know stay where they are, so that rewriting an entry loses nothing that another implementation put there.
public protocol CatalogEntry: Sendable, Equatable {
    /// The names of the type, the one that is written first.
    static var tags: [String] { get }
    /// The members the type knows, besides ``EntryMember/common``.
    static var members: [EntryMember] { get }

    /// The names that the file of a catalog of such entries may have, the one that is written first.
    static var fileNames: [String] { get }

    /// The name that the entry stands under: one of ``tags``.
    var tag: String { get }
    /// All members.
    var content: JSONObject { get set }
    /// An entry of this content, which is as ``members`` say.
    init(tag: String, content: JSONObject)

    /// What the entry is found by: `UniqueId` of its frames (platform specification §5.3). Nil if it lacks a part of it.
    var primaryKey: String? { get }
    /// What it can be found by besides, the local name not counted.
    var secondaryKeys: [SecondaryKey] { get }
    /// A name for the entry on this machine, by which it is looked for before anything else.
    var localName: String? { get set }
}

extension CatalogEntry {
    /// An entry without members.
    public init() { self.init(tag: Self.tags[0], content: JSONObject()) }

    public var secondaryKeys: [SecondaryKey] { [] }

    public var localName: String? {
        get { self["LocalName"] }
        set { self["LocalName"] = newValue }
    }

    /// Labels.
    public var labels: [String] {
        get { self["Labels"] }
        set { self["Labels"] = newValue }
    }

    /// Every key besides the primary one, the local name included.
    public var allSecondaryKeys: [SecondaryKey] {
        let local = localName.map { [SecondaryKey(name: SecondaryKey.localName, value: $0)] } ?? []
        return local + secondaryKeys
    }

    /// Reads an entry from its tag and content.
    ///
    /// - Throws: ``CatalogError`` `invalidEntry`, which names the member.
    public init(reading tag: String, _ content: JSONObject) throws(CatalogError) {
        for member in EntryMember.common + Self.members {
            guard let value = content[member.name], value != .null else { continue }
            guard member.kind.holds(value) else {
                throw CatalogError(.invalidEntry, "The member \(member.name) of a \(tag) is not \(member.kind.words).")
            }
        }
        self.init(tag: tag, content: content)
    }

    /// The tagged object, as it is stored.
    public var encoded: JSONValue { .object([tag: .object(content)]) }
}

/// A member that a type of entries knows.
public struct EntryMember: Sendable {
    /// What a member holds.
    public enum Kind: Sendable {
        /// A text.
        case text
        /// Texts.
        case texts
        /// True or false.
        case flag
        /// A whole number.
        case integer
        /// A moment, `YYYY-MM-DDThh:mm:ssZ`.
        case time
        /// Octets.
        case binary
        /// An object.
        case object
        /// Objects.
        case objects
        /// A DARE envelope.
        case envelope
        /// DARE envelopes.
        case envelopes

        package var words: String {
            switch self {
            case .text: "a text"
            case .texts: "a list of texts"
            case .flag: "true or false"
            case .integer: "a whole number"
            case .time: "a time"
            case .binary: "binary"
            case .object: "an object"
            case .objects: "a list of objects"
            case .envelope: "an envelope"
            case .envelopes: "a list of envelopes"
            }
        }

        package func holds(_ value: JSONValue) -> Bool {
            switch self {
            case .text: value.string != nil
            case .texts: value.array?.allSatisfy { $0.string != nil } ?? false
            case .flag: if case .bool = value { true } else { false }
            case .integer: value.integer != nil
            case .time: value.string.flatMap { Timestamp($0) } != nil
            case .binary: value.binary != nil
            case .object: value.object != nil
            case .objects: value.array?.allSatisfy { $0.object != nil } ?? false
            case .envelope: Self.isEnvelope(value)
            case .envelopes: value.array?.allSatisfy(Self.isEnvelope) ?? false
            }
        }

        private static func isEnvelope(_ value: JSONValue) -> Bool {
            guard let parts = value.array ?? value["DareEnvelope"]?.array else { return false }
            return (1...3).contains(parts.count) && parts[0].object != nil
        }
    }

    /// Its name.
    public let name: String
    /// What it holds.
    public let kind: Kind

    /// A member called `name`.
    public init(_ name: String, _ kind: Kind) {
        self.name = name
        self.kind = kind
    }

    /// What every entry may have.
    public static let common = [EntryMember("Labels", .texts), EntryMember("LocalName", .text)]
}

/// Members by name. Reading never fails: the kinds were checked when the entry was read.
extension CatalogEntry {
    subscript(_ name: String) -> String? {
        get { content[name]?.string }
        set { content[name] = newValue.map { .string($0) } }
    }

    subscript(_ name: String) -> [String] {
        get { content[name]?.array?.compactMap(\.string) ?? [] }
        set { content[name] = newValue.isEmpty ? nil : .array(newValue.map { .string($0) }) }
    }

    subscript(_ name: String) -> Bool {
        get { content[name] == .bool(true) }
        set { content[name] = newValue ? .bool(true) : nil }
    }

    subscript(_ name: String) -> Timestamp? {
        get { content[name]?.string.flatMap { Timestamp($0) } }
        set { content[name] = newValue.map { .string($0.description) } }
    }

    subscript(_ name: String) -> JSONObject? {
        get { content[name]?.object }
        set { content[name] = newValue.map { .object($0) } }
    }

    subscript(_ name: String) -> Int64? {
        get { content[name]?.integer }
        set { content[name] = newValue.map { .integer($0) } }
    }

    /// An envelope, as the JSON value that it is.
    subscript(envelope name: String) -> JSONValue? {
        get { content[name].flatMap { $0 == .null ? nil : $0 } }
        set { content[name] = newValue }
    }

    subscript(envelopes name: String) -> [JSONValue] {
        get { content[name]?.array ?? [] }
        set { content[name] = newValue.isEmpty ? nil : .array(newValue) }
    }
}

/// An entry of a type that is not known here, kept as it is.
public struct UnknownEntry: Sendable, Equatable {
    /// The name of its type.
    public let tag: String
    /// Its members, or whatever else stands under the name.
    public let content: JSONValue
}

/// What the payload of a catalog's frame holds.
public enum CatalogContent<Entry: CatalogEntry>: Sendable, Equatable {
    /// An entry of the type that belongs into the catalog.
    case entry(Entry)
    /// An entry of another type.
    case unknown(UnknownEntry)

    /// The entry, if it is of the type that belongs into the catalog.
    public var entry: Entry? { if case .entry(let entry) = self { entry } else { nil } }

    /// Reads a payload.
    ///
    /// - Throws: ``CatalogError`` `invalidEntry`.
    public init(payload: [UInt8]) throws(CatalogError) {
        let value: JSONValue
        do {
            value = try JSONValue(decoding: payload)
        } catch {
            throw CatalogError(.invalidEntry, "The content of an entry is neither JSON nor JSON-B.", cause: error)
        }
        guard let object = value.object, object.count == 1, let tag = object.names.first, let content = object[tag]
        else {
            throw CatalogError(.invalidEntry, "The content of an entry is no object with the one name of its type.")
        }
        if Entry.tags.contains(tag.asLabel) {
            guard let members = content.object else {
                throw CatalogError(.invalidEntry, "The content of a \(tag) is no object.")
            }
            self = .entry(try Entry(reading: tag, members))
        } else {
            self = .unknown(UnknownEntry(tag: tag, content: content))
        }
    }
}
