import MeshCore
import MeshCryptography
import MeshDARE
import MeshInMemory
import MeshKeyFiles
import MeshLinuxPlatform
import MeshPlatformTesting
import MeshPlatforms
import MeshPortalService
import MeshPortals
import MeshProfiles
import Testing

@testable import MeshSessions

#if SecretService
    /// Three machines of a person: one keeps its keys in a real keyring, one in files, one in memory.
    struct RemovalStoryTests {
        private func services(_ session: PersonalSession) async throws -> [String] {
            try await session.credentials().entries().compactMap(\.entry.service).sorted()
        }

        @Test("What one machine enters the others read, until one is lost", arguments: 0..<2)
        func threeMachines(lost: Int) async throws {
            let keyring = try await PrivateKeyring.start()
            defer { keyring.stop() }
            let home = try await Household()
            let directory = try TemporaryDirectory()
            let environment = [
                "MESH_TEST_HOME": "\(directory.path)/keyring", "DBUS_SESSION_BUS_ADDRESS": keyring.busAddress,
            ]
            let onKeyring = PatientPlatform(
                try await MeshLinux.initialize(test: "story", environment: environment), clock: home.clock)
            let onFiles = PatientPlatform(
                try await MeshLinux.initialize(
                    test: "story", keyStore: KeyFileStore.clearName,
                    environment: ["MESH_TEST_HOME": "\(directory.path)/files"]),
                clock: home.clock)

            let desk = try await home.session(onKeyring).createAccount("alice@example.com", name: "alice")
            var others: [PersonalSession] = []
            for machine in [onFiles, home.machine()] as [any MeshPlatform] {
                let session = home.session(machine)
                let request = try await session.connect(to: "alice@example.com")
                _ = try await desk.connectClose(try #require(try await desk.connectPending().first), .accept())
                others.append(try await session.awaitConnection(request, polling: Household.polling))
            }
            try await others[0].credentials().add(CatalogedCredential(service: "before.example"))
            _ = try await others[0].sync()
            for session in [desk, others[1]] {
                _ = try await session.sync()
                #expect(try await services(session) == ["before.example"])
            }

            // The device's real keys, as its key store has them, and everything that it has received.
            let thief = try await others[lost].context()
            _ = try await desk.remove(thief.record.device)
            try await desk.credentials().add(CatalogedCredential(service: "after.example"))
            _ = try await desk.sync()
            let kept = others[1 - lost]
            _ = try await kept.sync()
            #expect(try await services(kept) == ["after.example", "before.example"])
            await #expect(throws: PortalError(.deviceRevoked, "")) { try await others[lost].sync() }

            // Whoever has the portal's files and the lost device has no more than the device had.
            let frames = try await home.store.frames(
                of: StoreName.credential.containerName, from: 0, limit: 1000, octets: 1 << 20, in: .account(desk.udf))
            let keys = DecryptionKeys(
                thief.keys.groups.map(\.key) + [thief.keys.own, thief.keys.encryption, thief.keys.authentication]
                    + (thief.keys.person.map { [$0.encryption, $0.authentication] } ?? []))
            let sequence = try DARESequence.create(
                "stolen.dcat", in: InMemoryContainerDirectory(), verbatim: frames, keys: SequenceKeys(keys))
            let opened = (0..<frames.count).compactMap { index -> String? in
                guard let content = try? sequence.content(of: sequence.frame(at: index)) else { return nil }
                return (try? CatalogContent<CatalogedCredential>(payload: content))?.entry?.service
            }
            #expect(opened == ["before.example"])
        }
    }
#endif
