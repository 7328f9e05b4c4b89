import Foundation
import MeshCore
import MeshCryptography
import MeshDARE
import MeshEncoding
import MeshInMemory
import MeshKeyFiles
import MeshLinuxPlatform
import MeshPlatforms
import MeshPortalService
import MeshPortals
import MeshProfiles
import Testing

@testable import MeshSessions

/// Mistakes that the public reference made (reference features, K) in what a machine keeps: defaults, rights, keys, files.
struct KnownMachineDefectTests {
    @Test("K04: an application has the default of the personal profile that was asked about, then the machine's")
    func k04() async throws {
        let home = try await Household()
        let machine = home.machine()
        let session = home.session(machine)
        let people = [
            try await session.createAccount("alice@example.com"), try await session.createAccount("bob@example.com"),
        ]
        for person in people {
            _ = try await person.networks().add(["own", "shared"].map { CatalogedNetwork(service: $0) })
        }
        // As registries of older generations come with it.
        try await machine.registry.modify { [alice = people[0].udf.text] transaction in
            for (path, key) in [
                (["PersonalProfiles", "Entries", alice, "Defaults"], ":own"),
                (["ApplicationProfiles", "Defaults"], ":shared"),
            ] { try transaction.set(.string(key), "Network", at: RegistryPath(path)) }
        }
        let defaults = [
            try await people[0].defaults(.network, of: CatalogedNetwork.self),
            try await people[1].defaults(.network, of: CatalogedNetwork.self),
        ]
        #expect(try await defaults[0].find(nil)?.key == ":own")
        #expect(try await defaults[1].find(nil)?.key == ":shared")
        #expect(try await people[0].defaults(.web, of: CatalogedCredential.self).find(nil) == nil)
        // K05: what is named and not there is not the default.
        await #expect(throws: PlatformError.self) { try await defaults[0].find("none") }
    }

    @Test("K06: the first account of a profile stays the one that counts, whatever the others are called")
    func k06() async throws {
        let homes = [
            try await Household("z.example"), try await Household("a.example"), try await Household("m.example"),
        ]
        let portals = MeshPortalDirect(
            Dictionary(uniqueKeysWithValues: homes.map { ($0.service.domain, $0.service) }))
        let machine = homes[0].machine()
        let alice = try await MeshSession(machine, portal: portals).createAccount("zoe@z.example")
        _ = try await alice.register(at: "zoe@a.example")
        _ = try await alice.register(at: "bea@m.example")
        let again = try await MeshSession(machine, portal: portals).personalSession()
        #expect(try await again.accounts().map(\.canonical) == ["zoe@z.example", "zoe@a.example", "bea@m.example"])
        #expect(try await again.context().client(portals).account.domain == "z.example")
        _ = try await again.deregister(from: "zoe@a.example")
        #expect(try await again.accounts().map(\.canonical) == ["zoe@z.example", "bea@m.example"])
        #expect(try await again.escrowAtPortal(quorum: 1, shares: 1).account?.domain == "z.example")
    }

    @Test("K07: who may read is not for that one who administers")
    func k07() async throws {
        let den = try await Den()
        let alice = try await den.session().createAccount("alice@example.com")
        try await alice.store(.credential).add(Den.credential("a.example"))
        _ = try await alice.sync()
        let member = try await den.connect(den.session(), to: alice)
        let second = try await den.connect(den.session(), to: alice, rights: [.administrator])
        for session in [alice, second, member] {
            _ = try await session.sync()
            let devices = try await session.connectedDevices()
            let administrators = Set(devices.filter(\.device.isAdministrator).map(\.udf))
            #expect(devices.count == 3)
            #expect(
                administrators == [try await alice.context().record.device, try await second.context().record.device])
            #expect(try await session.store(.credential).entries().count == 1)
        }
        #expect(try await member.context().keys.administratorSignature == nil)
        await #expect(throws: SessionError(.notAdministrator, "")) { try await member.connectPending() }
        #expect(try await second.connectPending().isEmpty)
    }

    @Test("K12: an account is recovered at the address that is named, and the secret's identifier is none")
    func k12() async throws {
        let den = try await Den()
        let alice = try await den.session().createAccount("alice@example.com")
        let entry = try await alice.escrowAtPortal(quorum: 1, shares: 1)
        let machine = den.machine()
        let session = den.session(machine)
        let before = try await MachineState(machine)
        await #expect(throws: SessionError(.addressMissing, "")) { try await session.recover(from: entry.keyShares) }
        for text in [try #require(entry.locator).text, alice.udf.text, "alice", "@example.com"] {
            await #expect(throws: PortalError(.invalidAddress, ""), "\(text)") {
                try await session.recover(from: entry.keyShares, at: text)
            }
        }
        #expect(try await MachineState(machine) == before)
        let recovery = try await session.recover(from: entry.keyShares, at: "alice@example.com")
        #expect(recovery.session.udf == alice.udf)
        #expect(try await recovery.session.accounts().map(\.canonical) == ["alice@example.com"])
        #expect(try await recovery.session.connectedDevices().count == 2)
    }

    @Test("K19: the default is what was made it last, and what there was before is not forgotten for the time")
    func k19() async throws {
        let clock = ManualClock(Timestamp(secondsSince1970: 1_700_000_000))
        let session = MeshSession(MeshMachineCached(clock: clock))
        let first = try await session.createPersonalProfile(name: "first")
        clock.advance(by: 100)
        let second = try await session.createPersonalProfile(name: "second", makeDefault: true)
        clock.advance(by: -50)
        let third = try await session.createPersonalProfile(name: "third", makeDefault: true)
        #expect(try await session.personalSession().udf == third.udf)
        clock.advance(by: 1000)
        let fourth = try await session.createPersonalProfile(name: "fourth")
        #expect(try await session.personalSession().udf == third.udf)
        #expect(try await session.personalProfiles().filter(\.isDefault).map(\.profile) == [third.udf])
        // What was the default is gone: nothing takes its place by itself.
        try await third.delete(evenIfUnrecoverable: true)
        let error = await #expect(throws: PlatformError.self) { try await session.personalSession() }
        #expect(error?.code == .notFound)
        #expect(Set(error?.candidates.map(\.name) ?? []) == Set([first, second, fourth].map(\.udf.text)))
    }

    @Test("K25: a session of a machine in memory acts on that machine, and on no other")
    func k25() async throws {
        let den = try await Den()
        let (one, two) = (den.machine(), den.machine())
        let alice = try await den.session(one).createAccount("alice@example.com")
        let bob = try await den.session(two).createAccount("bob@example.com")
        let state = try await MachineState(two)
        try await alice.store(.credential).add(Den.credential("a.example"))
        _ = try await alice.sync()
        _ = try await alice.escrow(quorum: 1, shares: 1)
        #expect(try await MachineState(two) == state)
        // What the session of the profile did is there for another session of the machine.
        let again = try await den.session(one).personalSession("alice@example.com")
        #expect(try await again.store(.credential).entries().count == 1)
        guard case .made = try await again.recovery().state else {
            Issue.record("The shares are not noted.")
            return
        }
        await #expect(throws: PlatformError(.notFound, store: "", "")) {
            try await den.session(one).personalSession("bob@example.com")
        }
        #expect(try await den.session(two).personalSession().udf == bob.udf)
    }

    @Test("K27: what is sealed is not opened when it was changed, whatever it is sealed with")
    func k27() async throws {
        let den = try await Den()
        let alice = try await den.session().createAccount("alice@example.com")
        let stores: [StoreName] = [.credential, .bookmark, .contact, .network, .task, .local]
        let keys = try await alice.context().storeKeys
        for name in stores {
            #expect(try keys.options(name, on: alice.platform).policy.algorithm == .a256GCM)
        }
        try await alice.store(.credential).add(Den.credential("a.example"))
        _ = try await alice.sync()
        let frames = den.store.contents.frames(of: "MMM_Credential", in: .account(alice.udf))
        #expect(frames.first?.ranges(of: Array("A256GCM".utf8)).isEmpty == false)
        #expect(frames.allSatisfy { $0.ranges(of: Array("A256CBC".utf8)).isEmpty })
        // Where others expect the mode without a tag, the sealed content is signed, and opens only with its signature.
        let made = try await alice.preconfigureDevice()
        let code = try DeviceCode(uri: made.uri.bytes)
        let published = try #require(
            try await alice.store(.publication).entries(of: CatalogedPublication.self).first?.envelopedData)
        let envelope = try DAREEnvelope(published)
        _ = try VerifiedPreconfiguration(verifying: code.open(envelope))
        for place in envelope.body.indices {
            var changed = envelope
            changed.body[place] ^= 0x10
            #expect(throws: (any Error).self, "octet \(place)") {
                try VerifiedPreconfiguration(verifying: code.open(changed))
            }
        }
    }

    // MARK: Files

    /// Everything below a directory, by its path there.
    private func files(_ path: String) throws -> [String: [UInt8]] {
        var found: [String: [UInt8]] = [:]
        for name in try FileManager.default.subpathsOfDirectory(atPath: path) {
            var isDirectory: ObjCBool = false
            _ = FileManager.default.fileExists(atPath: "\(path)/\(name)", isDirectory: &isDirectory)
            found[name] = isDirectory.boolValue ? [] : Array(try Data(contentsOf: URL(filePath: "\(path)/\(name)")))
        }
        return found
    }

    /// A machine of files, with an account and a connected device.
    private func household(
        _ directory: TemporaryDirectory, keyStore: String
    ) async throws -> (machine: LinuxPlatform, alice: PersonalSession) {
        let home = try await Household()
        let machine = try await MeshLinux.initialize(
            test: "story", keyStore: keyStore, environment: ["MESH_TEST_HOME": directory.path],
            passphrase: GivenPassphrase(SharedSecret(SecretBytes(copying: Array("correct horse".utf8)))))
        // However long it takes, it is no later at the machine than at the portal.
        let session = MeshSession(PatientPlatform(machine, clock: home.clock), portal: home.portal)
        let alice = try await session.createAccount("alice@example.com")
        _ = try await alice.makePIN()
        _ = try await session.createPersonalProfile(name: "A\\B")
        return (machine, alice)
    }

    @Test("K18: everything is in directories below the root, and no name has a backslash")
    func k18() async throws {
        let directory = try TemporaryDirectory()
        let (machine, alice) = try await household(directory, keyStore: KeyFileStore.clearName)
        let names = try files(directory.path).keys
        #expect(names.count > 10)
        #expect(names.allSatisfy { !$0.contains("\\") })
        #expect(names.contains { $0.hasSuffix("/profiles/\(alice.udf.text)/\(alice.udf.text).mmm") }, "\(names)")
        #expect(try await machine.profiles.list().contains(alice.udf))
    }

    @Test("K20: no key is in clear in any file, unless a store that does so was named", arguments: [true, false])
    func k20(isSealed: Bool) async throws {
        let directory = try TemporaryDirectory()
        let (machine, _) = try await household(
            directory, keyStore: isSealed ? KeyFileStore.sealedName : KeyFileStore.clearName)
        let identifiers = try await machine.keys.list().items.map(\.identifier)
        #expect(identifiers.count == 3)
        var needles: [[UInt8]] = []
        for identifier in identifiers {
            let found = try await machine.keys.withKey(identifier) { key in
                let octets = key.secret.withUnsafeBytes { Array($0) }
                let text = try SecretSeed(binary: key.secret).text().withUnsafeBytes { Array($0) }
                // Without the type, which is no secret; as Base64 at each of its three phases; and as the text of a seed.
                return [Array(octets.dropFirst(4).prefix(16)), Array(text.dropFirst(10).prefix(20))]
                    + (0..<3).map { Array(Base64URL.encode(Array(octets.dropFirst(4 + $0))).utf8.prefix(20)) }
            }
            needles += try #require(found)
        }
        let kept = try files(directory.path)
        #expect(kept.values.map(\.count).reduce(0, +) > 10_000)
        let hits = kept.filter { file in needles.contains { !file.value.ranges(of: $0).isEmpty } }
        #expect(hits.isEmpty == isSealed, "\(hits.keys)")
        #expect(hits.keys.allSatisfy { $0.contains("/keys/") })
    }
}
