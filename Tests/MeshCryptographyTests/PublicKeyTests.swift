import MeshCore
import MeshCryptography
import Testing

@Suite struct PublicKeyTests {
    @Test func curveAndRSAKeysAreCheckedWhenRead() throws {
        let seed = SecretSeed(.any, random: 16, from: SeededRandomSource(seed: 4))
        for algorithm in [KeyAlgorithm.p256, .p384, .p521, .rsa2048] {
            let key = try seed.deriveKey(algorithm)
            let octets = key.publicKey.octets
            #expect(try PublicKey(algorithm: algorithm, octets: octets) == key.publicKey)
            for index in stride(from: 0, to: octets.count, by: 31) where algorithm != .rsa2048 {
                var damaged = octets
                damaged[index] ^= 1
                #expect(throws: CryptographyError(.invalidKey, "")) {
                    try PublicKey(algorithm: algorithm, octets: damaged)
                }
            }
            for wrong in [[], [0], Array(octets.dropLast()), octets + [0], Array(octets.dropFirst())] {
                #expect(throws: CryptographyError(.invalidKey, "")) {
                    try PublicKey(algorithm: algorithm, octets: wrong)
                }
            }
            #expect(throws: CryptographyError(.unsupportedAlgorithm, "")) { try key.sign([1]) }
            #expect(throws: CryptographyError(.unsupportedAlgorithm, "")) { try key.agree(with: key.publicKey).count }
            #expect(!key.publicKey.isValidSignature([], for: [1]))
        }
    }

    @Test func privateKeysOutsideTheGroupAreRefused() {
        for (algorithm, size) in [(KeyAlgorithm.p256, 32), (.p384, 48), (.p521, 66), (.rsa2048, 256)] {
            for octet in [UInt8(0), 0xFF] where algorithm != .rsa2048 || octet == 0 {
                #expect(throws: CryptographyError(.invalidKey, "")) {
                    try PrivateKey(
                        algorithm: algorithm, octets: SecretBytes(copying: [UInt8](repeating: octet, count: size)))
                }
            }
            #expect(throws: CryptographyError(.invalidKey, "")) {
                try PrivateKey(
                    algorithm: algorithm, octets: SecretBytes(copying: [UInt8](repeating: 1, count: size - 1)))
            }
        }
    }

    @Test func fingerprintsMatchInBothFormsAndNotBelow100Bits() throws {
        let key = try PrivateKey.generate(.ed448, from: SeededRandomSource(seed: 6)).publicKey
        #expect(key.matches(key.udf))
        #expect(key.matches(key.fingerprint(bits: 260)))
        #expect(key.matches(key.fingerprint(bits: 100)))
        #expect(!key.matches(key.fingerprint(bits: 80)))
        #expect(key.matches(key.fingerprint(form: .release)))
        let other = try PrivateKey.generate(.ed448, from: SeededRandomSource(seed: 7)).publicKey
        #expect(!key.matches(other.udf))
        #expect(key.fingerprintOctets().count == 64)
    }

    @Test func algorithmNames() {
        for algorithm in KeyAlgorithm.allCases {
            #expect(KeyAlgorithm(name: algorithm.description) == algorithm)
            #expect(KeySpecifier(name: algorithm.description)?.algorithm == algorithm)
        }
        #expect(KeyAlgorithm(name: "P-256") == .p256)
        #expect(KeyAlgorithm(name: "ed449") == nil)
        #expect(KeySpecifier(name: "meshprofiledevice") == .profileDevice)
        #expect(KeySpecifier(rawValue: 0x8004).use == 2)
        #expect(KeySpecifier(rawValue: 0x8004).algorithm == .ed448)
    }
}
