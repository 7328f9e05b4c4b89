import MeshCore
import MeshEncoding

/// Values of JSON, JSON-B, JSON-C and JSON-D, and their octets.
enum EncodingVectors {
    static func decode(_ input: VectorInput) throws -> VectorMembers {
        let octets = try input.octets("hex")
        return [
            "value": { expected in
                let value = try JSONValue(decoding: octets)
                try checkCopies(of: value)
                guard try pieces(octets) == [value] else { throw VectorProblem("in pieces it reads as something else") }
                return shown(value, as: expected.json)
            }
        ]
    }

    static func decodeStream(_ input: VectorInput) throws -> VectorMembers {
        let octets = try input.octets("hex")
        return [
            "values": { expected in
                let values = try JSONValue.values(decoding: octets)
                try values.forEach(checkCopies)
                guard try pieces(octets) == values else { throw VectorProblem("in pieces it reads as something else") }
                return shown(.array(values), as: expected.json)
            }
        ]
    }

    static func encode(_ input: VectorInput) throws -> VectorMembers {
        let value = try plain(try input.json("value"))
        return [
            "hex": { _ in
                // What JSON-B has no form of is written in JSON-D's; codes would not be the shortest form of one value.
                let octets = try value.encoded(JSONWritingOptions(.jsonD, definesNames: false))
                guard try JSONValue(decoding: octets) == value else { throw VectorProblem("not read back as it was") }
                return .text(Hex.text(octets))
            }
        ]
    }

    static func decodeError(_ input: VectorInput) throws -> VectorMembers {
        let octets = try input.octets("hex")
        return [
            "error": { _ in
                let isPiecewise = (try? pieces(octets).count) == 1
                return .bool((try? JSONValue(decoding: octets)) == nil && !isPiecewise)
            }
        ]
    }

    /// The values that the reader of streams finds when the octets come one by one.
    private static func pieces(_ octets: [UInt8]) throws -> [JSONValue] {
        var rest = octets[...]
        let reader = JSONReader { rest.popFirst().map { [$0] } ?? [] }
        var values: [JSONValue] = []
        while try reader.peek() != nil { values.append(try reader.readValue()) }
        return values
    }

    /// What was read is written in every encoding that has a form of it, and comes back.
    private static func checkCopies(of value: JSONValue) throws {
        for options in [
            JSONWritingOptions(.jsonD), JSONWritingOptions(.jsonD, nameTag: .name),
            JSONWritingOptions(.jsonD, definesNames: false),
        ] {
            guard try JSONValue(decoding: value.encoded(options)) == value else {
                throw VectorProblem("not read back as it was written")
            }
        }
    }

    /// `value` as vectors files write it. Where `expected` has a double, a decimal text is shown as one.
    private static func shown(_ value: JSONValue, as expected: JSONValue?) -> VectorValue {
        VectorValue(form(value, expected))
    }

    private static func form(_ value: JSONValue, _ expected: JSONValue?) -> JSONValue {
        switch value {
        case .binary(let octets): return ["$binary": .string(Base64URL.encode(octets))]
        case .real(let real): return .object(["$\(real.format.rawValue)": .string(Hex.text(real.octets))])
        case .number(let text):
            if expected?["$int"] != nil { return ["$int": .string(text)] }
            if expected?["$binary64"] != nil, let double = Double(text), Int64(text) == nil {
                return form(.real(JSONReal(double)), nil)
            }
            return value
        case .array(let elements):
            return .array(
                elements.enumerated().map { index, element in
                    let others = expected?.array ?? []
                    return form(element, index < others.count ? others[index] : nil)
                })
        case .object(let object):
            var members = JSONObject()
            for (name, value) in object.members { members[name] = form(value, expected?[name]) }
            return .object(members)
        case .string, .bool, .null: return value
        }
    }

    /// The value that a vectors file writes as `form`.
    static func plain(_ form: JSONValue) throws -> JSONValue {
        switch form {
        case .array(let elements): return .array(try elements.map(plain))
        case .object(let object):
            if object.count == 1, let name = object.names.first, name.hasPrefix("$") {
                guard let text = object[name]?.string else { throw VectorProblem("\(name) is not text") }
                return try marked(String(name.dropFirst()), text)
            }
            var members = JSONObject()
            for (name, value) in object.members { members[name] = try plain(value) }
            return .object(members)
        default: return form
        }
    }

    private static func marked(_ name: String, _ text: String) throws -> JSONValue {
        switch name {
        case "binary":
            guard let octets = Base64URL.decode(text) else { throw VectorProblem("$binary is not base64url") }
            return .binary(octets)
        case "int": return .number(text)
        default:
            guard let format = JSONReal.Format(rawValue: name), let octets = Hex.octets(text),
                let real = JSONReal(format, octets: octets)
            else { throw VectorProblem("$\(name) is not known, or its octets are not of its size") }
            return .real(real)
        }
    }
}
