import MeshEncoding

/// Frames that say where others are (`dare-12` §4.1.2, §6.2). What they say is a hint: every place is compared with the frame
/// found there before it is used.
extension SequenceAppender {
    /// Adds an index frame: where all frames before it are. The frames after it point at it, so that who opens the
    /// sequence without a side index finds frames by number at once.
    ///
    /// - Returns: its number.
    /// - Throws: ``DAREError`` `tooManyFrames` above 200,000 frames: its header would be too long to read.
    @discardableResult
    public mutating func appendIndex() throws -> Int {
        guard count <= 200_000 else {
            throw DAREError(.tooManyFrames, "\(sequence.path) has too many frames for an index frame.")
        }
        var index = SideIndex()
        try index.complete(sequence.log, end: batch.start)
        let known = index.positions + places
        guard known.count == count else {
            throw DAREError(.malformed, "\(sequence.path) has frames that cannot be found.")
        }
        var content = FrameContent()
        content.isMeta = true
        content.header = [
            "SequenceIndex": [
                "Full": true,
                "Positions": .array(
                    known.enumerated().map { ["Index": .integer($0.offset), "Position": .integer($0.element)] }),
            ]
        ]
        let position = batch.position
        let number = try append(content, isLast: true)
        tail.indexPosition = position
        return number
    }
}

extension SideIndex {
    /// Takes what an index frame says: rising places before `end`.
    ///
    /// - Parameter header: of the frame at `position`.
    mutating func load(_ header: JSONObject, at position: Int) {
        guard let index = header["SequenceIndex"], index["Full"] == .bool(true) else { return }
        var places: [Int] = []
        for entry in index["Positions"]?.array ?? [] {
            guard entry["Index"]?.integer == Int64(places.count), let value = entry["Position"]?.integer,
                let place = Int(exactly: value), place < position, places.last.map({ place > $0 }) ?? (place == 0)
            else { return }
            places.append(place)
        }
        replace(by: places + [position])
    }
}

extension DARESequence {
    /// The last index frame, if the last frame points at one or is one.
    func lastIndexFrame(_ extent: Extent) throws -> StoredFrame? {
        let last = try StoredFrame(log, endingAt: extent.end)
        let header = try FrameHeader.parse(last.header[...], "header")
        if header["SequenceIndex"] != nil { return last }
        guard let position = SequenceInfo(header: header).indexPosition, position < last.position else { return nil }
        return try? StoredFrame(log, at: position, limit: last.position)
    }
}

extension DAREError.Code {
    /// More frames than an index frame can have.
    public static let tooManyFrames = DAREError.Code(name: "dare-too-many-frames")
}
