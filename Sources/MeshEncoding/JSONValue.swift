/// A value of JSON, JSON-B, JSON-C or JSON-D as a tree. Members keep their order; numbers keep their text or their octets,
/// so that nothing is lost in a round trip.
public enum JSONValue: Sendable {
    /// Members in their order.
    case object(JSONObject)
    /// Elements in their order.
    case array([JSONValue])
    /// A text.
    case string(String)
    /// Octets: a binary item. In JSON it is written as base64url, and read back as a text.
    case binary([UInt8])
    /// A number, as it is written: a whole number of any size, or the decimal text of any other.
    case number(String)
    /// A number in an exact binary or decimal format of JSON-B or JSON-D.
    case real(JSONReal)
    /// True or false.
    case bool(Bool)
    /// Null.
    case null

    /// A whole number.
    public static func integer(_ value: some BinaryInteger) -> JSONValue { .number(String(value)) }

    /// The object, if it is one.
    public var object: JSONObject? { if case .object(let object) = self { object } else { nil } }
    /// The elements, if it is an array.
    public var array: [JSONValue]? { if case .array(let elements) = self { elements } else { nil } }
    /// The text, if it is one.
    public var string: String? { if case .string(let text) = self { text } else { nil } }
    /// The whole number, if it is one that fits.
    public var integer: Int64? { if case .number(let text) = self { Int64(text) } else { nil } }

    /// The octets: those of a binary item, or those of a text that is base64url in the way files of others have it
    /// (white space inside, padding, either alphabet). A binary member of a schema may be written either way.
    public var binary: [UInt8]? {
        switch self {
        case .binary(let octets): octets
        case .string(let text): Base64URL.decode(text, isTolerant: true)
        default: nil
        }
    }
    /// The number as a double, if it is one: the nearest to a decimal text, the exact one of IEEE binary16, 32 and 64.
    public var double: Double? {
        switch self {
        case .number(let text): Double(text)
        case .real(let real): real.double
        default: nil
        }
    }

    /// The member called `name`, if this is an object that has it.
    public subscript(_ name: String) -> JSONValue? { object?[name] }
}

extension JSONValue: Equatable {
    /// Equal when both are the same and written in the same way: texts and numbers by their octets.
    public static func == (left: JSONValue, right: JSONValue) -> Bool {
        switch (left, right) {
        case (.object(let left), .object(let right)): left == right
        case (.array(let left), .array(let right)): left == right
        case (.string(let left), .string(let right)), (.number(let left), .number(let right)):
            left.hasOctets(of: right)
        case (.binary(let left), .binary(let right)): left == right
        case (.real(let left), .real(let right)): left == right
        case (.bool(let left), .bool(let right)): left == right
        case (.null, .null): true
        default: false
        }
    }
}

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral,
    ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral
{
    /// A text.
    public init(stringLiteral value: String) { self = .string(value) }
    /// An array.
    public init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
    /// An object; of several members of one name the last stays.
    public init(dictionaryLiteral elements: (String, JSONValue)...) {
        var object = JSONObject()
        for (name, value) in elements { object[name] = value }
        self = .object(object)
    }
    /// True or false.
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    /// A whole number.
    public init(integerLiteral value: Int64) { self = .number(String(value)) }
}
