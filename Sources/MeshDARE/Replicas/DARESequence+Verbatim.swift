import MeshCore
import MeshEncoding
import MeshPlatforms

extension DARESequence {
    /// Appends `frames`, octet by octet as they stand in another copy of the sequence, all or none. They are checked
    /// before anything is written; see ``FrameRunChecker``. Blocks.
    ///
    /// - Parameters:
    ///   - count: the number of the first of the frames: how many frames there are already.
    ///   - durability: when to return.
    ///   - deadline: until when to wait for the lock.
    /// - Returns: how far the sequence goes then.
    /// - Throws: ``ReplicaError`` `conflict` if there are not `count` frames, `invalidFrame`, also for a part of a run where the
    ///   sequence was opened with `wholeRuns`; as ``append(durability:until:_:)``.
    @discardableResult
    public func append(
        verbatim frames: [[UInt8]], expecting count: Int, durability: FrameLog.Durability = .grouped,
        until deadline: ContinuousClock.Instant = .now + .seconds(10)
    ) throws -> FrameRunState {
        let before = try runState()
        guard before.count == count else { throw conflict(count, before) }
        var checker = FrameRunChecker(before)
        var places: [Int] = []
        for frame in frames { places.append(try checker.take(frame).position) }
        try append(
            CheckedFrames(frames: frames, places: places, before: before, after: checker.state), durability, deadline)
        return checker.state
    }

    /// Appends frames that were made for this place, or verified already. Blocks.
    ///
    /// - Throws: ``ReplicaError`` `conflict` if the sequence goes on otherwise by now, `invalidFrame` for a part of a run; as
    ///   ``append(verbatim:expecting:durability:until:)``.
    public func append(
        _ prepared: PreparedFrames, durability: FrameLog.Durability = .grouped,
        until deadline: ContinuousClock.Instant = .now + .seconds(10)
    ) throws {
        var places: [Int] = []
        var position = prepared.before.octets
        for frame in prepared.frames {
            places.append(position)
            position += frame.count
        }
        try append(
            CheckedFrames(frames: prepared.frames, places: places, before: prepared.before, after: prepared.after),
            durability, deadline)
    }

    /// Frames of which it is known that they come after `before`.
    private struct CheckedFrames {
        let frames: [[UInt8]]
        let places: [Int]
        let before: FrameRunState
        let after: FrameRunState
    }

    private func append(
        _ checked: CheckedFrames, _ durability: FrameLog.Durability, _ deadline: ContinuousClock.Instant
    ) throws {
        try append(durability: durability, until: deadline) { appender in
            guard checked.before.isSame(appender.tail) else {
                throw conflict(checked.before.count, try runState(end: appender.batch.start))
            }
            try requireWholeRuns(checked.frames, behind: checked.before.octets, checked.before.count)
            for frame in checked.frames { try appender.batch.add(verbatim: frame) }
            appender.places = checked.places
            appender.tail = checked.after.tail
        }
    }

    private func conflict(_ count: Int, _ found: FrameRunState) -> ReplicaError {
        ReplicaError(
            .conflict, frame: count,
            "The frames begin with number \(count), and \(path) has \(found.count) frames.",
            remedy: "Get the frames that are missing, and make new ones anew behind them.", found: found)
    }

    /// Makes a sequence called `name` of `frames`, octet by octet as they stand in another copy of it from frame 0 on, all
    /// or nothing, durably. Blocks.
    ///
    /// - Throws: ``ReplicaError`` `invalidFrame`; ``PlatformError`` `alreadyExists` and others; ``DAREError``.
    public static func create(
        _ name: String, in directory: any ContainerDirectory, verbatim frames: [[UInt8]], wholeRuns: Bool = false,
        keys: SequenceKeys = .none, random: any RandomSource = SystemRandomSource()
    ) throws -> DARESequence {
        var checker = FrameRunChecker()
        try checker.take(frames)
        guard checker.state.count > 0 else {
            throw ReplicaError(.invalidFrame, frame: 0, "There is no frame to make a sequence of.")
        }
        if wholeRuns { try requireWholeRuns(frames, isAfterRun: false, 0) }
        try directory.createFile(name, with: Array(frames.joined()))
        guard let sequence = try open(name, in: directory, wholeRuns: wholeRuns, keys: keys, random: random) else {
            throw PlatformError(
                .changedUnderneath, store: "\(directory.path)/\(name)", "The file was removed as soon as it was made.")
        }
        return sequence
    }

    /// Frames, octet by octet as they stand in the file, from number `first` on: as many as there are, but no more than
    /// `limit`, and than fit in `octets` octets; if there is one, at least one. None is verified. Blocks.
    ///
    /// - Throws: ``DAREError`` `malformed`; ``PlatformError``.
    public func frameOctets(from first: Int, limit: Int = .max, octets: Int = .max) throws -> [[UInt8]] {
        try refresh()
        let extent = extent
        guard first >= 0, first <= extent.last, limit > 0 else { return [] }
        return try frameOctets(
            at: first == 0 ? 0 : frame(at: first).position, to: extent.end, limit: limit, octets: octets)
    }

    /// As ``frameOctets(from:limit:octets:)``, from `start` in the file on.
    func frameOctets(at start: Int, to end: Int, limit: Int, octets: Int) throws -> [[UInt8]] {
        var frames: [[UInt8]] = []
        var total = 0
        var position = start
        var block: [UInt8] = []
        var place = 0
        while position < end, frames.count < limit {
            if let extent = try block.withOctets({ try Self.wholeFrame($0, at: place) }) {
                if !frames.isEmpty, extent.frameSize > octets - total { break }
                frames.append(Array(block[place..<place + extent.frameSize]))
                total += extent.frameSize
                place += extent.frameSize
                position += extent.frameSize
                continue
            }
            let head = try log.read(at: position, count: min(JBCDFrame.largestHead, end - position))
            let size = try head.withOctets { (octets) throws(JBCDError) in try JBCDFrame.frameHead(octets) }.frameSize
            guard size <= end - position else {
                throw DAREError(.malformed, "The frame at \(position) of \(path) is cut off.")
            }
            if !frames.isEmpty, size > octets - total { break }
            let wanted = max(size, min(Self.verbatimBlock, octets - total))
            block = try log.read(at: position, count: min(wanted, end - position))
            place = 0
        }
        return frames
    }

    private static var verbatimBlock: Int { 1 << 18 }

    /// The extent of the frame at `place`, if all of it is in `octets`.
    private static func wholeFrame(_ octets: UnsafeRawBufferPointer, at place: Int) throws -> JBCDFrame.Extent? {
        let rest = UnsafeRawBufferPointer(rebasing: octets[place...])
        guard let extent = try? JBCDFrame.frameHead(rest), extent.frameSize <= rest.count else { return nil }
        return try JBCDFrame.frame(at: place, in: octets)
    }
}

extension FrameBatch {
    /// Adds a whole frame as it is, its lengths in their shortest form.
    mutating func add(verbatim frame: [UInt8]) throws {
        let extent = try frame.withOctets { (octets) throws(JBCDError) in try JBCDFrame.frameHead(octets) }
        try beginFrame(contentSize: extent.contentSize)
        try addPiece(frame[extent.headSize..<extent.headSize + extent.contentSize])
        try endFrame()
    }
}
