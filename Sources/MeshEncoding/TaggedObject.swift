/// A type of the Mesh's schema. Where its type is not plain from the place, a value stands as an object with one member,
/// which is named by the tag: `{"ProfileUser": {…}}`.
public protocol TaggedObject: Codable, Sendable {
    /// The name of the type in the schema.
    static var tag: String { get }
}

/// A value under its tag.
public struct Tagged<Value: TaggedObject>: Codable, Sendable {
    /// The value.
    public var value: Value

    /// `value`, to be written under its tag.
    public init(_ value: Value) { self.value = value }

    /// Reads an object whose one member is called ``TaggedObject/tag``.
    public init(from decoder: any Decoder) throws {
        value = try TaggedForm.decode(from: decoder, among: [Value.self])
    }

    /// Writes the value as the member called ``TaggedObject/tag``.
    public func encode(to encoder: any Encoder) throws { try TaggedForm.encode(value, to: encoder) }
}

extension Tagged: Equatable where Value: Equatable {}

/// Types of which one stands in a place, under its tag.
public protocol TaggedFamily {
    /// The type that they have in common.
    associatedtype Member
    /// The types.
    static var types: [any TaggedObject.Type] { get }
}

/// A value of one of several types, under its tag.
public struct TaggedMember<Family: TaggedFamily>: Codable {
    /// The value.
    public var value: Family.Member

    /// `value`, to be written under its tag.
    public init(_ value: Family.Member) { self.value = value }

    /// Reads an object whose one member is called by the tag of a type of the family.
    public init(from decoder: any Decoder) throws {
        value = try TaggedForm.decode(from: decoder, among: Family.types)
    }

    /// Writes the value as the member called by its type's tag.
    public func encode(to encoder: any Encoder) throws {
        guard let tagged = value as? any TaggedObject, Family.types.contains(where: { $0 == type(of: tagged) }) else {
            throw EncodingError.invalidValue(
                value, .init(codingPath: encoder.codingPath, debugDescription: "The type is none of the family."))
        }
        try TaggedForm.encode(tagged, to: encoder)
    }
}

extension TaggedMember: Sendable where Family.Member: Sendable {}

private enum TaggedForm {
    static func decode<T>(from decoder: any Decoder, among types: [any TaggedObject.Type]) throws -> T {
        let container = try decoder.container(keyedBy: JSONKey.self)
        func wrong(_ message: String) -> DecodingError {
            .dataCorrupted(.init(codingPath: decoder.codingPath, debugDescription: message))
        }
        guard container.allKeys.count == 1, let key = container.allKeys.first else {
            throw wrong("An object with one member, the tag of its type, was expected.")
        }
        guard let type = types.first(where: { $0.tag == key.stringValue }) else {
            throw wrong("An object of another type was expected.")
        }
        guard let value = try type.init(from: container.superDecoder(forKey: key)) as? T else {
            throw wrong("An object of another type was expected.")
        }
        return value
    }

    static func encode(_ value: any TaggedObject, to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: JSONKey.self)
        try value.encode(to: container.superEncoder(forKey: JSONKey(type(of: value).tag)))
    }
}
