import MeshCore
import MeshCryptography
import MeshDARE
import MeshPlatforms
import MeshProfiles
import Synchronization

/// The containers of an account on this machine, each opened when it is first asked for and then kept open: opening a catalog
/// reads the headers of all its frames. What others append is seen all the same. Every call blocks.
final class OpenedStores: Sendable {
    let keys: StoreKeys
    private let platform: any MeshPlatform
    /// What entries are found by besides their primary keys, from their contents.
    private let entryKeys: @Sendable ([UInt8]) -> [SecondaryKey]
    private let state = Mutex(State())

    private struct State {
        var directory: (any ContainerDirectory)?
        var outbox: Outbox?
        var replicas: [StoreName: Catalog] = [:]
        var sequences: [StoreName: DARESequence] = [:]
        var book: DeviceBook?
    }

    init(
        keys: StoreKeys, platform: any MeshPlatform,
        entryKeys: @escaping @Sendable ([UInt8]) -> [SecondaryKey] = EntryKeys.ofKnownTypes
    ) {
        self.keys = keys
        self.platform = platform
        self.entryKeys = entryKeys
    }

    /// Works with the containers; again with all of them opened anew where a file was cut back or replaced under the one that
    /// is open, as another process does that takes back what a power cut has left.
    ///
    /// - Parameter body: changes nothing before it throws `changedUnderneath`, or what can be done again.
    /// - Throws: what `body` throws.
    func working<R>(_ body: (OpenedStores) throws -> R) throws -> R {
        for _ in 1..<Self.attempts {
            do {
                return try body(self)
            } catch let error as PlatformError where error.code == .changedUnderneath {
                state.withLock { $0 = State() }
            }
        }
        return try body(self)
    }

    private static let attempts = 4

    /// The store's two parts.
    ///
    /// - Throws: ``DAREError``, ``PlatformError``.
    func store(_ name: StoreName) throws -> OpenedStore {
        OpenedStore(name: name, replica: try replica(name), outbox: try outbox)
    }

    /// Where the containers are.
    var directory: any ContainerDirectory {
        get throws { try state.withLock { try directory(&$0) } }
    }

    /// The stores of which this machine has a copy, those that are named by rights last.
    func kept() throws -> [StoreName] { StoreName.written(in: try directory.names()) }

    /// The entry of a device in the device catalog; nil if there is none.
    func entry(of device: UDF) throws -> CatalogedDevice? {
        guard let catalog = try replica(.device), let record = try catalog.find(device.text) else { return nil }
        return try CatalogContent<CatalogedDevice>(payload: try catalog.content(of: record)).entry
    }

    /// The changes that wait.
    var outbox: Outbox {
        get throws {
            try state.withLock { state in
                if let outbox = state.outbox { return outbox }
                let outbox = try Outbox(in: try directory(&state), keys: keys, platform: platform)
                state.outbox = outbox
                return outbox
            }
        }
    }

    /// What the portal has of a store, as far as this machine knows; nil before the first synchronisation.
    ///
    /// - Throws: ``SessionError`` `rightMissing` if the device may not read it.
    func replica(_ name: StoreName) throws -> Catalog? { try state.withLock { try replica(name, &$0) } }

    private func replica(_ name: StoreName, _ state: inout State) throws -> Catalog? {
        if let replica = state.replicas[name] { return replica }
        var options = try options(name, &state)
        options.secondaryKeys = entryKeys
        let replica = try Catalog.open(name.fileName, in: try directory(&state), options: options)
        state.replicas[name] = replica
        return replica
    }

    /// How a store is made and read.
    func options(_ name: StoreName) throws -> CatalogOptions { try state.withLock { try options(name, &$0) } }

    private func options(_ name: StoreName, _ state: inout State) throws -> CatalogOptions {
        guard let right = name.right else { return try keys.options(name, on: platform) }
        return try keys.options(name, older: try olderKeys(of: right, &state), on: platform)
    }

    /// The keys of a right that the account keeps, as far as those that the device has open them.
    private func olderKeys(of right: Right, _ state: inout State) throws -> [GroupKey] {
        let own = keys.groups.filter { $0.right == right }.map(\.key)
        return try KeptKeys(try replica(.access, &state)).opened(by: own, of: right, signedBy: keys.administrator)
    }

    /// All keys of a right that this device has, or can get.
    func allKeys(of right: Right) throws -> [PrivateKey] {
        try state.withLock { state in
            keys.groups.filter { $0.right == right }.map(\.key) + (try olderKeys(of: right, &state)).map(\.key)
        }
    }

    /// Who may change which store, as far as the device catalog is known here.
    func book(of account: VerifiedProfile<ProfileUser>) throws -> DeviceBook {
        let sequence = try sequence(.device)
        return try state.withLock { state in
            var book = state.book ?? DeviceBook(account)
            if let sequence { try book.read(sequence) }
            state.book = book
            return book
        }
    }

    /// The frames of a replica, without looking at what they do; nil before the first synchronisation.
    func sequence(_ name: StoreName) throws -> DARESequence? {
        try state.withLock { state in
            if let replica = state.replicas[name] { return try replica.sequence }
            if let sequence = state.sequences[name] { return sequence }
            let sequence = try DARESequence.open(
                name.fileName, in: try directory(&state), wholeRuns: true, random: platform.random)
            state.sequences[name] = sequence
            return sequence
        }
    }

    private func directory(_ state: inout State) throws -> any ContainerDirectory {
        if let directory = state.directory { return directory }
        let directory = try OpenedStore.directory(of: keys.account, on: platform)
        state.directory = directory
        return directory
    }
}
