/// What the values that were read take, counted as they are made.
struct JSONMemory {
    private(set) var used = 0
    /// The part of `used` that stays when the values are handed out: a stream's buffer and its codes.
    private var kept = 0
    var limit: Int

    init(limit: Int) { self.limit = limit }

    /// What an array or a text takes beside its content.
    static let header = 48

    /// Counts `count` more octets.
    @inline(__always)
    mutating func charge(_ count: Int, at offset: Int) throws(JSONError) {
        // Counts are sizes of things in memory: no sum of them overflows.
        used &+= count
        if used > limit { throw Self.exceeded(offset) }
    }

    /// Takes back what was counted for something that is gone.
    @inline(__always)
    mutating func refund(_ count: Int) { used &-= count }

    /// Counts `count` more octets, which stay.
    mutating func keep(_ count: Int, at offset: Int) throws(JSONError) {
        kept &+= count
        try charge(count, at: offset)
    }

    /// Forgets what was counted since `before`, but for what stays: the values are the caller's now.
    mutating func release(since before: JSONMemory) { used = before.used &+ (kept &- before.kept) }

    /// A text of `count` octets: with its head, and in steps of 16. Short texts take nothing beside the value.
    @inline(__always)
    mutating func chargeText(_ count: Int, at offset: Int) throws(JSONError) {
        if count > 15 { try charge((count + 56) & ~15, at: offset) }
    }

    /// Adds an element, and counts the room that the array grows by: for a moment it is there twice.
    @inline(__always)
    mutating func append<T>(_ element: consuming T, to array: inout [T], at offset: Int) throws(JSONError) {
        if array.count == array.capacity { try grow(&array, at: offset) }
        array.append(element)
    }

    @inline(never)
    private mutating func grow<T>(_ array: inout [T], at offset: Int) throws(JSONError) {
        let stride = MemoryLayout<T>.stride
        let old = array.capacity
        let new = old == 0 ? 2 : old * 2
        try charge(new * stride + Self.header, at: offset)
        array.reserveCapacity(new)
        if old > 0 { refund(old * stride + Self.header) }
    }

    private static func exceeded(_ offset: Int) -> JSONError {
        JSONError(.tooLarge, at: offset, "The values take more memory than they may.")
    }
}
