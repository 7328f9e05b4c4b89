/// A JSON value as vectors files use them: text, numbers, and arrays of these.
public indirect enum VectorValue: Hashable, Sendable, CustomStringConvertible {
    /// Text.
    case text(String)
    /// A number, as decimal digits.
    case number(String)
    /// An array.
    case array([VectorValue])
    /// Anything else: no member of a case has such a value.
    case other(String)

    /// The value as a failing line shows it.
    public var description: String {
        switch self {
        case .text(let text), .number(let text), .other(let text): text
        case .array(let values): "[" + values.map(\.description).joined(separator: ", ") + "]"
        }
    }

    /// Whether two values are the same; a number may be written as text.
    public func isSame(as other: VectorValue) -> Bool {
        switch (self, other) {
        case (.array(let left), .array(let right)):
            left.count == right.count && zip(left, right).allSatisfy { $0.isSame(as: $1) }
        case (.other, _), (_, .other), (.array, _), (_, .array): false
        default: description == other.description
        }
    }
}
