import MeshCore
import Synchronization

/// The pin that ties a machine's registry to the key store that holds its keys.
///
/// On the first use that stores a key, a *canary* (a random nonce that is no secret) is put into the store, and the
/// store's name, provider, collection and canary are written into the registry. Later the canary must be found again:
/// a different store, or the same one emptied, is `storeChanged`, so that nobody takes it for a machine without keys.
public enum StoreBinding {
    /// The error of a store that is not the pinned one.
    static func changed(store: String, was: String, now: String) -> PlatformError {
        PlatformError(
            .storeChanged, store: store,
            "This machine's keys were put in another key store (was: \(was); now: \(now)).",
            remedy: "Use the former store again. If it is lost for good, recover the profiles from their shares into a "
                + "new home directory.")
    }

    static func describe(_ traits: KeyStoreTraits) -> String {
        traits.collection.isEmpty ? "\(traits.name)" : "\(traits.name), collection \(traits.collection)"
    }

    /// Checks that `store` is the pinned one. A registry without a pin is in order.
    ///
    /// - Throws: ``PlatformError`` `storeChanged`, and what reading the canary throws (`locked`, `unavailable-…`).
    public static func verify(_ store: any KeyStore, in registry: any Registry, options: CallOptions) async throws
        -> Bool
    {
        let pin = try await registry.read(options: options) { reader -> (String, String, String)? in
            guard let name = try reader.string(RegistryLayout.storeName, at: RegistryLayout.keyStore) else {
                return nil
            }
            return (
                name, try reader.string(RegistryLayout.storeCollection, at: RegistryLayout.keyStore) ?? "",
                try reader.string(RegistryLayout.storeCanary, at: RegistryLayout.keyStore) ?? ""
            )
        }
        guard let (name, collection, canary) = pin else { return false }
        let was = collection.isEmpty ? name : "\(name), collection \(collection)"
        guard store.traits.name == name else {
            throw changed(store: store.traits.name, was: was, now: describe(store.traits))
        }
        guard let identifier = UDF(canary), identifier.type == .nonce else {
            throw PlatformError(
                .corrupt, store: registry.name, "The registry's mark of the key store is damaged.",
                remedy: "Restore the registry file from a backup.")
        }
        let expected = SharedSecret(SecretBytes(copying: identifier.data))
        let matches = try await store.withKey(identifier, options: options) { key in
            key.secret.isEqual(to: expected.bytes)
        }
        guard matches == true else {
            throw changed(
                store: store.traits.name, was: was,
                now:
                    "\(describe(store.traits)), which \(matches == nil ? "does not have" : "has altered") the mark left in it"
            )
        }
        return true
    }

    /// Puts a canary into `store` and pins it. Two processes that do this at once agree on the first one's pin.
    public static func pin(
        _ store: any KeyStore, in registry: any Registry, random: any RandomSource, options: CallOptions
    ) async throws {
        let nonce = random.bytes(16)
        let canary = UDF(type: .nonce, value: nonce)
        let traits = store.traits
        let item = try KeyItem(identifier: canary, keyClass: .application, label: "Mesh key store mark")
        let secret = SecretBytes(copying: canary.data)
        try await store.store(secret, as: item, replacement: .never, options: options)
        let isOurs = try await registry.modify(expecting: nil, options: options) { transaction in
            if try transaction.string(RegistryLayout.storeName, at: RegistryLayout.keyStore) != nil { return false }
            let path = RegistryLayout.keyStore
            try transaction.set(.string(traits.name), RegistryLayout.storeName, at: path)
            try transaction.set(.string(traits.provider), RegistryLayout.storeProvider, at: path)
            try transaction.set(.string(traits.collection), RegistryLayout.storeCollection, at: path)
            try transaction.set(.string(canary.text), RegistryLayout.storeCanary, at: path)
            return true
        }
        if !isOurs { _ = try await store.remove(canary, options: options) }
    }
}

/// A key store that is checked against the pin of the registry before its first use, and pinned by its first key.
///
/// Otherwise it is as the store inside it: the canary is not shown. Canaries are the only items that are named by a nonce,
/// so no key can be.
public final class BoundKeyStore: KeyStore {
    private let store: any KeyStore
    private let registry: any Registry
    private let random: any RandomSource
    private let isVerified = Mutex(false)

    public var traits: KeyStoreTraits { store.traits }

    /// Binds `store` to `registry`. Nothing is read or written yet.
    public init(_ store: any KeyStore, to registry: any Registry, random: any RandomSource) {
        self.store = store
        self.registry = registry
        self.random = random
    }

    private func verify(pinning: Bool = false, _ options: CallOptions) async throws {
        if isVerified.withLock({ $0 }) { return }
        var isPinned = try await StoreBinding.verify(store, in: registry, options: options)
        if !isPinned, pinning {
            try await StoreBinding.pin(store, in: registry, random: random, options: options)
            isPinned = try await StoreBinding.verify(store, in: registry, options: options)
        }
        if isPinned { isVerified.withLock { $0 = true } }
    }

    public func state(_ options: CallOptions) async -> KeyStoreState {
        let state = await store.state(options)
        guard case .ready = state else { return state }
        do {
            try await verify(options)
            return .ready
        } catch let error as PlatformError {
            return error.code == .locked ? .locked : .unavailable(error)
        } catch {
            return .unavailable(
                PlatformError(.unavailable, store: traits.name, "The key store could not be checked.", cause: error))
        }
    }

    public func store(
        _ secret: borrowing SecretBytes, as item: KeyItem, replacement: KeyReplacement, options: CallOptions
    ) async throws {
        guard item.identifier.type != .nonce else {
            throw PlatformError(
                .invalidArgument, store: traits.name, "A key is named by a fingerprint, and not by a nonce.")
        }
        try await verify(pinning: true, options)
        try await store.store(secret, as: item, replacement: replacement, options: options)
    }

    public func read(_ identifier: UDF, options: CallOptions) async throws -> StoredKey? {
        try await verify(options)
        return try await store.read(identifier, options: options)
    }

    public func readEach(
        _ identifiers: [UDF], options: CallOptions, _ body: @Sendable (borrowing StoredKey) throws -> Void
    ) async throws -> [UDF] {
        try await verify(options)
        return try await store.readEach(identifiers, options: options, body)
    }

    public func remove(_ identifier: UDF, options: CallOptions) async throws -> Bool {
        try await verify(options)
        return try await store.remove(identifier, options: options)
    }

    public func list(matching filter: KeyFilter, options: CallOptions) async throws -> KeyListing {
        var listing = try await store.list(matching: filter, options: options)
        listing.items.removeAll { $0.identifier.type == .nonce }
        return listing
    }

    public func unlock(_ policy: UnlockPolicy, options: CallOptions) async throws {
        try await store.unlock(policy, options: options)
    }

    public func lock(options: CallOptions) async throws { try await store.lock(options: options) }

    public func changes() throws -> AsyncStream<KeyStoreChange> {
        let changes = try store.changes()
        return AsyncStream { continuation in
            let task = Task {
                for await change in changes {
                    switch change {
                    case .stored(let identifier) where identifier.type == .nonce: continue
                    case .removed(let identifier) where identifier.type == .nonce: continue
                    default: continuation.yield(change)
                    }
                }
                continuation.finish()
            }
            continuation.onTermination = { _ in task.cancel() }
        }
    }

    public func eraseTestKeys(options: CallOptions) async throws -> Int {
        // With the keys goes the canary, and so must the pin, or the store would be taken for another one. The pin of
        // another store stays.
        let isPinned = (try? await StoreBinding.verify(store, in: registry, options: options)) == true
        var count = try await store.eraseTestKeys(options: options)
        if isPinned {
            count -= 1
            _ = try await registry.modify(expecting: nil, options: options) { transaction in
                try transaction.removeKey(at: RegistryLayout.keyStore)
            }
        }
        isVerified.withLock { $0 = false }
        return count
    }
}
