/// Octets that come in chunks, from a function that gives none at the end. They pass through one buffer, which only
/// a single long item makes grow.
final class JSONStreamInput: JSONInput {
    private let source: () throws -> [UInt8]
    private var chunk: [UInt8] = []
    private var place = 0
    private var buffer: UnsafeMutableBufferPointer<UInt8>
    private var isAtEnd = false
    /// What the source threw, which ended the octets.
    private(set) var failure: (any Error)?

    private static let capacity = 64 << 10

    init(_ source: @escaping () throws -> [UInt8]) {
        self.source = source
        buffer = .allocate(capacity: Self.capacity)
    }

    deinit { buffer.deallocate() }

    func refill(
        _ window: UnsafeBufferPointer<UInt8>, keeping keep: Int, memory: inout JSONMemory, offset: Int
    ) throws(JSONError) -> UnsafeBufferPointer<UInt8>? {
        guard fetch() else { return nil }
        // The window is the front part of the buffer, or empty: what stays of it fits.
        let kept = window.count - keep
        if keep > 0, kept > 0 {
            UnsafeMutableRawBufferPointer(buffer).copyMemory(
                from: UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(buffer)[keep..<keep + kept]))
        }
        if kept == buffer.count { try grow(kept, memory: &memory, offset: offset) }
        let count = min(buffer.count - kept, chunk.count - place)
        chunk.withUnsafeBytes { octets in
            UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(buffer)[kept...]).copyMemory(
                from: UnsafeRawBufferPointer(rebasing: octets[place..<place + count]))
        }
        place += count
        return UnsafeBufferPointer(rebasing: buffer[..<(kept + count)])
    }

    /// Whether the chunk has octets left, or there is another one.
    private func fetch() -> Bool {
        if place < chunk.count { return true }
        guard !isAtEnd else { return false }
        place = 0
        do {
            chunk = try source()
        } catch {
            failure = error
            chunk = []
        }
        isAtEnd = chunk.isEmpty
        return !isAtEnd
    }

    private func grow(_ kept: Int, memory: inout JSONMemory, offset: Int) throws(JSONError) {
        // For a moment both are there.
        try memory.charge(buffer.count * 2, at: offset)
        memory.refund(buffer.count * 2)
        try memory.keep(buffer.count, at: offset)
        let wider = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: buffer.count * 2)
        UnsafeMutableRawBufferPointer(wider).copyMemory(from: UnsafeRawBufferPointer(buffer))
        buffer.deallocate()
        buffer = wider
    }
}
