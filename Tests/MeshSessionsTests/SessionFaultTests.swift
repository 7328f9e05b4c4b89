import MeshCore
import MeshCryptography
import MeshInMemory
import MeshPlatforms
import MeshProfiles
import MeshSessions
import Testing

/// What happens when a key store fails, or a process dies between two steps.
struct SessionFaultTests {
    /// Each fault at the store of a new key: the right error, and nothing left behind that looks like an identity.
    @Test func noProfileIsMadeByAKeyStoreThatFails() async throws {
        let faults: [(ScriptedFault, PlatformError.Code)] = [
            (.locked, .locked), (.dismissed, .promptDismissed), (.absent, .noService), (.full, .noSpace),
            (.promptImpossible, .promptImpossible),
        ]
        for (fault, code) in faults {
            let machine = MeshMachineCached()
            let session = MeshSession(machine)
            machine.faults.always(fault, on: FaultScope(.keys))
            await #expect(throws: PlatformError(code, store: "", ""), "\(fault)") {
                try await session.createPersonalProfile()
            }
            machine.faults.clear()
            _ = try await session.finishInterrupted()
            #expect(try await machine.keys.list().items.isEmpty, "\(fault)")
            #expect(try await machine.profiles.list().isEmpty, "\(fault)")
            #expect(try await session.personalProfiles().isEmpty, "\(fault)")
            _ = try await session.createPersonalProfile()
        }
    }

    /// A locked store is never taken for one without keys.
    @Test func aLockedStoreMakesNoNewIdentity() async throws {
        let machine = MeshMachineCached()
        let session = MeshSession(machine)
        let alice = try await session.createPersonalProfile()
        try await machine.keys.lock(options: CallOptions())
        await #expect(throws: PlatformError(.locked, store: "", "")) { try await session.createPersonalProfile() }
        await #expect(throws: PlatformError(.locked, store: "", "")) { try await alice.escrow(quorum: 1, shares: 1) }
        await #expect(throws: PlatformError(.locked, store: "", "")) {
            try await alice.delete(evenIfUnrecoverable: true)
        }
        try await machine.keys.unlock(.promptAllowed, options: CallOptions())
        #expect(try await session.personalProfiles().map(\.profile) == [alice.udf])
        #expect(try await session.personalProfiles().allSatisfy { $0.stage == nil })
        #expect(try await machine.keys.list(matching: KeyFilter(keyClass: .master)).items.count == 1)
    }

    /// A process that dies at any step of a creation leaves what the next one completes or takes back, whole.
    @Test(arguments: [false, true])
    func creationInterruptedAnywhereIsFinished(afterEffect: Bool) async throws {
        var steps = 0
        while true {
            let machine = MeshMachineCached()
            let device = try await MeshSession(machine).createDevice()
            let point = CrashPoint(after: steps, afterEffect: afterEffect)
            let crashed = CrashingPlatform(base: machine, point: point)
            let created = try? await MeshSession(crashed).createPersonalProfile()
            let session = MeshSession(machine)
            _ = try await session.finishInterrupted()
            let keys = try await machine.keys.list(matching: KeyFilter(keyClass: .master)).items.map(\.identifier)
            let profiles = try await machine.profiles.list().filter { $0 != device.udf }
            let entries = try await session.personalProfiles()
            #expect(keys == profiles && keys == entries.map(\.profile), "died after \(steps) steps")
            #expect(entries.allSatisfy { $0.stage == nil && $0.isDefault })
            for profile in profiles { _ = try await session.personalSession(profile.text).escrow(quorum: 1, shares: 1) }
            if let created {
                #expect(keys == [created.udf])
                #expect(
                    steps >= 4, "the creation took only \(steps) steps: the crash points are not where they should be")
                return
            }
            steps += 1
        }
    }

    /// A process that finishes what was interrupted takes nothing from another that is just creating: whole profiles, with
    /// their names, are what both leave.
    @Test func creatingAndFinishingAtOnceLosesNothing() async throws {
        let machine = MeshMachineCached()
        let session = MeshSession(machine)
        _ = try await session.createDevice()
        let made = try await withThrowingTaskGroup(of: UDF?.self) { group in
            for number in 0..<24 {
                group.addTask { try await session.createPersonalProfile(name: "person \(number)").udf }
                group.addTask {
                    for _ in 0..<8 { _ = try await session.finishInterrupted() }
                    return nil
                }
            }
            return try await group.reduce(into: Set<UDF>()) { if let udf = $1 { $0.insert(udf) } }
        }
        let entries = try await session.personalProfiles()
        #expect(Set(entries.map(\.profile)) == made && made.count == 24)
        #expect(Set(entries.compactMap(\.name)).count == 24)
        #expect(entries.allSatisfy { $0.stage == nil && $0.device != nil })
        for udf in made { _ = try await session.personalSession(udf.text).escrow(quorum: 1, shares: 1) }
    }

    /// A process that dies at any step of a deletion leaves the profile whole, or is finished.
    @Test(arguments: [false, true])
    func deletionInterruptedAnywhereIsFinished(afterEffect: Bool) async throws {
        var steps = 0
        while true {
            let machine = MeshMachineCached()
            let alice = try await MeshSession(machine).createPersonalProfile()
            let point = CrashPoint(after: steps, afterEffect: afterEffect)
            let crashed = CrashingPlatform(base: machine, point: point)
            let isDone: Bool
            do {
                try await MeshSession(crashed).personalSession().delete(evenIfUnrecoverable: true)
                isDone = true
            } catch is CrashPoint.Crash {
                isDone = false
            }
            let session = MeshSession(machine)
            _ = try await session.finishInterrupted()
            let keys = try await machine.keys.list(matching: KeyFilter(keyClass: .master)).items.map(\.identifier)
            let files = try await machine.profiles.list().contains(alice.udf)
            let entries = try await session.personalProfiles()
            #expect(keys.isEmpty == !files && keys.isEmpty == entries.isEmpty, "died after \(steps) steps")
            #expect(entries.allSatisfy { $0.stage == nil })
            if isDone {
                #expect(keys.isEmpty && steps >= 4)
                return
            }
            steps += 1
        }
    }

    @Test func whatIsMissingIsPutBackByRecovery() async throws {
        let machine = MeshMachineCached()
        let session = MeshSession(machine)
        let alice = try await session.createPersonalProfile(name: "alice")
        let shares = try await alice.escrow(quorum: 1, shares: 1).keyShares
        // The key alone is lost.
        #expect(try await machine.keys.remove(alice.udf))
        await #expect(throws: SessionError(.keyMissing, "")) { try await alice.escrow(quorum: 1, shares: 1) }
        #expect(try await session.recover(from: shares).udf == alice.udf)
        _ = try await alice.escrow(quorum: 1, shares: 1)
        // The file alone is lost.
        #expect(try await machine.profiles.remove(alice.udf))
        await #expect(throws: SessionError(.profileDamaged, "")) { try await session.personalSession() }
        #expect(try await session.recover(from: shares).udf == alice.udf)
        #expect(try await session.personalSession("alice").udf == alice.udf)
    }

    @Test func aDamagedLatestIsRestoredFromTheArchive() async throws {
        let machine = MeshMachineCached()
        let session = MeshSession(machine)
        let alice = try await session.createPersonalProfile()
        var damaged = alice.profile.signed
        damaged[damaged.count / 2] ^= 1
        try await machine.profiles.accept(damaged, of: alice.udf)
        #expect(try await session.personalSession().udf == alice.udf)
        #expect(try await machine.profiles.latest(of: alice.udf) == alice.profile.signed)
    }

    /// The key alone is enough to put a profile back: after its files are damaged, and on a machine whose registry is lost.
    @Test func aProfileIsPutBackFromItsKey() async throws {
        let keys = InMemoryKeyStore(mode: .test("memory"))
        let machine = MeshMachineCached(keys: keys)
        let alice = try await MeshSession(machine).createPersonalProfile(account: "alice@example.com")
        #expect(try await machine.profiles.remove(alice.udf))
        await #expect(throws: SessionError(.profileDamaged, "")) { try await MeshSession(machine).personalSession() }
        let repaired = try await MeshSession(machine).repairPersonalProfile(alice.udf)
        #expect(repaired.profile.content.agrees(with: alice.profile.content))
        #expect(try await MeshSession(machine).personalSession().udf == alice.udf)

        let bare = MeshMachineCached(keys: keys)
        #expect(try await MeshSession(bare).repairPersonalProfile(alice.udf).udf == alice.udf)
        #expect(try await MeshSession(bare).personalSession().profile.content.accountAddress == "alice@example.com")
        let other = MeshMachineCached()
        await #expect(throws: SessionError(.keyMissing, "")) {
            try await MeshSession(other).repairPersonalProfile(alice.udf)
        }
        #expect(try await other.profiles.list().isEmpty)
    }

    @Test func aKeyOfAnotherProfileIsNeverReplaced() async throws {
        let machine = MeshMachineCached()
        let session = MeshSession(machine)
        let alice = try await session.createPersonalProfile()
        let shares = try await alice.escrow(quorum: 1, shares: 1).keyShares
        let foreign = SecretBytes(copying: [1, 2, 3])
        try await machine.keys.store(
            foreign, as: try KeyItem(identifier: alice.udf, keyClass: .master), replacement: .always)
        await #expect(throws: SessionError(.keyMismatch, "")) { try await session.recover(from: shares) }
        #expect(try await machine.keys.withKey(alice.udf) { $0.secret.count } == 3)
    }
}
