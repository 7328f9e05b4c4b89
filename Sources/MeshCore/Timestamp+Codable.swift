// As a text, in the one form that Mesh data have.
extension Timestamp: Codable {
    /// Reads the text form.
    ///
    /// - Throws: `DecodingError.dataCorrupted` if it is none.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let timestamp = Timestamp(try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "A time is written YYYY-MM-DDThh:mm:ssZ.")
        }
        self = timestamp
    }

    /// Writes the text form.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
