#if SecretService
    import Foundation
    import MeshPlatformTesting
    import MeshPlatforms
    import MeshSecretService
    import Testing

    /// The store keeps the contract on a real gnome-keyring, with a password and without.
    @Suite(.fewAtOnce) struct ConformanceTests {
        /// A suite on a keyring of its own. The default password-less one is the one that damaged values would destroy.
        static func suite(_ contents: PrivateKeyring.Contents) async throws -> KeyStoreConformance {
            let keyring = try await PrivateKeyring.start(contents)
            let mute = try await MuteService.start()
            mute.keyring.thaw()
            return KeyStoreConformance(
                name: "secret-service \(contents)", tolerance: .seconds(5), allowsProduction: true,
                // Unlocked as a login does it: by a daemon that starts.
                unlock: { _ in try await keyring.restartDaemon() },
                makeMute: { mode in
                    let store = try await SecretServiceKeyStore.open(mode: mode, busAddress: mute.busAddress)
                    mute.keyring.freeze()
                    return store
                },
                restart: { try await keyring.restartDaemon() },
                makeStore: { try await SecretServiceKeyStore.open(mode: $0, busAddress: keyring.busAddress) })
        }

        @Test(arguments: KeyStoreConformance.Case.allCases)
        func withPassword(_ rule: KeyStoreConformance.Case) async throws {
            let outcome = try await Self.suite(.password("test password")).run(rule)
            #expect(outcome == .passed)
        }

        @Test(arguments: KeyStoreConformance.Case.allCases)
        func passwordless(_ rule: KeyStoreConformance.Case) async throws {
            let outcome = try await Self.suite(.passwordless).run(rule)
            #expect(outcome == .passed)
        }

        /// The address of a bus with another provider, unlocked and of nobody's use: for trying one by hand.
        static let foreignBus = ProcessInfo.processInfo.environment["MESH_FOREIGN_KEYRING_BUS"]

        @Test(.enabled(if: foreignBus != nil), arguments: KeyStoreConformance.Case.allCases)
        func anotherProvider(_ rule: KeyStoreConformance.Case) async throws {
            let address = try #require(Self.foreignBus)
            let suite = KeyStoreConformance(
                name: "secret-service of another provider", tolerance: .seconds(5), caseLimit: .seconds(120),
                makeStore: { try await SecretServiceKeyStore.open(mode: $0, busAddress: address) })
            _ = try await suite.run(rule)
        }
    }
#endif
