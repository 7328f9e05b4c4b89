import MeshCore
import MeshEncoding
import MeshPlatforms
import Synchronization

/// An append-only file of JBCD frames that many threads and processes read and append to: what a DARE sequence is stored in
/// (platform specification §10).
///
/// What is promised, on a disk that keeps what it was told to synchronize:
/// - What was appended and is durable stays, octet for octet, in order, once, whoever is killed and whatever fails.
/// - A reader sees whole frames up to a place that all writers agree on, and never a part of a batch of which another part
///   is missing. It takes no lock. Only a power cut may leave the first frames of a batch that was not durable yet.
/// - After a failed synchronization no value that was open before appends any more; opening the log anew writes again
///   what had not become durable, and checks it.
///
/// A value belongs to the file it has opened: when another one takes its place (compaction), appending throws
/// ``DAREError/Code/replaced``, and the log is to be opened anew.
///
/// Every call blocks.
public final class FrameLog: Sendable {
    /// Its name in the directory.
    public let name: String
    /// For messages: directory and name.
    public var path: String { file.path }

    let directory: any ContainerDirectory
    let access: ContainerAccess
    let file: any ContainerFile
    let isIntact: FrameCheckup?
    let defects: Defects
    let state: Mutex<State>

    /// Tells whether the frame from the first position to the second has the content it was written with; nil if nothing
    /// in it tells. Asked about frames that a power cut may have left with holes.
    ///
    /// With a place, it tells instead whether this is a frame of the file that was written after the one that ends there, and no
    /// part of a payload that looks like a frame; what is between them is not known.
    public typealias FrameCheckup = @Sendable (FrameLog, Range<Int>, _ behind: Int?) throws -> Bool?

    struct State {
        var sidecar: (any ContainerSidecar)?
        /// Where the last frame ends that is known to be whole.
        var end = 0
        /// The length of the file when ``end`` was found by walking through it.
        var walkedLength = -1
        /// The number of failed synchronizations when the log was opened.
        var failures: UInt64 = 0
        /// Who else makes the file durable.
        var company = Company()
    }

    /// When an append returns.
    public enum Durability: Hashable, Sendable {
        /// When this append is durable, by a synchronization of its own.
        case record
        /// When this append is durable, by a synchronization shared with everyone who waits.
        case grouped
        /// At once, when it is in the file; ``FrameLog/synchronize()`` makes everything before durable. Locks and shared words
        /// still cost several system calls each time: who appends many one by one has ``FrameLog/buffered(capacity:)``.
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

    private init(
        name: String, directory: any ContainerDirectory, _ access: ContainerAccess, file: any ContainerFile,
        sidecar: (any ContainerSidecar)?, isIntact: FrameCheckup?, defects: Defects
    ) {
        self.name = name
        self.directory = directory
        self.access = access
        self.file = file
        self.isIntact = isIntact
        self.defects = defects
        state = Mutex(State(sidecar: sidecar))
    }

    /// Opens the log called `name`; nil if it is not there.
    ///
    /// If nobody has it open, or an earlier user was killed or lost power, opening it for appending checks its end under the
    /// lock, waiting for it 10 seconds at most: it cuts off what is no whole frame, and synchronizes the rest. What was durable is
    /// never cut off; whole frames behind what is torn are kept in a file `NAME.torn-N`. If nothing is known of the file, as
    /// its lock file is gone, only a torn tail is cut off, and kept there.
    ///
    /// - Parameter isIntact: checks frames that a power cut may have left with holes.
    /// - Throws: ``DAREError`` `malformed` if the file does not begin with a frame, or is damaged where more than a torn tail
    ///   would have to be cut off: the message says where; `recordsLost` if it ends before the place where it was durable.
    ///   Nothing was changed then. ``PlatformError``.
    public static func open(
        _ name: String, in directory: any ContainerDirectory, _ access: ContainerAccess = .append,
        isIntact: FrameCheckup? = nil
    ) throws -> FrameLog? {
        try open(name, in: directory, access, isIntact: isIntact, defects: [])
    }

    package static func open(
        _ name: String, in directory: any ContainerDirectory, _ access: ContainerAccess = .append,
        isIntact: FrameCheckup? = nil, defects: Defects
    ) throws -> FrameLog? {
        while true {
            guard let file = try directory.openFile(name, access) else { return nil }
            let log = FrameLog(
                name: name, directory: directory, access, file: file, sidecar: try directory.openSidecar(name, access),
                isIntact: isIntact, defects: defects)
            do {
                if access == .append { try log.begin() }
            } catch let error as DAREError where error.code == .replaced {
                continue
            }
            return log
        }
    }

    /// Makes the log called `name` with its first frame, durably.
    ///
    /// - Parameter firstFrame: a whole frame (``JBCDFrame``).
    /// - Throws: ``PlatformError`` `alreadyExists` and others.
    public static func create(
        _ name: String, in directory: any ContainerDirectory, firstFrame: [UInt8], isIntact: FrameCheckup? = nil
    ) throws -> FrameLog {
        try directory.createFile(name, with: firstFrame)
        guard let log = try open(name, in: directory, isIntact: isIntact) else {
            throw PlatformError(
                .changedUnderneath, store: "\(directory.path)/\(name)", "The file was removed as soon as it was made.")
        }
        return log
    }

    // MARK: Reading

    /// Whether the name still leads to the file that is open: another may have been put in its place.
    public func isCurrent() throws -> Bool { try file.isCurrent() }

    /// The frame that begins at `position`.
    ///
    /// - Throws: ``DAREError`` `malformed`, ``JBCDError``, ``PlatformError``.
    public func frame(at position: Int) throws -> Frame {
        guard position >= 0 else { throw cutOff(position) }
        // One read is enough for most frames.
        return try withUnsafeTemporaryAllocation(byteCount: Self.usualFrame, alignment: 16) { buffer in
            let count = try file.read(at: position, into: buffer)
            let octets = UnsafeRawBufferPointer(rebasing: buffer[..<count])
            let extent = try JBCDFrame.frameHead(octets)
            let head = octets.prefix(extent.headSize)
            let end = position + extent.frameSize
            if extent.frameSize <= octets.count {
                let content = octets[extent.headSize..<extent.headSize + extent.contentSize]
                try checkEnds(head, octets[content.endIndex..<extent.frameSize], position)
                return Frame(position: position, end: end, content: Array(content))
            }
            guard end <= (try file.length()) else { throw cutOff(position) }
            let tail = try read(at: end - extent.headSize, count: extent.headSize)
            try tail.withUnsafeBytes { try checkEnds(head, $0[...], position) }
            return Frame(
                position: position, end: end,
                content: try read(at: position + extent.headSize, count: extent.contentSize))
        }
    }

    /// The frame that ends at `end`.
    ///
    /// - Throws: as ``frame(at:)``.
    public func frame(endingAt end: Int) throws -> Frame {
        let start = max(0, end - Self.usualFrame)
        let octets = try read(at: start, count: end - start)
        return try octets.withUnsafeBytes { octets in
            let extent = try JBCDFrame.frameTail(octets)
            guard extent.frameSize <= end else {
                throw DAREError(.malformed, "The frame before \(end) of \(path) is longer than the file.")
            }
            guard extent.frameSize <= octets.count else { return try frame(at: end - extent.frameSize) }
            let frame = octets.suffix(extent.frameSize)
            try checkEnds(frame.prefix(extent.headSize), frame.suffix(extent.headSize), end - extent.frameSize)
            return Frame(
                position: end - extent.frameSize, end: end,
                content: Array(frame.dropFirst(extent.headSize).dropLast(extent.headSize)))
        }
    }

    /// The octets from `position`, exactly `count`.
    ///
    /// - Throws: ``DAREError`` `malformed` if the file has fewer, ``PlatformError``.
    public func read(at position: Int, count: Int) throws -> [UInt8] {
        // Before anything is allocated for a length that the file itself claims.
        if count > Self.usualFrame, count > (try file.length()) - position { throw cutOff(position) }
        let octets = try readSome(at: position, count: count)
        guard octets.count == count else { throw cutOff(position) }
        return octets
    }

    private static let usualFrame = 4096

    private func readSome(at position: Int, count: Int) throws -> [UInt8] {
        guard position >= 0, count >= 0 else { throw cutOff(position) }
        return try [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            filled = try file.read(at: position, into: UnsafeMutableRawBufferPointer(buffer))
        }
    }

    private func checkEnds(
        _ head: Slice<UnsafeRawBufferPointer>, _ tail: Slice<UnsafeRawBufferPointer>, _ position: Int
    ) throws {
        guard head.elementsEqual(tail.reversed()) else {
            throw DAREError(.malformed, "The two ends of the frame at \(position) of \(path) differ.")
        }
    }

    private func cutOff(_ position: Int) -> DAREError {
        DAREError(.malformed, "The file \(path) ends inside the frame at \(position).")
    }
}

extension DAREError.Code {
    /// Another file has taken the place of the one that is open.
    public static let replaced = DAREError.Code(name: "dare-replaced")
    /// What was appended is in the file and seen by readers, and is not known to be durable: ``FrameLog/synchronize()`` tells.
    public static let inDoubt = DAREError.Code(name: "dare-in-doubt")
    /// The file is shorter than it was when it was made durable.
    public static let recordsLost = DAREError.Code(name: "dare-records-lost")
}

extension FrameLog {
    /// Mistakes that the tests make on purpose, to see that they are noticed.
    package struct Defects: OptionSet, Sendable {
        package let rawValue: Int
        package init(rawValue: Int) { self.rawValue = rawValue }
        /// The end of the file is taken for the end of the last frame.
        package static let trustsTheEnd = Defects(rawValue: 1)
        /// A frame is announced before it is written.
        package static let publishesBeforeWriting = Defects(rawValue: 2)
        /// After a failed synchronization it is simply tried again.
        package static let synchronizesAgain = Defects(rawValue: 4)
        /// What is behind the end is cut off without the lock.
        package static let cutsWithoutLock = Defects(rawValue: 8)
        /// Frames with holes are taken for whole.
        package static let ignoresHoles = Defects(rawValue: 16)
        /// Where the file ends is taken for durable.
        package static let trustsTheLength = Defects(rawValue: 32)
        /// A file that ends before the place where it was durable is taken for whole.
        package static let acceptsShorterFiles = Defects(rawValue: 64)
    }
}
