import MeshCore
import MeshCryptography
import MeshDARE
import MeshEncoding
import MeshPortals
import MeshProfiles

/// Which devices are connected to an account, by its device catalog. Every connection in it was verified: a key has a role
/// because an administrator signed for it, and for no other reason.
struct DeviceDirectory: Sendable {
    /// A device that is connected.
    struct Device: Sendable {
        let entry: CatalogedDevice
        let connection: ConnectedDevice
        /// The key that signs for the device in the account.
        var key: PublicKey { connection.signature }
        var isAdministrator: Bool { connection.isAdministrator }
    }

    /// The container.
    static let store = StoreName.device.containerName

    let profile: VerifiedProfile<ProfileUser>
    private var checker = FrameRunChecker()
    /// The devices that are connected, by the fingerprints of their own profiles.
    private(set) var devices: [UDF: Device] = [:]
    /// Keys of devices that were connected, and are not any more.
    private var former: [UDF: PublicKey] = [:]

    /// The frames of a transaction of which not all were taken.
    private var transaction: Range<Int>?

    init(_ profile: VerifiedProfile<ProfileUser>) { self.profile = profile }

    /// Whether no transaction is left unfinished.
    var isWhole: Bool { transaction == nil }

    /// How many frames it was made of.
    var count: Int { checker.state.count }
    /// How far the catalog goes.
    var state: FrameRunState { checker.state }

    func isAt(_ state: PortalLogState) -> Bool {
        count == state.count && checker.state.digest == state.digest
    }

    /// The device that signs with the key of that fingerprint.
    func device(signingBy key: UDF) -> Device? { devices.values.first { $0.key.udf == key } }

    /// The key of that fingerprint, if it was a device's that has been removed.
    func formerKey(_ key: UDF) -> PublicKey? { former[key] }

    /// The key of that fingerprint, if the profile says that it recovers the account by it, and no device with it was removed.
    func recoveryKey(_ key: UDF) -> PublicKey? {
        former[key] == nil ? profile.content.recoveryKeys.first { $0.udf == key } : nil
    }

    var hasAdministrator: Bool { devices.values.contains { $0.isAdministrator } }

    /// Takes the next frames.
    ///
    /// - Returns: the entries they add or change.
    /// - Throws: ``ReplicaError`` for frames that are not the next ones; ``PortalFailure`` for entries that are not
    ///   well-formed, or not valid for this account.
    @discardableResult
    mutating func take(_ frames: [[UInt8]]) throws -> [Device] {
        var changed: [Device] = []
        for frame in frames {
            if let device = try take(try checker.take(frame)) { changed.append(device) }
        }
        return changed
    }

    private mutating func take(_ frame: SequenceFrame) throws -> Device? {
        let members = try frame.members
        if frame.index == 0 {
            guard SequenceInfo(header: members.header).type == SequenceType.chain.rawValue else {
                throw PortalFailure.invalid("The device catalog is not of the type Chain.")
            }
            return nil
        }
        let meta = try members.contentMeta
        guard try members.encryption == .none, let name = meta.event?.rawValue, let event = CatalogEvent(reading: name),
            let key = meta.uniqueID, let device = UDF(key), device.text == key
        else { throw PortalFailure.invalid("A frame of the device catalog is no change of a device.") }
        try noteTransaction(meta, frame.index)
        let old = devices[device]
        switch event {
        case .delete:
            guard let old else { throw PortalFailure.invalid("A device is removed that is not connected.") }
            devices[device] = nil
            former[old.key.udf] = old.key
            return nil
        case .new, .update:
            guard (old == nil) == (event == .new) else {
                throw PortalFailure.invalid("A device is added that is connected, or changed that is not.")
            }
            let new = try Self.device(Array(frame.payload), profile)
            guard new.connection.udf == device else {
                throw PortalFailure.invalid("An entry of the device catalog stands under another device's name.")
            }
            try requireOwnKey(new, device)
            devices[device] = new
            if let old, old.key != new.key { former[old.key.udf] = old.key }
            return new
        }
    }

    /// Frames of a transaction count for a reader once all are there. Here they come whole, so that they count at once.
    private mutating func noteTransaction(_ meta: ContentMeta, _ frame: Int) throws {
        var mark = frame..<frame + 1
        if let numbers = meta.members["Transaction"] {
            guard let parts = numbers.array?.map({ $0.integer.flatMap { Int(exactly: $0) } }), parts.count == 2,
                let first = parts[0], let count = parts[1], (0...frame).contains(first), (1...1 << 20).contains(count)
            else { throw PortalFailure.invalid("A frame of the device catalog belongs to no transaction that can be.") }
            mark = first..<first + count
        }
        guard mark == transaction ?? (frame..<frame + mark.count) else {
            throw PortalFailure.invalid("A transaction of the device catalog is not whole.")
        }
        transaction = mark.upperBound == frame + 1 ? nil : mark
    }

    /// No two devices have one key, and a key that was taken from a device does not come back.
    private func requireOwnKey(_ new: Device, _ device: UDF) throws {
        let isShared = devices.contains { $0.key != device && $0.value.key == new.key }
        guard !isShared, former[new.key.udf] == nil else {
            throw PortalFailure.invalid("The key of a device is, or was, another's.")
        }
    }

    /// What an entry of the catalog says, verified.
    static func device(_ payload: [UInt8], _ profile: VerifiedProfile<ProfileUser>) throws -> Device {
        do {
            guard let entry = try CatalogContent<CatalogedDevice>(payload: payload).entry else {
                throw PortalFailure.invalid("An entry of the device catalog is no device.")
            }
            return Device(entry: entry, connection: try ConnectedDevice(verifying: entry, of: profile))
        } catch let error as PortalFailure {
            throw error
        } catch {
            throw PortalFailure.invalid("A device is not validly connected to this account.", cause: error)
        }
    }
}
