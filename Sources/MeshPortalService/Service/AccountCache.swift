import MeshCore
import MeshCryptography
import MeshDARE
import MeshPortals
import MeshProfiles
import Synchronization

/// An account as it is now.
struct PortalAccount: Sendable {
    let address: AccountAddress
    /// What makes it one.
    let record: Versioned<AccountRecord>
    let profile: VerifiedProfile<ProfileUser>
    /// The version of the record that the profile is in.
    let profileVersion: UInt64
    let devices: DeviceDirectory

    var partition: PortalPartition { .account(profile.udf) }
}

/// What was read and verified of accounts, so that it need not be again. Whether it is still so is asked of the store each
/// time.
final class AccountCache: Sendable {
    struct Entry: Sendable {
        var profile: (profile: VerifiedProfile<ProfileUser>, version: UInt64)?
        var devices: DeviceDirectory?
        /// How far containers were found to go, by name.
        var runs: [String: FrameRunState] = [:]
        var publications: PublicationIndex?
    }

    private let entries = Mutex<[UDF: Entry]>([:])
    private static let most = 512

    subscript(_ profile: UDF) -> Entry? { entries.withLock { $0[profile] } }

    func update(_ profile: UDF, _ body: (inout Entry) -> Void) {
        entries.withLock { entries in
            // Whatever goes is read again when it is needed.
            if entries[profile] == nil, entries.count >= Self.most, let some = entries.keys.first {
                entries[some] = nil
            }
            body(&entries[profile, default: Entry()])
        }
    }

    func forget(_ profile: UDF) { entries.withLock { $0[profile] = nil } }
}

extension PortalService {
    /// The account of that address; nil if there is none here.
    func account(_ address: AccountAddress) async throws -> PortalAccount? {
        guard address.domain == domain,
            let record = try await store.read(AccountRecord.self, address.canonical, in: .portal)
        else { return nil }
        guard let udf = UDF(record.content.profile) else { throw corrupt(record.key) }
        guard let (profile, version) = try await verifiedProfile(udf) else {
            // Removed in between, or the store has lost it.
            guard try await store.read(AccountRecord.self, address.canonical, in: .portal) != nil else { return nil }
            throw corrupt(ProfileRecord.key(ProfileRecord.name))
        }
        return PortalAccount(
            address: address, record: record, profile: profile, profileVersion: version,
            devices: try await devices(of: profile))
    }

    private func verifiedProfile(_ udf: UDF) async throws -> (VerifiedProfile<ProfileUser>, UInt64)? {
        guard let record = try await store.read(ProfileRecord.self, ProfileRecord.name, in: .account(udf)) else {
            return nil
        }
        if let known = accounts[udf]?.profile, known.version == record.version,
            known.profile.signed == record.content.profile.encoded
        {
            return known
        }
        let profile: VerifiedProfile<ProfileUser>
        do {
            profile = try VerifiedProfile(verifying: record.content.profile.encoded, as: udf)
        } catch {
            throw PortalStoreError(
                .corrupt, "The profile of an account in \(store.name) does not verify.",
                remedy: "Restore the store from a copy.", cause: error)
        }
        accounts.update(udf) { $0.profile = (profile, record.version) }
        return (profile, record.version)
    }

    /// The devices that the account's catalog has now.
    func devices(of profile: VerifiedProfile<ProfileUser>) async throws -> DeviceDirectory {
        let partition = PortalPartition.account(profile.udf)
        let state = try await store.state(of: DeviceDirectory.store, in: partition)
        var devices = accounts[profile.udf]?.devices ?? DeviceDirectory(profile)
        if devices.profile.signed != profile.signed || !devices.isAt(state), devices.count >= state.count {
            devices = DeviceDirectory(profile)
        }
        guard !devices.isAt(state) else { return devices }
        do {
            try await eachFrame(of: DeviceDirectory.store, from: devices.count, to: state.count, in: partition) {
                try devices.take([$0])
            }
        } catch let error as PortalFailure {
            throw corrupt(DeviceDirectory.store, error)
        } catch let error as ReplicaError {
            throw corrupt(DeviceDirectory.store, error)
        }
        guard devices.isAt(state) else { throw corrupt(DeviceDirectory.store) }
        accounts.update(profile.udf) { $0.devices = devices }
        return devices
    }

    /// Gives the frames of `log` from `first` on, in pieces.
    func eachFrame(
        of log: String, from first: Int, to end: Int, in partition: PortalPartition,
        _ body: ([UInt8]) throws -> Void
    ) async throws {
        var next = first
        while next < end {
            let frames = try await store.frames(
                of: log, from: next, limit: min(end - next, 1024), octets: 1 << 20, in: partition)
            guard !frames.isEmpty else { throw corrupt(log) }
            for frame in frames { try body(frame) }
            next += frames.count
        }
    }

    func corrupt(_ what: String, _ cause: (any Error)? = nil) -> PortalStoreError {
        PortalStoreError(
            .corrupt, "In \(store.name), \(what) of an account is damaged or missing.",
            remedy: "Restore the store from a copy.", cause: cause)
    }
}
