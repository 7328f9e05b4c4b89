import MeshCore
import MeshPlatforms

/// A key store that shows scripted faults, and otherwise does what the store it wraps does.
///
/// For tests of what a program does when a store fails; the wrapped store may be any, real ones included.
public struct FaultInjectingKeyStore: KeyStore {
    /// The store that does the work.
    public let wrapped: any KeyStore
    /// What goes wrong, and when.
    public let script: FaultScript

    /// Wraps `store`; `script` may be shared with other parts of the machine.
    public init(wrapping store: any KeyStore, script: FaultScript) {
        self.wrapped = store
        self.script = script
    }

    public var traits: KeyStoreTraits { wrapped.traits }

    private func enter(_ operation: FaultScope.Operation, _ options: CallOptions) async throws -> FaultScript.Passage {
        try await script.enter(.keys, operation, options, store: traits.name)
    }

    /// The state as the next read will find it; uses up no fault.
    public func state(_ options: CallOptions) async -> KeyStoreState {
        do {
            let passage = try await script.enter(.keys, .read, options, store: traits.name, peeking: true)
            try await passage.leave()
            return await wrapped.state(passage.options)
        } catch let error as PlatformError {
            return error.code == .locked ? .locked : .unavailable(error)
        } catch {
            return .unavailable(
                PlatformError(.unavailable, store: traits.name, "The question was cancelled.", cause: error))
        }
    }

    public func store(
        _ secret: borrowing SecretBytes, as item: KeyItem, replacement: KeyReplacement, options: CallOptions
    ) async throws {
        let passage = try await enter(.store, options)
        try await wrapped.store(secret, as: item, replacement: replacement, options: passage.options)
        try await passage.leave()
    }

    public func read(_ identifier: UDF, options: CallOptions) async throws -> StoredKey? {
        let passage = try await enter(.read, options)
        let key = try await wrapped.read(identifier, options: passage.options)
        try await passage.leave()
        return key
    }

    public func readEach(
        _ identifiers: [UDF], options: CallOptions, _ body: @Sendable (borrowing StoredKey) throws -> Void
    ) async throws -> [UDF] {
        let passage = try await enter(.read, options)
        let missing = try await wrapped.readEach(identifiers, options: passage.options, body)
        try await passage.leave()
        return missing
    }

    public func remove(_ identifier: UDF, options: CallOptions) async throws -> Bool {
        let passage = try await enter(.remove, options)
        let wasThere = try await wrapped.remove(identifier, options: passage.options)
        try await passage.leave()
        return wasThere
    }

    public func list(matching filter: KeyFilter, options: CallOptions) async throws -> KeyListing {
        let passage = try await enter(.list, options)
        let listing = try await wrapped.list(matching: filter, options: passage.options)
        try await passage.leave()
        return listing
    }

    public func unlock(_ policy: UnlockPolicy, options: CallOptions) async throws {
        let passage = try await enter(.unlock, options)
        try await wrapped.unlock(policy, options: passage.options)
        try await passage.leave()
    }

    public func lock(options: CallOptions) async throws {
        let passage = try await enter(.lock, options)
        try await wrapped.lock(options: passage.options)
        try await passage.leave()
    }

    public func changes() throws -> AsyncStream<KeyStoreChange> { try wrapped.changes() }

    public func eraseTestKeys(options: CallOptions) async throws -> Int {
        let passage = try await enter(.remove, options)
        let count = try await wrapped.eraseTestKeys(options: passage.options)
        try await passage.leave()
        return count
    }
}
