import Foundation
import MeshCore
import MeshEncoding

/// One case of a vectors file.
public struct VectorCase: Sendable {
    /// Its place in the file's list of cases, counted from 1.
    public let number: Int
    /// What is to be done with it.
    public let kind: String
    /// Where the values were published.
    public let source: String
    /// What goes in.
    public let input: [String: VectorValue]
    /// What must come out.
    public let expected: [String: VectorValue]

    /// A case of those parts.
    public init(
        number: Int, kind: String, source: String, input: [String: VectorValue], expected: [String: VectorValue]
    ) {
        self.number = number
        self.kind = kind
        self.source = source
        self.input = input
        self.expected = expected
    }
}

/// A file of test vectors: `cases`, beside `schema` and `source`, which are for people.
public struct VectorFile: Sendable {
    /// The cases, in the file's order. (`unverified` entries are not cases.)
    public let cases: [VectorCase]

    /// Reads the file at `path`. Blocks.
    ///
    /// - Throws: ``VectorFileError`` when it cannot be read or is not a vectors file.
    public init(path: String) throws(VectorFileError) {
        let data: Data
        do {
            data = try Data(contentsOf: URL(fileURLWithPath: path))
        } catch {
            throw VectorFileError("\(path) cannot be read: \(error.localizedDescription)")
        }
        try self.init(json: data, name: path)
    }

    /// Reads the text of a file; `name` is for errors.
    ///
    /// - Throws: ``VectorFileError`` when it is not a vectors file.
    public init(json: Data, name: String) throws(VectorFileError) {
        let root: JSONValue
        do {
            root = try JSONValue(parsing: Array(json))
        } catch {
            throw VectorFileError("\(name) is not JSON: \(error)")
        }
        guard let list = root["cases"]?.array else { throw VectorFileError("\(name) has no list of cases.") }
        var cases: [VectorCase] = []
        for (index, entry) in list.enumerated() {
            guard let kind = entry["kind"]?.string, let input = entry["input"]?.object,
                let expected = entry["expected"]?.object
            else { throw VectorFileError("Case \(index + 1) of \(name) lacks kind, input or expected.") }
            cases.append(
                VectorCase(
                    number: index + 1, kind: kind, source: entry["source"]?.string ?? "",
                    input: Self.values(input), expected: Self.values(expected)))
        }
        self.cases = cases
    }

    private static func values(_ object: JSONObject) -> [String: VectorValue] {
        Dictionary(uniqueKeysWithValues: object.members.map { ($0.name, VectorValue($0.value)) })
    }
}

/// A vectors file that cannot be used.
public struct VectorFileError: MeshError {
    /// The stable name of the case.
    public var codeName: String { "vectors-unreadable" }
    /// What happened, and to which file.
    public let message: String
    /// Nothing can be done about it here.
    public var remedy: String? { nil }
    /// The error below this one, if any.
    public var cause: (any Error)? { nil }

    init(_ message: String) {
        self.message = message
    }
}
