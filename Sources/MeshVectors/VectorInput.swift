import MeshCore
import MeshEncoding

/// What is wrong with a case, or with what came out of it.
struct VectorProblem: Error {
    let text: String

    init(_ text: String) { self.text = text }
}

/// The members of a case's input, which remembers the ones that were used: the rest are unknown, and unknown is a failure.
final class VectorInput {
    private let members: [String: VectorValue]
    private var used: Set<String> = []

    init(_ members: [String: VectorValue]) { self.members = members }

    var unused: [String] { members.keys.filter { !used.contains($0) }.sorted() }

    private func member(_ name: String) -> VectorValue? {
        used.insert(name)
        return members[name]
    }

    func has(_ name: String) -> Bool { members[name] != nil }

    func optionalText(_ name: String) throws -> String? {
        guard let value = member(name) else { return nil }
        guard case .text(let text) = value else { throw VectorProblem("input \(name) is not text") }
        return text
    }

    func text(_ name: String) throws -> String {
        guard let text = try optionalText(name) else { throw VectorProblem("input has no \(name)") }
        return text
    }

    func optionalNumber(_ name: String) throws -> Int? {
        guard let value = member(name) else { return nil }
        guard let number = Int(value.description), number >= 0 else {
            throw VectorProblem("input \(name) is not a whole number")
        }
        return number
    }

    func number(_ name: String) throws -> Int {
        guard let number = try optionalNumber(name) else { throw VectorProblem("input has no \(name)") }
        return number
    }

    func optionalOctets(_ name: String) throws -> [UInt8]? {
        guard let text = try optionalText(name) else { return nil }
        guard let octets = Hex.octets(text) else { throw VectorProblem("input \(name) is not hexadecimal") }
        return octets
    }

    func octets(_ name: String) throws -> [UInt8] {
        guard let octets = try optionalOctets(name) else { throw VectorProblem("input has no \(name)") }
        return octets
    }

    /// `data` as UTF-8 text, or `data_hex`; exactly one of them.
    func data() throws -> [UInt8] {
        guard has("data") != has("data_hex") else { throw VectorProblem("input must have data or data_hex") }
        return try has("data") ? Array(text("data").utf8) : octets("data_hex")
    }

    /// Any value, as JSON.
    func optionalJSON(_ name: String) -> JSONValue? { member(name)?.json }

    func json(_ name: String) throws -> JSONValue {
        guard let value = optionalJSON(name) else { throw VectorProblem("input has no \(name)") }
        return value
    }

    /// Octets as base64url.
    func base64(_ name: String) throws -> [UInt8] {
        guard let octets = Base64URL.decode(try text(name)) else {
            throw VectorProblem("input \(name) is not base64url")
        }
        return octets
    }

    func texts(_ name: String) throws -> [String] {
        guard case .array(let values)? = member(name) else { throw VectorProblem("input has no list \(name)") }
        return values.map(\.description)
    }

    /// The value of an enumeration; nil when the member is missing.
    func optional<Value: RawRepresentable>(_ name: String, _: Value.Type) throws -> Value?
    where Value.RawValue == String {
        guard let text = try optionalText(name) else { return nil }
        guard let value = Value(rawValue: text) else { throw VectorProblem("input \(name) \(text) is not known") }
        return value
    }
}

/// Hexadecimal, as vectors files have it.
enum Hex {
    static func octets(_ text: String) -> [UInt8]? {
        let digits = Array(text.utf8)
        guard digits.count % 2 == 0 else { return nil }
        var octets: [UInt8] = []
        octets.reserveCapacity(digits.count / 2)
        for index in stride(from: 0, to: digits.count, by: 2) {
            guard let high = value(digits[index]), let low = value(digits[index + 1]) else { return nil }
            octets.append(high << 4 | low)
        }
        return octets
    }

    private static func value(_ digit: UInt8) -> UInt8? {
        switch digit {
        case 0x30...0x39: digit - 0x30
        case 0x61...0x66: digit - 0x61 + 10
        case 0x41...0x46: digit - 0x41 + 10
        default: nil
        }
    }

    static func text(_ octets: some Sequence<UInt8>) -> String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: octets.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }
}

extension SecretBytes {
    /// The octets of a published test value, which is no secret.
    var published: [UInt8] { borrowing get { withUnsafeBytes { Array($0) } } }

    /// The text of a published test value, which is no secret.
    var publishedText: String { borrowing get { withUnsafeBytes { String(decoding: $0, as: UTF8.self) } } }

    /// A published test value as a secret.
    init(published text: String) { self.init(copying: Array(text.utf8)) }
}
