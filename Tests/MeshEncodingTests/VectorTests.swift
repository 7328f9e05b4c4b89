import Foundation
import MeshEncoding
import MeshVectors
import Testing

@Suite struct VectorTests {
    static func file(_ name: String = "jsonbcd") throws -> VectorFile {
        let url = try #require(Bundle.module.url(forResource: name, withExtension: "json", subdirectory: "Vectors"))
        return try VectorFile(path: url.path)
    }

    @Test func `Every case passes that the other reader's code makes`() throws {
        for vector in try Self.file("generated-jsonbcd").cases {
            let result = VectorChecker.check(vector)
            #expect(result.passed, "\(result.line)")
        }
    }

    @Test func `Every published case passes`() throws {
        let file = try Self.file()
        #expect(file.cases.count == 108)
        for vector in file.cases {
            let result = VectorChecker.check(vector)
            #expect(result.passed, "\(result.line)")
        }
    }

    @Test func `Every part of what is expected is compared`() throws {
        for vector in try Self.file().cases {
            for (name, value) in vector.expected {
                for altered in Self.alterations(of: value.json) {
                    var expected = vector.expected
                    expected[name] = VectorValue(altered)
                    let result = VectorChecker.check(
                        VectorCase(
                            number: vector.number, kind: vector.kind, source: vector.source, input: vector.input,
                            expected: expected))
                    #expect(!result.passed, "case \(vector.number) \(vector.kind) takes \(name) \(altered)")
                }
            }
        }
    }

    /// The value with each of its parts changed in turn, and with one member more.
    private static func alterations(of value: JSONValue) -> [JSONValue] {
        switch value {
        case .string(let text):
            guard let last = text.last else { return ["0", .null] }
            return [.string(text.dropLast() + (last == "2" ? "3" : "2"))]
        case .number(let number): return [.number(number + "1"), .number("-1" + number)]
        case .bool(let value): return [.bool(!value), .null]
        case .null: return [.bool(false), .string("")]
        case .array(let elements):
            return elements.indices.flatMap { index in
                alterations(of: elements[index]).map { altered in
                    var copy = elements
                    copy[index] = altered
                    return .array(copy)
                }
            } + [.array(elements + [.null])]
        case .object(let object):
            return object.members.flatMap { name, value in
                alterations(of: value).map { altered in
                    var copy = object
                    copy[name] = altered
                    return .object(copy)
                }
            } + [.object(JSONObject([:])), .string("")].filter { $0 != value }
        case .binary, .real: return []
        }
    }

    @Test(arguments: [
        ("decode", #"{"hex": "a9ffff"}"#, #"{"value": {"$int": "-65535"}}"#),
        ("decode", #"{"hex": "97ffffffffffffffff"}"#, #"{"value": {"$decimal64": "ffffffffffffffff"}}"#),
        ("decode", #"{"hex": "907e01"}"#, #"{"value": {"$binary64": "7ff8040000000000"}}"#),
        ("decode", #"{"hex": "908001"}"#, #"{"value": {"$binary64": "be70000000000000"}}"#),
        ("decode", #"{"hex": "917f800000"}"#, #"{"value": {"$binary64": "7ff0000000000000"}}"#),
        (
            "decode", #"{"hex": "7bb600000001613a312cb70000000000000001628800c800800163b07d"}"#,
            #"{"value": {"a": 1, "b": {"$binary": ""}, "c": true}}"#
        ),
        ("decodeStream", #"{"hex": "efbbbf7b7d7b7d"}"#, #"{"values": [{}, {}]}"#),
        ("decodeStream", #"{"hex": ""}"#, #"{"values": []}"#),
        ("encode", #"{"value": {"$int": "-18446744073709551616"}}"#, #"{"hex": "af0009010000000000000000"}"#),
        ("encode", #"{"value": {"$int": "-18446744073709551615"}}"#, #"{"hex": "abffffffffffffffff"}"#),
        ("encode", #"{"value": {"$decimal32": "01020304"}}"#, #"{"hex": "9601020304"}"#),
        ("encode", #"{"value": {"$intel80": "0102030405060708090a"}}"#, #"{"hex": "950102030405060708090a"}"#),
        ("encode", #"{"value": [{}, {"b": 1, "a": []}]}"#, #"{"hex": "5b7b7d7b800162a0018001615b5d7d5d"}"#),
        ("decodeError", #"{"hex": "cc00"}"#, #"{"error": true}"#),
        ("decodeError", #"{"hex": "a50001"}"#, #"{"error": true}"#),
        ("decodeError", #"{"hex": "5b31a0025d"}"#, #"{"error": true}"#),
        ("frame", #"{"records": ["", "00"]}"#, #"{"hex": "f405f000f0010005f4"}"#),
        ("frameError", #"{"hex": "f8"}"#, #"{"error": true}"#),
        ("frameError", #"{"hex": "f500000000f4"}"#, #"{"error": true}"#),
        ("frameWalk", #"{"hex": "f40000f4f40000f4"}"#, #"{"positions": [0, 4], "recordLengths": [[], []]}"#),
    ])
    func `Forms that the schema documents and the file has no case for`(
        kind: String, input: String, expected: String
    ) throws {
        let json = #"{"cases": [{"kind": "\#(kind)", "input": \#(input), "expected": \#(expected)}]}"#
        let vector = try #require(try VectorFile(json: Data(json.utf8), name: "case").cases.first)
        let result = VectorChecker.check(vector)
        #expect(result.passed, "\(result.line)")
    }
}
