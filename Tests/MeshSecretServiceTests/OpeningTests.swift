#if SecretService
    import MeshCore
    import MeshPlatformTesting
    import MeshPlatforms
    import Testing

    @testable import MeshSecretService

    /// What opening says when there is nothing to open.
    @Suite(.fewAtOnce) struct OpeningTests {
        private func openingCode(_ address: String) async -> PlatformError.Code? {
            let begin = ContinuousClock.now
            let seen = await code {
                do {
                    _ = try await SecretServiceKeyStore.open(mode: .test("ci"), busAddress: address)
                } catch let error as PlatformError {
                    #expect(error.remedy?.isEmpty == false && error.store == "secret-service")
                    throw error
                }
            }
            #expect(begin.duration(to: .now) < answerLimit)
            return seen
        }

        @Test(arguments: [
            "unix:path=/nonexistent/bus", "nonsense", "", "unix:", "unix:path=", "autolaunch:", "autolaunch:scope=user",
            "unix:path=/nonexistent;autolaunch:", "tcp:host=127.0.0.1,port=1",
        ])
        func noBus(_ address: String) async {
            #expect(await openingCode(address) == .noSessionBus)
        }

        @Test func noBusInTheEnvironment() throws {
            func find(_ environment: [String: String]) throws -> String {
                try BusAddress.find(explicit: nil, variable: { environment[$0] }, store: "secret-service")
            }
            for environment in [
                [:], ["DISPLAY": ":0"], ["DBUS_SESSION_BUS_ADDRESS": ""], ["DBUS_SESSION_BUS_ADDRESS": "autolaunch:"],
                ["XDG_RUNTIME_DIR": "/nonexistent"], ["XDG_RUNTIME_DIR": "/"], ["XDG_RUNTIME_DIR": ""],
            ] {
                #expect { try find(environment) } throws: { ($0 as? PlatformError)?.code == .noSessionBus }
            }
            #expect(try find(["DBUS_SESSION_BUS_ADDRESS": "unix:path=/x", "XDG_RUNTIME_DIR": "/"]) == "unix:path=/x")
        }

        @Test func busInTheRuntimeDirectory() async throws {
            let keyring = try await PrivateKeyring.start(.noProvider)
            defer { keyring.stop() }
            let address = try BusAddress.find(
                explicit: nil, variable: { $0 == "XDG_RUNTIME_DIR" ? keyring.directory : nil }, store: "secret-service")
            #expect(address == keyring.busAddress)
            #expect(BusAddress.escaped("/a b;c,é=") == "/a%20b%3bc%2c%c3%a9%3d")
        }

        @Test func noService() async throws {
            let keyring = try await PrivateKeyring.start(.noProvider)
            defer { keyring.stop() }
            #expect(await openingCode(keyring.busAddress) == .noService)
        }

        @Test func noDefaultCollection() async throws {
            let keyring = try await PrivateKeyring.start(.noCollection)
            defer { keyring.stop() }
            #expect(await openingCode(keyring.busAddress) == .noDefaultCollection)
            let collections = try await keyring.run([
                "gdbus", "call", "--session", "--dest", "org.freedesktop.secrets", "--object-path",
                "/org/freedesktop/secrets", "--method", "org.freedesktop.DBus.Properties.Get",
                "org.freedesktop.Secret.Service", "Collections",
            ])
            #expect(!collections.output.contains("login"), "no collection was made")
        }

        @Test func volatileDefaultCollection() async throws {
            let keyring = try await PrivateKeyring.start(.volatileDefault)
            defer { keyring.stop() }
            #expect(await openingCode(keyring.busAddress) == .volatileStore)
            var options = SecretServiceKeyStore.Options()
            options.busAddress = keyring.busAddress
            options.allowVolatile = true
            let store = try await SecretServiceKeyStore.open(mode: .test("ci"), options: options)
            #expect(store.traits.persistence == .untilReboot)
            try await put([1, 2], identifier(1), in: store)
            #expect(try await octets(identifier(1), in: store) == [1, 2])
        }

        @Test func frozenService() async throws {
            let mute = try await MuteService.start()
            defer { mute.keyring.stop() }
            #expect(await openingCode(mute.busAddress) == .timedOut)
        }

        @Test func frozenBus() async throws {
            let keyring = try await PrivateKeyring.start(.noProvider)
            defer { keyring.stop() }
            keyring.freezeBus()
            #expect(await openingCode(keyring.busAddress) == .timedOut)
        }

        @Test func whatTheStoreSaysOfItself() async throws {
            let keyring = try await PrivateKeyring.start()
            defer { keyring.stop() }
            let traits = try await SecretServiceKeyStore.open(mode: .production, busAddress: keyring.busAddress).traits
            #expect(traits.name == "secret-service" && traits.provider == "gnome-keyring")
            #expect(traits.collection == "login" && traits.persistence == .untilDeleted)
            #expect(traits.protection == .keyring && traits.largestValue == 1 << 20)
        }
    }
#endif
