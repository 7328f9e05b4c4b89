import Foundation
import MeshVectors
import Testing

@Suite struct VectorTests {
    static func file(_ name: String) throws -> VectorFile {
        let url = try #require(Bundle.module.url(forResource: name, withExtension: "json", subdirectory: "Vectors"))
        return try VectorFile(path: url.path)
    }

    @Test func everyPublishedCasePasses() throws {
        let file = try Self.file("udf")
        #expect(file.cases.count == 162)
        for vector in file.cases {
            let result = VectorChecker.check(vector)
            #expect(result.passed, "\(result.line)")
        }
        let generated = try Self.file("generated-cases").cases
        #expect(Set((file.cases + generated).map(\.kind)).isSubset(of: VectorChecker.kinds))
    }

    @Test func everyMemberIsCompared() throws {
        for vector in try Self.file("udf").cases {
            for (name, value) in vector.expected {
                var expected = vector.expected
                expected[name] = Self.altered(value)
                let result = VectorChecker.check(
                    VectorCase(
                        number: vector.number, kind: vector.kind, source: vector.source, input: vector.input,
                        expected: expected))
                #expect(!result.passed, "\(vector.kind) does not look at \(name)")
            }
        }
    }

    private static func altered(_ value: VectorValue) -> VectorValue {
        switch value {
        case .text(let text):
            guard let last = text.last else { return .text("0") }
            return .text(text.dropLast() + (last == "2" ? "3" : "2"))
        case .number(let number): return .number(number + "1")
        case .array(let values): return .array(Array(values.dropLast()) + [altered(values.last ?? .text(""))])
        case .object, .bool, .null: return .text("")
        }
    }

    @Test(arguments: [
        ("no-such-kind", "{}", "{}"),
        ("share-prime", #"{"octets": 3}"#, "{}"),
        ("share-prime", #"{"octets": 3}"#, #"{"ofset": 43}"#),
        ("share-prime", #"{"octets": 3, "base": 2}"#, #"{"offset": 43}"#),
        ("share-prime", #"{"octets": 65}"#, #"{"offset": 1}"#),
        ("share-prime", #"{}"#, #"{"offset": 1}"#),
        ("nonce", #"{"udf": "ND5L-Y3E6", "data_hex": "00"}"#, #"{"type_id": 104}"#),
        ("oid", #"{"algorithm": "Ed25519", "public_hex": "00", "form": "draft"}"#, #"{"udf": "O"}"#),
        ("derive-key", #"{"udf": "ZAAA-CTKG-X255-XXKE-YX", "method": "new"}"#, #"{"algorithm": "X25519"}"#),
        ("derive-key", #"{"udf": "ZAAA-CTKG-X255-XXKE-YX", "octets": 32}"#, #"{"algorithm": "X25519"}"#),
        ("compression", #"{"data": "x", "content_type": "text/plain"}"#, #"{"type_id": 96}"#),
    ])
    func whatIsNotKnownFails(kind: String, input: String, expected: String) throws {
        let json = #"{"cases": [{"kind": "\#(kind)", "input": \#(input), "expected": \#(expected)}]}"#
        let file = try VectorFile(json: Data(json.utf8), name: "case")
        let vector = try #require(file.cases.first)
        #expect(!VectorChecker.check(vector).passed)
    }

    @Test(arguments: ["", "{", "[]", "{}", #"{"cases": [1]}"#, #"{"cases": [{"kind": "sin"}]}"#])
    func whatIsNoVectorsFileIsRefused(json: String) {
        #expect(throws: VectorFileError.self) { try VectorFile(json: Data(json.utf8), name: "case") }
    }

    /// Forms that the schema documents and the file has no case for; values from an independent program.
    @Test func documentedFormsWithoutPublishedCase() throws {
        for vector in try Self.file("generated-cases").cases {
            let result = VectorChecker.check(vector)
            #expect(result.passed, "\(result.line)")
        }
    }
}
