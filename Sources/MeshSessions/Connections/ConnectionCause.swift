import MeshCore
import MeshDARE
import MeshEncoding
import MeshPlatforms
import MeshPortals
import MeshProfiles

/// Why a device was connected: the request that was accepted, and the PIN that was used up by it. They stand in the device's
/// entry (extensions of the schema), so that the frame that connects a device is what uses its PIN up and closes its request:
/// of two administrators, the device catalog has one first, and shows it to the other.
extension CatalogedDevice {
    /// The identifier of the request that was accepted.
    var requestID: String? {
        get { content["RequestId"]?.string }
        set { content["RequestId"] = newValue.map { .string($0) } }
    }

    /// The identifier of the PIN that the request came with.
    var pinID: String? {
        get { content["PinId"]?.string }
        set { content["PinId"] = newValue.map { .string($0) } }
    }
}

/// A device as our copy of the device catalog has it.
struct KeptConnection: Sendable {
    let entry: CatalogedDevice
    /// The run that entered it as it is.
    let run: KeptRun
}

extension Synchronizer {
    /// A device as our copy of the device catalog has it; nil if it is not in it.
    func connection(of device: UDF) async throws -> KeptConnection? {
        try await working { stores in
            guard let replica = try stores.replica(.device), let found = try replica.find(device.text),
                let run = try KeptRun.with(found.version.frame, of: .device, in: replica.sequence)
            else { return nil }
            let content = try CatalogContent<CatalogedDevice>(payload: try replica.content(of: found))
            return content.entry.map { KeptConnection(entry: $0, run: run) }
        }
    }

    /// The PINs that devices of our copy of the device catalog were connected by, each with the request that used it up.
    func usedPINs() async throws -> [String: String] {
        try await working { stores in
            guard let replica = try stores.replica(.device) else { return [:] }
            var used: [String: String] = [:]
            for key in try replica.keys {
                guard let found = try replica.find(key),
                    let entry = try CatalogContent<CatalogedDevice>(payload: try replica.content(of: found)).entry,
                    let pin = entry.pinID
                else { continue }
                used[pin] = entry.requestID ?? ""
            }
            return used
        }
    }
}
