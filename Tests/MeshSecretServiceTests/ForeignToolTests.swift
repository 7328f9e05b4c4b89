#if SecretService
    import MeshCore
    import MeshPlatformTesting
    import MeshPlatforms
    import MeshSecretService
    import Testing

    /// Other programs on the same keyring: they find our items, and what they leave there is seen for what it is.
    @Suite(.fewAtOnce) struct ForeignToolTests {
        private let key = identifier(9)

        private func attributes(_ key: UDF, _ more: [String] = []) -> [String] {
            ["mesh-udf", key.text, "mesh-mode", "test-ci"] + more
        }

        @Test func secretToolFindsOurItem() async throws {
            let keyring = try await PrivateKeyring.start()
            defer { keyring.stop() }
            let store = try await SecretServiceKeyStore.open(mode: .test("ci"), busAddress: keyring.busAddress)
            try await put([1, 2, 3], key, in: store, keyClass: .master, account: "alice@example.com")
            let found = try await keyring.run(["sh", "-c", "secret-tool search mesh-udf \(key.text) 2>&1"])
            for line in [
                "label = Mesh key \(key.text.filter { $0 != "-" }.prefix(14))", "schema = org.mathmesh.Key",
                "attribute.mesh-udf = \(key.text)", "attribute.mesh-mode = test-ci", "attribute.mesh-class = Master",
                "attribute.mesh-exportable = true", "attribute.mesh-account = alice@example.com",
            ] {
                #expect(found.output.contains(line + "\n"), "\(line)")
            }
            let value = try await keyring.run(["secret-tool", "lookup", "mesh-udf", key.text]).output
            #expect(value.hasPrefix("mesh-key-1:\(key.text):Master:true:"))
            #expect(value.utf8.allSatisfy { (0x21...0x7E).contains($0) }, "one line of printable ASCII")
            try await keyring.run(["secret-tool", "clear"] + attributes(key))
            #expect(try await octets(key, in: store) == nil)
        }

        @Test(arguments: ["", "garbage", "mesh-key-1:", "mesh-key-1:a:b:c:d:e:f:g:h", "line\nline"])
        func garbageIsCorrupt(_ garbage: String) async throws {
            let keyring = try await PrivateKeyring.start()
            defer { keyring.stop() }
            let store = try await SecretServiceKeyStore.open(mode: .test("ci"), busAddress: keyring.busAddress)
            try await put([5], identifier(10), in: store)
            let stored = try await keyring.run(["secret-tool", "store", "--label=x"] + attributes(key), input: garbage)
            #expect(stored.status == 0)
            #expect(await code { _ = try await store.read(key) } == .corrupt)
            #expect(await code { _ = try await store.readEach([key], options: CallOptions()) { _ in } } == .corrupt)
            #expect(await code { try await put([1], key, in: store) } == .alreadyExists)
            let listing = try await store.list()
            #expect(listing.isPartial && listing.problems.map(\.code) == [.corrupt])
            #expect(listing.items.map(\.identifier) == [identifier(10)])
            // What is whole can still be read, and the damaged one can be replaced.
            #expect(try await octets(identifier(10), in: store) == [5])
            try await put([1], key, in: store, .always)
            #expect(try await octets(key, in: store) == [1])
            #expect(try await store.list().items.count == 2)
        }

        @Test func laterVersionIsNamed() async throws {
            let keyring = try await PrivateKeyring.start()
            defer { keyring.stop() }
            let store = try await SecretServiceKeyStore.open(mode: .test("ci"), busAddress: keyring.busAddress)
            try await keyring.run(["secret-tool", "store", "--label=x"] + attributes(key), input: "mesh-key-2:new")
            #expect(await code { _ = try await store.read(key) } == .unknownVersion)
        }

        @Test func valueMovedToAnotherItemIsCorrupt() async throws {
            let keyring = try await PrivateKeyring.start()
            defer { keyring.stop() }
            let store = try await SecretServiceKeyStore.open(mode: .test("ci"), busAddress: keyring.busAddress)
            try await put([1, 2, 3], key, in: store)
            let value = try await keyring.run(["secret-tool", "lookup", "mesh-udf", key.text]).output
            let other = identifier(11)
            try await keyring.run(["secret-tool", "store", "--label=x"] + attributes(other), input: value)
            #expect(await code { _ = try await store.read(other) } == .corrupt)
        }

        @Test func duplicatesAreAmbiguous() async throws {
            let keyring = try await PrivateKeyring.start()
            defer { keyring.stop() }
            let store = try await SecretServiceKeyStore.open(mode: .test("ci"), busAddress: keyring.busAddress)
            try await put([1], key, in: store)
            let value = try await keyring.run(["secret-tool", "lookup", "mesh-udf", key.text]).output
            try await keyring.run(
                ["secret-tool", "store", "--label=x"] + attributes(key, ["other", "program"]), input: value)
            do {
                _ = try await store.read(key)
                Issue.record("not ambiguous")
            } catch let error as PlatformError {
                #expect(error.code == .ambiguous && error.candidates.count == 2)
            }
            #expect(await code { _ = try await store.readEach([key], options: CallOptions()) { _ in } } == .ambiguous)
            #expect(await code { _ = try await store.remove(key) } == .ambiguous)
            #expect(await code { try await put([2], key, in: store) } == .ambiguous)
            try await put([3], key, in: store, .always)
            #expect(try await octets(key, in: store) == [3])
            #expect(try await store.list().items.count == 1)
        }

        /// The same attributes in another collection are another's item: neither read nor removed.
        @Test func otherCollectionsAreLeftAlone() async throws {
            let keyring = try await PrivateKeyring.start()
            defer { keyring.stop() }
            let store = try await SecretServiceKeyStore.open(mode: .test("ci"), busAddress: keyring.busAddress)
            try await keyring.run(
                ["secret-tool", "store", "--collection=session", "--label=x"] + attributes(key), input: "foreign")
            #expect(try await octets(key, in: store) == nil)
            #expect(try await store.remove(key) == false)
            try await put([1], key, in: store)
            #expect(try await store.eraseTestKeys(options: CallOptions()) == 1)
            let left = try await keyring.run(["secret-tool", "lookup"] + attributes(key))
            #expect(left.output == "foreign")
        }
    }
#endif
