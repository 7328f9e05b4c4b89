import MeshCore
import MeshInMemory
import MeshPlatforms
import Testing

/// Which store is chosen, and what is said when none can be.
struct SelectionTests {
    private static let noBus = PlatformError(.noSessionBus, store: "ring", "There is no bus.")

    private static func store(_ name: String) -> KeyStoreCandidate {
        KeyStoreCandidate(name: name, isAutomatic: true) { NamedStore(name: name) }
    }
    private static let broken = KeyStoreCandidate(name: "ring", isAutomatic: true) { throw noBus }
    private static let weak = KeyStoreCandidate(name: "clear", isAutomatic: false, note: "readable by a thief") {
        NamedStore(name: "clear")
    }

    private func select(
        _ candidates: [KeyStoreCandidate], explicit: String? = nil, environment: [String: String] = [:],
        pinned: String? = nil
    ) async throws -> SelectedKeyStore {
        let registry = InMemoryRegistry(mode: .test("selection"))
        if let pinned {
            try await registry.modify {
                try $0.set(.string(pinned), RegistryLayout.storeName, at: RegistryLayout.keyStore)
            }
        }
        return try await KeyStoreSelection(candidates).select(
            explicit: explicit, environment: environment, registry: registry)
    }

    @Test func theOrderIsArgumentEnvironmentRegistryProbe() async throws {
        let candidates = [Self.store("one"), Self.store("two"), Self.store("three")]
        let variable = [KeyStoreSelection.variable: "two"]
        #expect(try await select(candidates, explicit: "three", environment: variable).store.traits.name == "three")
        #expect(try await select(candidates, environment: variable).store.traits.name == "two")
        #expect(try await select(candidates, pinned: "three").reason == .registry)
        #expect(try await select(candidates).store.traits.name == "one")
        #expect(try await select([Self.broken, Self.store("two")]).reason == .probe)
        #expect(try await select(candidates, environment: [KeyStoreSelection.variable: ""]).store.traits.name == "one")
    }

    @Test func aNamedStoreThatFailsIsNeverReplaced() async throws {
        let candidates = [Self.broken, Self.store("two")]
        for make in [
            { try await self.select(candidates, explicit: "ring") },
            { try await self.select(candidates, environment: [KeyStoreSelection.variable: "ring"]) },
            { try await self.select(candidates, pinned: "ring") },
        ] {
            await #expect(throws: Self.noBus) { try await make() }
        }
        await #expect(throws: PlatformError(.invalidArgument, store: "", "")) {
            try await select(candidates, explicit: "nonsense")
        }
    }

    @Test("K20: a store that keeps keys in clear is not chosen by itself")
    func aWeakerStoreIsNotChosenByItself() async throws {
        let error = await #expect(throws: PlatformError.self) { try await select([Self.broken, Self.weak]) }
        #expect(error?.code == .noUsableKeyStore)
        #expect(error?.candidates.map(\.name) == ["ring", "clear"])
        #expect(error?.candidates.first?.detail.contains("There is no bus") == true)
        #expect(error?.remedy?.contains("MESH_KEYSTORE to clear") == true)
        #expect(try await select([Self.broken, Self.weak], explicit: "clear").store.traits.name == "clear")
    }

    @Test func namingAnotherStoreThanThePinnedOneIsRefused() async {
        let candidates = [Self.store("one"), Self.store("two")]
        await #expect(throws: PlatformError(.storeChanged, store: "", "")) {
            try await select(candidates, explicit: "two", pinned: "one")
        }
        await #expect(throws: PlatformError(.storeChanged, store: "", "")) {
            try await select(candidates, environment: [KeyStoreSelection.variable: "two"], pinned: "one")
        }
    }
}

/// The pin between registry and key store.
struct StoreBindingTests {
    private static let mode = PlatformMode.test("binding")
    private static let item = UDF(type: .digestSHA2, value: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16])

    private static func keep(_ octet: UInt8, in store: any KeyStore) async throws {
        let secret = SecretBytes(copying: [octet])
        try await store.store(secret, as: try KeyItem(identifier: item, keyClass: .device), replacement: .always)
    }

    @Test func readingPinsNothing() async throws {
        let registry = InMemoryRegistry(mode: Self.mode)
        let inner = InMemoryKeyStore(mode: Self.mode)
        let bound = BoundKeyStore(inner, to: registry, random: SystemRandomSource())
        #expect(try await bound.read(Self.item) == nil)
        #expect(try await bound.remove(Self.item) == false)
        #expect(try await registry.string(RegistryLayout.storeName, at: RegistryLayout.keyStore) == nil)
        #expect(try await inner.list().items.isEmpty)
    }

    @Test func theFirstKeyPinsAndAnotherStoreIsNamed() async throws {
        let registry = InMemoryRegistry(mode: Self.mode)
        let first = InMemoryKeyStore(mode: Self.mode)
        try await Self.keep(7, in: BoundKeyStore(first, to: registry, random: SystemRandomSource()))
        // The same store, opened again by another process.
        let again = BoundKeyStore(first, to: registry, random: SystemRandomSource())
        #expect(try await again.withKey(Self.item) { $0.secret.withUnsafeBytes { $0[0] } } == 7)

        // An empty store under the same name is not a machine without keys.
        let empty = InMemoryKeyStore(mode: Self.mode)
        let wrong = BoundKeyStore(empty, to: registry, random: SystemRandomSource())
        await #expect(throws: PlatformError(.storeChanged, store: "", "")) { try await Self.keep(8, in: wrong) }
        await #expect(throws: PlatformError(.storeChanged, store: "", "")) { _ = try await wrong.remove(Self.item) }
        #expect(try await empty.list().items.isEmpty)
        let other = BoundKeyStore(NamedStore(name: "other"), to: registry, random: SystemRandomSource())
        await #expect(throws: PlatformError(.storeChanged, store: "", "")) { try await Self.keep(8, in: other) }
    }

    @Test func aLockedStoreIsLockedAndNotChanged() async throws {
        let registry = InMemoryRegistry(mode: Self.mode)
        let store = InMemoryKeyStore(mode: Self.mode)
        try await Self.keep(7, in: BoundKeyStore(store, to: registry, random: SystemRandomSource()))
        try await store.lock(options: CallOptions())
        let bound = BoundKeyStore(store, to: registry, random: SystemRandomSource())
        await #expect(throws: PlatformError(.locked, store: "", "")) { try await Self.keep(8, in: bound) }
        guard case .locked = await bound.state() else {
            Issue.record("a locked store does not say so")
            return
        }
    }

    @Test func twoProcessesAgreeOnOnePin() async throws {
        let registry = InMemoryRegistry(mode: Self.mode)
        let store = InMemoryKeyStore(mode: Self.mode)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for octet in UInt8(0)..<8 {
                group.addTask {
                    try await Self.keep(octet, in: BoundKeyStore(store, to: registry, random: SystemRandomSource()))
                }
            }
            try await group.waitForAll()
        }
        // One canary and one key; the canaries of those who came second are gone.
        #expect(try await store.list().items.count == 2)
    }
}

/// An in-memory store under another name.
private struct NamedStore: KeyStore {
    let inner = InMemoryKeyStore(mode: .test("named"))
    let traits: KeyStoreTraits

    init(name: String) {
        var traits = inner.traits
        traits.name = name
        self.traits = traits
    }

    func state(_ options: CallOptions) async -> KeyStoreState { .ready }
    func store(
        _ secret: borrowing SecretBytes, as item: KeyItem, replacement: KeyReplacement, options: CallOptions
    ) async throws { try await inner.store(secret, as: item, replacement: replacement, options: options) }
    func read(_ identifier: UDF, options: CallOptions) async throws -> StoredKey? {
        try await inner.read(identifier, options: options)
    }
    func remove(_ identifier: UDF, options: CallOptions) async throws -> Bool {
        try await inner.remove(identifier, options: options)
    }
    func eraseTestKeys(options: CallOptions) async throws -> Int { try await inner.eraseTestKeys(options: options) }
}
