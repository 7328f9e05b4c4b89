/// Octets that come in chunks, from a function that gives none at the end. They pass through one buffer, which only
/// a single long item makes grow.
final class JSONStreamInput: JSONInput {
    private let source: () throws -> [UInt8]
    private var chunk: [UInt8] = []
    private var place = 0
    private var buffer: UnsafeMutableBufferPointer<UInt8>
    private var isAtEnd = false
    /// What the source threw: from then on nothing can be read but what is there.
    private(set) var failure: (any Error)?

    /// How large the buffer is once chunks are.
    private static let capacity = 64 << 10

    init(_ source: @escaping () throws -> [UInt8]) {
        self.source = source
        buffer = .allocate(capacity: 512)
    }

    deinit { buffer.deallocate() }

    func refill(
        _ window: UnsafeBufferPointer<UInt8>, keeping keep: Int, memory: inout JSONMemory, offset: Int
    ) throws(JSONError) -> UnsafeBufferPointer<UInt8>? {
        guard try fetch(at: offset) else { return nil }
        // The window is the front part of the buffer, or empty: what stays of it fits.
        let kept = window.count - keep
        if keep > 0, kept > 0 {
            UnsafeMutableRawBufferPointer(buffer).copyMemory(
                from: UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(buffer)[keep..<keep + kept]))
        }
        if buffer.count < Self.capacity, chunk.count - place > buffer.count - kept {
            widen(to: Self.capacity)
        } else if kept == buffer.count {
            // For a moment both are there.
            try memory.charge(kept * 2, at: offset)
            memory.refund(kept * 2)
            try memory.keep(kept, at: offset)
            widen(to: kept * 2)
        }
        let count = min(buffer.count - kept, chunk.count - place)
        chunk.withUnsafeBytes { octets in
            UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(buffer)[kept...]).copyMemory(
                from: UnsafeRawBufferPointer(rebasing: octets[place..<place + count]))
        }
        place += count
        return UnsafeBufferPointer(rebasing: buffer[..<(kept + count)])
    }

    /// Whether the chunk has octets left, or there is another one.
    private func fetch(at offset: Int) throws(JSONError) -> Bool {
        if place < chunk.count { return true }
        guard !isAtEnd else { return false }
        if failure == nil {
            place = 0
            do {
                chunk = try source()
            } catch {
                failure = error
                chunk = []
            }
        }
        // No end: what stands here so far must not be taken for all there is.
        if let failure { throw JSONError(.truncated, at: offset, "The source of the data failed.", cause: failure) }
        isAtEnd = chunk.isEmpty
        return !isAtEnd
    }

    private func widen(to count: Int) {
        let wider = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: count)
        UnsafeMutableRawBufferPointer(wider).copyMemory(from: UnsafeRawBufferPointer(buffer))
        buffer.deallocate()
        buffer = wider
    }
}
