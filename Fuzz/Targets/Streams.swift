import MeshEncoding

extension FuzzTarget {
    /// Values that come in chunks.
    static let streams = [
        // The first octet says how long the chunks are, and whether texts and octets are taken in pieces.
        FuzzTarget("json-stream") { input in
            guard let first = input.first else { return }
            let octets = Array(input.dropFirst())
            let chunk = first & 0x7F == 0 ? max(octets.count, 1) : Int(first & 0x7F)
            let whole = try? JSONValue.values(decoding: octets)
            let streamed = try? TokenTree(octets, chunk: chunk, inPieces: first & 0x80 != 0).values()
            require(whole == streamed, "a stream reads as something else than the whole")
            var position = 0
            let skipping = JSONReader { octets.chunk(at: &position, of: chunk) }
            do {
                while try skipping.peek() != nil { try skipping.skipValue() }
            } catch {
                require(whole == nil, "what can be read cannot be passed over")
            }
        }
    ]
}

extension [UInt8] {
    /// The octets from `position` on, at most `count`.
    fileprivate func chunk(at position: inout Int, of count: Int) -> [UInt8] {
        defer { position = Swift.min(position + count, self.count) }
        return Array(self[position..<Swift.min(position + count, self.count)])
    }
}

/// Puts values together from tokens.
private struct TokenTree {
    private let reader: JSONReader
    private let inPieces: Bool

    init(_ octets: [UInt8], chunk: Int, inPieces: Bool) {
        var position = 0
        reader = JSONReader { octets.chunk(at: &position, of: chunk) }
        self.inPieces = inPieces
    }

    func values() throws -> [JSONValue] {
        var values: [JSONValue] = []
        while try reader.peek() != nil { values.append(try value()) }
        try reader.finish()
        return values
    }

    private func value() throws -> JSONValue {
        if inPieces {
            switch try reader.peek() {
            case .binary?:
                try reader.beginOctets()
                var octets: [UInt8] = []
                while let piece = try reader.nextOctets() { octets += piece }
                return .binary(octets)
            case .text?:
                try reader.beginText()
                var text = ""
                while let piece = try reader.nextText() { text += piece }
                return .string(text)
            default: break
            }
        }
        switch try reader.next() {
        case .value(let value)?: return value
        case .beginArray?:
            var elements: [JSONValue] = []
            while try reader.peek() != .end { elements.append(try value()) }
            _ = try reader.next()
            return .array(elements)
        case .beginObject?:
            var object = JSONObject()
            while case .name(let name)? = try reader.next() { object[name] = try value() }
            return .object(object)
        default: throw JSONError(.unexpectedValue, "A value was expected.")
        }
    }
}
