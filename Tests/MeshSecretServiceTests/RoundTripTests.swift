#if SecretService
    import MeshCore
    import MeshPlatformTesting
    import MeshPlatforms
    import MeshSecretService
    import Testing

    @Suite struct RoundTripTests {
        @Test func storesReadsListsAndRemoves() async throws {
            let keyring = try await PrivateKeyring.start()
            let store = try await SecretServiceKeyStore.open(mode: .test("ci"), busAddress: keyring.busAddress)
            print(store.traits)
            let udf = UDF(type: .nonce, value: Array(1...16))
            #expect(try await store.read(udf) == nil)
            let item = try KeyItem(identifier: udf, keyClass: .device)
            try await store.store(SecretBytes(copying: [0, 1, 2, 255]), as: item)
            let matches = try await store.withKey(udf) { key in
                key.item == item && key.secret.isEqual(to: SecretBytes(copying: [0, 1, 2, 255]))
            }
            #expect(matches == true)
            #expect(try await store.list().items == [item])
            #expect(try await store.remove(udf))
            #expect(try await store.remove(udf) == false)
            #expect(try await store.list().items == [])
            keyring.stop()
        }
    }
#endif
