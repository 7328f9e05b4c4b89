import MeshCore

/// Stands where no key store could be opened, so that what needs no keys still works: every call throws the reason.
public struct UnavailableKeyStore: KeyStore {
    /// Why there is no key store.
    public let reason: PlatformError
    public let traits: KeyStoreTraits

    /// A store whose every call throws `reason`.
    public init(_ reason: PlatformError) {
        self.reason = reason
        traits = KeyStoreTraits(
            name: "none", provider: "none", persistence: .process, protection: .plain, capabilities: [])
    }

    public func state(_ options: CallOptions) async -> KeyStoreState { .unavailable(reason) }

    public func store(
        _ secret: borrowing SecretBytes, as item: KeyItem, replacement: KeyReplacement, options: CallOptions
    ) async throws { throw reason }

    public func read(_ identifier: UDF, options: CallOptions) async throws -> StoredKey? { throw reason }

    public func remove(_ identifier: UDF, options: CallOptions) async throws -> Bool { throw reason }

    public func list(matching filter: KeyFilter, options: CallOptions) async throws -> KeyListing { throw reason }

    public func unlock(_ policy: UnlockPolicy, options: CallOptions) async throws { throw reason }

    public func lock(options: CallOptions) async throws { throw reason }

    public func changes() throws -> AsyncStream<KeyStoreChange> { throw reason }

    public func eraseTestKeys(options: CallOptions) async throws -> Int { throw reason }
}
