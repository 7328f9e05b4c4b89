import MeshCore
import MeshEncoding
import MeshPlatforms

/// An append-only file of JBCD frames that many processes read and append to: what a DARE sequence is stored in.
///
/// Every call blocks.
public final class FrameLog: Sendable {
    /// Its name in the directory.
    public let name: String
    /// For messages: directory and name.
    public var path: String { file.path }
    private let file: any ContainerFile
    private let sidecar: (any ContainerSidecar)?

    private init(name: String, file: any ContainerFile, sidecar: (any ContainerSidecar)?) {
        self.name = name
        self.file = file
        self.sidecar = sidecar
    }

    /// When an append returns.
    public enum Durability: Hashable, Sendable {
        /// When this append is durable, by a synchronization of its own.
        case record
        /// When this append is durable, by a synchronization shared with everyone who waits.
        case grouped
        /// At once; ``FrameLog/synchronize()`` makes everything before durable.
        case atClose
    }

    /// One frame that was read.
    public struct Frame: Sendable {
        /// Where it begins in the file.
        public let position: Int
        /// Where the next one begins.
        public let end: Int
        /// What is between its two ends: the records.
        public let content: [UInt8]
    }

    /// Opens the log called `name`; nil if it is not there.
    public static func open(
        _ name: String, in directory: any ContainerDirectory, _ access: ContainerAccess = .append
    ) throws -> FrameLog? {
        guard let file = try directory.openFile(name, access) else { return nil }
        return FrameLog(name: name, file: file, sidecar: access == .read ? nil : try directory.openSidecar(name))
    }

    /// Makes the log called `name` with its first frame, durably.
    ///
    /// - Parameter firstFrame: a whole frame (``JBCDFrame``).
    public static func create(
        _ name: String, in directory: any ContainerDirectory, firstFrame: [UInt8]
    ) throws -> FrameLog {
        try directory.createFile(name, with: firstFrame)
        guard let log = try open(name, in: directory) else {
            throw DAREError(.malformed, "The file \(directory.path)/\(name) went away as soon as it was made.")
        }
        return log
    }

    /// Looks for growth, without a lock: where the last whole frame ends now. Never less than before.
    public func refresh() throws -> Int { try file.length() }

    /// Whether the name still leads to the file that is open: another may have been put in its place.
    public func isCurrent() throws -> Bool { try file.isCurrent() }

    /// The frame that begins at `position`.
    public func frame(at position: Int) throws -> Frame {
        var head = [UInt8](repeating: 0, count: JBCDFrame.largestHead)
        let count = try head.withUnsafeMutableBytes { try file.read(at: position, into: $0) }
        let extent = try head.withUnsafeBytes { octets throws(JBCDError) in
            try JBCDFrame.frameHead(UnsafeRawBufferPointer(rebasing: octets.prefix(count)))
        }
        let end = position + extent.frameSize
        guard end <= (try file.length()) else { throw DAREError(.malformed, "The frame at \(position) is cut off.") }
        return Frame(
            position: position, end: end,
            content: try read(at: position + extent.headSize, count: extent.contentSize))
    }

    /// The frame that ends at `end`.
    public func frame(endingAt end: Int) throws -> Frame {
        let start = max(0, end - JBCDFrame.largestHead)
        let tail = try read(at: start, count: end - start)
        let extent = try tail.withUnsafeBytes { octets throws(JBCDError) in try JBCDFrame.frameTail(octets) }
        guard extent.frameSize <= end else {
            throw DAREError(.malformed, "The frame before \(end) is longer than the file.")
        }
        return try frame(at: end - extent.frameSize)
    }

    /// The octets from `position`, exactly `count`.
    public func read(at position: Int, count: Int) throws -> [UInt8] {
        let octets = try [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            filled = try file.read(at: position, into: UnsafeMutableRawBufferPointer(buffer))
        }
        guard octets.count == count else { throw DAREError(.malformed, "The file ends inside a frame.") }
        return octets
    }

    /// Appends what `body` adds, under the lock, in one piece: all frames or none.
    ///
    /// `body` sees the end as it is now: frames that others appended meanwhile lie before it and can be read.
    public func append<R>(
        durability: Durability, until deadline: ContinuousClock.Instant, _ body: (inout FrameBatch) throws -> R
    ) throws -> R {
        guard let sidecar else { throw DAREError(.malformed, "The log \(name) was opened for reading.") }
        try sidecar.acquire(.append, until: deadline)
        defer { sidecar.release(.append) }
        var batch = FrameBatch(start: try file.length())
        let result = try body(&batch)
        try batch.octets.withUnsafeBytes { try file.write($0, at: batch.start) }
        if durability != .atClose { try file.synchronize() }
        return result
    }

    /// Makes durable everything that was appended through this value.
    public func synchronize() throws { try file.synchronize() }
}

/// Frames that are to be appended together.
public struct FrameBatch {
    /// Where the last frame before these ends.
    public let start: Int
    /// Where the next frame will begin.
    public var position: Int { start + octets.count }
    private(set) var octets: [UInt8] = []

    init(start: Int) { self.start = start }

    /// Adds a frame of these records.
    public mutating func add(_ records: [[UInt8]]) { octets.append(contentsOf: JBCDFrame.encode(records)) }

    /// Begins a frame with `size` octets of content, which are given by ``addPiece(_:)``.
    mutating func beginFrame(contentSize size: Int) throws(DAREError) {
        JBCDFrame.appendFrameHead(size, to: &octets)
        open = size
    }
    /// Adds octets to the content of the frame that was begun.
    mutating func addPiece(_ piece: some Collection<UInt8>) throws { octets.append(contentsOf: piece) }
    /// Ends the frame that was begun.
    mutating func endFrame() throws(DAREError) {
        JBCDFrame.appendFrameTail(open, to: &octets)
    }
    private var open = 0
}
