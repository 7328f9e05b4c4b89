import MeshEncoding

/// The rules for the names of accounts: for the part of the address before the `@` (sessions specification §B3).
public struct AccountNameRules: Codable, Hashable, Sendable {
    /// The fewest characters.
    public var minimum = 1
    /// The most characters.
    public var maximum = 64
    /// Characters that may not occur.
    public var invalidCharacters = ".,:;{}()[]<>?|\\@#"

    enum CodingKeys: String, CodingKey {
        case minimum = "Minimum"
        case maximum = "Maximum"
        case invalidCharacters = "InvalidCharacters"
    }
    /// The usual rules.
    public init() {}

    /// Reads the rules of a portal; those that it does not state are the usual ones.
    ///
    /// - Throws: `DecodingError` for numbers that cannot be.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        func count(_ key: CodingKeys, _ usual: Int) throws -> Int {
            let count = try container.decodeIfPresent(Int.self, forKey: key) ?? usual
            guard (0...4096).contains(count) else {
                throw DecodingError.dataCorruptedError(
                    forKey: key, in: container, debugDescription: "A number of characters was expected.")
            }
            return count
        }
        minimum = try count(.minimum, minimum)
        maximum = try count(.maximum, maximum)
        invalidCharacters = try container.decodeIfPresent(String.self, forKey: .invalidCharacters) ?? invalidCharacters
    }

    /// Why `name` cannot be the name of an account, in words; nil if it can.
    public func objection(to name: String) -> String? {
        if name.count < minimum { return "The name is shorter than \(minimum) character\(minimum == 1 ? "" : "s")." }
        if name.count > maximum || name.utf8.count / 4 > maximum {
            return "The name is longer than \(maximum) characters."
        }
        if let found = name.first(where: { invalidCharacters.contains($0) }) {
            return "The name contains \(found), which names cannot."
        }
        let isPlain = name.unicodeScalars.allSatisfy { scalar in
            !scalar.properties.isWhitespace && !scalar.properties.isDefaultIgnorableCodePoint
                && ![.control, .format, .surrogate, .privateUse, .unassigned].contains(
                    scalar.properties.generalCategory)
        }
        return isPlain ? nil : "The name contains a character that cannot be seen."
    }
}
