/// Where a lexer gets its octets.
protocol JSONInput {
    /// Reads on.
    ///
    /// - Parameters:
    ///   - window: what the lexer has; the octets from `keep` on are to stay, at the front of the new window.
    ///   - count: counts the memory that the window takes.
    /// - Returns: a longer window; nil at the end.
    mutating func refill(
        _ window: UnsafeBufferPointer<UInt8>, keeping keep: Int, memory: inout JSONMemory, offset: Int
    ) throws(JSONError) -> UnsafeBufferPointer<UInt8>?
}

/// Octets that are all there.
struct WholeJSONInput: JSONInput {
    @inline(__always)
    func refill(
        _: UnsafeBufferPointer<UInt8>, keeping _: Int, memory _: inout JSONMemory, offset _: Int
    ) throws(JSONError) -> UnsafeBufferPointer<UInt8>? { nil }
}
