import MeshCore
import MeshDARE
import MeshEncoding
import MeshPlatforms
import MeshPortals
import MeshProfiles

/// What a machine knows of an account that it is connected to: an entry of `host.dare`, and the registry's entry of the
/// personal profile.
public struct AccountRecord: Sendable {
    /// The account's profile.
    public let profile: UDF
    /// The accounts at portals, the default first. Empty for a profile that has none yet.
    public var addresses: [AccountAddress]
    /// The device by which this machine acts.
    public let device: UDF
    /// The entry of the device in the account's device catalog.
    public var entry: CatalogedDevice

    /// The default account.
    public var address: AccountAddress? { addresses.first }
}

/// Keeps the records of a machine's accounts. The only place that writes connections into `host.dare`.
struct AccountRecords: Sendable {
    let platform: any MeshPlatform

    private var directory: ProfileDirectory { ProfileDirectory(platform.registry) }
    private var calls: BlockingCalls { BlockingCalls(store: platform.containers.name) }
    private static let deadline = Duration.seconds(30)

    // MARK: Accounts

    /// The record of the account with this profile; nil if the machine is not connected to it.
    ///
    /// - Throws: ``PlatformError``, ``DAREError``; `corrupt` for an entry that makes no sense.
    func record(of profile: UDF) async throws -> AccountRecord? {
        let found = try await host { try $0?.machines() ?? [] }.first { machine in
            machine.kind == .standard && machine.id.flatMap { UDF($0) }?.matches(profile) == true
        }
        guard let found else { return nil }
        guard let device = found.deviceUDF.flatMap({ UDF($0) }), let content = found.catalogedDevice else {
            throw PlatformError(
                .corrupt, store: "\(platform.containers.name)/\(StoreName.host)",
                "The entry of the account \(profile) lacks its device.",
                remedy: "Connect this device to the account again.")
        }
        let portals = try await directory.entry(of: profile, kind: .personal)?.portals ?? []
        var addresses = portals.compactMap { try? AccountAddress($0) }
        if addresses.isEmpty, let address = found.accountAddress { addresses = [try AccountAddress(address)] }
        return AccountRecord(
            profile: profile, addresses: addresses, device: device,
            entry: CatalogedDevice(tag: CatalogedDevice.tags[0], content: Self.members(content)))
    }

    /// Keeps a record: first the entry of `host.dare`, then the registry's, so that whoever finds the latter finds the former.
    func keep(_ record: AccountRecord, profile signed: DAREEnvelope) async throws {
        var machine = CatalogedMachine(.standard, id: record.profile.text)
        machine.accountAddress = record.address?.canonical
        machine.deviceUDF = record.device.text
        machine.catalogedDevice = record.entry.content
        machine.envelopedProfileAccount = signed.value
        let written = machine
        try await changingHost { try $0.put(written) }
        try await enter(record)
    }

    /// Keeps the registry's part of a record, where `host.dare` has it already.
    func enter(_ record: AccountRecord) async throws {
        try await directory.setPortals(
            record.addresses.map(\.canonical), device: record.device, of: record.profile)
    }

    /// Removes the copies of an account's stores, and what waited to be sent. Does nothing where there are none.
    func removeStores(of profile: UDF) async throws {
        let containers = platform.containers
        try await calls.run(deadline: Self.deadline) {
            guard let directory = try containers.directory(of: profile, create: false) else { return }
            for name in try directory.names() { _ = try directory.remove(name) }
            _ = try containers.removeEmptyDirectory(of: profile)
        }
    }

    /// Forgets the connection to an account. False if there was none.
    func remove(_ profile: UDF) async throws -> Bool { try await removeMachine(id: profile.text) }

    /// The members of an entry, with or without its tag around them.
    private static func members(_ content: JSONObject) -> JSONObject {
        content[CatalogedDevice.tags[0]]?.object ?? content
    }

    // MARK: Entries of host.dare

    /// All entries of a kind.
    func machines(_ kind: CatalogedMachine.Kind) async throws -> [CatalogedMachine] {
        try await host { try $0?.machines() ?? [] }.filter { $0.kind == kind }
    }

    /// Adds an entry, or replaces the one with its identifier.
    func put(_ machine: CatalogedMachine) async throws { try await changingHost { try $0.put(machine) } }

    /// Removes the entry with this identifier. False if there was none.
    func removeMachine(id: String) async throws -> Bool {
        try await host { catalog in
            guard let catalog, let found = try catalog.machines().first(where: { $0.id == id }) else { return false }
            do {
                try catalog.remove(found)
                return true
            } catch let error as CatalogError where error.code == .notFound {
                return false
            }
        }
    }

    private func host<R: Sendable>(_ body: @escaping @Sendable (HostCatalog?) throws -> R) async throws -> R {
        let containers = platform.containers
        return try await calls.run(deadline: Self.deadline) {
            guard let root = try containers.root(create: false) else { return try body(nil) }
            return try body(try HostCatalog.open(in: root))
        }
    }

    private func changingHost(_ body: @escaping @Sendable (HostCatalog) throws -> Void) async throws {
        let containers = platform.containers
        try await calls.run(deadline: Self.deadline) {
            guard let root = try containers.root(create: true) else {
                throw PlatformError(.unsupported, store: containers.name, "The machine keeps no containers.")
            }
            try body(try HostCatalog.openOrCreate(in: root))
        }
    }
}
