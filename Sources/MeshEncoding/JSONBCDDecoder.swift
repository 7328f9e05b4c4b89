/// Reads `Decodable` types from JSON, JSON-B, JSON-C or JSON-D; which one it is shows by itself.
///
/// Members that a type does not know are ignored, duplicate names are an error. `[UInt8]` is read from a binary item or from
/// a text of base64url as files of others have it.
public struct JSONBCDDecoder: Sendable {
    /// What is accepted.
    public var options: JSONReadingOptions

    /// A decoder; it reads all encodings, tolerantly, by default.
    public init(_ options: JSONReadingOptions = JSONReadingOptions()) { self.options = options }

    /// Reads one value.
    ///
    /// - Throws: ``JSONError`` with the place, and the path if the octets are well-formed but are not of the type:
    ///   `unexpectedValue`.
    public func decode<T: Decodable>(_ type: T.Type, from octets: [UInt8]) throws(JSONError) -> T {
        let value = try JSONValue(decoding: octets, options: options)
        return try decode(type, from: value) { path in
            // Only now, when something is wrong, the place is looked for.
            try? JSONReader(octets, options: options).seek(path)
        }
    }

    /// Reads a value from its tree.
    ///
    /// - Throws: ``JSONError`` `unexpectedValue` with the path.
    public func decode<T: Decodable>(_ type: T.Type, from value: JSONValue) throws(JSONError) -> T {
        try decode(type, from: value) { _ in nil }
    }

    private func decode<T: Decodable>(
        _ type: T.Type, from value: JSONValue, place: ([any CodingKey]) -> Int?
    ) throws(JSONError) -> T {
        do {
            return try TreeDecoder(value: value, codingPath: []).decode(type)
        } catch let error as DecodingError {
            let (path, message) = Self.words(error)
            throw JSONError(.unexpectedValue, at: place(path), path: pathText(path), message)
        } catch {
            throw JSONError(.unexpectedValue, "A value cannot be read.", cause: error)
        }
    }

    private static func words(_ error: DecodingError) -> (path: [any CodingKey], message: String) {
        switch error {
        case .keyNotFound(let key, let context): (context.codingPath, "The member \(key.stringValue) is missing.")
        case .typeMismatch(_, let context), .valueNotFound(_, let context):
            (context.codingPath, context.debugDescription)
        // Types quote the value there, which may be a secret.
        case .dataCorrupted(let context): (context.codingPath, "A value is not one that its type has.")
        @unknown default: ([], "A value is not of the type that it must be.")
        }
    }
}

extension JSONReader {
    /// How many octets come before the value that `path` leads to.
    fileprivate func seek(_ path: [any CodingKey]) throws -> Int? {
        for key in path {
            switch try next() {
            case .beginObject:
                while case .name(let name)? = try next(), name != key.stringValue { try skipValue() }
            case .beginArray:
                for _ in 0..<(key.intValue ?? 0) where try peek() != .end { try skipValue() }
            default: return nil
            }
        }
        _ = try peek()
        return offset
    }
}
