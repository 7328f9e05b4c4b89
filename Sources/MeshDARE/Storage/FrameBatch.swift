import MeshEncoding

/// Frames that are to be appended together.
public struct FrameBatch {
    /// Where the last frame before these ends.
    public let start: Int
    /// Where the next frame will begin; inside a frame, where the next piece will.
    public var position: Int { start + written + octets.count }

    /// What is still to be written to the file.
    private(set) var octets: [UInt8] = []
    /// How much has been written to the file already.
    private(set) var written = 0
    /// The frame that is being written in pieces: the size of its content, and how much of it is missing.
    private var open: (size: Int, missing: Int)?
    private let write: (([UInt8], Int) throws -> Void)?

    init(start: Int, write: (([UInt8], Int) throws -> Void)? = nil) {
        self.start = start
        self.write = write
    }

    /// Adds a frame of these records.
    public mutating func add(_ records: [[UInt8]]) { octets.append(contentsOf: JBCDFrame.encode(records)) }

    /// Adds a frame of two or three records, which are not put together anywhere else before.
    mutating func add(_ header: [UInt8], _ payload: [UInt8], _ trailer: [UInt8]?) {
        var size = JBCDFrame.recordSize(header.count) + JBCDFrame.recordSize(payload.count)
        if let trailer { size += JBCDFrame.recordSize(trailer.count) }
        JBCDFrame.appendFrameHead(size, to: &octets)
        JBCDFrame.appendRecordHead(header.count, to: &octets)
        octets.append(contentsOf: header)
        JBCDFrame.appendRecordHead(payload.count, to: &octets)
        octets.append(contentsOf: payload)
        if let trailer {
            JBCDFrame.appendRecordHead(trailer.count, to: &octets)
            octets.append(contentsOf: trailer)
        }
        JBCDFrame.appendFrameTail(size, to: &octets)
    }

    /// Begins a frame with `size` octets of content, which are given by ``addPiece(_:)``.
    public mutating func beginFrame(contentSize size: Int) throws(DAREError) {
        try requireWhole()
        JBCDFrame.appendFrameHead(size, to: &octets)
        open = (size, size)
    }

    /// Adds octets to the content of the frame that was begun. What becomes much is written to the file, so that memory
    /// does not grow with the frame.
    public mutating func addPiece(_ piece: some Collection<UInt8>) throws {
        guard let frame = open, piece.count <= frame.missing else {
            throw DAREError(.malformed, "A frame was given more content than it has room for.")
        }
        octets.append(contentsOf: piece)
        open?.missing -= piece.count
        if octets.count >= Self.mostInMemory { try flush() }
    }

    /// Ends the frame that was begun.
    public mutating func endFrame() throws(DAREError) {
        guard let frame = open, frame.missing == 0 else {
            throw DAREError(.malformed, "A frame was given less content than was said.")
        }
        JBCDFrame.appendFrameTail(frame.size, to: &octets)
        open = nil
    }

    func requireWhole() throws(DAREError) {
        guard open == nil else { throw DAREError(.malformed, "A frame was begun and not ended.") }
    }

    private static let mostInMemory = 1 << 20

    private mutating func flush() throws {
        guard let write else { return }
        try write(octets, start + written)
        written += octets.count
        octets.removeAll(keepingCapacity: true)
    }
}
