#if SecretService
    import Glibc
    import MeshCore
    import MeshPlatformTesting
    import MeshPlatforms
    import MeshSecretService
    import Testing

    /// What a keyring is trusted with is still there later.
    @Suite(.fewAtOnce) struct DurabilityTests {
        static let torture: [[UInt8]] = [
            [], [0], [0xFF], Array("a\nb\n\n[c]\nd=1\r\n".utf8),
            Array("-----BEGIN OPENSSH PRIVATE KEY-----\nb3Bl\n".utf8),
            Array("\\n\\x00;#".utf8), Array("{\"a\":\"é\"}".utf8), Array(0...255),
            [UInt8](repeating: 0x0A, count: 4096),
            Array("item1/attribute0\n".utf8), [0xC3, 0x28, 0xF0, 0x9F], [UInt8](repeating: 0xA5, count: 1 << 20),
        ]

        /// The collection that a line break in a value would destroy, with everything in it.
        @Test func passwordlessCollectionSurvives() async throws {
            let keyring = try await PrivateKeyring.start(.passwordless)
            defer { keyring.stop() }
            let store = try await SecretServiceKeyStore.open(mode: .test("ci"), busAddress: keyring.busAddress)
            var expected: [UDF: [UInt8]] = [:]
            for (number, value) in Self.torture.enumerated() {
                for (index, keyClass) in KeyClass.allCases.enumerated() where value.count < 1 << 16 || index == 0 {
                    let key = identifier(number * 10 + index)
                    try await put(
                        value, key, in: store, keyClass: keyClass, account: "ä [x]=\\n@example.com",
                        deadline: .seconds(20))
                    expected[key] = value
                }
            }
            try await keyring.restartDaemon()
            for (key, value) in expected { #expect(try await octets(key, in: store) == value) }
            #expect(
                try await store.list(matching: .init(), options: .init(deadline: .seconds(20))).items.count
                    == expected.count)
            // Proof that this is the collection in question: it lies on the disk in clear text.
            let file = try await keyring.run(["cat", "\(keyring.directory)/data/keyrings/login.keyring"]).output
            #expect(file.hasPrefix("[keyring]") && file.contains("secret=mesh-key-1:"))
        }

        @Test func acknowledgedIsKept() async throws {
            let keyring = try await PrivateKeyring.start()
            defer { keyring.stop() }
            let store = try await SecretServiceKeyStore.open(mode: .test("ci"), busAddress: keyring.busAddress)
            for number in 0..<10 {
                try await put([UInt8(number)], identifier(number), in: store)
                keyring.killDaemon()
                try await keyring.restartDaemon()
                #expect(try await octets(identifier(number), in: store) == [UInt8(number)])
            }
        }

        @Test func manyTasksAtOnce() async throws {
            let keyring = try await PrivateKeyring.start()
            defer { keyring.stop() }
            let store = try await SecretServiceKeyStore.open(mode: .test("ci"), busAddress: keyring.busAddress)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for task in 0..<8 {
                    group.addTask {
                        for turn in 0..<50 {
                            let value = [UInt8(task), UInt8(turn)]
                            try await put(value, identifier(task), in: store, .always, deadline: .seconds(60))
                            let seen = try await store.withKey(
                                identifier(task), options: CallOptions(deadline: .seconds(60))
                            ) { $0.secret.withUnsafeBytes { Array($0) } }
                            #expect(seen == value)
                        }
                    }
                }
                try await group.waitForAll()
            }
            #expect(try await store.list().items.count == 8)
        }

        /// Stores of their own connections, as processes have them: exactly one creates, and none of the others' counts is
        /// lost in compare-and-swap.
        @Test func severalConnectionsTakeTurns() async throws {
            let keyring = try await PrivateKeyring.start()
            defer { keyring.stop() }
            var stores: [SecretServiceKeyStore] = []
            for _ in 0..<4 {
                stores.append(try await SecretServiceKeyStore.open(mode: .test("ci"), busAddress: keyring.busAddress))
            }
            let patient = CallOptions(deadline: .seconds(60))
            let created = try await withThrowingTaskGroup(of: Int.self) { group in
                for store in stores {
                    group.addTask {
                        var count = 0
                        for number in 0..<10 {
                            let seen = await code {
                                try await put([0], identifier(number), in: store, deadline: .seconds(60))
                            }
                            #expect(seen == nil || seen == .alreadyExists)
                            if seen == nil { count += 1 }
                        }
                        return count
                    }
                }
                return try await group.reduce(0, +)
            }
            #expect(created == 10)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for store in stores {
                    group.addTask {
                        var done = 0
                        while done < 10 {
                            guard let key = try await store.read(identifier(0), options: patient),
                                let revision = key.revision
                            else { throw PlatformError(.notFound, store: "test", "lost") }
                            let count = key.secret.withUnsafeBytes { $0[0] }
                            let seen = await code {
                                try await put(
                                    [count + 1], identifier(0), in: store, .ifUnchanged(revision),
                                    deadline: .seconds(60))
                            }
                            #expect(seen == nil || seen == .changedUnderneath)
                            if seen == nil { done += 1 }
                        }
                    }
                }
                try await group.waitForAll()
            }
            #expect(try await octets(identifier(0), in: stores[0]) == [40])
        }

        @Test func closedStoresLeaveNothingOpen() async throws {
            let keyring = try await PrivateKeyring.start()
            defer { keyring.stop() }
            func connections() async throws -> Int {
                let names = try await keyring.run([
                    "gdbus", "call", "--session", "--dest", "org.freedesktop.DBus", "--object-path",
                    "/org/freedesktop/DBus", "--method", "org.freedesktop.DBus.ListNames",
                ])
                return names.output.split(separator: "':").count
            }
            let before = try await connections()
            for _ in 0..<20 {
                let store = try await SecretServiceKeyStore.open(mode: .test("ci"), busAddress: keyring.busAddress)
                #expect(try await octets(identifier(1), in: store) == nil)
            }
            // GLib closes a connection in its own time.
            var after = try await connections()
            for _ in 0..<200 where after > before { after = try await connections() }
            #expect(after <= before)
        }
    }
#endif
