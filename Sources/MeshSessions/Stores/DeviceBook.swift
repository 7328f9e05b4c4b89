import MeshCore
import MeshCryptography
import MeshDARE
import MeshProfiles

/// Who may change which store of an account: the devices of its device catalog, each verified.
struct DeviceBook: Sendable {
    private let account: VerifiedProfile<ProfileUser>
    private var devices: [String: ConnectedDevice] = [:]

    /// No devices yet.
    init(_ account: VerifiedProfile<ProfileUser>) { self.account = account }

    /// The devices of the catalog `replica`. Entries that do not verify are nobody's.
    ///
    /// - Throws: ``DAREError``, ``PlatformError``.
    init(_ account: VerifiedProfile<ProfileUser>, _ replica: Catalog?) throws {
        self.init(account)
        guard let replica else { return }
        for key in try replica.keys {
            guard let record = try replica.find(key) else { continue }
            take(try replica.content(of: record))
        }
    }

    /// The devices, ordered by fingerprint.
    var all: [ConnectedDevice] { devices.values.sorted { $0.udf.text < $1.udf.text } }

    /// Enters the device of an entry, if it verifies.
    private mutating func take(_ content: [UInt8]) {
        guard let entry = try? CatalogContent<CatalogedDevice>(payload: content).entry,
            let device = try? ConnectedDevice(verifying: entry, of: account)
        else { return }
        devices[device.signature.udf.text] = device
    }

    /// Takes in what a run of the device catalog changes.
    ///
    /// - Parameter content: gives the content of a frame of the run.
    mutating func follow(_ run: VerifiedRun, content: (Int) throws -> [UInt8]) rethrows {
        for frame in run.frames {
            guard let key = frame.key else { continue }
            devices = devices.filter { $0.value.udf.text != key }
            if frame.event != .delete { take(try content(frame.index)) }
        }
    }

    /// The key that a run of `store` may be signed with by `claim`'s signer; nil if it may not be.
    ///
    /// The stores that the portal reads decide who may do what, so only administrators change them. The first run of the
    /// device catalog is signed by the device that it adds: its connection proves itself.
    ///
    /// - Parameter content: gives the content of a frame of the run.
    func key(for claim: RunClaim, of store: StoreName, content: (Int) throws -> [UInt8]) rethrows -> PublicKey? {
        var book = self
        if store == .device, claim.range.lowerBound == 0 {
            book = DeviceBook(account)
            for frame in claim.frames where frame.key != nil && frame.event == .new {
                book.take(try content(frame.index))
            }
        }
        let isAdministrators = store.isForAdministrators
        if isAdministrators, claim.signer == account.content.administratorSignature.udf.text {
            // Whoever has the profile's seed needs no device: so an account can be recovered that has none left.
            return account.content.administratorSignature
        }
        guard let device = book.devices[claim.signer] else { return nil }
        return isAdministrators && !device.isAdministrator ? nil : device.signature
    }
}
