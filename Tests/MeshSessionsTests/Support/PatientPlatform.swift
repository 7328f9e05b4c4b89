import MeshCore
import MeshPlatforms

/// A machine whose stores are given as long as they need, however busy the computer is: what is tested is the story, and not
/// whether it is told in time. Nothing of it is for stores that never answer.
struct PatientPlatform: MeshPlatform {
    let base: any MeshPlatform
    let clock: any MeshClock
    fileprivate static let options = CallOptions(deadline: .seconds(600))

    /// - Parameter clock: the machine's clock; nil: that of `base`.
    init(_ base: any MeshPlatform, clock: (any MeshClock)? = nil) {
        self.base = base
        self.clock = clock ?? base.clock
    }

    var mode: PlatformMode { base.mode }
    var machineName: String? { base.machineName }
    var keys: any KeyStore { PatientKeyStore(base: base.keys) }
    var registry: any Registry { PatientRegistry(base: base.registry) }
    var profiles: any ProfileStore { PatientProfileStore(base: base.profiles) }
    var containers: any ContainerStore { base.containers }
    var random: any RandomSource { base.random }
    func eraseTestData() async throws { try await base.eraseTestData() }
}

private struct PatientKeyStore: KeyStore {
    let base: any KeyStore

    var traits: KeyStoreTraits { base.traits }
    func state(_ options: CallOptions) async -> KeyStoreState { await base.state(PatientPlatform.options) }
    func store(
        _ secret: borrowing SecretBytes, as item: KeyItem, replacement: KeyReplacement, options: CallOptions
    ) async throws {
        try await base.store(secret, as: item, replacement: replacement, options: PatientPlatform.options)
    }
    func read(_ identifier: UDF, options: CallOptions) async throws -> StoredKey? {
        try await base.read(identifier, options: PatientPlatform.options)
    }
    func remove(_ identifier: UDF, options: CallOptions) async throws -> Bool {
        try await base.remove(identifier, options: PatientPlatform.options)
    }
    func list(matching filter: KeyFilter, options: CallOptions) async throws -> KeyListing {
        try await base.list(matching: filter, options: PatientPlatform.options)
    }
    func eraseTestKeys(options: CallOptions) async throws -> Int {
        try await base.eraseTestKeys(options: PatientPlatform.options)
    }
}

private struct PatientRegistry: Registry {
    let base: any Registry

    var name: String { base.name }
    func read<R: Sendable>(
        options: CallOptions, _ body: @Sendable (any RegistryReader) throws -> R
    ) async throws -> R {
        try await base.read(options: PatientPlatform.options, body)
    }
    func modify<R: Sendable>(
        expecting: RegistryGeneration?, options: CallOptions,
        _ body: @Sendable (inout any RegistryTransaction) throws -> R
    ) async throws -> R {
        try await base.modify(expecting: expecting, options: PatientPlatform.options, body)
    }
    func changes() -> AsyncStream<RegistryGeneration> { base.changes() }
    func eraseTestData(options: CallOptions) async throws {
        try await base.eraseTestData(options: PatientPlatform.options)
    }
}

private struct PatientProfileStore: ProfileStore {
    let base: any ProfileStore

    var name: String { base.name }
    func latest(of profile: UDF, options: CallOptions) async throws -> [UInt8]? {
        try await base.latest(of: profile, options: PatientPlatform.options)
    }
    func accept(_ signedProfile: [UInt8], of profile: UDF, options: CallOptions) async throws {
        try await base.accept(signedProfile, of: profile, options: PatientPlatform.options)
    }
    func archive(of profile: UDF, options: CallOptions) async throws -> [[UInt8]] {
        try await base.archive(of: profile, options: PatientPlatform.options)
    }
    func restoreLatest(
        of profile: UDF, options: CallOptions, where isValid: @Sendable ([UInt8]) -> Bool
    ) async throws -> [UInt8]? {
        try await base.restoreLatest(of: profile, options: PatientPlatform.options, where: isValid)
    }
    func remove(_ profile: UDF, options: CallOptions) async throws -> Bool {
        try await base.remove(profile, options: PatientPlatform.options)
    }
    func list(options: CallOptions) async throws -> [UDF] { try await base.list(options: PatientPlatform.options) }
    func eraseTestData(options: CallOptions) async throws {
        try await base.eraseTestData(options: PatientPlatform.options)
    }
}
