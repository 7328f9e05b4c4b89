import MeshEncoding

/// Reading the headers and trailers of frames.
enum FrameHeader {
    /// What the headers written here begin with: so that the number of a frame is found without reading its header.
    static let opening = Array(#"{"SequenceInfo":{"Index":"#.utf8)

    /// The members of a header or trailer. An empty record has none.
    static func parse(_ octets: ArraySlice<UInt8>, _ what: String) throws(DAREError) -> JSONObject {
        if octets.isEmpty { return JSONObject() }
        let value: JSONValue
        do {
            value = try JSONValue(decoding: Array(octets))
        } catch {
            throw DAREError(.malformed, "The \(what) of a frame cannot be read.", cause: error)
        }
        guard let object = value.object else { throw DAREError(.malformed, "The \(what) of a frame is no object.") }
        // Printed examples have the header as a member.
        if object.count == 1, let inner = object["DareHeader"]?.object { return inner }
        return object
    }

    /// The number of the frame that has the header `octets`.
    static func index(in octets: UnsafeRawBufferPointer) throws(DAREError) -> Int {
        if let index = writtenIndex(in: octets) { return index }
        guard let index = SequenceInfo(header: try parse(Array(octets)[...], "header")).index else {
            throw DAREError(.malformed, "The header of a frame has no number.")
        }
        return index
    }

    /// The number, if the header is one that was written here.
    private static func writtenIndex(in octets: UnsafeRawBufferPointer) -> Int? {
        guard octets.count > opening.count, opening.withUnsafeBytes({ octets.starts(with: $0) }) else { return nil }
        var index = 0
        var place = opening.count
        while place < octets.count, place < opening.count + 16, case let digit = octets[place] &- 0x30, digit < 10 {
            index = index * 10 + Int(digit)
            place += 1
        }
        // Closed by a comma or the end of the object: anything else is for the parser to judge.
        guard place > opening.count, place < octets.count, octets[place] == 0x2C || octets[place] == 0x7D else {
            return nil
        }
        return index
    }
}
