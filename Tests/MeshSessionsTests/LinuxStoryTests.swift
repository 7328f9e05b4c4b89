import Foundation
import MeshCore
import MeshCryptography
import MeshHomeDirectory
import MeshInMemory
import MeshKeyFiles
import MeshLinuxPlatform
import MeshPlatformTesting
import MeshPlatforms
import MeshSessions
import Testing

#if SecretService
    import MeshSecretService
#endif

/// A directory that is gone when the test is.
final class TemporaryDirectory: Sendable {
    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "mesh-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        chmod(path, 0o700)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func home(_ mode: PlatformMode = .test("story")) -> HomeDirectory {
        HomeDirectory(mode: mode, path: "\(path)/\(mode)")
    }
}

/// The story on real disks and a real keyring.
struct LinuxStoryTests {
    @Test func storyWithKeysInMemory() async throws {
        let directory = try TemporaryDirectory()
        let home = directory.home()
        let keys = InMemoryKeyStore(mode: home.mode)
        try await tellTheStory(
            on: PatientPlatform(LinuxPlatform(home: home, keys: keys)),
            foundBy: PatientPlatform(LinuxPlatform(home: directory.home(), keys: keys)))
    }

    @Test func storyWithClearKeyFiles() async throws {
        let directory = try TemporaryDirectory()
        func machine() async throws -> PatientPlatform {
            PatientPlatform(
                try await MeshLinux.initialize(
                    test: "story", keyStore: KeyFileStore.clearName, environment: ["MESH_TEST_HOME": directory.path]))
        }
        try await tellTheStory(on: try await machine(), foundBy: try await machine())
    }

    @Test func storyWithSealedKeyFiles() async throws {
        let directory = try TemporaryDirectory()
        func machine(_ passphrase: String) async throws -> PatientPlatform {
            PatientPlatform(
                try await MeshLinux.initialize(
                    test: "story", keyStore: KeyFileStore.sealedName, environment: ["MESH_TEST_HOME": directory.path],
                    passphrase: GivenPassphrase(SharedSecret(SecretBytes(copying: Array(passphrase.utf8))))))
        }
        try await tellTheStory(on: try await machine("correct horse"), foundBy: try await machine("correct horse"))
        await #expect(throws: PlatformError(.wrongPassphrase, store: "", "")) { try await machine("battery staple") }
    }

    @Test("K17: erasing a test leaves nothing, keys neither, and production is refused")
    func erasingATestLeavesNothingAndProductionIsRefused() async throws {
        let directory = try TemporaryDirectory()
        let environment = ["MESH_TEST_HOME": directory.path, "MESH_HOME": directory.path + "/production"]
        let machine = try await MeshLinux.initialize(
            test: "story", keyStore: KeyFileStore.clearName, environment: environment)
        _ = try await MeshSession(PatientPlatform(machine)).createPersonalProfile()
        try await machine.eraseTestData()
        try await machine.eraseTestData()
        #expect(
            try FileManager.default.subpathsOfDirectory(atPath: directory.path).filter { !$0.isEmpty } == ["story"]
                || FileManager.default.subpathsOfDirectory(atPath: directory.path).isEmpty)

        let production = try await MeshLinux.initialize(keyStore: KeyFileStore.clearName, environment: environment)
        let alice = try await MeshSession(PatientPlatform(production)).createPersonalProfile()
        await #expect(throws: PlatformError(.productionRefused, store: "", "")) { try await production.eraseTestData() }
        #expect(try await MeshSession(PatientPlatform(production)).personalSession().udf == alice.udf)
    }

    @Test func aKeyIsTheFirstThingThatMayBeStored() async throws {
        let directory = try TemporaryDirectory()
        let machine = PatientPlatform(
            try await MeshLinux.initialize(
                test: "story", keyStore: KeyFileStore.clearName, environment: ["MESH_TEST_HOME": directory.path]))
        let item = try KeyItem(identifier: UDF(type: .digestSHA2, value: machine.random.bytes(64)), keyClass: .device)
        let secret = SecretBytes(copying: [1, 2, 3])
        try await machine.keys.store(secret, as: item)
        _ = try await MeshSession(machine).createPersonalProfile()
    }

    /// The variable of the real process, not only one that a caller passes in.
    @Test func theProcessEnvironmentChoosesTheStore() async throws {
        let directory = try TemporaryDirectory()
        setenv(KeyStoreSelection.variable, KeyFileStore.clearName, 1)
        var environment = MeshLinux.processEnvironment
        unsetenv(KeyStoreSelection.variable)
        environment["MESH_TEST_HOME"] = directory.path
        let machine = try await MeshLinux.initialize(test: "story", environment: environment)
        #expect(machine.keyStoreReason == .environment)
        #expect(machine.keys.traits.name == KeyFileStore.clearName)
    }

    @Test func withNoUsableStoreEveryCandidateIsNamed() async throws {
        let directory = try TemporaryDirectory()
        let environment = [
            "MESH_TEST_HOME": directory.path, "XDG_RUNTIME_DIR": directory.path,
            "DBUS_SESSION_BUS_ADDRESS": "unix:path=\(directory.path)/no-bus",
        ]
        let error = await #expect(throws: PlatformError.self) {
            try await MeshLinux.initialize(test: "story", environment: environment)
        }
        #expect(error?.code == .noUsableKeyStore)
        #expect(error?.candidates.map(\.name).contains("files") == true)
        #expect(error?.remedy?.contains("MESH_KEYSTORE") == true)
        #expect(try FileManager.default.subpathsOfDirectory(atPath: directory.path).isEmpty)
    }

    #if SecretService
        @Test func storyWithARealKeyring() async throws {
            let keyring = try await PrivateKeyring.start()
            defer { keyring.stop() }
            let directory = try TemporaryDirectory()
            let environment = [
                "MESH_TEST_HOME": directory.path, "DBUS_SESSION_BUS_ADDRESS": keyring.busAddress,
            ]
            let machine = try await MeshLinux.initialize(test: "story", environment: environment)
            #expect(machine.keyStoreReason == .probe)
            let other = try await MeshLinux.initialize(test: "story", environment: environment)
            try await tellTheStory(on: PatientPlatform(machine), foundBy: PatientPlatform(other))
            #expect(try await MeshLinux.initialize(test: "story", environment: environment).keyStoreReason == .registry)

            // The daemon is restarted: the identity is still there.
            try await keyring.restartDaemon()
            let alice = try await MeshSession(PatientPlatform(other)).personalSession()
            _ = try await alice.escrow(quorum: 1, shares: 1)

            // Another keyring answers in its place: that is no machine without keys.
            let second = try await PrivateKeyring.start()
            defer { second.stop() }
            let elsewhere = try await MeshLinux.initialize(
                test: "story",
                environment: environment.merging(["DBUS_SESSION_BUS_ADDRESS": second.busAddress]) { $1 })
            await #expect(throws: PlatformError(.storeChanged, store: "", "")) {
                try await MeshSession(elsewhere).createPersonalProfile()
            }
            try await machine.eraseTestData()
            #expect(try await machine.keys.list().items.isEmpty)
        }

        /// A daemon that is frozen, dead or locked makes no new identity, and the call ends.
        @Test(.timeLimit(.minutes(10)), arguments: ["frozen", "killed", "locked"])
        func noIdentityIsMadeByABrokenKeyring(state: String) async throws {
            let keyring = try await PrivateKeyring.start()
            defer { keyring.stop() }
            let directory = try TemporaryDirectory()
            let environment = [
                "MESH_TEST_HOME": directory.path, "DBUS_SESSION_BUS_ADDRESS": keyring.busAddress,
            ]
            let machine = try await MeshLinux.initialize(test: "story", environment: environment)
            let session = MeshSession(machine)
            let alice = try await MeshSession(PatientPlatform(machine)).createPersonalProfile(name: "alice")
            let expected: Set<PlatformError.Code>
            switch state {
            case "frozen":
                keyring.freeze()
                expected = [.timedOut]
            case "killed":
                keyring.killDaemon()
                // The bus may start another daemon, which finds the collection locked.
                expected = [.noService, .disconnected, .locked, .noDefaultCollection, .storeChanged, .timedOut]
            default:
                try await keyring.lockCollection()
                expected = [.locked]
            }
            let error = await #expect(throws: PlatformError.self) {
                try await session.createPersonalProfile(name: "bob")
            }
            #expect(error.map { expected.contains($0.code) } == true, "\(String(describing: error))")
            keyring.thaw()
            if state != "frozen" { try await keyring.restartDaemon() }
            let again = PatientPlatform(try await MeshLinux.initialize(test: "story", environment: environment))
            _ = try await MeshSession(again).finishInterrupted()
            #expect(try await MeshSession(again).personalSession("alice").udf == alice.udf)
            let masters = try await again.keys.list(matching: KeyFilter(keyClass: .master)).items.map(\.identifier)
            #expect(try await Set(MeshSession(again).personalProfiles().map(\.profile)) == Set(masters))
            #expect(masters == [alice.udf])
        }
    #endif
}
