import MeshCore
import Testing

@testable import MeshCryptography

struct KeySumTests {
    @Test func sumOfPublicKeysIsPublicKeyOfSum() throws {
        let random = SeededRandomSource(seed: UInt64.random(in: 0...UInt64.max))
        print("seed \(random.seed)")
        for _ in 0..<50 {
            for algorithm in [KeyAlgorithm.x448, .ed448] {
                let base = try PrivateKey.generate(algorithm, from: random)
                let contribution = try PrivateKey.generate(algorithm, from: random)
                let sum = try PrivateKey.sum(base, contribution)
                #expect(try PublicKey.sum(base.publicKey, contribution.publicKey) == sum.publicKey)
                #expect(sum.isSum && !base.isSum)
                // Sums can be added to again.
                let third = try PrivateKey.generate(algorithm, from: random)
                #expect(
                    try PrivateKey.sum(sum, third).publicKey
                        == PublicKey.sum(base.publicKey, PublicKey.sum(contribution.publicKey, third.publicKey)))
            }
        }
    }

    @Test func sumsAgreeInBothDirections() throws {
        let random = SeededRandomSource(seed: UInt64.random(in: 0...UInt64.max))
        print("seed \(random.seed)")
        for _ in 0..<20 {
            for algorithm in [KeyAlgorithm.x448, .ed448] {
                let (left, right) = (try makeSum(algorithm, random), try makeSum(algorithm, random))
                let plain = try PrivateKey.generate(algorithm, from: random)
                for (one, other) in [(left, right), (left, plain)] {
                    #expect(try one.agree(with: other.publicKey).isEqual(to: other.agree(with: one.publicKey)))
                }
            }
            // The parity octet does not matter to an agreement.
            let (sum, peer) = (try makeSum(.x448, random), try PrivateKey.generate(.x448, from: random))
            let short = Array(peer.publicKey.octets.dropLast())
            #expect(try sum.agree(withOctets: short).isEqual(to: sum.agree(with: peer.publicKey)))
        }
    }

    @Test func summedKeysSignDeterministically() throws {
        let random = SeededRandomSource(seed: UInt64.random(in: 0...UInt64.max))
        print("seed \(random.seed)")
        let base = try PrivateKey.generate(.ed448, from: random)
        let contribution = try PrivateKey.generate(.ed448, from: random)
        let sum = try PrivateKey.sum(base, contribution)
        for message in [[], Array("a message".utf8)] as [[UInt8]] {
            let signature = try sum.sign(message)
            #expect(try signature == PrivateKey.sum(base, contribution).sign(message))
            #expect(sum.publicKey.isValidSignature(signature, for: message))
            #expect(!base.publicKey.isValidSignature(signature, for: message))
            #expect(!contribution.publicKey.isValidSignature(signature, for: message))
            #expect(try signature.prefix(57) != base.sign(message).prefix(57))
        }
    }

    @Test func octetsOfASumMakeTheSameKey() throws {
        let random = SeededRandomSource(seed: 3)
        for algorithm in [KeyAlgorithm.x448, .ed448] {
            let sum = try makeSum(algorithm, random)
            let again = try sum.withPrivateOctets { octets throws in
                try PrivateKey(algorithm: algorithm, octets: octets)
            }
            #expect(again.publicKey == sum.publicKey && again.isSum)
            if algorithm == .ed448 { #expect(try again.sign([1]) == sum.sign([1])) }
            // A scalar of zero, or not below the order, is none; nor is one with another mark.
            let size = algorithm == .x448 ? 57 : 113
            for filling in [0, 0xFF] as [UInt8] {
                var octets = [UInt8](repeating: filling, count: size)
                octets[56] = 1
                let secret = SecretBytes(copying: octets)
                #expect(throws: CryptographyError(.invalidKey, "")) {
                    try PrivateKey(algorithm: algorithm, octets: secret)
                }
            }
        }
        let mark = try makeSum(.x448, random).withPrivateOctets { octets in
            var changed = octets.duplicate()
            changed.withUnsafeMutableBytes { $0[56] = 2 }
            return SharedSecret(changed)
        }
        #expect(throws: CryptographyError(.invalidKey, "")) { try PrivateKey(algorithm: .x448, octets: mark.bytes) }
    }

    @Test func whatHasNoSumIsRefused() throws {
        let random = SeededRandomSource(seed: 4)
        let keys = try [KeyAlgorithm.x448, .ed448, .x25519, .ed25519].map { try PrivateKey.generate($0, from: random) }
        for left in keys {
            for right in keys where left.algorithm != right.algorithm || left.algorithm.publicKeySize == 32 {
                #expect(throws: CryptographyError(.unsupportedAlgorithm, "")) { try PrivateKey.sum(left, right) }
                #expect(throws: CryptographyError(.unsupportedAlgorithm, "")) {
                    try PublicKey.sum(left.publicKey, right.publicKey)
                }
            }
        }
        // A key and its negative: the sum is zero, and the identity.
        let sum = try makeSum(.x448, random)
        var negated = sum.publicKey.octets
        negated[56] ^= 0x80
        let negative = try PublicKey(algorithm: .x448, octets: negated)
        #expect(throws: CryptographyError(.invalidKey, "")) { try PublicKey.sum(sum.publicKey, negative) }
        let ed448 = keys[1].publicKey
        var edwards = ed448.octets
        edwards[56] ^= 0x80
        let edwardsNegative = try PublicKey(algorithm: .ed448, octets: edwards)
        #expect(throws: CryptographyError(.invalidKey, "")) { try PublicKey.sum(ed448, edwardsNegative) }
        let opposite = try #require(keys[1].withScalar { Self.opposite(of: $0) })
        let oppositeKey = try PrivateKey(algorithm: .ed448, octets: opposite.bytes)
        #expect(oppositeKey.publicKey == edwardsNegative)
        #expect(throws: CryptographyError(.invalidKey, "")) { try PrivateKey.sum(keys[1], oppositeKey) }
    }

    @Test func pointsOfLowOrderAndOffTheCurveAreRefused() throws {
        let random = SeededRandomSource(seed: 5)
        let x448 = try makeSum(.x448, random)
        let minusOne = [UInt8](repeating: 0xFF, count: 56).enumerated().map { $0.offset == 28 ? 0xFE : $0.element }
        var refused: [[UInt8]] = [0, 1].map { [$0] + [UInt8](repeating: 0, count: 55) }
        // −1 is p − 1: 2^448 − 2^224 − 2.
        refused.append([0xFE] + minusOne.dropFirst())
        for u in refused {
            #expect(throws: CryptographyError(.agreementFailed, "")) { try x448.agree(withOctets: u).count }
            let key = try PublicKey(algorithm: .x448, octets: u + [0])
            #expect(throws: CryptographyError(.invalidKey, "")) { try PublicKey.sum(x448.publicKey, key) }
        }
        // Half of all u are on the twist.
        var twisted = 0
        for _ in 0..<64 {
            let u = random.bytes(56)
            if (try? x448.agree(withOctets: u).count) == nil { twisted += 1 }
        }
        #expect((10...54).contains(twisted))
        let identity = try PublicKey(algorithm: .ed448, octets: [1] + [UInt8](repeating: 0, count: 56))
        let ed448 = try makeSum(.ed448, random)
        #expect(throws: CryptographyError(.invalidKey, "")) { try PublicKey.sum(ed448.publicKey, identity) }
        let nothing = try PublicKey(algorithm: .ed448, octets: [UInt8](repeating: 0xFF, count: 57))
        #expect(throws: CryptographyError(.invalidKey, "")) { try PublicKey.sum(ed448.publicKey, nothing) }
    }

    private func makeSum(_ algorithm: KeyAlgorithm, _ random: SeededRandomSource) throws -> PrivateKey {
        try PrivateKey.sum(.generate(algorithm, from: random), .generate(algorithm, from: random))
    }

    /// The octets of the summed Ed448 key whose scalar is that of `scalar`, negated.
    private static func opposite(of scalar: borrowing SecretBytes) -> SharedSecret? {
        guard let distance = BigInteger(decimal: "13818066809895115352007386748515426880336692474882178609894547503885")
        else { return nil }
        let order = BigInteger.powerOfTwo(446, plus: 0).subtracting(distance)
        guard let octets = order.subtracting(BigInteger(littleEndian: scalar).modulo(order)).octets(count: 56)
        else { return nil }
        return SharedSecret(
            SecretBytes(count: 113) { target in
                octets.withUnsafeBytes { target.copyBytes(from: $0.reversed()) }
            })
    }
}
