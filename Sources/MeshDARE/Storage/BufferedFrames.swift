import MeshCore
import MeshEncoding

/// Appends frames one by one without a system call for each: they are collected in memory, and written together when there
/// are some 64 KiB of them, or on ``flush(until:)``, ``synchronize(until:)`` and ``close(until:)``.
///
/// - Until then they are nowhere but here: a killed process loses them. Readers see all frames of a flush at once, or none.
/// - No lock is held between calls, so nobody waits for a buffer that is filled slowly; it is held while a buffer is written.
///   Frames of other writers may come between two buffers, never into one.
/// - When writing fails, nothing of the buffer was appended and all of it stays here: flush again when there is room on the
///   disk, or take it out (``takeUnwritten()``) and append it to the log that was opened anew.
/// - A value that goes without ``close(until:)`` flushes, and nobody hears of a failure then.
///
/// Threads may share a value. Calls that flush block.
public final class BufferedFrames: Sendable {
    private let log: FrameLog
    private let buffer: AppendBuffer<[[UInt8]]>

    init(_ log: FrameLog, capacity: Int) {
        self.log = log
        buffer = AppendBuffer(capacity: capacity) { frames, deadline in
            try log.append(durability: .atClose, until: deadline, mayReplace: false) { batch in
                for records in frames { batch.add(records) }
            }
        }
    }

    /// How many frames were added and are not in the file yet.
    public var unwrittenCount: Int { buffer.count }

    /// Adds a frame of these records. When the buffer is full it is written first.
    ///
    /// - Throws: as ``FrameLog/append(durability:until:_:)`` if writing the full buffer fails; the frame is not added then.
    public func add(_ records: [[UInt8]], until deadline: ContinuousClock.Instant? = nil) throws {
        let size = records.reduce(0) { $0 + JBCDFrame.recordSize($1.count) }
        try buffer.add(records, size: size) { deadline ?? .now + .seconds(10) }
    }

    /// Writes what was added.
    ///
    /// - Throws: as ``FrameLog/append(durability:until:_:)``; nothing was written then.
    public func flush(until deadline: ContinuousClock.Instant = .now + .seconds(10)) throws {
        try buffer.flush(until: deadline)
    }

    /// Writes what was added, and makes durable everything that was appended through the log.
    ///
    /// - Throws: as ``flush(until:)`` and ``FrameLog/synchronize()``.
    public func synchronize(until deadline: ContinuousClock.Instant = .now + .seconds(10)) throws {
        try buffer.flush(until: deadline)
        try log.synchronize()
    }

    /// The same as ``synchronize(until:)``, said at the end.
    public func close(until deadline: ContinuousClock.Instant = .now + .seconds(10)) throws {
        try synchronize(until: deadline)
    }

    /// Takes out the frames that are not in the file, in order.
    public func takeUnwritten() -> [[[UInt8]]] { buffer.takeAll() }
}

extension FrameLog {
    /// How many octets of frames are collected before they are written.
    public static let usualBuffer = 1 << 16

    /// Appends frames through a buffer of that many octets: see ``BufferedFrames``.
    public func buffered(capacity: Int = usualBuffer) -> BufferedFrames {
        BufferedFrames(self, capacity: max(capacity, 1))
    }
}
