import MeshCryptography
import MeshEncoding

/// What a frame of a catalog or archive does with the entry it is about (`dare-12` §7.1).
public enum CatalogEvent: String, Hashable, Sendable {
    /// Adds an entry that was not there.
    case new = "New"
    /// Replaces an entry that is there.
    case update = "Update"
    /// Takes an entry away.
    case delete = "Delete"

    /// Reads the name of an event in any of its spellings: the drafts' prose calls New "Add", later releases of the
    /// reference write "Erase" where a deletion also has the content forgotten.
    public init?(reading name: String) {
        switch name.asLabel {
        case "New", "Add": self = .new
        case "Update": self = .update
        case "Delete", "Erase": self = .delete
        default: return nil
        }
    }
}

/// One version of one entry: the frame that holds it. Versions of a file that has been compacted since are no longer
/// current, whatever their frame numbers.
public struct CatalogVersion: Hashable, Sendable, CustomStringConvertible {
    /// The number of the frame.
    public let frame: Int
    /// Which file: the digest of its first frame.
    let file: CatalogFileIdentity

    init(frame: Int, file: CatalogFileIdentity) {
        self.frame = frame
        self.file = file
    }

    /// For messages.
    public var description: String { "frame \(frame)" }
}

/// What tells a catalog file from the one that was put in its place: the digest of its first frame.
struct CatalogFileIdentity: Hashable, Sendable {
    let octets: [UInt8]

    init(_ sequence: DARESequence) throws {
        self.init(content: try sequence.log.frame(at: 0).content)
    }

    /// That of the file whose first frame has this content.
    init(content: [UInt8]) { octets = HashAlgorithm.sha256.digest(content) }
}

/// A name and value that an entry can be found by, besides its primary key (`KeyValues`).
public struct SecondaryKey: Hashable, Sendable {
    /// The name under which the local name of an entry is kept.
    public static let localName = "LocalName"

    /// What kind of key it is.
    public let name: String
    /// The value.
    public let value: String

    /// A key of this name and value.
    public init(name: String, value: String) {
        self.name = name
        self.value = value
    }

    /// Equal when both texts are the same, octet by octet.
    public static func == (left: SecondaryKey, right: SecondaryKey) -> Bool {
        ExactText(left.name) == ExactText(right.name) && ExactText(left.value) == ExactText(right.value)
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(ExactText(name))
        hasher.combine(ExactText(value))
    }
}
