// The main job, as an application would do it. The one line that chooses the machine is the first of `story`'s callers:
//
//   first-light --memory     two machines in memory
//   first-light              this machine, in the test mode "first-light"

import MeshCore
import MeshInMemory
import MeshLinuxPlatform
import MeshPlatforms
import MeshSessions

/// Makes an identity, splits it, tries the shares, loses it, and gets it back from two of three.
func story(on machine: any MeshPlatform) async throws {
    let session = MeshSession(machine)
    let alice = try await session.createPersonalProfile(name: "alice")
    print("made       \(alice.udf)   keys in: \(machine.keys.traits.name)")

    let found = try await MeshSession(machine).personalSession("alice")
    print("found      \(found.udf)   by another session")

    let shares = try await alice.escrow(quorum: 2, shares: 3).keyShares
    try await alice.rehearse(with: [shares[0], shares[1]], on: MeshMachineCached())
    print("rehearsed  2 of 3 shares, on a machine in memory")

    try await alice.delete()
    print("deleted    \(try await session.personalProfiles().count) profiles left")

    let recovered = try await session.recover(from: [shares[2], shares[0]], name: "alice")
    print("recovered  \(recovered.udf)   \(recovered.udf == alice.udf ? "the same" : "NOT THE SAME")")
    guard recovered.udf == alice.udf else {
        throw PlatformError(.corrupt, store: "story", "Another profile came back.")
    }
}

if CommandLine.arguments.contains("--memory") {
    for name in ["first", "second"] {
        print("- \(name) machine, in memory")
        try await story(on: MeshMachineCached())
    }
} else {
    let machine = try await MeshLinux.initialize(test: "first-light")
    try await story(on: machine)
    try await machine.eraseTestData()
}
