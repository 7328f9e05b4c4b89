import MeshCore
import MeshPlatforms

/// A whole machine in memory: own keys, registry, profiles, containers, clock and randomness. Any number can live in one process.
///
/// Takes the place of a real machine in tests and rehearsals, or of a second device. Nothing is written anywhere.
/// Faults are scripted through ``faults``:
///
/// ```swift
/// let machine = MeshMachineCached()
/// machine.faults.next(.locked, on: FaultScope(.keys, .read))
/// ```
///
/// One part can be exchanged: `MeshMachineCached(keys: someOtherStore)`. The faults strike it as well, but for containers:
/// what can go wrong with those is what ``SimulatedDisk`` does.
public struct MeshMachineCached: MeshPlatform {
    public let mode: PlatformMode
    public let keys: any KeyStore
    public let registry: any Registry
    public let profiles: any ProfileStore
    public let containers: any ContainerStore
    public let clock: any MeshClock
    public let random: any RandomSource
    /// What goes wrong on this machine, and when. Empty at first.
    public let faults: FaultScript

    /// A new machine.
    ///
    /// - Parameters:
    ///   - mode: a test mode if not given, so that the machine can be erased.
    ///   - keys: the key store; an empty one in memory if not given. A given part must be of the mode `mode`; the same
    ///     holds for `registry`, `profiles` and `containers`.
    ///   - clock: the system's if not given; a `ManualClock` stands still.
    ///   - random: the system's if not given; a `SeededRandomSource` makes every key the same in each run.
    ///   - faults: a script of its own if not given; machines that are given one script share it.
    public init(
        mode: PlatformMode = .test("memory"), keys: (any KeyStore)? = nil, registry: (any Registry)? = nil,
        profiles: (any ProfileStore)? = nil, containers: (any ContainerStore)? = nil,
        clock: any MeshClock = SystemClock(), random: any RandomSource = SystemRandomSource(),
        faults: FaultScript = FaultScript()
    ) {
        self.mode = mode
        self.keys = FaultInjectingKeyStore(wrapping: keys ?? InMemoryKeyStore(mode: mode), script: faults)
        self.registry = FaultInjectingRegistry(
            wrapping: registry ?? InMemoryRegistry(mode: mode), script: faults)
        self.profiles = FaultInjectingProfileStore(
            wrapping: profiles ?? InMemoryProfileStore(mode: mode), script: faults)
        self.containers = containers ?? InMemoryContainerStore(mode: mode)
        self.clock = clock
        self.random = random
        self.faults = faults
    }
}
