import MeshCore

/// What is wrong with a frame of a sequence.
public struct SequenceFault: MeshError, Equatable {
    /// The cases.
    public struct Reason: Hashable, Sendable {
        /// The stable name.
        public let name: String

        /// Octets that are no frame: the two ends differ, a length is impossible, records do not fill it.
        public static let notAFrame = Reason(name: "sequence-not-a-frame")
        /// The file ends inside a frame.
        public static let tornTail = Reason(name: "sequence-torn-tail")
        /// The file ends before the place up to which it was durable.
        public static let recordsLost = Reason(name: "sequence-records-lost")
        /// A header or trailer that cannot be read.
        public static let badHeader = Reason(name: "sequence-bad-header")
        /// The frame says another number than its place: frames were removed, doubled, exchanged, or the number changed.
        public static let wrongIndex = Reason(name: "sequence-wrong-index")
        /// The frame points at another place than that of the earlier frame.
        public static let wrongTreePosition = Reason(name: "sequence-wrong-tree-position")
        /// The key exchange is said to be in a later frame.
        public static let wrongExchange = Reason(name: "sequence-wrong-exchange")
        /// The payload does not have the digest that is stated.
        public static let payloadDigest = Reason(name: "sequence-payload-digest")
        /// The chain digest is none of those that are known.
        public static let chainDigest = Reason(name: "sequence-chain-digest")
        /// The tree digest is none of those that are known.
        public static let treeDigest = Reason(name: "sequence-tree-digest")
        /// A digest is missing that frames before have.
        public static let missingDigest = Reason(name: "sequence-missing-digest")
        /// The header or trailer, or the order of frames, is not what it was when the frame was written.
        public static let frameCheck = Reason(name: "sequence-frame-check")
        /// The frame has no check value, although the sequence has them.
        public static let missingCheck = Reason(name: "sequence-missing-check")
        /// A signature does not verify.
        public static let badSignature = Reason(name: "sequence-bad-signature")
        /// The policy says that the frame is signed, and it is not.
        public static let notSigned = Reason(name: "sequence-not-signed")
        /// The type or an algorithm is not known here.
        public static let unsupported = Reason(name: "sequence-unsupported")
    }

    /// The reason.
    public let reason: Reason
    /// The number of the frame, counted by its place.
    public internal(set) var index: Int
    /// Where it begins in the file.
    public let position: Int
    /// What was found.
    public internal(set) var detail: String
    public let cause: (any Error)?
    public var codeName: String { reason.name }
    public var message: String { "Frame \(index) at \(position): \(detail)" }
    public var remedy: String? { nil }

    init(_ reason: Reason, index: Int = -1, position: Int, _ detail: String, cause: (any Error)? = nil) {
        self.reason = reason
        self.index = index
        self.position = position
        self.detail = detail
        self.cause = cause
    }

    /// Equal when reason and frame are the same.
    public static func == (left: SequenceFault, right: SequenceFault) -> Bool {
        left.reason == right.reason && left.index == right.index && left.position == right.position
    }
}
