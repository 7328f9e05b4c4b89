import MeshEncoding

/// What a frame's header says about its place in the sequence (`dare-12` §6.1.1).
///
/// Older names of the member are read, and so is what files before 2020 have directly in the header.
public struct SequenceInfo: Equatable, Sendable {
    /// How headers and trailers after frame 0 are encoded. Frame 0 only.
    public var dataEncoding: String?
    /// The label of the type. Frame 0 only.
    public var type: String?
    /// The number of the frame.
    public var index: Int?
    /// Whether the frame is about the sequence and holds no data.
    public var isMeta = false
    /// The key of the object that is the default of the store.
    public var defaultKey: String?
    /// Where the frame is that ``SequenceTree/previous(of:)`` gives.
    public var treePosition: Int?
    /// Where the last index frame is.
    public var indexPosition: Int?
    /// The earlier frame that has the key exchange of this one: its number, or where it is.
    public var exchangePosition: Int?

    /// No member.
    public init() {}

    /// What `header` says.
    public init(header: JSONObject) {
        let members = (header["SequenceInfo"] ?? header["ContainerInfo"])?.object ?? header
        func number(_ name: String) -> Int? {
            members[name]?.integer.flatMap { $0 >= 0 ? Int(exactly: $0) : nil }
        }
        dataEncoding = members["DataEncoding"]?.string
        type = members["ContainerType"]?.string
        index = number("Index")
        isMeta = members["IsMeta"] == .bool(true)
        defaultKey = members["Default"]?.string
        treePosition = number("TreePosition")
        indexPosition = number("IndexPosition")
        exchangePosition = number("ExchangePosition")
    }
}

/// How headers and trailers after frame 0 are encoded: JSON, or JSON-B with the labels found for it.
enum DataEncoding {
    static func encoding(of label: String?) throws(DAREError) -> JSONEncoding {
        switch label?.asLabel {
        case nil, "JSON": .json
        case "JSON-B", "JSON_B", "JSONB": .jsonB
        case "JSON-C", "JSON_C", "JSONC": .jsonC
        case "JSON-D", "JSON_D", "JSOND": .jsonD
        default:
            throw DAREError(
                .unsupportedAlgorithm, "The headers of the sequence are in an encoding that is not known here.")
        }
    }

    static func label(of encoding: JSONEncoding) -> String { encoding == .json ? "JSON" : "JSON-B" }
}
