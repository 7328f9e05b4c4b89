import MeshEncoding

/// How a body is encoded. Which one a body has shows by itself: in JSON a quotation mark follows the first brace, in JSON-B
/// a tag.
public enum PortalEncoding: String, CaseIterable, Sendable {
    /// JSON text (RFC 8259), binary items as base64url.
    case json = "JSON"
    /// JSON-B (`jsonbcd-21` §4): texts and binary items under tags.
    case jsonB = "JSON-B"

    /// The encoding of `octets`, by what stands at their beginning.
    static func of(_ octets: [UInt8]) -> PortalEncoding {
        let marks = octets.lazy.filter { ![0x20, 0x09, 0x0A, 0x0D].contains($0) }.prefix(2)
        return marks.contains { $0 >= 0x80 } ? .jsonB : .json
    }

    /// What is read: nothing but this encoding, in memory that depends on how much there is.
    func reading(_ count: Int) -> JSONReadingOptions {
        let (product, overflows) = count.multipliedReportingOverflow(by: PortalWire.memoryFactor)
        let memory = overflows ? Int.max >> 1 : min(product, Int.max >> 1)
        return JSONReadingOptions(
            encoding: self == .json ? .json : .jsonB, isTolerant: false, maximumDepth: PortalWire.maximumDepth,
            memory: .octets(memory + PortalWire.memoryBase))
    }

    /// How it is written.
    var writing: JSONWritingOptions { JSONWritingOptions(self == .json ? .json : .jsonB) }
}
