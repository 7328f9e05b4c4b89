import MeshDARE

/// Frames of a DARE sequence for the cases: of the kind that a catalog has, with the payloads that are given after frame 0.
enum SampleFrames {
    /// The same frames for the same payloads, so that those of a shorter list begin those of a longer one.
    static func make(_ payloads: [[UInt8]], type: SequenceType = .chain) throws -> [[UInt8]] {
        try prepare(payloads, type: type).frames
    }

    static func prepare(_ payloads: [[UInt8]], type: SequenceType = .chain) throws -> PreparedFrames {
        try DARESequence.prepare(new: SequenceOptions(type), payloads.map { FrameContent($0) })
    }
}
