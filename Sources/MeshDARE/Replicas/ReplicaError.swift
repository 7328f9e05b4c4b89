import MeshCore

/// Why frames are not taken into a copy of a sequence.
public struct ReplicaError: MeshError, Equatable {
    /// The cases.
    public struct Code: Hashable, Sendable {
        /// The stable name.
        public let name: String
        /// The copy does not end where the frames begin: somebody appended meanwhile, or frames between are missing.
        public static let conflict = Code(name: "replica-conflict")
        /// A frame that is not the next one, or is damaged.
        public static let invalidFrame = Code(name: "replica-invalid-frame")
        /// A run whose signature does not verify: its frames, or their place, are not those that were signed.
        public static let badRunSignature = Code(name: "replica-bad-run-signature")
        /// A run that is signed by a key that may not.
        public static let unknownSigner = Code(name: "replica-unknown-signer")
        /// A sequence of a kind that has no run signatures.
        public static let unsupported = Code(name: "replica-unsupported")
    }

    /// The case.
    public let code: Code
    /// The number of the frame it is about, counted by its place; with `conflict` where the frames begin.
    public let frame: Int
    public let message: String
    public let remedy: String?
    public let cause: (any Error)?
    /// With `conflict`: how far the copy goes.
    public let found: FrameRunState?
    public var codeName: String { code.name }

    init(
        _ code: Code, frame: Int, _ message: String, remedy: String? = nil, cause: (any Error)? = nil,
        found: FrameRunState? = nil
    ) {
        self.code = code
        self.frame = frame
        self.message = message
        self.remedy = remedy
        self.cause = cause
        self.found = found
    }

    /// Equal when case and frame are the same.
    public static func == (left: ReplicaError, right: ReplicaError) -> Bool {
        left.code == right.code && left.frame == right.frame
    }
}
