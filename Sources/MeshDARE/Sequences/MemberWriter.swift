import MeshCore
import MeshEncoding

/// Writes the members of a header or trailer one by one, without a tree in between: compact JSON, or JSON-B with the
/// tags that the reference implementation reads.
struct MemberWriter {
    private(set) var octets: [UInt8] = [0x7B]
    private let encoding: JSONEncoding
    private var isFirst = true

    init(_ encoding: JSONEncoding) {
        self.encoding = encoding
        octets.reserveCapacity(384)
    }

    /// Begins another object, in the same memory.
    mutating func restart() {
        octets.removeAll(keepingCapacity: true)
        octets.append(0x7B)
        isFirst = true
    }

    /// Whether there is no member yet.
    var isEmpty: Bool { octets.count == 1 }

    /// Makes the object have no octets at all.
    mutating func removeAll() { octets.removeAll(keepingCapacity: true) }

    /// Lends the octets to be changed.
    mutating func withOctets<R>(_ body: (inout [UInt8]) -> R) -> R { body(&octets) }

    /// The object's octets so far without the mark that closes it.
    mutating func close() { octets.append(0x7D) }

    private mutating func name(_ name: StaticString) {
        if encoding == .json {
            if !isFirst { octets.append(0x2C) }
            octets.append(0x22)
            octets.append(contentsOf: name.octets)
            octets.append(0x22)
            octets.append(0x3A)
        } else {
            // No name written here is longer than 255 octets.
            octets.append(0xB4)
            octets.append(UInt8(name.utf8CodeUnitCount))
            octets.append(contentsOf: name.octets)
        }
        isFirst = false
    }

    /// A member that is an object.
    mutating func object<E: Error>(_ name: StaticString, _ write: (inout MemberWriter) throws(E) -> Void) throws(E) {
        self.name(name)
        octets.append(0x7B)
        isFirst = true
        try write(&self)
        octets.append(0x7D)
        isFirst = false
    }

    /// A member that is a whole number.
    mutating func number(_ name: StaticString, _ value: Int) {
        self.name(name)
        if encoding == .json {
            decimal(value)
        } else {
            let size = value < 1 << 8 ? 1 : value < 1 << 16 ? 2 : value < 1 << 32 ? 4 : 8
            octets.append(0xA0 + UInt8(size.trailingZeroBitCount))
            bigEndian(value, size)
        }
    }

    private mutating func bigEndian(_ value: Int, _ size: Int) {
        for place in (0..<size).reversed() { octets.append(UInt8(truncatingIfNeeded: value >> (8 * place))) }
    }

    private mutating func decimal(_ value: Int) {
        withUnsafeTemporaryAllocation(byteCount: 20, alignment: 1) { digits in
            // No number has more than 19 digits, and none written here is negative.
            var place = digits.count
            var rest = value.magnitude
            repeat {
                place -= 1
                digits[place] = UInt8(truncatingIfNeeded: 0x30 + rest % 10)
                rest /= 10
            } while rest > 0
            octets.append(contentsOf: digits[place...])
        }
    }

    /// A member that is true.
    mutating func yes(_ name: StaticString) {
        self.name(name)
        if encoding == .json { octets.append(contentsOf: ("true" as StaticString).octets) } else { octets.append(0xB0) }
    }

    /// A member that is one of the labels, which need no escaping and are short.
    mutating func label(_ name: StaticString, _ label: String) {
        self.name(name)
        if encoding == .json {
            octets.append(0x22)
            octets.append(contentsOf: label.utf8)
            octets.append(0x22)
        } else {
            octets.append(0x80)
            octets.append(UInt8(label.utf8.count))
            octets.append(contentsOf: label.utf8)
        }
    }

    /// A binary member.
    mutating func binary(_ name: StaticString, _ value: [UInt8]) {
        self.name(name)
        if encoding == .json {
            octets.append(0x22)
            value.withUnsafeBytes { Base64URL.append($0, to: &octets) }
            octets.append(0x22)
        } else {
            let size = value.count < 1 << 8 ? 1 : value.count < 1 << 16 ? 2 : value.count < 1 << 32 ? 4 : 8
            octets.append(0x88 + UInt8(size.trailingZeroBitCount))
            bigEndian(value.count, size)
            octets.append(contentsOf: value)
        }
    }

    /// Members of any kind.
    mutating func members(_ object: JSONObject) throws(DAREError) {
        if object.isEmpty { return }
        let written: [UInt8]
        do {
            written = try JSONValue.object(object).encoded(JSONWritingOptions(encoding, nameTag: .name))
        } catch {
            throw DAREError(.malformed, "A header member cannot be written in the sequence's encoding.", cause: error)
        }
        if encoding == .json, !isFirst { octets.append(0x2C) }
        octets.append(contentsOf: written.dropFirst().dropLast())
        isFirst = false
    }
}

extension StaticString {
    /// The octets of the text.
    var octets: UnsafeBufferPointer<UInt8> { UnsafeBufferPointer(start: utf8Start, count: utf8CodeUnitCount) }
}
