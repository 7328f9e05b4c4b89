import MeshCore
import MeshEncoding

/// What an envelope says about its content (`dare-12` §5.2.3). Neither a digest nor a signature covers it: nothing that
/// matters may be concluded from it.
///
/// The members that have a meaning are typed; all others are kept. Older spellings are read, and replaced when the member
/// is set. A member that is not what it must be reads as absent.
public struct ContentMeta: Equatable, Sendable {
    /// What happened to an object of a catalog (`dare-12` §7.1).
    public struct Event: RawRepresentable, Hashable, Sendable {
        /// The word as it is written.
        public let rawValue: String

        /// Any word.
        public init(rawValue: String) { self.rawValue = rawValue }

        /// Equal when the octets are.
        public static func == (left: Self, right: Self) -> Bool { left.rawValue.hasOctets(of: right.rawValue) }
        public func hash(into hasher: inout Hasher) { hasher.combine(ExactText(rawValue)) }

        /// The object is new. (The prose of the drafts calls it Add.)
        public static let new = Event(rawValue: "New")
        /// The object is replaced.
        public static let update = Event(rawValue: "Update")
        /// The object is gone.
        public static let delete = Event(rawValue: "Delete")
        /// The object is gone and was made unreadable.
        public static let erase = Event(rawValue: "Erase")
    }

    /// A key by which the content is found beside its identifier.
    public struct KeyValue: Hashable, Sendable {
        public var key: String
        public var value: String

        /// A key of that value.
        public init(key: String, value: String) {
            self.key = key
            self.value = value
        }
    }

    /// All members, as written.
    public var members: JSONObject

    /// No member, or these.
    public init(_ members: JSONObject = JSONObject()) { self.members = members }

    /// The primary key of the object in its catalog, or the path of a file in its archive.
    public var uniqueID: String? {
        get { (members["UniqueId"] ?? members["UniqueID"])?.string }
        set {
            members["UniqueID"] = nil
            members["UniqueId"] = newValue.map { .string($0) }
        }
    }
    /// Words the content is marked with.
    public var labels: [String] {
        get { members["Labels"]?.array?.compactMap(\.string) ?? [] }
        set { members["Labels"] = newValue.isEmpty ? nil : .array(newValue.map { .string($0) }) }
    }
    /// Secondary keys.
    public var keyValues: [KeyValue] {
        get {
            members["KeyValues"]?.array?.compactMap { entry in
                guard let key = entry["Key"]?.string, let value = entry["Value"]?.string else { return nil }
                return KeyValue(key: key, value: value)
            } ?? []
        }
        set {
            let entries = newValue.map { JSONValue.object(["Key": .string($0.key), "Value": .string($0.value)]) }
            members["KeyValues"] = entries.isEmpty ? nil : .array(entries)
        }
    }
    /// The type of a Mesh message.
    public var messageType: String? {
        get { text("MessageType") }
        set { setText("MessageType", newValue) }
    }
    /// The media type of the content.
    public var contentType: String? {
        get { text("cty") }
        set { setText("cty", newValue) }
    }
    /// Paths of a file, as archives of 2018 have them. They come from other systems: nothing is written there unchecked.
    public var paths: [String] {
        get { members["Paths"]?.array?.compactMap(\.string) ?? [] }
        set { members["Paths"] = newValue.isEmpty ? nil : .array(newValue.map { .string($0) }) }
    }
    /// The name of the file the content was. It comes from another system: nothing is written there unchecked.
    public var filename: String? {
        get { text("Filename") }
        set { setText("Filename", newValue) }
    }
    /// What happened to the object.
    public var event: Event? {
        get { text("Event").map { $0.asLabel == "Add" ? .new : Event(rawValue: $0) } }
        set { setText("Event", newValue?.rawValue) }
    }
    /// When the content was made.
    public var created: Timestamp? {
        get { text("Created").flatMap { Timestamp($0) } }
        set { setText("Created", newValue?.description) }
    }
    /// When the content was last changed.
    public var modified: Timestamp? {
        get { text("Modified").flatMap { Timestamp($0) } }
        set { setText("Modified", newValue?.description) }
    }
    /// When the content stops being of use.
    public var expire: Timestamp? {
        get { text("Expire").flatMap { Timestamp($0) } }
        set { setText("Expire", newValue?.description) }
    }
    /// The number of the frame in which the object was new.
    public var first: Int? {
        get { frame("First") }
        set { setFrame("First", newValue) }
    }
    /// The number of the frame in which the object was changed before.
    public var previous: Int? {
        get { frame("Previous") }
        set { setFrame("Previous", newValue) }
    }
    /// What a file system said about the file.
    public var fileEntry: FileEntry? {
        get { members["FileEntry"]?.object.map { FileEntry($0) } }
        set { members["FileEntry"] = newValue.map { .object($0.members) } }
    }

    private func text(_ name: String) -> String? { members[name]?.string }
    private mutating func setText(_ name: String, _ value: String?) { members[name] = value.map { .string($0) } }
    private func frame(_ name: String) -> Int? {
        members[name]?.integer.flatMap { $0 >= 0 ? Int(exactly: $0) : nil }
    }
    private mutating func setFrame(_ name: String, _ value: Int?) { members[name] = value.map { .integer($0) } }
}

/// What a file system said about a file (`dare-12` §5.2.3). All of it comes from another system.
public struct FileEntry: Equatable, Sendable {
    /// All members, as written.
    public var members: JSONObject

    /// No member, or these.
    public init(_ members: JSONObject = JSONObject()) { self.members = members }

    /// The path.
    public var path: String? {
        get { members["Path"]?.string }
        set { members["Path"] = newValue.map { .string($0) } }
    }
    /// When the file was made.
    public var created: Timestamp? {
        get { time("CreationTime") }
        set { setTime("CreationTime", newValue) }
    }
    /// When the file was last read.
    public var accessed: Timestamp? {
        get { time("LastAccessTime") }
        set { setTime("LastAccessTime", newValue) }
    }
    /// When the file was last written.
    public var written: Timestamp? {
        get { time("LastWriteTime") }
        set { setTime("LastWriteTime", newValue) }
    }
    /// Attribute bits; those of Windows where nothing else is known.
    public var attributes: Int? {
        get { members["Attributes"]?.integer.flatMap { Int(exactly: $0) } }
        set { members["Attributes"] = newValue.map { .integer($0) } }
    }

    private func time(_ name: String) -> Timestamp? { members[name]?.string.flatMap { Timestamp($0) } }
    private mutating func setTime(_ name: String, _ value: Timestamp?) {
        members[name] = value.map { .string($0.description) }
    }
}
