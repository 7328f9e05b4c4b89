import MeshCore

// A sequence of runs is opened with `wholeRuns` by who keeps a copy of it. Then it consists of whole runs, and nothing is lost:
// frames are appended with a run's signature at their end or not at all, so that what is behind the last signature was never
// acknowledged to anybody. Only a power cut can leave it.
extension DARESequence {
    /// Takes back frames behind the last complete run.
    static func takeBackUnfinishedRun(_ log: FrameLog) throws {
        let end = try log.refresh()
        guard end > 0, try endOfRuns(log, end) != end else { return }
        try log.retract(until: .now + .seconds(10)) { try endOfRuns(log, $0) }
    }

    /// Where the last complete run ends; `end` if there is none at all.
    private static func endOfRuns(_ log: FrameLog, _ end: Int) throws -> Int {
        var place = end
        while place > 0 {
            let frame = try StoredFrame(log, endingAt: place)
            if RunSignature.stated(in: frame.trailer[...]) != nil { return place }
            place = frame.position
        }
        return end
    }

    /// - Throws: ``ReplicaError`` `invalidFrame` if `frames`, to be appended to what ends at `end`, leave a run unfinished.
    func requireWholeRuns(_ frames: [[UInt8]], behind end: Int, _ first: Int) throws {
        guard keepsWholeRuns, !frames.isEmpty else { return }
        let last = end > 0 ? try StoredFrame(log, endingAt: end).trailer : []
        try Self.requireWholeRuns(frames, isAfterRun: RunSignature.stated(in: last[...]) != nil, first)
    }

    /// Checks that `frames` end with a run's signature, if the sequence has signatures at all.
    ///
    /// - Parameters:
    ///   - isAfterRun: whether the frame before them ends a run.
    ///   - first: the number of the first of them.
    /// - Throws: ``ReplicaError`` `invalidFrame` if they leave a run unfinished.
    public static func requireWholeRuns(_ frames: [[UInt8]], isAfterRun: Bool, _ first: Int) throws {
        guard let last = frames.last, try !FrameTrailer(of: last).endsRun,
            try isAfterRun || frames.contains(where: { try FrameTrailer(of: $0).endsRun })
        else { return }
        throw ReplicaError(
            .invalidFrame, frame: first + frames.count - 1, "The frames end before the run that they belong to does.",
            remedy: "Append whole runs.")
    }

    /// - Throws: ``DAREError`` `policyViolation` where only whole runs are appended.
    func requireOpenForFrames() throws(DAREError) {
        guard keepsWholeRuns else { return }
        throw DAREError(
            .policyViolation, "\(path) is a copy, which grows by whole runs alone.",
            remedy: "Make the frames with prepare(_:signedBy:), and append them as they are.")
    }
}
