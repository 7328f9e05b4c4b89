import MeshCore
import MeshDARE
import MeshPlatforms
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

    /// The changes that wait.
    var outbox: Outbox {
        get throws {
            try state.withLock { state in
                if let outbox = state.outbox { return outbox }
                let outbox = try Outbox(
                    in: try directory(&state), keys: keys, clock: platform.clock, random: platform.random)
                state.outbox = outbox
                return outbox
            }
        }
    }

    /// What the portal has of a store, as far as this machine knows; nil before the first synchronisation.
    func replica(_ name: StoreName) throws -> Catalog? {
        try state.withLock { state in
            if let replica = state.replicas[name] { return replica }
            var options = keys.options(.store(name), clock: platform.clock, random: platform.random)
            options.secondaryKeys = entryKeys
            let replica = try Catalog.open(name.fileName, in: try directory(&state), options: options)
            state.replicas[name] = replica
            return replica
        }
    }

    /// The frames of a replica, without looking at what they do; nil before the first synchronisation.
    func sequence(_ name: StoreName) throws -> DARESequence? {
        try state.withLock { state in
            if let replica = state.replicas[name] { return try replica.sequence }
            if let sequence = state.sequences[name] { return sequence }
            let options = keys.options(.store(name), clock: platform.clock, random: platform.random)
            let sequence = try DARESequence.open(
                name.fileName, in: try directory(&state), wholeRuns: options.wholeRuns, keys: options.keys,
                random: options.random)
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
