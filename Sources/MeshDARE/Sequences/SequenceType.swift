import MeshEncoding

/// The types of sequences (`dare-12` §4): what each frame says about the frames before it.
public enum SequenceType: String, CaseIterable, Sendable {
    /// Frames have a number and nothing else.
    case list = "List"
    /// Frames have a digest of their payload.
    case digest = "Digest"
    /// As ``digest``, and a digest of all payloads up to the frame. What stores are, unless something else is asked for.
    case chain = "Chain"
    /// Frames point at an earlier frame, so that any frame is found from the last one in a few steps.
    case tree = "Tree"
    /// As ``tree`` and ``digest``, and a tree of digests, so that a short proof shows that a frame is part of the
    /// sequence. What archives are.
    case merkle = "Merkle"

    /// The type of a label; `Simple` is what the prose of the drafts calls List.
    public init?(label: String) {
        let label = label.asLabel
        guard let type = label == "Simple" ? .list : SequenceType(rawValue: label) else { return nil }
        self = type
    }

    /// Whether frames state the digest of their payload.
    public var hasPayloadDigest: Bool { self == .digest || self == .chain || self == .merkle }
    /// Whether frames state where an earlier frame is.
    public var hasTreePosition: Bool { self == .tree || self == .merkle }
}
