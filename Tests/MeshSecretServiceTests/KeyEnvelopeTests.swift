#if SecretService
    import MeshCore
    import MeshPlatforms
    import MeshSecretService
    import Testing

    @Suite struct KeyEnvelopeTests {
        @Test func oneLine() throws {
            let udf = UDF(type: .nonce, value: Array(1...16))
            let item = try KeyItem(identifier: udf, keyClass: .device)
            let line = KeyEnvelope.encode(
                SecretBytes(copying: [0, 1, 2, 255]), as: item, revision: KeyEnvelope.newRevision(SystemRandomSource()))
            print(line.withUnsafeBytes { String(decoding: $0, as: UTF8.self) })
        }
    }
#endif
