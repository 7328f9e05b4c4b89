import MeshCore
import MeshCryptography
import MeshDARE
import MeshInMemory
import MeshPlatforms
import MeshProfiles
import MeshSSH
import MeshSessions
import Testing

/// SSH keys of devices, and what they know of hosts, on machines in memory with a real portal.
struct SSHStoryTests {
    /// A second device of the account, connected.
    private func connected(to alice: PersonalSession, _ home: Household) async throws -> PersonalSession {
        let machine = home.session()
        let request = try await machine.connect(to: "alice@example.com")
        let pending = try #require(try await alice.connectPending().first)
        _ = try await alice.connectClose(pending, .accept())
        return try await machine.awaitConnection(request, polling: Household.polling)
    }

    private func household() async throws -> (alice: PersonalSession, laptop: PersonalSession) {
        let home = try await Household()
        let alice = try await home.session().createAccount("alice@example.com")
        return (alice, try await connected(to: alice, home))
    }

    @Test func everyDeviceHasAKeyOfItsOwn() async throws {
        let (alice, laptop) = try await household()
        let stored = try await alice.platform.keys.list().items.count
        let key = try await alice.ssh.publicKey()
        #expect(key.algorithm == .ed25519)
        let udf = try #require(try await alice.connectedDevices().first(where: \.isThis)?.udf)
        #expect(key.comment == "mmm:alice@example.com [\(udf)]")
        // The same each time, another one on each device; nothing of it is kept beside the seed.
        #expect(try await alice.ssh.publicKey() == key)
        #expect(try await laptop.ssh.publicKey().wire != key.wire)
        #expect(try await alice.platform.keys.list().items.count == stored)
        let signature = try await alice.ssh.signer().sign([1, 2, 3], with: key)
        #expect(signature.algorithm == "ssh-ed25519")
        #expect(key.meshKey.isValidSignature(signature.octets, for: [1, 2, 3]))
        // It is called what the person calls the device.
        _ = try await alice.rename(udf, to: "desk")
        #expect(try await alice.ssh.publicKey() == key.commented("mmm:alice@example.com [desk]"))
    }

    @Test func keysAreOnAllDevicesUntilADeviceIsRemoved() async throws {
        let (alice, laptop) = try await household()
        #expect(try await alice.ssh.authorizedKeys().isEmpty)
        #expect(try await alice.ssh.publish().list.map(\.effect) == [.created])
        #expect(try await alice.ssh.publish().isEmpty)
        _ = try await alice.sync()
        _ = try await laptop.sync()
        _ = try await laptop.ssh.publish()
        _ = try await laptop.sync()
        _ = try await alice.sync()
        let both = Set([try await alice.ssh.publicKey(), try await laptop.ssh.publicKey()].map(\.wire))
        for session in [alice, laptop] {
            let found = try await session.ssh.deviceKeys()
            #expect(Set(found.map(\.key.wire)) == both)
            let own = try await session.ssh.publicKey()
            #expect(found.filter(\.device.isThis).map(\.key) == [own])
            #expect(
                try await session.ssh.authorizedKeys().map(\.line).allSatisfy { $0.contains("mmm:alice@example.com [") }
            )
        }

        let lost = try #require(try await laptop.connectedDevices().first(where: \.isThis)?.udf)
        // Without the right its key counts no more; with it, it does again; and the end of the device is that of its key.
        _ = try await alice.setRights(of: lost, to: [.member])
        #expect(try await alice.ssh.deviceKeys().map(\.device.isThis) == [true])
        _ = try await alice.setRights(of: lost, to: Right.usual)
        #expect(try await alice.ssh.deviceKeys().count == 2)
        _ = try await alice.remove(lost)
        #expect(try await alice.ssh.authorizedKeys() == [AuthorizedKey(alice.ssh.publicKey())])
        // Its entry is there still; it is taken away when somebody cares to.
        #expect(try await alice.ssh.removeStaleKeys().list.map(\.effect) == [.removed])
        #expect(try await alice.ssh.removeStaleKeys().isEmpty)
        #expect(try await alice.ssh.authorizedKeys().count == 1)
    }

    /// A device that will be removed leaves its key under the name of another one.
    @Test func aKeyCannotBePassedOffAsAnotherDevices() async throws {
        let (alice, laptop) = try await household()
        _ = try await alice.ssh.publish()
        _ = try await alice.sync()
        _ = try await laptop.sync()
        _ = try await laptop.ssh.publish()
        let store = try await laptop.store(.ssh)
        let entries = try await store.entries(of: CatalogedApplication.self)
        let devices = try await laptop.connectedDevices()
        let planted = try await laptop.ssh.publicKey()
        let victim = try #require(devices.first { !$0.isThis }?.udf)
        let spared = try await alice.ssh.publicKey().udf.text
        let own = try #require(entries.first { $0.key == spared })
        // Its own signed statement, the victim's, and none: each with the victim's name on it and the thief's key.
        let mine = try #require(entries.first { $0.key == planted.udf.text })
        for (number, statement) in [mine.envelopedDeviceKey, own.envelopedDeviceKey, nil].enumerated() {
            var entry = mine
            entry.key = "\(planted.udf.text)-\(number)"
            entry.deviceUDF = victim.text
            entry.envelopedDeviceKey = statement
            try await store.add(entry)
        }
        // And in the place of the victim's entry.
        var swapped = mine
        swapped.key = spared
        swapped.deviceUDF = victim.text
        try await store.update(swapped, from: nil)
        _ = try await laptop.sync()
        try await alice.store(.device).delete(try #require(devices.first(where: \.isThis)?.udf).text, from: nil)
        _ = try await alice.sync()
        #expect(try await !alice.ssh.authorizedKeys().contains { $0.key.wire == planted.wire })
        // The victim's own entry was spoiled; publishing mends it.
        _ = try await alice.ssh.removeStaleKeys()
        _ = try await alice.ssh.publish()
        #expect(try await alice.ssh.authorizedKeys() == [AuthorizedKey(alice.ssh.publicKey())])
    }

    // MARK: Hosts

    private func key(_ seed: UInt64) throws -> SSHKeyBlob {
        SSHKeyBlob(try SSHPrivateKey.generate(comment: "", random: SeededRandomSource(seed: seed)).publicKey)
    }

    @Test func hostsAreKnownToAllDevices() async throws {
        let (alice, laptop) = try await household()
        let first = try #require(KnownHost(hosts: "a.example,10.0.0.1", key: try key(1), comment: "from the console"))
        let hashed = try #require(
            KnownHost(hosts: KnownHost.hashed("b.example", random: SystemRandomSource()), key: try key(2)))
        let revoked = try #require(KnownHost(marker: .revoked, hosts: "*", key: try key(3)))
        #expect(try await alice.ssh.add([first, hashed, revoked]).list.count == 4)
        #expect(try await alice.ssh.add([first, hashed, revoked]).isEmpty)
        _ = try await alice.sync()
        _ = try await laptop.sync()
        let known = try await laptop.ssh.knownHosts()
        #expect(known.map(\.hosts) == ["a.example", "10.0.0.1", hashed.hosts, "*"])
        #expect(known.last == revoked && known.first?.comment == "from the console")

        // Another key in its place is noticed, all or nothing.
        let other = try #require(KnownHost(hosts: "a.example", key: try key(4)))
        let fresh = try #require(KnownHost(hosts: "c.example", key: try key(4)))
        await #expect(throws: SessionError(.hostKeyDiffers, "")) { try await laptop.ssh.add([fresh, other]) }
        #expect(try await laptop.ssh.knownHosts().count == 4)
        await #expect(throws: SessionError(.hostKeyDiffers, "")) {
            try await laptop.ssh.add([fresh, try #require(KnownHost(hosts: "c.example", key: try key(5)))])
        }
        #expect(try await laptop.ssh.add([other, fresh], replacing: true).list.map(\.effect) == [.updated, .created])
        #expect(try await laptop.ssh.knownHosts().first?.key == key(4))

        #expect(try await laptop.ssh.removeKnownHost("b.example").list.count == 1)
        #expect(try await laptop.ssh.removeKnownHost("a.example").list.count == 1)
        await #expect(throws: CatalogError(.notFound, "")) { try await laptop.ssh.removeKnownHost("a.example") }
    }

    /// Two devices that are shown different keys of one host, while they cannot talk: somebody decides.
    @Test func differentKeysOfAHostAreAConflict() async throws {
        let (alice, laptop) = try await household()
        for (session, seed) in [(alice, UInt64(1)), (laptop, 2)] {
            _ = try await session.ssh.add([try #require(KnownHost(hosts: "a.example", key: try key(seed)))])
        }
        _ = try await alice.sync()
        let report = try await laptop.sync()
        #expect(report.conflicts.map(\.key) == ["known/a.example ssh-ed25519"])
        try await laptop.resolve(try #require(report.conflicts.first), keepingOurs: false)
        _ = try await laptop.sync()
        #expect(try await laptop.ssh.knownHosts().map(\.key) == [key(1)])
    }

    @Test func settingsOfHostsAreShared() async throws {
        let (alice, laptop) = try await household()
        let build = try #require(
            SSHHostSettings(alias: "build", address: "build.example.com", port: 2222, user: "alice"))
        #expect(try await alice.ssh.set(build).list.map(\.effect) == [.created])
        #expect(try await alice.ssh.set(build).isEmpty)
        _ = try await alice.sync()
        _ = try await laptop.sync()
        #expect(try await laptop.ssh.hosts() == [build])
        let changed = try #require(SSHHostSettings(alias: "build", address: "other.example.com"))
        #expect(try await laptop.ssh.set(changed).list.map(\.effect) == [.updated])
        #expect(try await laptop.ssh.hosts() == [changed])
        _ = try await laptop.ssh.removeHost("build")
        #expect(try await laptop.ssh.hosts().isEmpty)
        await #expect(throws: CatalogError(.notFound, "")) { try await laptop.ssh.removeHost("build") }
    }
}
