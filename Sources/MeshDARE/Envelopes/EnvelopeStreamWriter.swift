import MeshCore
import MeshEncoding

/// Writes an envelope whose body comes in pieces.
struct EnvelopeStreamWriter {
    private let encoding: EnvelopeEncoding
    /// JSON: the octets of the body that do not make four characters yet.
    private var rest: [UInt8] = []

    init(_ encoding: EnvelopeEncoding) { self.encoding = encoding }

    private func write(_ octets: [UInt8], _ sink: OctetSink) throws { try octets.withUnsafeBytes { try sink($0) } }

    mutating func begin(_ header: JSONObject, to sink: OctetSink) throws {
        try write([0x5B] + JSONValue.object(header).compact + [0x2C] + (encoding == .json ? [0x22] : []), sink)
    }

    /// The next octets of the body.
    mutating func body(_ octets: UnsafeRawBufferPointer, to sink: OctetSink) throws {
        guard !octets.isEmpty else { return }
        switch encoding {
        case .jsonB:
            try write(BinaryItem.head(octets.count, isLast: false), sink)
            try sink(octets)
        case .json:
            let start = min((3 - rest.count) % 3, octets.count)
            rest += octets[..<start]
            guard rest.count % 3 == 0 else { return }
            try write(text(rest), sink)
            let whole = start + (octets.count - start) / 3 * 3
            try write(text(Array(octets[start..<whole])), sink)
            rest = Array(octets[whole...])
        }
    }

    mutating func end(_ trailer: JSONObject, to sink: OctetSink) throws {
        let end = encoding == .json ? text(rest) + [0x22] : BinaryItem.head(0)
        try write(end + [0x2C] + JSONValue.object(trailer).compact + [0x5D], sink)
    }

    private func text(_ octets: [UInt8]) -> [UInt8] { Array(Base64.url.encode(octets).utf8) }
}
