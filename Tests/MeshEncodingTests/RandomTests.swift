import Foundation
import MeshEncoding
import Testing

/// Random values and octets. The seed of a run is in what fails.
@Suite struct RandomTests {
    /// SplitMix64.
    struct Generator: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var value = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
            value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
            return value ^ (value >> 31)
        }
    }

    static func value(_ generator: inout Generator, depth: Int) -> JSONValue {
        switch Int.random(in: 0..<(depth > 4 ? 7 : 10), using: &generator) {
        case 0: return .null
        case 1: return .bool(.random(using: &generator))
        case 2: return .integer(Int64(bitPattern: generator.next()) >> Int64.random(in: 0..<64, using: &generator))
        case 3: return .number("-1\(generator.next())\(generator.next())")
        case 4: return .real(JSONReal(Double(bitPattern: generator.next() & ~(1 << 62))))
        case 5: return .string(text(&generator))
        case 6:
            return .binary(
                (0..<Int.random(in: 0..<300, using: &generator)).map { _ in .random(in: 0...255, using: &generator) })
        case 7:
            return .array(
                (0..<Int.random(in: 0..<6, using: &generator)).map { _ in value(&generator, depth: depth + 1) })
        default:
            var object = JSONObject()
            for _ in 0..<Int.random(in: 0..<20, using: &generator) {
                object[text(&generator)] = value(&generator, depth: depth + 1)
            }
            return .object(object)
        }
    }

    static func text(_ generator: inout Generator) -> String {
        let letters = Array("abcdefgABCDEFG\"\\/\n\t\u{1}é€😀 ")
        return String(
            (0..<Int.random(in: 0..<40, using: &generator)).map { _ in letters.randomElement(using: &generator) ?? "x" }
        )
    }

    @Test func `Random values come back from every encoding, whole and in pieces`() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var generator = Generator(state: seed)
        for round in 0..<200 {
            let value = Self.value(&generator, depth: 0)
            for options in [
                JSONWritingOptions(.jsonB), JSONWritingOptions(.jsonC), JSONWritingOptions(.jsonB, nameTag: .name),
            ] {
                let octets = try value.encoded(options)
                #expect(try JSONValue(decoding: octets) == value, "seed \(seed), round \(round)")
                let reader = JSONReader(source: Documents.source(octets, size: .random(in: 1...50, using: &generator)))
                #expect(try reader.readValue() == value, "seed \(seed), round \(round)")
            }
            for text in [value.compact, value.indented, value.referenceText] {
                #expect(throws: Never.self, "seed \(seed), round \(round)") { try JSONValue(decoding: text) }
            }
            #expect(try JSONValue(decoding: value.compact).compact == value.compact, "seed \(seed), round \(round)")
        }
    }

    @Test func `Random octets never trap, and are read alike whole and in pieces`() {
        let seed = UInt64.random(in: 0...UInt64.max)
        var generator = Generator(state: seed)
        for round in 0..<3_000 {
            // Marks and tags more often than others.
            let octets = (0..<Int.random(in: 1..<40, using: &generator)).map { _ -> UInt8 in
                [0x5B, 0x5D, 0x7B, 0x7D, 0x22, 0x2C, 0x3A, 0x80, 0x84, 0x88, 0x8C, 0xA0, 0xC8, 0xC0, 0x01, 0x00]
                    .randomElement(using: &generator).flatMap { Bool.random(using: &generator) ? $0 : nil }
                    ?? .random(in: 0...255, using: &generator)
            }
            let whole = try? JSONValue.values(decoding: octets)
            let reader = JSONReader(source: Documents.source(octets, size: 1))
            var pieces: [JSONValue]? = []
            while pieces != nil {
                do {
                    guard try reader.peek() != nil else { break }
                    pieces?.append(try reader.readValue())
                } catch {
                    pieces = nil
                }
            }
            #expect(whole == pieces, "seed \(seed), round \(round)")
        }
    }

    /// The value as Foundation has it, for comparing.
    private static func isSame(_ value: JSONValue, _ other: Any) -> Bool {
        switch value {
        case .null: return other is NSNull
        case .bool(let bool): return (other as? NSNumber)?.boolValue == bool
        case .number(let text):
            // Foundation rounds what is no small whole number.
            guard let number = Double(text), let double = (other as? NSNumber)?.doubleValue else { return false }
            return number == double || abs(number - double) <= abs(number) * 1e-9
        case .string(let text): return other as? String == text
        case .array(let elements):
            guard let others = other as? [Any] else { return false }
            return elements.count == others.count && zip(elements, others).allSatisfy(isSame)
        case .object(let object):
            guard let others = other as? [String: Any] else { return false }
            return object.count == others.count
                && object.members.allSatisfy { name, value in others[name].map { isSame(value, $0) } ?? false }
        case .binary, .real: return false
        }
    }

    private static func hasSmallNumbers(_ value: JSONValue) -> Bool {
        switch value {
        case .number(let text): Double(text).map { $0 == 0 || (1e-90...1e90).contains(abs($0)) } ?? false
        case .array(let elements): elements.allSatisfy(hasSmallNumbers)
        case .object(let object): object.members.allSatisfy { hasSmallNumbers($0.value) }
        default: true
        }
    }

    @Test func `Foundation reads the same in what is read here`() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var generator = Generator(state: seed)
        for round in 0..<300 {
            var text = Self.value(&generator, depth: 0).compact
            if round % 2 == 1 {
                text[Int.random(in: 0..<text.count, using: &generator)] = .random(in: 0x20...0x7E, using: &generator)
            }
            // Numbers beyond its decimals it refuses.
            guard let ours = try? JSONValue(parsing: text), Self.hasSmallNumbers(ours) else { continue }
            let foundation = try JSONSerialization.jsonObject(with: Data(text), options: .fragmentsAllowed)
            #expect(Self.isSame(ours, foundation), "seed \(seed), round \(round)")
        }
    }
}
