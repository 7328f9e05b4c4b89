extension SequenceFrame {
    /// The payload of a frame that stands there octet by octet. Nothing of it is verified.
    ///
    /// - Throws: ``DAREError`` `malformed` for what is no frame.
    public static func payload(ofVerbatim octets: [UInt8]) throws -> [UInt8] {
        Array(try SequenceFrame(octets: octets, at: 0).payload)
    }
}
