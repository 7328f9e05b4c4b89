import MeshCryptography

/// How far a copy of a sequence goes, in few octets that say what is in it: so that copies can be compared without looking
/// at each other's frames.
public struct HistoryPoint: Sendable, Hashable {
    /// How many frames there are.
    public let count: Int
    /// The chain digest of the last one: it covers all payloads. Empty if there is none.
    public let digest: [UInt8]
    /// The check of the last one: it covers headers and trailers, too. Empty if it is not known.
    public let check: [UInt8]

    /// A point as somebody states it.
    public init(count: Int, digest: [UInt8], check: [UInt8] = []) {
        self.count = count
        self.digest = digest
        self.check = check
    }

    /// How far `state` goes.
    public init(_ state: FrameRunState) {
        self.init(count: state.count, digest: state.digest, check: state.check)
    }
}

/// What another copy of a sequence is to one's own.
public enum HistoryRelation: Sendable, Hashable {
    /// The same.
    case same
    /// The other one has only the first of our frames: it is older, or was rolled back.
    case behind
    /// The other one has more frames. Whether ours are among them shows when they are taken over.
    case ahead
    /// The other one has other frames, from some number on.
    case forked
}

extension DARESequence {
    /// How far the sequence goes after its first `count` frames. Reads one header, found by the side index.
    ///
    /// - Throws: ``DAREError`` `noSuchFrame` if there are not as many now, `malformed`; ``PlatformError``.
    public func runState(at count: Int) throws -> FrameRunState {
        try refresh()
        if count == 0 { return .empty }
        return try runState(end: storedFrame(at: count - 1).end)
    }

    /// What a copy is to this one that goes as far as `other`. Blocks.
    ///
    /// - Throws: ``DAREError`` `malformed`; ``PlatformError``.
    public func compare(_ other: HistoryPoint) throws -> HistoryRelation {
        let count = try refresh()
        guard other.count >= 0 else { return .forked }
        if other.count > count { return .ahead }
        let own = HistoryPoint(try runState(at: other.count))
        let isSame =
            own.digest == other.digest && (other.check.isEmpty || own.check.isEmpty || own.check == other.check)
        guard isSame else { return .forked }
        return other.count == count ? .same : .behind
    }
}
