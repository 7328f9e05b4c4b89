import MeshCore
import MeshCryptography
import Testing

@Suite struct AgreementTests {
    @Test(arguments: [KeyAlgorithm.x25519, .x448, .ed25519, .ed448])
    func bothSidesAgree(algorithm: KeyAlgorithm) throws {
        let random = SeededRandomSource(seed: 21)
        for _ in 0..<20 {
            let left = try PrivateKey.generate(algorithm, from: random)
            let right = try PrivateKey.generate(algorithm, from: random)
            let shared = try left.agree(with: right.publicKey)
            #expect(try shared.isEqual(to: right.agree(with: left.publicKey)))
            #expect(try !shared.isEqual(to: left.agree(with: left.publicKey)))
            #expect(shared.count == (algorithm == .x448 ? 56 : algorithm.publicKeySize))
        }
    }

    // Reference documentation, 2022: X448 with a public key of 57 octets.
    @Test func aPublishedAgreementWithTheParityOctet() throws {
        let key = try PrivateKey(
            algorithm: .x448,
            octets: secret(
                hex: "cf3a9d18e357ead47dc30da3fa0b40188850489e339f0765ee040c710c23d6caaa9c94630258c0f6"
                    + "ea00431850c024ce61e94ecf5ec39ad2"))
        let peer = octets(
            "1e484609f44e75ce366726eec9775dbdf84f63688d2424c053dcd93b4868f24eee57d06bf280616a"
                + "cb9886c11d586a21ff0f687253e7596200")
        #expect(peer.count == 57)
        let shared =
            "234dce7a9b67d208e6afb45aa409f3d38c685d7aa002922f551005e8b440620d18bfcfbdfecd0802a7c259899293319f7fa4cc910c600191"
        #expect(try reveal(key.agree(withOctets: peer)) == octets(shared))
    }

    @Test func pointsOfLowOrderAreRefused() throws {
        let cases: [(KeyAlgorithm, [[UInt8]])] = [
            (
                .x25519,
                [
                    Array(repeating: 0, count: 32), [1] + Array(repeating: 0, count: 31),
                    octets("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800"),
                    octets("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
                ]
            ),
            (
                .x448,
                [
                    Array(repeating: 0, count: 57), Array(repeating: 0, count: 56),
                    [1] + Array(repeating: 0, count: 55),
                    Array(repeating: 0xFF, count: 28) + [0xFE] + Array(repeating: 0xFF, count: 27),
                ]
            ),
            (.ed25519, [[1] + Array(repeating: 0, count: 31), Array(repeating: 0, count: 32)]),
            (.ed448, [[1] + Array(repeating: 0, count: 56), Array(repeating: 0, count: 57)]),
        ]
        for (algorithm, points) in cases {
            let key = try PrivateKey.generate(algorithm, from: SeededRandomSource(seed: 2))
            for point in points {
                #expect(throws: CryptographyError(.agreementFailed, "")) { try key.agree(withOctets: point).count }
            }
        }
    }

    @Test func refusals() throws {
        let x448 = try PrivateKey.generate(.x448, from: SystemRandomSource())
        let x25519 = try PrivateKey.generate(.x25519, from: SystemRandomSource())
        #expect(throws: CryptographyError(.invalidKey, "")) { try x448.agree(with: x25519.publicKey).count }
        for count in [0, 31, 34, 55, 58] {
            #expect(throws: CryptographyError(.invalidKey, "")) {
                try x448.agree(withOctets: Array(repeating: 5, count: count)).count
            }
        }
        #expect(throws: CryptographyError(.invalidKey, "")) {
            try PublicKey(algorithm: .x448, octets: x448.publicKey.octets.dropLast() + [0x40])
        }
        #expect(throws: CryptographyError(.invalidKey, "")) {
            try PublicKey(algorithm: .x448, octets: Array(x448.publicKey.octets.dropLast()))
        }
        #expect(throws: CryptographyError(.unsupportedAlgorithm, "")) {
            try PrivateKey.generate(.p256, from: SystemRandomSource())
        }
    }

    @Test func manyThreadsUseOneKey() async throws {
        let key = try PrivateKey.generate(.x25519, from: SeededRandomSource(seed: 8))
        let signer = try PrivateKey.generate(.ed448, from: SeededRandomSource(seed: 9))
        let peer = try PrivateKey.generate(.x25519, from: SeededRandomSource(seed: 10)).publicKey
        let expected = try reveal(key.agree(with: peer))
        let signature = try signer.sign([1])
        try await withThrowingTaskGroup(of: Bool.self) { group in
            for _ in 0..<64 {
                group.addTask {
                    try reveal(key.agree(with: peer)) == expected && signer.sign([1]) == signature
                }
            }
            for try await same in group { #expect(same) }
        }
    }
}
