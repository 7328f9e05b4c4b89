/// Writes `Encodable` types as JSON, JSON-B or JSON-C (and JSON-D).
///
/// Members stand in the order in which they are declared; what is nil is left out. `[UInt8]` is a binary item, in JSON a text
/// of base64url. Whole numbers have their shortest form. The same value always comes out as the same octets.
public struct JSONBCDEncoder: Sendable {
    /// How the values are written.
    public var options: JSONWritingOptions
    /// Whether doubles are written as IEEE binary64 (tag x92) in the binary encodings, and not as decimal text. Only for
    /// readers that are known to read it: the reference implementation does not.
    public var writesBinaryDoubles: Bool

    /// An encoder; compact JSON by default.
    public init(_ options: JSONWritingOptions = JSONWritingOptions(), writesBinaryDoubles: Bool = false) {
        self.options = options
        self.writesBinaryDoubles = writesBinaryDoubles
    }

    /// The octets of `value`.
    ///
    /// - Throws: ``JSONError`` `notEncodable` with the path, for a number that the encoding has no form of, or when the type
    ///   itself throws.
    public func encode(_ value: some Encodable) throws(JSONError) -> [UInt8] {
        try tree(of: value).encoded(options)
    }

    /// `value` as a tree.
    ///
    /// - Throws: as ``encode(_:)``.
    public func tree(of value: some Encodable) throws(JSONError) -> JSONValue {
        let node = EncodingNode()
        do {
            try TreeEncoder(node: node, codingPath: [], doubles: doubles).encode(value)
        } catch let error as EncodingError {
            guard case .invalidValue(_, let context) = error else {
                throw JSONError(.notEncodable, "A value cannot be written.", cause: error)
            }
            throw JSONError(.notEncodable, path: pathText(context.codingPath), context.debugDescription)
        } catch {
            throw JSONError(.notEncodable, "A value cannot be written.", cause: error)
        }
        return node.value
    }

    private var doubles: TreeEncoder.Doubles {
        if writesBinaryDoubles, options.encoding > .json { return .binary }
        return .text
    }
}

/// A part of the tree that is being made, which several containers may hold.
final class EncodingNode {
    private enum Content {
        case value(JSONValue)
        case object([(name: String, node: EncodingNode)])
        case array([EncodingNode])
    }

    private var content = Content.object([])

    func set(_ value: JSONValue) { content = .value(value) }

    func beginObject() {
        if case .object = content { return }
        content = .object([])
    }

    func beginArray() {
        if case .array = content { return }
        content = .array([])
    }

    var count: Int { if case .array(let nodes) = content { nodes.count } else { 0 } }

    func member(_ name: String) -> EncodingNode {
        let node = EncodingNode()
        guard case .object(var members) = content else { return node }
        // Given up while it is changed, so that nothing is copied.
        content = .array([])
        members.append((name, node))
        content = .object(members)
        return node
    }

    func element() -> EncodingNode {
        let node = EncodingNode()
        guard case .array(var nodes) = content else { return node }
        content = .array([])
        nodes.append(node)
        content = .array(nodes)
        return node
    }

    var value: JSONValue {
        switch content {
        case .value(let value): return value
        case .array(let nodes): return .array(nodes.map(\.value))
        case .object(let members):
            var object = JSONObject()
            for (name, node) in members { object[name] = node.value }
            return .object(object)
        }
    }
}

/// `a.b[2].c` as its parts.
func pathText(_ path: [any CodingKey]) -> [String] {
    path.map { $0.intValue.map { "[\($0)]" } ?? $0.stringValue }
}
