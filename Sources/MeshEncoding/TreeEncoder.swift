/// Makes a tree of what a type encodes.
struct TreeEncoder: Encoder {
    /// How doubles are held.
    enum Doubles {
        case text, binary
    }

    let node: EncodingNode
    let codingPath: [any CodingKey]
    let doubles: Doubles
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func container<Key: CodingKey>(keyedBy _: Key.Type) -> KeyedEncodingContainer<Key> {
        node.beginObject()
        return KeyedEncodingContainer(KeyedTreeContainer<Key>(encoder: self))
    }

    func unkeyedContainer() -> any UnkeyedEncodingContainer {
        node.beginArray()
        return UnkeyedTreeContainer(encoder: self)
    }

    func singleValueContainer() -> any SingleValueEncodingContainer { self }

    /// The encoder of a part.
    fileprivate func part(_ node: EncodingNode, _ key: any CodingKey) -> TreeEncoder {
        TreeEncoder(node: node, codingPath: codingPath + [key], doubles: doubles)
    }

    fileprivate func setDouble(_ value: Double, text: String) throws {
        if doubles == .binary { return node.set(.real(JSONReal(value))) }
        guard value.isFinite else {
            throw EncodingError.invalidValue(
                value,
                .init(codingPath: codingPath, debugDescription: "JSON has no text of a number that is not finite."))
        }
        node.set(.number(text))
    }
}

extension TreeEncoder: SingleValueEncodingContainer {
    func encodeNil() { node.set(.null) }
    func encode(_ value: Bool) { node.set(.bool(value)) }
    func encode(_ value: String) { node.set(.string(value)) }
    func encode(_ value: Double) throws { try setDouble(value, text: "\(value)") }
    func encode(_ value: Float) throws { try setDouble(Double(value), text: "\(value)") }
    func encode(_ value: Int) { node.set(.integer(value)) }
    func encode(_ value: Int8) { node.set(.integer(value)) }
    func encode(_ value: Int16) { node.set(.integer(value)) }
    func encode(_ value: Int32) { node.set(.integer(value)) }
    func encode(_ value: Int64) { node.set(.integer(value)) }
    func encode(_ value: Int128) { node.set(.integer(value)) }
    func encode(_ value: UInt) { node.set(.integer(value)) }
    func encode(_ value: UInt8) { node.set(.integer(value)) }
    func encode(_ value: UInt16) { node.set(.integer(value)) }
    func encode(_ value: UInt32) { node.set(.integer(value)) }
    func encode(_ value: UInt64) { node.set(.integer(value)) }
    func encode(_ value: UInt128) { node.set(.integer(value)) }

    func encode<T: Encodable>(_ value: T) throws {
        // Octets are a binary item, and no array of numbers.
        if T.self == [UInt8].self, let octets = value as? [UInt8] { return node.set(.binary(octets)) }
        try value.encode(to: self)
    }
}

private struct KeyedTreeContainer<Key: CodingKey>: KeyedEncodingContainerProtocol {
    let encoder: TreeEncoder
    var codingPath: [any CodingKey] { encoder.codingPath }

    private func part(_ key: any CodingKey) -> TreeEncoder {
        encoder.part(encoder.node.member(key.stringValue), key)
    }

    func encodeNil(forKey key: Key) { part(key).encodeNil() }
    func encode<T: Encodable>(_ value: T, forKey key: Key) throws { try part(key).encode(value) }

    func nestedContainer<NestedKey: CodingKey>(
        keyedBy type: NestedKey.Type, forKey key: Key
    ) -> KeyedEncodingContainer<NestedKey> { part(key).container(keyedBy: type) }
    func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer { part(key).unkeyedContainer() }
    func superEncoder() -> any Encoder { part(JSONKey("super")) }
    func superEncoder(forKey key: Key) -> any Encoder { part(key) }

    func encode(_ value: Bool, forKey key: Key) { part(key).encode(value) }
    func encode(_ value: String, forKey key: Key) { part(key).encode(value) }
    func encode(_ value: Double, forKey key: Key) throws { try part(key).encode(value) }
    func encode(_ value: Float, forKey key: Key) throws { try part(key).encode(value) }
    func encode(_ value: Int, forKey key: Key) { part(key).encode(value) }
    func encode(_ value: Int8, forKey key: Key) { part(key).encode(value) }
    func encode(_ value: Int16, forKey key: Key) { part(key).encode(value) }
    func encode(_ value: Int32, forKey key: Key) { part(key).encode(value) }
    func encode(_ value: Int64, forKey key: Key) { part(key).encode(value) }
    func encode(_ value: Int128, forKey key: Key) { part(key).encode(value) }
    func encode(_ value: UInt, forKey key: Key) { part(key).encode(value) }
    func encode(_ value: UInt8, forKey key: Key) { part(key).encode(value) }
    func encode(_ value: UInt16, forKey key: Key) { part(key).encode(value) }
    func encode(_ value: UInt32, forKey key: Key) { part(key).encode(value) }
    func encode(_ value: UInt64, forKey key: Key) { part(key).encode(value) }
    func encode(_ value: UInt128, forKey key: Key) { part(key).encode(value) }
}

private struct UnkeyedTreeContainer: UnkeyedEncodingContainer {
    let encoder: TreeEncoder
    var codingPath: [any CodingKey] { encoder.codingPath }
    var count: Int { encoder.node.count }

    private func part() -> TreeEncoder {
        let key = JSONKey(index: count)
        return encoder.part(encoder.node.element(), key)
    }

    func encodeNil() { part().encodeNil() }
    func encode<T: Encodable>(_ value: T) throws { try part().encode(value) }

    func nestedContainer<NestedKey: CodingKey>(keyedBy type: NestedKey.Type) -> KeyedEncodingContainer<NestedKey> {
        part().container(keyedBy: type)
    }
    func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer { part().unkeyedContainer() }
    func superEncoder() -> any Encoder { part() }

    func encode(_ value: Bool) { part().encode(value) }
    func encode(_ value: String) { part().encode(value) }
    func encode(_ value: Double) throws { try part().encode(value) }
    func encode(_ value: Float) throws { try part().encode(value) }
    func encode(_ value: Int) { part().encode(value) }
    func encode(_ value: Int8) { part().encode(value) }
    func encode(_ value: Int16) { part().encode(value) }
    func encode(_ value: Int32) { part().encode(value) }
    func encode(_ value: Int64) { part().encode(value) }
    func encode(_ value: Int128) { part().encode(value) }
    func encode(_ value: UInt) { part().encode(value) }
    func encode(_ value: UInt8) { part().encode(value) }
    func encode(_ value: UInt16) { part().encode(value) }
    func encode(_ value: UInt32) { part().encode(value) }
    func encode(_ value: UInt64) { part().encode(value) }
    func encode(_ value: UInt128) { part().encode(value) }
}

/// A name or a number in a path.
struct JSONKey: CodingKey {
    let stringValue: String
    let intValue: Int?

    init(_ name: String) { (stringValue, intValue) = (name, nil) }
    init(index: Int) { (stringValue, intValue) = ("[\(index)]", index) }
    init?(stringValue: String) { self.init(stringValue) }
    init?(intValue: Int) { self.init(index: intValue) }
}
