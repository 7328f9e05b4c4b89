import MeshPlatforms

extension FrameLog {
    /// Lends the octets from `position`, exactly `count`, which must be few: they are kept where this call keeps its own.
    ///
    /// - Throws: as ``read(at:count:)``.
    func withOctets<R>(at position: Int, count: Int, _ body: (UnsafeRawBufferPointer) throws -> R) throws -> R {
        try withUnsafeTemporaryAllocation(byteCount: count, alignment: 16) { octets in
            guard position >= 0, try file.read(at: position, into: octets) == count else {
                throw DAREError(.malformed, "The file \(path) ends inside the frame at \(position).")
            }
            return try body(UnsafeRawBufferPointer(octets))
        }
    }
}
