import MeshCore
import MeshDARE

/// One undivided part of a portal's data: what is committed in it is committed together. `portal` for the portal itself
/// (account names), otherwise the fingerprint of an account's profile.
public struct PortalPartition: Hashable, Sendable, CustomStringConvertible {
    /// The name: `portal`, or a fingerprint.
    public let name: String
    /// The fingerprint of the account's profile; nil for the portal's own.
    public let account: UDF?

    /// The portal's own: names of accounts, published escrow entries, the service's profile.
    public static let portal = PortalPartition(name: "portal", account: nil)
    /// That of the account with this profile.
    public static func account(_ profile: UDF) -> PortalPartition {
        PortalPartition(name: profile.text, account: profile)
    }

    private init(name: String, account: UDF?) {
        self.name = name
        self.account = account
    }
    public var description: String { name }
}

/// A record of a portal: octets under a key, with a version that grows with each change.
public struct PortalRecord: Hashable, Sendable {
    /// The key, unique in its partition, as ``PortalStoreRules`` says. Keys are the same if their octets are.
    public let key: String
    /// At least 1, and one more with each change. While its partition is there, a key never has one version twice, also if
    /// the record was removed and made anew: a version that was read says which content it was.
    public let version: UInt64
    /// The content.
    public let octets: [UInt8]

    /// A record of those parts.
    public init(key: String, version: UInt64, octets: [UInt8]) {
        self.key = key
        self.version = version
        self.octets = octets
    }

    /// Equal when all parts are, octet by octet.
    public static func == (left: PortalRecord, right: PortalRecord) -> Bool {
        left.version == right.version && left.key.utf8.elementsEqual(right.key.utf8) && left.octets == right.octets
    }

    public func hash(into hasher: inout Hasher) {
        for octet in key.utf8 { hasher.combine(octet) }
        hasher.combine(version)
        hasher.combine(octets)
    }
}

/// A change of one record. `expecting` 0 means that there must be none; nil that it does not matter. To remove what is not
/// there changes nothing.
public enum PortalChange: Sendable {
    case put(key: String, octets: [UInt8], expecting: UInt64?)
    case remove(key: String, expecting: UInt64?)

    /// The version that there must be.
    public var expected: UInt64? {
        switch self {
        case .put(_, _, let expected), .remove(_, let expected): expected
        }
    }

    /// The key of the record.
    public var key: String {
        switch self {
        case .put(let key, _, _), .remove(let key, _): key
        }
    }
}

/// How far a container at the portal goes.
public struct PortalLogState: Hashable, Sendable {
    /// How many frames there are; 0 if the container does not exist.
    public let count: Int
    /// The chain digest of the last frame; empty if there is none.
    public let digest: [UInt8]

    /// A state of those parts.
    public init(count: Int, digest: [UInt8]) {
        self.count = count
        self.digest = digest
    }
}

/// Where a portal keeps what it keeps: records under compare-and-swap, and containers that only grow (design §7).
///
/// The rules that `PortalStoreConformance` of MeshPortalTesting proves of every store:
///
/// - ``commit(_:in:)`` and ``append(_:to:expecting:in:)`` return when the change is durable; each is done whole or not at all,
///   also through a crash, and nobody sees a part of it. One thing is left open: a power cut while several frames without a
///   run signature are appended may leave the first of them.
/// - A container that has a run signature (`RunSignature` of MeshDARE) grows by whole runs alone: frames whose last one does
///   not end a run are refused.
/// - Of two that expect the same version, or the same count, exactly one succeeds: within the process, and between processes
///   for stores that say ``isShared``.
/// - Every call takes effect at one moment between its beginning and its end.
/// - Damage throws; it is never taken for nothing.
/// - Frames come back octet by octet as they were appended.
///
/// Names of keys and containers are as ``PortalStoreRules`` says; every call throws ``PortalStoreError`` `invalidKey` for
/// another. A call whose task is cancelled may throw `CancellationError`; a change may or may not be made then.
public protocol PortalStore: Sendable {
    /// Where the store is, for messages: a path, or `memory`.
    var name: String { get }
    /// Whether several processes may use it at a time.
    var isShared: Bool { get }

    /// The record under `key`; nil if there is none.
    ///
    /// - Throws: ``PortalStoreError`` `corrupt`, `unavailable`.
    func record(_ key: String, in partition: PortalPartition) async throws -> PortalRecord?

    /// The records whose keys begin with `prefix`, ordered by key (by octets), from the one after `after` on, as they are at
    /// one moment; at most `limit`. Both are compared octet by octet, and may be any text.
    ///
    /// - Throws: as ``record(_:in:)``.
    func records(
        _ prefix: String, after: String?, limit: Int, in partition: PortalPartition
    ) async throws -> [PortalRecord]

    /// Makes all of `changes`, or none. Each key may occur once.
    ///
    /// - Throws: ``PortalStoreError`` `conflict` naming the first key whose version is another, `invalidKey` also for a key that
    ///   occurs twice, `full`, and as ``record(_:in:)``. After `unavailable` it may or may not have been done.
    func commit(_ changes: [PortalChange], in partition: PortalPartition) async throws

    /// How far the container `log` goes.
    ///
    /// - Throws: as ``record(_:in:)``.
    func state(of log: String, in partition: PortalPartition) async throws -> PortalLogState

    /// How far the container `log` goes, with what is needed to check the frames that come next; the last frame at least is
    /// verified. A store that does not know it reads all frames.
    ///
    /// - Throws: as ``record(_:in:)``.
    func runState(of log: String, in partition: PortalPartition) async throws -> FrameRunState

    /// The frames of `log` from index `first` on: as many as fit in `limit` frames and `octets` octets, but at least one if
    /// there is one and `limit` is not 0.
    ///
    /// - Throws: as ``record(_:in:)``.
    func frames(
        of log: String, from first: Int, limit: Int, octets: Int, in partition: PortalPartition
    ) async throws -> [[UInt8]]

    /// Appends `frames` to `log`, which is made if `count` is 0. They must be the next frames of the DARE sequence: their
    /// indexes, links and chain digests are checked.
    ///
    /// - Returns: how far the container goes now.
    /// - Throws: ``PortalStoreError`` `conflict` if the container does not have `count` frames, `invalidFrames`, `full`, and as
    ///   ``record(_:in:)``. After `unavailable` it may or may not have been done.
    func append(
        _ frames: [[UInt8]], to log: String, expecting count: Int, in partition: PortalPartition
    ) async throws -> PortalLogState

    /// Removes the partition with everything in it; false if there was nothing.
    ///
    /// - Throws: as ``record(_:in:)``.
    func remove(_ partition: PortalPartition) async throws -> Bool
}

extension PortalStore {
    public func runState(of log: String, in partition: PortalPartition) async throws -> FrameRunState {
        var checker = FrameRunChecker()
        do {
            while true {
                let frames = try await frames(
                    of: log, from: checker.state.count, limit: 1024, octets: 1 << 20, in: partition)
                guard !frames.isEmpty else { return checker.state }
                try checker.take(frames)
            }
        } catch let error as ReplicaError {
            throw DAREPortalFault.corrupt("In \(name), \(log) of \(partition) is damaged.", cause: error)
        }
    }
}
