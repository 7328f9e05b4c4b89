import MeshCore
import MeshInMemory
import MeshPlatformTesting
import MeshPlatforms
import Synchronization
import Testing

/// The in-memory parts keep the contracts, alone and behind the fault injector.
@Suite struct ConformanceTests {
    /// One memory that can be lost, as by the end of a process.
    private final class Memory: Sendable {
        private let store: Mutex<InMemoryKeyStore>
        private let largestValue: Int?

        init(largestValue: Int? = nil) {
            self.largestValue = largestValue
            store = Mutex(InMemoryKeyStore(largestValue: largestValue))
        }

        func open(_ mode: PlatformMode) -> InMemoryKeyStore { store.withLock { $0.reopened(in: mode) } }
        func lose() {
            let fresh = InMemoryKeyStore(largestValue: largestValue)
            store.withLock { $0 = fresh }
        }
    }

    /// A suite on one memory; `wrap` puts something around each store.
    static func keySuite(
        _ name: String, largestValue: Int? = nil, seed: UInt64? = nil,
        wrap: @escaping @Sendable (any KeyStore) -> any KeyStore = { $0 }
    ) -> KeyStoreConformance {
        let memory = Memory(largestValue: largestValue)
        return KeyStoreConformance(
            name: name, seed: seed, tolerance: .seconds(5), allowsProduction: true,
            makeMute: { mode in
                let script = FaultScript()
                script.always(.mute)
                return FaultInjectingKeyStore(wrapping: wrap(memory.open(mode)), script: script)
            },
            restart: { memory.lose() },
            makeStore: { mode in wrap(memory.open(mode)) })
    }

    // The case on restarts loses the memory of all, so each case has a memory of its own.
    @Test(arguments: KeyStoreConformance.Case.allCases)
    func keyStore(_ rule: KeyStoreConformance.Case) async throws {
        let outcome = try await Self.keySuite("memory", largestValue: 1 << 16).run(rule)
        #expect(outcome == .passed)
    }

    @Test(arguments: KeyStoreConformance.Case.allCases)
    func wrappedKeyStore(_ rule: KeyStoreConformance.Case) async throws {
        let suite = Self.keySuite(
            "wrapped memory", wrap: { FaultInjectingKeyStore(wrapping: $0, script: FaultScript()) })
        let outcome = try await suite.run(rule)
        #expect(rule == .largestValue ? outcome != .passed : outcome == .passed)
    }

    @Test(arguments: RegistryConformance.Case.allCases)
    func registry(_ rule: RegistryConformance.Case) async throws {
        let memory = InMemoryRegistry()
        let suite = RegistryConformance(name: "memory", allowsProduction: true) { mode in
            FaultInjectingRegistry(wrapping: memory.reopened(in: mode), script: FaultScript())
        }
        let outcome = try await suite.run(rule)
        #expect(outcome == .passed)
    }

    @Test(arguments: ContainerConformance.Case.allCases)
    func containers(_ rule: ContainerConformance.Case) async throws {
        let directories = ByMode { _ in InMemoryContainerDirectory() }
        let outcome = try await ContainerConformance(name: "memory") { directories[$0] }.run(rule)
        #expect(outcome == .passed)
    }

    @Test(arguments: ContainerStoreConformance.Case.allCases)
    func containerStore(_ rule: ContainerStoreConformance.Case) async throws {
        let memory = InMemoryContainerStore()
        let suite = ContainerStoreConformance(name: "memory", allowsProduction: true) { memory.reopened(in: $0) }
        #expect(try await suite.run(rule) == .passed)
    }

    @Test(arguments: ContainerConformance.Case.allCases)
    func simulatedDisk(_ rule: ContainerConformance.Case) async throws {
        let disks = ByMode { _ in SimulatedDisk(seed: 1) }
        let suite = ContainerConformance(name: "simulated disk", isSingleThreaded: true) { disks[$0].directory }
        let outcome = try await suite.run(rule)
        // It has one directory, and one thread.
        let skipped: Set<ContainerConformance.Case> = [.oneCreator, .exclusion, .waiting, .subdirectories]
        if skipped.contains(rule) { #expect(outcome != .passed) } else { #expect(outcome == .passed) }
    }

    @Test(arguments: ProfileStoreConformance.Case.allCases)
    func profileStore(_ rule: ProfileStoreConformance.Case) async throws {
        let memory = InMemoryProfileStore()
        let suite = ProfileStoreConformance(name: "memory", allowsProduction: true) { mode in
            FaultInjectingProfileStore(wrapping: memory.reopened(in: mode), script: FaultScript())
        }
        let outcome = try await suite.run(rule)
        #expect(outcome == .passed)
    }
}

/// One value for each mode, made when it is first asked for.
final class ByMode<Value: Sendable>: Sendable {
    private let values = Mutex<[PlatformMode: Value]>([:])
    private let make: @Sendable (PlatformMode) -> Value

    init(_ make: @escaping @Sendable (PlatformMode) -> Value) { self.make = make }

    subscript(mode: PlatformMode) -> Value {
        values.withLock { values in
            let value = values[mode] ?? make(mode)
            values[mode] = value
            return value
        }
    }
}
