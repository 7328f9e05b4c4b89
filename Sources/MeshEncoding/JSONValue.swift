/// A value of JSON, JSON-B, JSON-C or JSON-D as a tree. Members keep their order; numbers keep their text or their octets,
/// so that nothing is lost in a round trip.
public enum JSONValue: Equatable, Sendable {
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

/// The members of a JSON object, in their order.
///
/// Looking up, adding, replacing and removing a member take a time that does not grow with their number (removing:
/// amortised), so that a registry of a hundred thousand keys can be held and changed in place.
public struct JSONObject: Sendable {
    /// Slots in order; a removed member leaves a nil, until half of them are.
    private var slots: [Slot?]
    /// Where each name is. Kept only once there are more than `indexThreshold` slots.
    private var index: [String: Int]?
    private var removed = 0

    private struct Slot: Sendable {
        let name: String
        var value: JSONValue
    }

    private static let indexThreshold = 12

    /// An object without members.
    public init() { slots = [] }

    /// An object with these members; of several with one name the last stays.
    public init(_ members: KeyValuePairs<String, JSONValue>) {
        slots = []
        for (name, value) in members { self[name] = value }
    }

    /// How many members there are.
    public var count: Int { slots.count - removed }
    /// Whether there is none.
    public var isEmpty: Bool { count == 0 }
    /// The names in their order.
    public var names: [String] { slots.compactMap { $0?.name } }
    /// The members in their order.
    public var members: some Sequence<(name: String, value: JSONValue)> {
        slots.lazy.compactMap { slot in slot.map { (name: $0.name, value: $0.value) } }
    }

    private func position(of name: String) -> Int? {
        if let index { return index[name] }
        return slots.firstIndex { $0?.name == name }
    }

    /// The member called `name`. Setting one that is there keeps its place; a new one comes last; nil removes.
    public subscript(_ name: String) -> JSONValue? {
        get { position(of: name).flatMap { slots[$0]?.value } }
        set {
            switch (position(of: name), newValue) {
            case (let place?, let value?): slots[place]?.value = value
            case (let place?, nil): remove(at: place, name)
            case (nil, let value?): append(name, value)
            case (nil, nil): break
            }
        }
    }

    /// Adds a member that is known not to be there yet.
    private mutating func append(_ name: String, _ value: JSONValue) {
        index?[name] = slots.count
        slots.append(Slot(name: name, value: value))
        if index == nil, slots.count > Self.indexThreshold { reindex() }
    }

    /// Adds a member at the end; false, and nothing is changed, if there is one of that name.
    mutating func insert(_ name: String, _ value: JSONValue) -> Bool {
        if position(of: name) != nil { return false }
        append(name, value)
        return true
    }

    private mutating func remove(at place: Int, _ name: String) {
        slots[place] = nil
        index?[name] = nil
        removed += 1
        if removed > 8, removed * 2 > slots.count {
            slots.removeAll { $0 == nil }
            removed = 0
            if index != nil { reindex() }
        }
    }

    private mutating func reindex() {
        var index: [String: Int] = [:]
        index.reserveCapacity(slots.count)
        for (place, slot) in slots.enumerated() {
            if let slot { index[slot.name] = place }
        }
        self.index = index
    }

    /// Changes the object that is the member called `name` in place, without copying it.
    ///
    /// - Parameter create: whether to add an empty object if there is no such member.
    /// - Returns: what `body` returns; nil if there is no such member, or it is no object.
    public mutating func modifyObject<R, E: Error>(
        _ name: String, create: Bool = false, _ body: (inout JSONObject) throws(E) -> R
    ) throws(E) -> R? {
        guard let place = position(of: name) else {
            guard create else { return nil }
            var object = JSONObject()
            let result = try body(&object)
            append(name, .object(object))
            return result
        }
        guard case .object(var object)? = slots[place]?.value else { return nil }
        // The tree gives the object up while it is changed, so that there is one owner and nothing is copied.
        slots[place]?.value = .null
        defer { slots[place]?.value = .object(object) }
        return try body(&object)
    }
}

extension JSONObject: Equatable {
    /// Equal when the members are, in the same order.
    public static func == (left: JSONObject, right: JSONObject) -> Bool {
        left.count == right.count
            && zip(left.members, right.members).allSatisfy { $0.name == $1.name && $0.value == $1.value }
    }
}

extension JSONObject: ExpressibleByDictionaryLiteral {
    /// The members as written.
    public init(dictionaryLiteral elements: (String, JSONValue)...) {
        slots = []
        for (name, value) in elements { self[name] = value }
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
