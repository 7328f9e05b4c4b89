import MeshCore
import MeshPlatforms
import Synchronization

/// Stands for a process that dies: after `steps` calls that change something, every further call fails.
///
/// With `afterEffect` the last call still has its effect, and only its answer is lost.
final class CrashPoint: Sendable {
    struct Crash: Error {}

    private let left: Mutex<Int>
    private let afterEffect: Bool
    private let count = Mutex(0)

    init(after steps: Int, afterEffect: Bool) {
        left = Mutex(steps)
        self.afterEffect = afterEffect
    }

    /// How many changing calls were made.
    var calls: Int { count.withLock { $0 } }

    /// Whether the process is dead.
    var isDead: Bool { left.withLock { $0 < 0 } }

    private enum Fate { case alive, dying, dead }

    /// What becomes of the call that is being made.
    private func step() -> Fate {
        count.withLock { $0 += 1 }
        return left.withLock { left in
            left -= 1
            return left >= 0 ? .alive : left == -1 && afterEffect ? .dying : .dead
        }
    }

    /// Runs `work` unless the process is dead.
    func changing<R>(_ work: () async throws -> R) async throws -> R {
        switch step() {
        case .alive: return try await work()
        case .dying: _ = try await work()
        case .dead: break
        }
        throw Crash()
    }

    func changingNow<R>(_ work: () throws -> R) throws -> R {
        switch step() {
        case .alive: return try work()
        case .dying: _ = try work()
        case .dead: break
        }
        throw Crash()
    }

    func reading<R: ~Copyable>(_ work: () async throws -> R) async throws -> R {
        if isDead { throw Crash() }
        return try await work()
    }

    func readingNow<R>(_ work: () throws -> R) throws -> R {
        if isDead { throw Crash() }
        return try work()
    }
}

/// A machine whose process dies at a crash point. What was kept before can be looked at through the machine below.
struct CrashingPlatform: MeshPlatform {
    let base: any MeshPlatform
    let point: CrashPoint

    var mode: PlatformMode { base.mode }
    var keys: any KeyStore { CrashingKeyStore(base: base.keys, point: point) }
    var registry: any Registry { CrashingRegistry(base: base.registry, point: point) }
    var profiles: any ProfileStore { CrashingProfileStore(base: base.profiles, point: point) }
    var containers: any ContainerStore { CrashingContainers(base: base.containers, point: point) }
    var clock: any MeshClock { base.clock }
    var random: any RandomSource { base.random }
}

private struct CrashingKeyStore: KeyStore {
    let base: any KeyStore
    let point: CrashPoint

    var traits: KeyStoreTraits { base.traits }
    func state(_ options: CallOptions) async -> KeyStoreState { await base.state(options) }

    func store(
        _ secret: borrowing SecretBytes, as item: KeyItem, replacement: KeyReplacement, options: CallOptions
    ) async throws {
        let copy = SharedSecret(secret.duplicate())
        try await point.changing {
            try await base.store(copy.bytes, as: item, replacement: replacement, options: options)
        }
    }

    func read(_ identifier: UDF, options: CallOptions) async throws -> StoredKey? {
        try await point.reading { try await base.read(identifier, options: options) }
    }

    func remove(_ identifier: UDF, options: CallOptions) async throws -> Bool {
        try await point.changing { try await base.remove(identifier, options: options) }
    }

    func eraseTestKeys(options: CallOptions) async throws -> Int {
        try await point.changing { try await base.eraseTestKeys(options: options) }
    }
}

private struct CrashingRegistry: Registry {
    let base: any Registry
    let point: CrashPoint

    var name: String { base.name }

    func read<R: Sendable>(
        options: CallOptions, _ body: @Sendable (any RegistryReader) throws -> R
    ) async throws -> R {
        try await point.reading { try await base.read(options: options, body) }
    }

    func modify<R: Sendable>(
        expecting: RegistryGeneration?, options: CallOptions,
        _ body: @Sendable (inout any RegistryTransaction) throws -> R
    ) async throws -> R {
        try await point.changing { try await base.modify(expecting: expecting, options: options, body) }
    }

    func changes() -> AsyncStream<RegistryGeneration> { base.changes() }

    func eraseTestData(options: CallOptions) async throws {
        try await point.changing { try await base.eraseTestData(options: options) }
    }
}

private struct CrashingProfileStore: ProfileStore {
    let base: any ProfileStore
    let point: CrashPoint

    var name: String { base.name }

    func latest(of profile: UDF, options: CallOptions) async throws -> [UInt8]? {
        try await point.reading { try await base.latest(of: profile, options: options) }
    }

    func accept(_ signedProfile: [UInt8], of profile: UDF, options: CallOptions) async throws {
        try await point.changing { try await base.accept(signedProfile, of: profile, options: options) }
    }

    func archive(of profile: UDF, options: CallOptions) async throws -> [[UInt8]] {
        try await point.reading { try await base.archive(of: profile, options: options) }
    }

    func restoreLatest(
        of profile: UDF, options: CallOptions, where isValid: @Sendable ([UInt8]) -> Bool
    ) async throws -> [UInt8]? {
        try await point.changing { try await base.restoreLatest(of: profile, options: options, where: isValid) }
    }

    func remove(_ profile: UDF, options: CallOptions) async throws -> Bool {
        try await point.changing { try await base.remove(profile, options: options) }
    }

    func list(options: CallOptions) async throws -> [UDF] {
        try await point.reading { try await base.list(options: options) }
    }

    func eraseTestData(options: CallOptions) async throws {
        try await point.changing { try await base.eraseTestData(options: options) }
    }
}
