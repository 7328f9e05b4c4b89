import MeshCore
import MeshDARE
import MeshInMemory
import MeshPlatforms
import MeshPortals
import Testing

@testable import MeshSessions

/// A process that dies at any step of an import that changes something: the next one finishes or undoes what was begun, and
/// the import done again ends where it would have.
struct TransferCrashTests {
    private func everyStep(
        _ afterEffect: Bool, withKeys: Bool, overOlder: Bool = false, leastSteps: Int
    ) async throws {
        let scene = try await TransferScene()
        let shelf = InMemoryContainerDirectory()
        let older = try await scene.alice.export(to: TransferScene.file, in: shelf, withKeys: true)
        if overOlder {
            // What waited is sent meanwhile, and something else waits.
            _ = try await scene.alice.sync()
            try await scene.alice.store(.credential).add(TransferScene.credential("d.example"))
        }
        let made = try await scene.alice.export(to: TransferScene.file, in: scene.shelf, withKeys: withKeys)
        var steps = 0
        while true {
            let machine = scene.home.machine()
            if overOlder {
                try await scene.bring(older, to: machine, from: shelf, portal: MeshPortalDirect([:]))
            }
            let point = CrashPoint(after: steps, afterEffect: afterEffect)
            do {
                try await scene.bring(
                    made, to: CrashingPlatform(base: machine, point: point), portal: MeshPortalDirect([:]))
            } catch  where point.isDead {
            }
            do {
                let session = scene.home.session(machine)
                _ = try await session.finishInterrupted()
                for entry in try await session.personalProfiles() { #expect(entry.stage == nil) }
                if try await session.personalProfiles().isEmpty {
                    // It was undone: nothing of it is left, but for the device, which is good by itself.
                    #expect(try machine.containers.accounts().isEmpty)
                    #expect(try await machine.profiles.list() == session.devices().map(\.udf))
                }
                let brought = try await scene.bring(made, to: machine, portal: MeshPortalDirect([:]))
                #expect(brought.canRead == withKeys)
                #expect(try await brought.session.accounts().map(\.canonical) == [TransferScene.address])
                let ours = try #require(try machine.containers.directory(of: scene.alice.udf, create: false)).names()
                let theirs = try #require(
                    try scene.machine.containers.directory(of: scene.alice.udf, create: false)
                ).names()
                // Only the device that made the changes that wait can read them.
                #expect(ours == theirs.filter { withKeys || $0 != Outbox.fileName })
                if withKeys {
                    #expect(try await machine.keys.read(scene.alice.udf) != nil)
                    let count = try await brought.session.store(.credential).entries().count
                    #expect(count == (overOlder ? 3 : 2))
                    #expect(try await brought.session.store(.bookmark).entries().count == 1)
                }
            } catch {
                Issue.record(error, "died after \(steps) steps, \(afterEffect ? "after" : "before") the effect")
            }
            guard point.isDead else {
                #expect(steps >= leastSteps, "\(steps)")
                return
            }
            steps += 1
        }
    }

    @Test(arguments: [false, true]) func onAnEmptyMachine(afterEffect: Bool) async throws {
        try await everyStep(afterEffect, withKeys: true, leastSteps: 12)
    }

    @Test(arguments: [false, true]) func withoutKeys(afterEffect: Bool) async throws {
        try await everyStep(afterEffect, withKeys: false, leastSteps: 8)
    }

    @Test(arguments: [false, true]) func overAnOlderState(afterEffect: Bool) async throws {
        try await everyStep(afterEffect, withKeys: true, overOlder: true, leastSteps: 3)
    }
}
