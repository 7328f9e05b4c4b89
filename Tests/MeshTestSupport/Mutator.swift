import MeshCore
import MeshEncoding

/// Changes of messages that can be repeated: of their octets, and of what stands in them. The seed is all there is to it.
public struct Mutator: RandomNumberGenerator, Sendable {
    /// What it began with.
    public let seed: UInt64
    private var state: UInt64

    /// Changes that follow from `seed`; from another each time, if there is none.
    public init(seed: UInt64 = .random(in: 0...UInt64.max)) {
        self.seed = seed
        state = seed
    }

    /// SplitMix64.
    public mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }

    private mutating func below(_ count: Int) -> Int { Int.random(in: 0..<max(1, count), using: &self) }

    private mutating func octets(_ count: Int) -> [UInt8] { (0..<count).map { _ in UInt8(truncatingIfNeeded: next()) } }

    private mutating func range(in octets: [UInt8]) -> Range<Int> {
        let start = below(octets.count)
        return start..<min(octets.count, start + 1 + below(64))
    }

    /// Something that is not `message`: near it, or nothing at all.
    public mutating func changed(_ message: [UInt8]) -> [UInt8] {
        while true {
            let made = below(3) == 0 ? rough(message) : fine(message) ?? rough(message)
            if made != message { return made }
        }
    }

    /// Changes octets, whatever they mean.
    private mutating func rough(_ message: [UInt8]) -> [UInt8] {
        var made = message
        switch below(7) {
        case 0: return octets(below(300))
        case 1: return Array(message.prefix(below(message.count)))
        case 2:
            for _ in 0...below(8) where !made.isEmpty { made[below(made.count)] ^= 1 << UInt8(below(8)) }
        case 3: made.removeSubrange(range(in: made))
        case 4: made.insert(contentsOf: made[range(in: made)], at: below(made.count + 1))
        case 5: made.insert(contentsOf: octets(1 + below(16)), at: below(made.count + 1))
        default: made.replaceSubrange(range(in: made), with: made[range(in: made)])
        }
        return made
    }

    /// Changes what stands in a message, which stays JSON or JSON-B; nil if it is none.
    private mutating func fine(_ message: [UInt8]) -> [UInt8]? {
        guard var tree = try? JSONValue(decoding: message) else { return nil }
        for _ in 0...below(3) { tree = changed(tree, depth: 0) }
        return below(4) == 0 ? try? tree.encoded(JSONWritingOptions(.jsonB)) : tree.compact
    }

    private mutating func changed(_ value: JSONValue, depth: Int) -> JSONValue {
        if depth > 0, below(6) == 0 { return absurd() }
        switch value {
        case .object(var object):
            guard let name = object.names.randomElement(using: &self), let member = object[name] else {
                return absurd()
            }
            switch below(depth == 0 ? 20 : 12) {
            case 0: object[name] = nil
            case 1: object[name + "x"] = member
            case 2: object["Extra"] = absurd()
            case 3: object[name] = object[object.names.randomElement(using: &self) ?? name]
            default: object[name] = changed(member, depth: depth + 1)
            }
            return .object(object)
        case .array(var elements):
            guard !elements.isEmpty else { return [absurd()] }
            let place = below(elements.count)
            switch below(10) {
            case 0: elements.remove(at: place)
            case 1: elements.append(elements[place])
            case 2: elements.swapAt(place, below(elements.count))
            case 3: elements = Array(repeating: elements[place], count: 1 + below(300))
            default: elements[place] = changed(elements[place], depth: depth + 1)
            }
            return .array(elements)
        case .string(let text): return .string(String(decoding: letters(Array(text.utf8)), as: UTF8.self))
        case .binary(let octets): return .binary(rough(octets))
        case .number(let text): return below(2) == 0 ? absurd() : .number(text + "1")
        default: return absurd()
        }
    }

    /// Changes a text so that most of what it says stays: letters of Base64 and of names stay such.
    private mutating func letters(_ text: [UInt8]) -> [UInt8] {
        var made = text
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_@./".utf8)
        switch below(5) {
        case 0: made.removeSubrange(range(in: made))
        case 1: made.insert(contentsOf: made[range(in: made)], at: below(made.count + 1))
        case 2: made = Array(made.prefix(below(made.count)))
        default:
            guard !made.isEmpty else { return [0x41] }
            made[below(made.count)] = alphabet[below(alphabet.count)]
        }
        return made
    }

    /// A value that belongs nowhere.
    private mutating func absurd() -> JSONValue {
        let values: [JSONValue] = [
            .null, true, 0, -1, .number("1.5"), .number("1e999"), .number(String(repeating: "9", count: 400)),
            .integer(Int64.max), .integer(Int64.min), "", "x", .string("\u{0}\u{202E}"),
            .string(String(repeating: "A", count: 5000)), [], [[:]], [0], [:], ["a": ["b": []]], [[:], "", [:]],
            .binary(octets(below(300))), .string(String(decoding: octets(below(40)), as: UTF8.self)),
        ]
        return values.randomElement(using: &self) ?? .null
    }
}
