import MeshCore
import MeshInMemory
import MeshPlatforms
import Synchronization
import Testing

/// Scripted faults strike the calls they were written for, and only these.
@Suite struct FaultTests {
    let identifier = UDF(type: .digestSHA2, value: [UInt8](repeating: 7, count: 32))

    private func item() throws -> KeyItem { try KeyItem(identifier: identifier, keyClass: .application) }

    private func store(_ octets: [UInt8], on machine: MeshMachineCached, deadline: Duration = .seconds(2)) async throws
    {
        let secret = SecretBytes(copying: octets)
        try await machine.keys.store(
            secret, as: try item(), replacement: .always, options: CallOptions(deadline: deadline))
    }

    private func value(on machine: MeshMachineCached) async throws -> [UInt8]? {
        try await machine.keys.withKey(identifier) { $0.secret.withUnsafeBytes { Array($0) } }
    }

    private func code(_ body: () async throws -> Void) async -> PlatformError.Code? {
        do {
            try await body()
            return nil
        } catch {
            return (error as? PlatformError)?.code
        }
    }

    @Test(arguments: [
        (ScriptedFault.locked, PlatformError.Code.locked), (.dismissed, .promptDismissed),
        (.promptImpossible, .promptImpossible), (.absent, .noService), (.corrupt, .corrupt), (.full, .noSpace),
        (.changedUnderneath, .changedUnderneath),
        (.failure(PlatformError(.disconnected, store: "x", "Gone.")), .disconnected),
    ])
    func faultStrikesOnceAndWithoutEffect(_ fault: ScriptedFault, _ expected: PlatformError.Code) async throws {
        let machine = MeshMachineCached()
        try await store([1], on: machine)
        machine.faults.next(fault)
        #expect(await code { try await store([2], on: machine) } == expected)
        #expect(!machine.faults.hasUnusedFaults)
        #expect(try await value(on: machine) == [1])
        machine.faults.next(fault, on: FaultScope(.registry))
        machine.faults.next(fault, on: FaultScope(.profiles))
        #expect(try await value(on: machine) == [1])
        #expect(await code { _ = try await machine.registry.read { $0.generation } } == expected)
        #expect(await code { _ = try await machine.profiles.list() } == expected)
        #expect(try await machine.profiles.list().isEmpty)
    }

    @Test func faultsKeepToTheirOperationAndTheirNumber() async throws {
        let machine = MeshMachineCached()
        machine.faults.next(.full, times: 2, on: FaultScope(.keys, .store))
        machine.faults.always(.locked, on: FaultScope(.keys, .remove))
        #expect(try await value(on: machine) == nil)
        #expect(await code { try await store([1], on: machine) } == .noSpace)
        #expect(await code { try await store([1], on: machine) } == .noSpace)
        try await store([1], on: machine)
        for _ in 0..<3 { #expect(await code { _ = try await machine.keys.remove(identifier) } == .locked) }
        #expect(await code { _ = try await machine.keys.eraseTestKeys(options: CallOptions()) } == .locked)
        machine.faults.clear()
        #expect(try await machine.keys.remove(identifier))
    }

    @Test func faultsOfOneCallComeInTheOrderTheyWereWritten() async throws {
        let machine = MeshMachineCached()
        machine.faults.next(.corrupt)
        machine.faults.next(.absent)
        #expect(await code { _ = try await value(on: machine) } == .corrupt)
        #expect(await code { _ = try await value(on: machine) } == .noService)
        #expect(await code { _ = try await value(on: machine) } == nil)
    }

    @Test func muteStoreTimesOutWithoutEffect() async throws {
        // The time of the machine passes at once.
        let log = WaitLog()
        let machine = MeshMachineCached(faults: FaultScript(wait: { log.add($0) }))
        machine.faults.always(.mute)
        #expect(await code { try await store([1], on: machine, deadline: .seconds(60)) } == .timedOut)
        #expect(log.all == [.seconds(60)])
        guard case .unavailable(let error) = await machine.keys.state() else {
            Issue.record("a mute store is not ready")
            return
        }
        #expect(error.code == .timedOut)
        machine.faults.clear()
        #expect(try await value(on: machine) == nil)
    }

    @Test func muteStoreReallyWaits() async throws {
        let machine = MeshMachineCached()
        machine.faults.next(.mute)
        let start = ContinuousClock.now
        #expect(await code { try await store([1], on: machine, deadline: .milliseconds(30)) } == .timedOut)
        #expect(ContinuousClock.now - start >= .milliseconds(30))
    }

    @Test func muteStoreCanBeCancelled() async throws {
        let machine = MeshMachineCached()
        machine.faults.always(.mute)
        let call = Task {
            try await machine.keys.read(identifier, options: CallOptions(deadline: .seconds(3600))) != nil
        }
        call.cancel()
        await #expect(throws: CancellationError.self) { try await call.value }
    }

    @Test func lostAnswerTakesEffect() async throws {
        let machine = MeshMachineCached(faults: FaultScript(wait: { _ in }))
        machine.faults.next(.answerLost)
        #expect(await code { try await store([5], on: machine) } == .timedOut)
        #expect(try await value(on: machine) == [5])
    }

    @Test func slowStoreAnswersWhenTheGateOpens() async throws {
        let machine = MeshMachineCached()
        let gate = FaultGate()
        machine.faults.next(.slow(gate), on: FaultScope(.keys, .store))
        let call = Task { try await store([6], on: machine, deadline: .seconds(3600)) }
        await gate.waitForArrivals()
        #expect(try await value(on: machine) == nil)
        gate.open()
        try await call.value
        #expect(try await value(on: machine) == [6])
        #expect(gate.arrivals == 1)
    }

    @Test func slowStoreTimesOutWhenTheGateStaysClosed() async throws {
        let machine = MeshMachineCached(faults: FaultScript(wait: { _ in }))
        machine.faults.next(.slow(FaultGate()))
        #expect(await code { try await store([6], on: machine) } == .timedOut)
        #expect(try await value(on: machine) == nil)
    }

    @Test func slowStoreCanBeCancelled() async throws {
        let machine = MeshMachineCached()
        let gate = FaultGate()
        machine.faults.next(.slow(gate))
        let call = Task { try await store([6], on: machine, deadline: .seconds(3600)) }
        await gate.waitForArrivals()
        call.cancel()
        await #expect(throws: CancellationError.self) { try await call.value }
    }

    @Test func stateTellsOfFaultsAndUsesUpNone() async throws {
        let machine = MeshMachineCached()
        machine.faults.next(.locked)
        for _ in 0..<2 {
            guard case .locked = await machine.keys.state() else {
                Issue.record("the next read will be locked, but the state is another")
                return
            }
        }
        #expect(machine.faults.hasUnusedFaults)
    }

    @Test func promptIsNeededWhereTheStoreNeedsOne() async throws {
        let keys = InMemoryKeyStore(needsPromptToUnlock: true)
        let machine = MeshMachineCached(keys: keys)
        try await machine.keys.lock(options: CallOptions())
        for policy in [UnlockPolicy.never, .withoutPrompt] {
            #expect(await code { try await machine.keys.unlock(policy, options: CallOptions()) } == .locked)
        }
        machine.faults.next(.dismissed, on: FaultScope(.keys, .unlock))
        #expect(
            await code { try await machine.keys.unlock(.promptAllowed, options: CallOptions()) } == .promptDismissed)
        #expect(await code { _ = try await value(on: machine) } == .locked)
        try await machine.keys.unlock(.promptAllowed, options: CallOptions())
        #expect(try await value(on: machine) == nil)
    }
}

/// The durations that were waited for.
private final class WaitLog: Sendable {
    private let durations = Mutex<[Duration]>([])
    var all: [Duration] { durations.withLock { $0 } }
    func add(_ duration: Duration) { durations.withLock { $0.append(duration) } }
}
