import MeshEncoding

extension DAREEnvelope: Codable {
    /// Reads an envelope that stands as a member of another object: the list of header, body and trailer.
    ///
    /// - Throws: `DecodingError` with the ``DAREError`` as its cause.
    public init(from decoder: any Decoder) throws {
        let value = try JSONValue(from: decoder)
        do {
            try self.init(value)
        } catch {
            throw DecodingError.dataCorrupted(
                .init(codingPath: decoder.codingPath, debugDescription: error.message, underlyingError: error))
        }
    }

    /// Writes the list of header, body and trailer.
    public func encode(to encoder: any Encoder) throws { try value.encode(to: encoder) }
}
