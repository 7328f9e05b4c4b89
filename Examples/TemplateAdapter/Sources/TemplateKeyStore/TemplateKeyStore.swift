import MeshCore
import MeshPlatforms

/// The smallest honest key store: an actor that keeps its keys until the process ends.
///
/// A template. Put your provider in the place of the dictionary, declare what it can do in ``traits``, and let the
/// conformance kit tell you what is left to do. What is not declared here (locking, watching, batch reading, atomic
/// creation, compare-and-swap) needs no code: the protocol's defaults refuse it.
public actor TemplateKeyStore: KeyStore {
    /// The provider: what several stores of one machine share. Yours is a daemon, a directory, a chip.
    public actor Provider {
        struct Slot: Hashable {
            let mode: PlatformMode
            let identifier: UDF
        }
        private var keys: [Slot: (item: KeyItem, secret: SharedSecret)] = [:]

        /// A provider without keys.
        public init() {}

        // One call of the actor for each change: nothing can come between the look and the change.
        func put(_ secret: SharedSecret, as item: KeyItem, in mode: PlatformMode, replacing: Bool) -> Bool {
            let slot = Slot(mode: mode, identifier: item.identifier)
            if keys[slot] != nil, !replacing { return false }
            keys[slot] = (item, secret)
            return true
        }
        func get(_ identifier: UDF, in mode: PlatformMode) -> (item: KeyItem, secret: SharedSecret)? {
            keys[Slot(mode: mode, identifier: identifier)]
        }
        func remove(_ identifier: UDF, in mode: PlatformMode) -> Bool {
            keys.removeValue(forKey: Slot(mode: mode, identifier: identifier)) != nil
        }
        func items(in mode: PlatformMode) -> [KeyItem] {
            keys.filter { $0.key.mode == mode }.map(\.value.item)
        }
        func removeAll(in mode: PlatformMode) -> Int {
            let before = keys.count
            keys = keys.filter { $0.key.mode != mode }
            return before - keys.count
        }
    }

    public nonisolated let traits = KeyStoreTraits(
        name: "template", provider: "process", persistence: .process, protection: .plain, largestValue: 1 << 16,
        capabilities: [.listing])
    private let mode: PlatformMode
    private let provider: Provider

    /// Opens the keys of `mode` at `provider`. A store whose provider may be absent opens with a throwing factory, and
    /// says which of the `unavailable-…` errors it is.
    public init(mode: PlatformMode, provider: Provider = Provider()) {
        self.mode = mode
        self.provider = provider
    }

    public func state(_ options: CallOptions) async -> KeyStoreState { .ready }

    public func store(
        _ secret: borrowing SecretBytes, as item: KeyItem, replacement: KeyReplacement, options: CallOptions
    ) async throws {
        // A call that is given up before it has an effect says so. A provider that blocks is called through
        // `BlockingCalls`, which also keeps the deadline.
        try Task.checkCancellation()
        if let largest = traits.largestValue, secret.count > largest {
            throw PlatformError(.tooLarge, store: traits.name, "\(secret.count) octets are more than \(largest).")
        }
        // The secret is lent to this call only: what is kept is a copy, in the same kind of memory.
        let copy = SharedSecret(secret.duplicate())
        switch replacement {
        case .never:
            guard await provider.put(copy, as: item, in: mode, replacing: false) else {
                throw PlatformError(.alreadyExists, store: traits.name, "The key \(item.identifier) is there already.")
            }
        case .always:
            _ = await provider.put(copy, as: item, in: mode, replacing: true)
        case .ifUnchanged:
            throw traits.unsupported("compare and swap")
        }
    }

    public func read(_ identifier: UDF, options: CallOptions) async throws -> StoredKey? {
        try Task.checkCancellation()
        // Nil means "certainly not there". A provider that cannot be asked, or is locked, throws instead.
        guard let (item, secret) = await provider.get(identifier, in: mode) else { return nil }
        return StoredKey(item: item, revision: nil, secret: secret.bytes.duplicate())
    }

    public func remove(_ identifier: UDF, options: CallOptions) async throws -> Bool {
        try Task.checkCancellation()
        return await provider.remove(identifier, in: mode)
    }

    public func list(matching filter: KeyFilter, options: CallOptions) async throws -> KeyListing {
        try Task.checkCancellation()
        return KeyListing(items: await provider.items(in: mode).filter(filter.matches))
    }

    public func eraseTestKeys(options: CallOptions) async throws -> Int {
        try mode.requireTest(store: traits.name)
        try Task.checkCancellation()
        return await provider.removeAll(in: mode)
    }
}
