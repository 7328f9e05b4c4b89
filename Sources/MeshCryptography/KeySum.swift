import CDecaf
import MeshCore

// Threshold keys: the sum of two keys can be used by who has both, and by nobody who has one (`schema-08` §7).
extension PrivateKey {
    /// The key whose scalar is the sum of those of `base` and `contribution`, modulo the order of the group.
    ///
    /// Its public key is ``PublicKey/sum(_:_:)`` of theirs. A summed X448 scalar is used as it is, without clamping. A summed
    /// Ed448 key signs deterministically: its nonce prefix is SHAKE256 of a domain string and both prefixes.
    ///
    /// - Throws: ``CryptographyError`` `unsupportedAlgorithm` for anything but two X448 or two Ed448 keys; `invalidKey` when the
    ///   sum is zero.
    public static func sum(
        _ base: PrivateKey, _ contribution: PrivateKey
    ) throws(CryptographyError) -> PrivateKey {
        let algorithm = try KeySum.algorithm(base.algorithm, contribution.algorithm)
        var isValid = false
        var octets = base.withScalar { left in
            contribution.withScalar { right in
                SecretBytes(count: PrivateKeyMaterial.sumSize(algorithm)) { sum in
                    isValid = left.withUnsafeBytes { left in
                        right.withUnsafeBytes { mesh_448_scalar_sum(sum.octets, left.octets, $0.octets) == 1 }
                    }
                }
            }
        }
        guard isValid else { throw KeySum.isZero }
        octets.withUnsafeMutableBytes { octets in
            if algorithm == .x448 {
                octets[56] = PrivateKeyMaterial.sumMark
            } else {
                base.withPrepared { left in
                    contribution.withPrepared { right in
                        mesh_ed448_prefix_sum(
                            octets.octets, KeySum.domain, KeySum.domain.count, left.octets, right.octets)
                    }
                }
            }
        }
        return try PrivateKey(algorithm: algorithm, octets: octets)
    }
}

extension PublicKey {
    /// The public key of ``PrivateKey/sum(_:_:)``: the sum of the two points.
    ///
    /// - Throws: ``CryptographyError`` `unsupportedAlgorithm` for anything but two X448 or two Ed448 keys; `invalidKey` when
    ///   one is no point of the curve, or one of them or the sum is of low order.
    public static func sum(_ base: PublicKey, _ contribution: PublicKey) throws(CryptographyError) -> PublicKey {
        let algorithm = try KeySum.algorithm(base.algorithm, contribution.algorithm)
        var sum = [UInt8](repeating: 0, count: 57)
        if algorithm == .ed448 {
            guard mesh_ed448_public_sum(&sum, base.octets, contribution.octets) == 1 else { throw KeySum.isNoPoint }
            return PublicKey(trusted: .ed448, sum)
        }
        var next = [UInt8](repeating: 0, count: 56)
        guard let left = EdwardsImage.octets(ofX448: base), let right = EdwardsImage.octets(ofX448: contribution),
            mesh_x448_public_sum(&sum, &next, left, right) == 1
        else { throw KeySum.isNoPoint }
        let u = Array(sum[..<56])
        return PublicKey(trusted: .x448, u + [MontgomeryParity.isOdd(.x448, u: u, nextU: next) ? 0x80 : 0x00])
    }
}

enum KeySum {
    /// What the nonce prefix of a summed Ed448 key is derived under.
    static let domain = Array("mesh-platform/ed448-sum/nonce-prefix".utf8)

    static func algorithm(_ left: KeyAlgorithm, _ right: KeyAlgorithm) throws(CryptographyError) -> KeyAlgorithm {
        guard left == right, left == .x448 || left == .ed448 else {
            throw CryptographyError(
                .unsupportedAlgorithm,
                "A \(left) and a \(right) key have no sum here: only two X448 or two Ed448 keys have one.")
        }
        return left
    }

    static let isZero = CryptographyError(.invalidKey, "The sum of the two keys is zero.")
    static let isNoPoint = CryptographyError(
        .invalidKey, "The sum of the two public keys, or one of them, is no point that a key can be.")
}

extension PrivateKeyMaterial {
    static let x448SumSize = 57
    static let ed448SumSize = 113
    /// What stands behind the scalar of a summed X448 key, so that it is not taken for one to be clamped.
    static let sumMark: UInt8 = 1

    static func sumSize(_ algorithm: KeyAlgorithm) -> Int { algorithm == .x448 ? x448SumSize : ed448SumSize }

    static func x448Sum(_ octets: borrowing SecretBytes) throws(CryptographyError) -> PrivateKeyMaterial {
        try requireScalar(octets)
        guard octets.withUnsafeBytes({ $0[56] }) == sumMark else { throw wrongLength(.x448, octets.count) }
        return PrivateKeyMaterial(
            octets: octets.duplicate(), prepared: SecretBytes(count: 0) { _ in },
            publicOctets: octets.withUnsafeBytes { montgomeryPublic(.x448, $0) }, agreementKey: nil)
    }

    static func ed448Sum(_ octets: borrowing SecretBytes) throws(CryptographyError) -> PrivateKeyMaterial {
        try requireScalar(octets)
        let prepared = octets.withUnsafeBytes { octets in
            SecretBytes(count: Int(MESH_ED448_PREPARED)) { prepared in
                prepared.copyMemory(from: octets)
                mesh_ed448_prepare_public(prepared.octets)
            }
        }
        let encoded = prepared.withUnsafeBytes { Array($0.suffix(57)) }
        return PrivateKeyMaterial(
            octets: octets.duplicate(), prepared: prepared, publicOctets: encoded, agreementKey: nil)
    }

    /// The scalar of a sum is not zero, and less than the order of the group.
    private static func requireScalar(_ octets: borrowing SecretBytes) throws(CryptographyError) {
        let zero = [UInt8](repeating: 0, count: 56)
        var reduced = zero
        let isValid = octets.withUnsafeBytes { octets in
            let isNotZero = mesh_448_scalar_sum(&reduced, octets.octets, zero) == 1
            return reduced.withUnsafeMutableBytes { reduced in
                defer { reduced.initializeMemory(as: UInt8.self, repeating: 0) }
                return isNotZero
                    && constantTimeEqual(
                        UnsafeRawBufferPointer(reduced), UnsafeRawBufferPointer(rebasing: octets[..<56]))
            }
        }
        guard isValid else {
            throw CryptographyError(
                .invalidKey, "The scalar of a summed key lies between 0 and the order of the group.")
        }
    }
}
