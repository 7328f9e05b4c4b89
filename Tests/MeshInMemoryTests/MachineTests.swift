import MeshCore
import MeshInMemory
import MeshPlatforms
import Testing

/// Machines in memory have nothing in common, and each part can be exchanged.
@Suite struct MachineTests {
    let identifier = UDF(type: .digestSHA2, value: [UInt8](repeating: 9, count: 32))

    private func fill(_ machine: MeshMachineCached) async throws {
        let secret = SecretBytes(copying: [1, 2, 3] as [UInt8])
        try await machine.keys.store(secret, as: KeyItem(identifier: identifier, keyClass: .device))
        try await machine.registry.modify { try $0.set(.integer(1), "a", at: RegistryPath(literal: "Kit")) }
        try await machine.profiles.accept([1], of: identifier)
    }

    private func count(_ machine: MeshMachineCached) async throws -> [Int] {
        [
            try await machine.keys.list().items.count,
            try await machine.registry.read { $0.keyNames(at: .root).count },
            try await machine.profiles.list().count,
        ]
    }

    @Test func machinesAreApart() async throws {
        let (one, two) = (MeshMachineCached(), MeshMachineCached())
        try await fill(one)
        #expect(try await count(one) == [1, 1, 1])
        #expect(try await count(two) == [0, 0, 0])
        one.faults.always(.absent)
        #expect(try await count(two) == [0, 0, 0])
    }

    @Test func erasingTestDataEmptiesAllParts() async throws {
        let machine = MeshMachineCached()
        try await fill(machine)
        try await machine.eraseTestData()
        #expect(try await count(machine) == [0, 0, 0])
        try await machine.eraseTestData()
    }

    @Test func productionIsNotErased() async throws {
        let machine = MeshMachineCached(mode: .production)
        try await fill(machine)
        let refusal = PlatformError(.productionRefused, store: "platform", "")
        await #expect(throws: refusal) { try await machine.eraseTestData() }
        #expect(try await count(machine) == [1, 1, 1])
    }

    @Test func erasingGoesOnWhereAFailureStoppedIt() async throws {
        let machine = MeshMachineCached()
        try await fill(machine)
        machine.faults.next(.full, on: FaultScope(.profiles, .remove))
        await #expect(throws: PlatformError(.noSpace, store: "memory", "")) { try await machine.eraseTestData() }
        #expect(try await count(machine) == [0, 1, 1])
        try await machine.eraseTestData()
        #expect(try await count(machine) == [0, 0, 0])
    }

    @Test func onePartCanBeExchanged() async throws {
        let keys = InMemoryKeyStore(mode: .test("memory"))
        let (one, two) = (MeshMachineCached(keys: keys), MeshMachineCached(keys: keys.reopened()))
        try await fill(one)
        #expect(try await count(two) == [1, 0, 0])
        two.faults.next(.locked, on: FaultScope(.keys, .read))
        await #expect(throws: PlatformError(.locked, store: "memory", "")) {
            _ = try await two.keys.withKey(identifier) { _ in true }
        }
    }

    @Test func clockAndRandomnessAreOwn() {
        let clock = ManualClock()
        let machines = (0..<2).map { _ in MeshMachineCached(clock: clock, random: SeededRandomSource(seed: 4)) }
        let start = machines[0].clock.now
        clock.advance(by: 60)
        #expect(machines[0].clock.now.secondsSince1970 == start.secondsSince1970 + 60)
        #expect(machines[0].random.bytes(32) == machines[1].random.bytes(32))
    }

    @Test func lostLatestIsRestoredFromTheArchive() async throws {
        let profiles = InMemoryProfileStore()
        try await profiles.accept([1], of: identifier)
        try await profiles.accept([2], of: identifier)
        profiles.loseLatest(of: identifier)
        #expect(try await profiles.latest(of: identifier) == nil)
        let restored = try await profiles.restoreLatest(of: identifier, options: CallOptions()) { _ in true }
        #expect(restored == [2])
        #expect(try await profiles.latest(of: identifier) == [2])
    }
}
