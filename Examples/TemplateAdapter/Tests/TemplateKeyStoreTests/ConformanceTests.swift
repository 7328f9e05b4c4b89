import MeshCore
import MeshInMemory
import MeshPlatformTesting
import MeshPlatforms
import TemplateKeyStore
import Testing

/// The store keeps the contract. This is all the test an adapter has to write for that.
@Suite struct ConformanceTests {
    // One provider for the suite: stores that the kit opens in one mode share their keys, as two processes would.
    static let provider = TemplateKeyStore.Provider()
    static let kit = KeyStoreConformance(name: "template", allowsProduction: true) { mode in
        TemplateKeyStore(mode: mode, provider: provider)
    }

    // The rules that cannot be proven are named, so that none goes missing unseen.
    static let notProven: Set<KeyStoreConformance.Case> = [.atomicCreation, .restart, .muteProvider]

    @Test(arguments: KeyStoreConformance.Case.allCases)
    func conforms(_ rule: KeyStoreConformance.Case) async throws {
        let outcome = try await Self.kit.run(rule)
        #expect((outcome == .passed) != Self.notProven.contains(rule), "\(outcome)")
    }

    // What an application does with it.
    @Test func worksAsTheKeysOfAMachine() async throws {
        let machine = MeshMachineCached(keys: TemplateKeyStore(mode: .test("memory")))
        let identifier = UDF(type: .digestSHA2, value: machine.random.bytes(32))
        try await machine.keys.store(
            SecretBytes(random: 56, from: machine.random), as: KeyItem(identifier: identifier, keyClass: .device))
        #expect(try await machine.keys.withKey(identifier) { $0.secret.count } == 56)
        #expect(machine.keys.traits.name == "template")
        try await machine.eraseTestData()
        #expect(try await machine.keys.list().items.isEmpty)
    }
}
