import Glibc
import MeshCore
import MeshFiles
import MeshHomeDirectory
import MeshPlatforms
import MeshRegistry

/// A Linux machine: profile files, containers and the registry in a home directory, keys in the key store it is given.
///
/// Each part can be another: `LinuxPlatform(home: home, keys: InMemoryKeyStore(mode: home.mode))`.
public struct LinuxPlatform: MeshPlatform {
    public let mode: PlatformMode
    public let keys: any KeyStore
    public let registry: any Registry
    public let profiles: any ProfileStore
    public let containers: any ContainerStore
    public let clock: any MeshClock
    public let random: any RandomSource
    /// The directory that holds the files.
    public let home: HomeDirectory
    /// Where the choice of the key store came from; nil if it was given.
    public let keyStoreReason: SelectedKeyStore.Reason?

    /// The host's name.
    public var machineName: String? {
        var system = utsname()
        guard uname(&system) == 0 else { return nil }
        let name = withUnsafeBytes(of: system.nodename) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        return name.isEmpty ? nil : name
    }

    /// A machine on `home`. Nothing is opened or written yet.
    ///
    /// - Parameters:
    ///   - keys: the key store, of the same mode. It is bound to the registry: see ``BoundKeyStore``.
    ///   - registry: the registry, if it is not to be the file in `home`.
    ///   - containers: the containers, of the same mode, if they are not to be in `home`.
    public init(
        home: HomeDirectory, keys: any KeyStore, registry: (any Registry)? = nil,
        containers: (any ContainerStore)? = nil,
        clock: any MeshClock = SystemClock(), random: any RandomSource = SystemRandomSource(),
        keyStoreReason: SelectedKeyStore.Reason? = nil
    ) {
        let registry =
            registry ?? JSONRegistry(mode: home.mode, path: home.path) { try home.root(create: $0) }
        self.mode = home.mode
        self.home = home
        self.registry = registry
        self.keys = BoundKeyStore(keys, to: registry, random: random)
        self.profiles = FileProfileStore(home)
        self.containers = containers ?? FileContainerStore(home)
        self.clock = clock
        self.random = random
        self.keyStoreReason = keyStoreReason
    }

    /// A machine on the usual home directory of `mode`, with the key store it is given.
    ///
    /// - Throws: ``PlatformError`` `invalidArgument` if the environment names no home directory.
    public init(mode: PlatformMode, keys: any KeyStore) throws {
        self.init(home: try HomeDirectory(mode: mode), keys: keys)
    }

    /// Erases the keys first, then the containers, then the whole home directory of the test.
    public func eraseTestData() async throws {
        try mode.requireTest(store: home.path)
        _ = try await keys.eraseTestKeys(options: CallOptions(deadline: .seconds(60)))
        try await containers.eraseTestData(options: CallOptions(deadline: .seconds(60)))
        try await home.eraseTestData(options: CallOptions(deadline: .seconds(60)))
    }
}
