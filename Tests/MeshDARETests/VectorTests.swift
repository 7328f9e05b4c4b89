import Foundation
import MeshEncoding
import MeshVectors
import Testing

@Suite("Published vectors")
struct DAREVectorTests {
    static func cases(_ name: String = "dare") throws -> [VectorCase] {
        let url = try #require(Bundle.module.url(forResource: name, withExtension: "json", subdirectory: "Vectors"))
        return try VectorFile(path: url.path).cases
    }

    @Test("Every published case passes")
    func everyPublishedCasePasses() throws {
        let cases = try Self.cases()
        #expect(cases.count == 94)
        for vector in cases {
            let result = VectorChecker.check(vector)
            #expect(result.passed, "\(result.line)")
        }
    }

    @Test("Every case passes that the other reader's code makes")
    func everyGeneratedCasePasses() throws {
        for vector in try Self.cases("generated-dare") {
            let result = VectorChecker.check(vector)
            #expect(result.passed, "\(result.line)")
        }
    }

    @Test("Every expected member is compared, and every input member is used")
    func everyMemberIsCompared() throws {
        for vector in try Self.cases() {
            for (name, value) in vector.expected {
                for wrong in Self.altered(value) {
                    var expected = vector.expected
                    expected[name] = wrong
                    let altered = VectorCase(
                        number: vector.number, kind: vector.kind, source: vector.source, input: vector.input,
                        expected: expected)
                    #expect(!VectorChecker.check(altered).passed, "\(vector.kind) does not look at \(name)")
                }
            }
            var input = vector.input
            input["unheardOf"] = .null
            let unknown = VectorCase(
                number: vector.number, kind: vector.kind, source: vector.source, input: input,
                expected: vector.expected)
            #expect(!VectorChecker.check(unknown).passed, "\(vector.kind) overlooks an input member")
        }
    }

    /// Each way in which one thing in a value can be wrong.
    private static func altered(_ value: VectorValue) -> [VectorValue] {
        switch value {
        case .text(let text):
            guard let first = text.first else { return [.text("0")] }
            return [.text((first == "2" ? "3" : "2") + text.dropFirst()), .text(text + "2")]
        case .number(let number): return [.number(number + "1")]
        case .array(let values):
            return [.array(values + values.prefix(1)), .array(Array(values.dropLast()))].filter { $0 != value }
                + values.indices.flatMap { index in
                    altered(values[index]).map { wrong in
                        var values = values
                        values[index] = wrong
                        return .array(values)
                    }
                }
        case .object(let object):
            return object.members.flatMap { name, member in
                altered(VectorValue(member)).map { wrong in
                    var object = object
                    object[name] = wrong.json
                    return .object(object)
                }
            }
        case .bool(let value): return [.bool(!value)]
        case .null: return [.text("")]
        }
    }
}
