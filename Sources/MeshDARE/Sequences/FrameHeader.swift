import MeshEncoding

/// Reading the headers and trailers of frames.
enum FrameHeader {
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
        var scan = TextScan(octets)
        // Closed by a comma or the end of the object: anything else is for the parser to judge.
        guard scan.take(#"{"SequenceInfo":{"Index":"#), let index = scan.number(),
            scan.next == 0x2C || scan.next == 0x7D
        else { return nil }
        return index
    }
}
