import MeshCore
import MeshCryptography
import MeshDARE
import MeshEncoding
import MeshProfiles

/// Who may change which store of an account, and who could at what time: what the device catalog says from its first frame on,
/// every connection verified.
///
/// A device that was removed, or has lost a right, has signed runs before, and those stay. How far they go in each store is
/// stated in the device catalog by the administrator who closed the matter: see ``ClosedRight``.
struct DeviceBook: Sendable {
    private let account: VerifiedProfile<ProfileUser>
    private var devices: [String: ConnectedDevice] = [:]
    private var past: [String: Past] = [:]
    /// How many frames it was made of.
    private(set) var count = 0

    /// What a key could do once.
    private struct Past: Sendable {
        let key: PublicKey
        let device: UDF
        var rights: [Right] = []
        /// The frames that took rights away.
        var lost: [Right: Int] = [:]
        var closed: [Right: (frame: Int, stores: [String: Int])] = [:]

        /// The last time that it lost `right`, and whether that was closed since.
        func loss(of right: Right) -> (frame: Int, closed: [String: Int]?)? {
            guard let frame = [right, .administrator].compactMap({ lost[$0] }).max() else { return nil }
            let closing = [right, .administrator].compactMap { closed[$0] }.filter { $0.frame > frame }
            return (frame, closing.max { $0.frame < $1.frame }?.stores)
        }
    }

    /// No devices yet.
    init(_ account: VerifiedProfile<ProfileUser>) { self.account = account }

    /// The book of the device catalog in `sequence`. Entries that do not verify are nobody's.
    ///
    /// - Throws: ``DAREError``, ``PlatformError``.
    init(_ account: VerifiedProfile<ProfileUser>, _ sequence: DARESequence?) throws {
        self.init(account)
        if let sequence { try read(sequence) }
    }

    /// Takes in the frames of the device catalog that are new, those before frame `end`.
    mutating func read(_ sequence: DARESequence, to end: Int = .max) throws {
        for index in count..<max(count, min(end, try sequence.refresh())) {
            let frame = try sequence.frame(at: index)
            let meta = try frame.members.contentMeta
            take(RunFrame(index: index, event: meta.event, key: meta.uniqueID)) { _ in Array(frame.payload) }
        }
    }

    /// The devices that are connected, ordered by fingerprint.
    var all: [ConnectedDevice] { devices.values.sorted { $0.udf.text < $1.udf.text } }

    // MARK: Following the catalog

    /// Takes in what a run of the device catalog changes.
    ///
    /// - Parameter content: gives the content of a frame of the run.
    mutating func follow(_ run: VerifiedRun, content: (Int) throws -> [UInt8]) rethrows {
        for frame in run.frames { try take(frame, content) }
    }

    private mutating func take(_ frame: RunFrame, _ content: (Int) throws -> [UInt8]) rethrows {
        count = max(count, frame.index + 1)
        guard let name = frame.key else { return }
        var new: ConnectedDevice?
        if frame.event != .delete,
            let entry = try? CatalogContent<CatalogedDevice>(payload: try content(frame.index)).entry
        {
            new = try? ConnectedDevice(verifying: entry, of: account)
            for closed in ClosedRight.list(in: entry) {
                past[closed.key]?.closed[closed.right] = (frame.index, closed.stores)
            }
        }
        let old = devices[name]
        devices[name] = new
        if let new {
            let key = new.signature.udf.text
            var known = past[key] ?? Past(key: new.signature, device: new.udf)
            known.rights = (known.rights + new.rights).unique
            for right in new.rights { known.lost[right] = nil }
            past[key] = known
        }
        if let old {
            let kept = new?.signature == old.signature ? new?.rights ?? [] : []
            for right in old.rights where !kept.contains(right) {
                past[old.signature.udf.text]?.lost[right] = frame.index
            }
        }
    }

    // MARK: Asking

    /// The key that a run of `store` may be signed with by `claim`'s signer; nil if it may not be.
    ///
    /// The first run of the device catalog is signed by the device that it adds: its connection proves itself. So is the run by
    /// which the holder of the profile's seed enters a device when no other is left, as the profile says.
    ///
    /// - Parameter content: gives the content of a frame of the run.
    func key(for claim: RunClaim, of store: StoreName, content: (Int) throws -> [UInt8]) rethrows -> PublicKey? {
        let needed = store.rightsToWrite
        let present = devices.values.first { $0.signature.udf.text == claim.signer }?.rights ?? []
        if let known = past[claim.signer] {
            let missing = needed.filter { !present.give($0) }
            guard !missing.isEmpty else { return known.key }
            guard needed.allSatisfy(known.rights.give), store != .device else { return nil }
            for right in missing {
                guard let loss = known.loss(of: right) else { return nil }
                // Until the matter is closed nobody knows better than the portal, which has refused the device since.
                guard let closed = loss.closed else { continue }
                guard claim.range.upperBound < closed[store.containerName] ?? 0 else { return nil }
            }
            return known.key
        }
        let addsItself =
            claim.range.lowerBound == 0
            || account.content.recoveryKeys.contains { $0.udf.text == claim.signer }
        guard store == .device, addsItself else { return nil }
        var book = self
        for frame in claim.frames { try book.take(frame, content) }
        return book.devices.values.first { $0.signature.udf.text == claim.signer && $0.isAdministrator }?.signature
    }

    /// A right that a device has lost, of which nobody has stated yet how far its runs go.
    struct OpenLoss: Sendable, Hashable {
        let key: String
        let device: UDF
        let right: Right
    }

    /// The losses that are not closed, ordered by device and right.
    var openLosses: [OpenLoss] {
        past.flatMap { key, known in
            known.lost.keys.filter { known.loss(of: $0).map { $0.closed == nil } ?? false }
                .map { OpenLoss(key: key, device: known.device, right: $0) }
        }.sorted { ($0.key, $0.right.rawValue) < ($1.key, $1.right.rawValue) }
    }
}

/// How far the runs of a key count that has lost a right: an administrator states it in an entry of the device catalog
/// (`ClosedRights`, an extension of the schema), when everything was received that the device could have written.
struct ClosedRight: Sendable {
    private static let member = "ClosedRights"

    /// The fingerprint of the key.
    let key: String
    let right: Right
    /// How many frames each store had.
    let stores: [String: Int]

    init(key: String, right: Right, stores: [String: Int]) {
        self.key = key
        self.right = right
        self.stores = stores
    }

    /// What an entry states.
    static func list(in entry: CatalogedDevice) -> [ClosedRight] {
        (entry.content[member]?.array ?? []).compactMap { value in
            guard let key = value["Key"]?.string, let right = value["Right"]?.string,
                let list = value["Stores"]?.array
            else { return nil }
            var stores: [String: Int] = [:]
            for store in list {
                guard let name = store["Container"]?.string,
                    let count = store["Index"]?.integer.flatMap({ Int(exactly: $0) })
                else { return nil }
                stores[name] = count
            }
            return ClosedRight(key: key, right: Right(rawValue: right), stores: stores)
        }
    }

    /// Lets an entry state `closed`, and nothing of the kind besides.
    static func state(_ closed: [ClosedRight], in entry: inout CatalogedDevice) {
        guard !closed.isEmpty else {
            entry.content[member] = nil
            return
        }
        entry.content[member] = .array(
            closed.map { closed in
                [
                    "Key": .string(closed.key), "Right": .string(closed.right.rawValue),
                    "Stores": .array(
                        closed.stores.sorted { $0.key < $1.key }.map {
                            ["Container": .string($0.key), "Index": .integer(Int64($0.value))]
                        }),
                ]
            })
    }
}
