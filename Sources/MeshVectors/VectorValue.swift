import MeshEncoding

/// A JSON value as vectors files use them.
public indirect enum VectorValue: Equatable, Sendable, CustomStringConvertible {
    /// Text.
    case text(String)
    /// A number, as decimal digits.
    case number(String)
    /// An array.
    case array([VectorValue])
    /// An object, its members in their order.
    case object(JSONObject)
    /// True or false.
    case bool(Bool)
    /// Null.
    case null

    /// The value of a file.
    public init(_ json: JSONValue) {
        switch json {
        case .string(let text): self = .text(text)
        case .number(let number): self = .number(number)
        case .array(let values): self = .array(values.map { VectorValue($0) })
        case .object(let object): self = .object(object)
        case .bool(let value): self = .bool(value)
        case .null: self = .null
        case .binary(let octets): self = .text(Base64URL.encode(octets))
        case .real(let real): self = .number("\(real)")
        }
    }

    /// The value as JSON.
    public var json: JSONValue {
        switch self {
        case .text(let text): .string(text)
        case .number(let number): .number(number)
        case .array(let values): .array(values.map(\.json))
        case .object(let object): .object(object)
        case .bool(let value): .bool(value)
        case .null: .null
        }
    }

    /// The value as a failing line shows it.
    public var description: String {
        switch self {
        case .text(let text), .number(let text): text
        case .array(let values): "[" + values.map(\.description).joined(separator: ", ") + "]"
        case .object, .bool, .null: String(decoding: json.compact, as: UTF8.self)
        }
    }

    /// Whether two values are the same; a number may be written as text, and members may stand in another order.
    public func isSame(as other: VectorValue) -> Bool {
        switch (self, other) {
        case (.array(let left), .array(let right)):
            return left.count == right.count && zip(left, right).allSatisfy { $0.isSame(as: $1) }
        case (.object(let left), .object(let right)):
            return left.count == right.count
                && left.members.allSatisfy { name, value in
                    right[name].map { VectorValue(value).isSame(as: VectorValue($0)) } ?? false
                }
        case (.bool(let left), .bool(let right)): return left == right
        case (.null, .null): return true
        case (.text, .text), (.number, .number), (.text, .number), (.number, .text):
            return description == other.description
        default: return false
        }
    }
}
