import MeshCore
import MeshCryptography
import Testing

@Suite struct SignatureTests {
    // RFC 8032 §7.1 (test 2), §7.2 (foo), §7.4 (blank; 1 octet with context); draft-hallambaker-mesh-dare-12 §13.4.
    static let published: [(KeyAlgorithm, String, String, String, String?, String)] = [
        (
            .ed25519, "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
            "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72", nil,
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
                + "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
        ),
        (
            .ed25519, "0305334e381af78f141cb666f6199f57bc3495335a256a95bd2a55bf546663f6",
            "dfc9425e4f968f7f0c29f0259cf5f9aed6851c2bb4ad8bfb860cfee0ab248292", "f726936d19c800494e3fdaff20b276a8",
            "666f6f",
            "55a4cc2f70a54e04288c5f4cd1e45a7bb520b36292911876cada7323198dd87a"
                + "8b36950b95130022907a7fb7c4e9b2d5f6cca685a587b4b21f4b888e4e7edb0d"
        ),
        (
            .ed448,
            "6c82a562cb808d10d632be89c8513ebf6c929f34ddfa8c9f63c9960ef6e348a3528c8a3fcc2f044e39a3fc5b94492f8f032e7549a20098f95b",
            "5fd7449b59b461fd2ce787ec616ad46a1da1342485a70e1f8a0ea75d80e96778edf124769b46c7061bd6783df1e50f6cd1fa1abeafe8256180",
            "", nil,
            "533a37f6bbe457251f023c0d88f976ae2dfb504a843e34d2074fd823d41a591f2b233f034f628281f2fd7a22ddd47d7828c59bd0a21bfd3980ff0d2028d4b18a9df63e006c5d1c2d345b925d8dc00b4104852db99ac5c7cdda8530a113a0f4dbb61149f05a7363268c71d95808ff2e652600"
        ),
        (
            .ed448,
            "c4eab05d357007c632f3dbb48489924d552b08fe0c353a0d4a1f00acda2c463afbea67c5e8d2877c5e3bc397a659949ef8021e954e0a12274e",
            "43ba28f430cdff456ae531545f7ecd0ac834a55d9358c0372bfa0c6c6798c0866aea01eb00742802b8438ea4cb82169c235160627b4c3a9480",
            "03", "666f6f",
            "d4f8f6131770dd46f40867d6fd5d5055de43541f8c5e35abbcd001b32a89f7d2151f7647f11d8ca2ae279fb842d607217fce6e042f6815ea000c85741de5c8da1144a6a1aba7f96de42505d7a7298524fda538fccbbb754f578c1cad10d54d0d5428407e85dcbc98a49155c13764e66c3c00"
        ),
        (
            .ed25519, "30804f9effe92e1443cbf3b9ac7a709e3976c3a36fe341f1a56625298692c8db",
            "34c50f39d8159c75cdc93c817108bfa81eaa7e98a5fc8b65e2a31f907ed31ef4",
            "ada8a6f1257969d3db5969fc14c3389ab4404023bd0368d9d0d6409c55d6946d"
                + "3117ab161896e729276d209326314fe18daae520f128637bf2f54755947e4a02", "",
            "ddb9dc3d98c6053dd96a619cab14ebdb1cbf81c3ea494e0c24d8743750728f27"
                + "9305ce7a64249d3da30472778cf88de00b5b5810d8ee65e69e1ef150a986510c"
        ),
    ]

    @Test(arguments: published)
    func publishedSignatures(
        algorithm: KeyAlgorithm, privateHex: String, publicHex: String, message: String, context: String?,
        signature: String
    ) throws {
        let key = try PrivateKey(algorithm: algorithm, octets: secret(hex: privateHex))
        #expect(key.publicKey.octets == octets(publicHex))
        let context = context.map { octets($0) }
        #expect(try key.sign(octets(message), context: context) == octets(signature))
        #expect(key.publicKey.isValidSignature(octets(signature), for: octets(message), context: context))
        #expect(!key.publicKey.isValidSignature(octets(signature), for: octets(message) + [0], context: context))
        #expect(!key.publicKey.isValidSignature(octets(signature), for: octets(message), context: [1]))
    }

    @Test(arguments: [KeyAlgorithm.ed25519, .ed448])
    func everyDamageIsNoticed(algorithm: KeyAlgorithm) throws {
        let key = try PrivateKey.generate(algorithm, from: SeededRandomSource(seed: 11))
        let message = Array("The quick brown fox".utf8)
        let signature = try key.sign(message, context: [])
        #expect(key.publicKey.isValidSignature(signature, for: message, context: []))
        for index in signature.indices {
            var damaged = signature
            damaged[index] ^= 1 << UInt8(index % 8)
            #expect(!key.publicKey.isValidSignature(damaged, for: message, context: []))
        }
        for index in key.publicKey.octets.indices {
            var damaged = key.publicKey.octets
            damaged[index] ^= 1
            guard let other = try? PublicKey(algorithm: algorithm, octets: damaged) else { continue }
            #expect(!other.isValidSignature(signature, for: message, context: []))
        }
        #expect(!key.publicKey.isValidSignature([], for: message))
        #expect(!key.publicKey.isValidSignature(signature + [0], for: message))
        #expect(!key.publicKey.isValidSignature(signature, for: message, context: Array(repeating: 0, count: 256)))
    }

    @Test func aSignatureHasOneScalarOnly() throws {
        // Adding the group's order to S gives an equation that holds as well: it must be refused (RFC 8032 §5.1.7).
        let orders: [(KeyAlgorithm, String)] = [
            (.ed25519, "edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010"),
            (
                .ed448,
                "f34458ab92c27823558fc58d72c26c219036d6ae49db4ec4e923ca7cffffffffffffffffffffffffffffffffffffffffffffffffffffff3f00"
            ),
        ]
        for (algorithm, order) in orders {
            let key = try PrivateKey.generate(algorithm, from: SeededRandomSource(seed: 3))
            var signature = try key.sign([1, 2, 3])
            let half = signature.count / 2
            var carry = 0
            for (index, octet) in octets(order).enumerated() {
                carry += Int(signature[half + index]) + Int(octet)
                signature[half + index] = UInt8(carry & 0xFF)
                carry >>= 8
            }
            #expect(carry == 0)
            #expect(!key.publicKey.isValidSignature(signature, for: [1, 2, 3]))
        }
    }

    @Test func ed25519WithEmptyContextIsNotPlain() throws {
        let key = try PrivateKey.generate(.ed25519, from: SeededRandomSource(seed: 5))
        let signature = try key.sign([9], context: [])
        #expect(try signature != key.sign([9]))
        #expect(key.publicKey.isValidSignature(signature, for: [9], context: []))
        #expect(!key.publicKey.isValidSignature(signature, for: [9]))
        let goldilocks = try PrivateKey.generate(.ed448, from: SeededRandomSource(seed: 5))
        #expect(try goldilocks.sign([9], context: []) == goldilocks.sign([9]))
    }

    @Test func refusals() throws {
        let agreement = try PrivateKey.generate(.x448, from: SystemRandomSource())
        #expect(throws: CryptographyError(.unsupportedAlgorithm, "")) { try agreement.sign([1]) }
        #expect(!agreement.publicKey.isValidSignature(Array(repeating: 0, count: 114), for: [1]))
        let key = try PrivateKey.generate(.ed448, from: SystemRandomSource())
        #expect(throws: CryptographyError(.invalidParameter, "")) {
            try key.sign([1], context: Array(repeating: 0, count: 256))
        }
        #expect(throws: CryptographyError(.invalidKey, "")) {
            try PrivateKey(algorithm: .ed448, octets: SecretBytes(copying: [UInt8](repeating: 1, count: 55)))
        }
    }
}
