import MeshCore
import MeshCryptography
import MeshInMemory
import MeshPlatforms
import MeshProfiles
import MeshSessions
import Testing

/// The main job, on any machine: make, find again, split, rehearse, delete, recover.
func tellTheStory(on platform: any MeshPlatform, foundBy other: any MeshPlatform) async throws {
    let session = MeshSession(platform)
    let device = try await session.createDevice(name: "workstation", description: "A desk")
    let personal = try await session.createPersonalProfile(name: "alice")
    #expect(device.isDefault)

    // Another session, as another process would, finds the same identity.
    let again = try await MeshSession(other).personalSession()
    #expect(again.udf == personal.udf)
    #expect(try await MeshSession(other).device("workstation").udf == device.udf)

    let entry = try await personal.escrow(quorum: 2, shares: 3)
    let texts = entry.keyShares.map { SharedSecret($0.text()) }
    try await personal.rehearse(
        with: try SecretSharing.parse([texts[0], texts[1]]), on: MeshMachineCached())
    try await personal.delete()
    await #expect(throws: PlatformError(.notFound, store: "", "")) { try await session.personalSession() }
    #expect(try await platform.keys.read(personal.udf) == nil)
    #expect(try await platform.profiles.list() == [device.udf])

    let recovered = try await session.recover(from: try SecretSharing.parse([texts[2], texts[0]]))
    #expect(recovered.udf == personal.udf)
    #expect(recovered.profile.content.agrees(with: personal.profile.content))
    guard case .proven = try await recovered.recovery().state else {
        Issue.record("a recovery from shares does not count as proof that they work")
        return
    }
    #expect(try await MeshSession(other).personalSession().udf == personal.udf)
    #expect(try await MeshSession(other).device().udf == device.udf)
}

struct SessionStoryTests {
    @Test func storyInMemory() async throws {
        let machine = MeshMachineCached()
        try await tellTheStory(on: machine, foundBy: machine)
    }

    @Test func twoMachinesInOneProcessDoNotMeet() async throws {
        let first = MeshSession(MeshMachineCached())
        let second = MeshSession(MeshMachineCached())
        let alice = try await first.createPersonalProfile(name: "alice")
        await #expect(throws: PlatformError(.notFound, store: "", "")) { try await second.personalSession() }
        let shares = try await alice.escrow(quorum: 1, shares: 1).keyShares
        #expect(try await second.recover(from: shares).udf == alice.udf)
        #expect(try await second.devices().map(\.udf) != first.devices().map(\.udf))
    }

    @Test func anExplicitSelectorThatMatchesNothingIsAnError() async throws {
        let session = MeshSession(MeshMachineCached())
        let alice = try await session.createPersonalProfile(name: "alice")
        _ = try await session.createPersonalProfile(name: "bob")
        #expect(try await session.personalSession().udf == alice.udf)
        #expect(try await session.personalSession("alice").udf == alice.udf)
        #expect(try await session.personalSession(String(alice.udf.text.prefix(14)).lowercased()).udf == alice.udf)
        for selector in ["carol", "", "MAAA-AAAA"] {
            await #expect(throws: PlatformError(.notFound, store: "", "")) {
                try await session.personalSession(selector)
            }
        }
    }

    @Test func deletingIsRefusedUntilRecoveryIsProven() async throws {
        let session = MeshSession(MeshMachineCached())
        let alice = try await session.createPersonalProfile()
        await #expect(throws: SessionError(.recoveryUnproven, "")) { try await alice.delete() }
        let shares = try await alice.escrow(quorum: 2, shares: 2).keyShares
        await #expect(throws: SessionError(.recoveryUnproven, "")) { try await alice.delete() }
        #expect(try await alice.recovery().quorum == 2)
        // A rehearsal that fails proves nothing.
        await #expect(throws: ShareError.self) {
            try await alice.rehearse(with: [shares[0]], on: MeshMachineCached())
        }
        await #expect(throws: SessionError(.recoveryUnproven, "")) { try await alice.delete() }
        try await alice.rehearse(with: shares, on: MeshMachineCached())
        // New shares have to be proven anew: the old ones may be lost.
        let later = try await alice.escrow(quorum: 1, shares: 2).keyShares
        await #expect(throws: SessionError(.recoveryUnproven, "")) { try await alice.delete() }
        try await alice.rehearse(with: [later[1]], on: MeshMachineCached())
        try await alice.delete()
        #expect(try await session.personalProfiles().isEmpty)
    }

    @Test func sharesOfAnotherProfileAreNamed() async throws {
        let session = MeshSession(MeshMachineCached())
        let alice = try await session.createPersonalProfile(name: "alice")
        let bob = try await session.createPersonalProfile(name: "bob")
        let ofAlice = try await alice.escrow(quorum: 2, shares: 3).keyShares
        let ofBob = try await bob.escrow(quorum: 2, shares: 3).keyShares
        await #expect(throws: SessionError(.wrongShares, "")) {
            try await alice.rehearse(with: ofBob, on: MeshMachineCached())
        }
        await #expect(throws: ShareError.self) { try await session.recover(from: [ofAlice[0], ofBob[1]]) }
        await #expect(throws: SessionError(.wrongShares, "")) {
            try await session.recover(from: ofAlice, expecting: bob.udf)
        }
    }

    @Test(arguments: [(0, 3), (4, 3), (1, 16), (1, 0), (-1, 2)])
    func impossibleQuorumsAreRefused(quorum: Int, shares: Int) async throws {
        let alice = try await MeshSession(MeshMachineCached()).createPersonalProfile()
        await #expect(throws: SessionError(.invalidQuorum, "")) {
            try await alice.escrow(quorum: quorum, shares: shares)
        }
    }
}
