import MeshCore

/// Appends frames to a sequence one by one without a system call for each: they are encrypted, hashed and collected in
/// memory, and chained and written together when there are some 64 KiB of them, or on ``flush(until:)``,
/// ``synchronize(until:)`` and ``close(until:)``.
///
/// - Until then they are nowhere but here, and have no number yet: a killed process loses them. Readers see all frames of a
///   flush at once, or none. Under a policy of signing the last, the last of each flush is signed.
/// - No lock is held between calls, so nobody waits for a buffer that is filled slowly; it is held while a buffer is written.
///   Frames of other writers may come between two buffers, never into one.
/// - When writing fails, nothing of the buffer was appended and all of it stays here: flush again when there is room on the
///   disk, or take it out (``takeUnwritten()``) and append it to the sequence that was opened anew.
/// - A value that goes without ``close(until:)`` flushes, and nobody hears of a failure then.
///
/// ```swift
/// let log = sequence.buffered()
/// for line in lines { try log.append(FrameContent(line)) }
/// try log.close()                                  // from here on all of it is durable
/// ```
///
/// Threads may share a value. Calls that flush block.
public final class BufferedAppender: Sendable {
    private let sequence: DARESequence
    private let buffer: AppendBuffer<PreparedFrame>

    init(_ sequence: DARESequence, capacity: Int) {
        self.sequence = sequence
        buffer = AppendBuffer(capacity: capacity) { frames, deadline in
            try sequence.append(durability: .atClose, until: deadline, mayReplace: false) { appender in
                for (place, frame) in frames.enumerated() {
                    try appender.append(frame, isLast: place == frames.count - 1)
                }
            }
        }
    }

    /// How many frames were added and are not in the sequence yet.
    public var unwrittenCount: Int { buffer.count }

    /// Adds a frame. When the buffer is full it is written first.
    ///
    /// - Throws: what is wrong with the content, as ``SequenceAppender/append(_:)``; what ``flush(until:)`` throws if writing
    ///   the full buffer fails. The frame is not added then.
    public func append(_ content: FrameContent, until deadline: ContinuousClock.Instant? = nil) throws {
        let frame = try sequence.prepare(content)
        try buffer.add(frame, size: frame.size) { deadline ?? .now + .seconds(10) }
    }

    /// Writes what was added.
    ///
    /// - Throws: as ``DARESequence/append(durability:until:_:)``; nothing was written then.
    public func flush(until deadline: ContinuousClock.Instant = .now + .seconds(10)) throws {
        try buffer.flush(until: deadline)
    }

    /// Writes what was added, and makes durable everything that was appended through the sequence.
    ///
    /// - Throws: as ``flush(until:)`` and ``DARESequence/synchronize()``.
    public func synchronize(until deadline: ContinuousClock.Instant = .now + .seconds(10)) throws {
        try buffer.flush(until: deadline)
        try sequence.synchronize()
    }

    /// The same as ``synchronize(until:)``, said at the end.
    public func close(until deadline: ContinuousClock.Instant = .now + .seconds(10)) throws {
        try synchronize(until: deadline)
    }

    /// Takes out the frames that are not in the sequence, in order.
    public func takeUnwritten() -> [FrameContent] { buffer.takeAll().map(\.content) }
}

extension DARESequence {
    /// Appends frames through a buffer of that many octets: see ``BufferedAppender``.
    public func buffered(capacity: Int = FrameLog.usualBuffer) -> BufferedAppender {
        BufferedAppender(self, capacity: max(capacity, 1))
    }
}
