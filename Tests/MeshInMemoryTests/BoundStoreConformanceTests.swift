import MeshCore
import MeshInMemory
import MeshPlatformTesting
import MeshPlatforms
import Testing

/// A store that is bound to a registry keeps the contract like the one inside it.
@Suite struct BoundStoreConformanceTests {
    @Test(arguments: KeyStoreConformance.Case.allCases)
    func boundKeyStore(_ rule: KeyStoreConformance.Case) async throws {
        let (memory, registry) = (InMemoryKeyStore(largestValue: 1 << 16), InMemoryRegistry())
        let suite = KeyStoreConformance(
            name: "bound memory", tolerance: .seconds(5), allowsProduction: true,
            makeStore: { mode in
                BoundKeyStore(
                    memory.reopened(in: mode), to: registry.reopened(in: mode), random: SystemRandomSource())
            })
        let outcome = try await suite.run(rule)
        #expect([.muteProvider, .restart].contains(rule) ? outcome != .passed : outcome == .passed)
    }
}
