import CDecaf
import COpenSSL
import MeshCore

/// What a private key is made of, worked out from its octets.
struct PrivateKeyMaterial: ~Copyable {
    var octets: SecretBytes
    var prepared: SecretBytes
    var publicOctets: [UInt8]
    var agreementKey: X25519Key?

    static func make(
        _ algorithm: KeyAlgorithm, _ octets: borrowing SecretBytes
    ) throws(CryptographyError) -> PrivateKeyMaterial {
        switch algorithm {
        case .x448 where octets.count == x448SumSize: try x448Sum(octets)
        case .ed448 where octets.count == ed448SumSize: try ed448Sum(octets)
        case .x25519, .x448: try montgomery(algorithm, octets)
        case .ed25519, .ed448: try edwards(algorithm, octets)
        case .p256, .p384, .p521: try curve(algorithm, octets)
        case .rsa2048, .rsa3072, .rsa4096: try rsa(algorithm, octets)
        }
    }

    static func wrongLength(_ algorithm: KeyAlgorithm, _ count: Int) -> CryptographyError {
        CryptographyError(.invalidKey, "A private \(algorithm) key cannot have \(count) octets.")
    }

    private static func montgomery(
        _ algorithm: KeyAlgorithm, _ octets: borrowing SecretBytes
    ) throws(CryptographyError) -> PrivateKeyMaterial {
        guard octets.count == algorithm.derivedSize else { throw wrongLength(algorithm, octets.count) }
        var scalar = octets.duplicate()
        scalar.withUnsafeMutableBytes { scalar in
            if algorithm == .x25519 {
                scalar[0] &= 0xF8
                scalar[31] = scalar[31] & 0x7F | 0x40
            } else {
                scalar[0] &= 0xFC
                scalar[55] |= 0x80
            }
        }
        var encoded = scalar.withUnsafeBytes { montgomeryPublic(algorithm, $0) }
        var agreementKey: X25519Key?
        if algorithm == .x25519 {
            encoded.removeLast()
            agreementKey = scalar.withUnsafeBytes { X25519Key($0) }
            requireLibrary(agreementKey != nil, "X25519")
        }
        return PrivateKeyMaterial(
            octets: scalar, prepared: SecretBytes(count: 0) { _ in }, publicOctets: encoded,
            agreementKey: agreementKey)
    }

    /// The u coordinate of the scalar's multiple of the base point, then the parity octet of v.
    static func montgomeryPublic(_ algorithm: KeyAlgorithm, _ scalar: UnsafeRawBufferPointer) -> [UInt8] {
        var u = [UInt8](repeating: 0, count: algorithm.derivedSize)
        var next = u
        if algorithm == .x25519 {
            mesh_x25519_public(&u, &next, scalar.octets)
        } else {
            mesh_x448_public(&u, &next, scalar.octets)
        }
        return u + [MontgomeryParity.isOdd(algorithm, u: u, nextU: next) ? 0x80 : 0x00]
    }

    private static func edwards(
        _ algorithm: KeyAlgorithm, _ octets: borrowing SecretBytes
    ) throws(CryptographyError) -> PrivateKeyMaterial {
        let is448 = algorithm == .ed448
        guard is448 ? octets.count == 56 || octets.count == 57 : octets.count == 32 else {
            throw wrongLength(algorithm, octets.count)
        }
        let prepared = octets.withUnsafeBytes { octets in
            SecretBytes(count: Int(is448 ? MESH_ED448_PREPARED : MESH_ED25519_PREPARED)) { prepared in
                if is448 {
                    mesh_ed448_prepare(prepared.octets, octets.octets, octets.count)
                } else {
                    mesh_ed25519_prepare(prepared.octets, octets.octets)
                }
            }
        }
        let encoded = prepared.withUnsafeBytes { Array($0.suffix(is448 ? 57 : 32)) }
        return PrivateKeyMaterial(
            octets: octets.duplicate(), prepared: prepared, publicOctets: encoded, agreementKey: nil)
    }

    private static func curve(
        _ algorithm: KeyAlgorithm, _ octets: borrowing SecretBytes
    ) throws(CryptographyError) -> PrivateKeyMaterial {
        let bits = algorithm.curveBits ?? 0
        guard octets.count == (Int(bits) + 7) / 8 else { throw wrongLength(algorithm, octets.count) }
        let scalar = BigInteger(bigEndian: octets)
        guard scalar.bitCount > 0, scalar.isLess(than: NISTCurve.order(algorithm)) else {
            throw CryptographyError(
                .invalidKey, "A private \(algorithm) key lies between 0 and the order of the group.")
        }
        let size = algorithm.publicKeySize ?? 0
        let encoded = [UInt8](unsafeUninitializedCapacity: size) { point, count in
            requireLibrary(mesh_curve_public(bits, scalar.number, point.baseAddress, size) == 1, "a NIST curve")
            count = size
        }
        return PrivateKeyMaterial(
            octets: octets.duplicate(), prepared: SecretBytes(count: 0) { _ in }, publicOctets: encoded,
            agreementKey: nil)
    }

    private static func rsa(
        _ algorithm: KeyAlgorithm, _ octets: borrowing SecretBytes
    ) throws(CryptographyError) -> PrivateKeyMaterial {
        let half = algorithm.derivedSize
        guard octets.count == 2 * half else { throw wrongLength(algorithm, octets.count) }
        let p = BigInteger(bigEndian: octets.duplicate(0..<half))
        let q = BigInteger(bigEndian: octets.duplicate(half..<2 * half))
        guard p.bitCount > 1, q.bitCount > 1, !p.isEqual(to: q), p.isOdd, q.isOdd,
            let modulus = p.multiplied(by: q).publicOctets(count: 2 * half)
        else { throw CryptographyError(.invalidKey, "A private \(algorithm) key is two different odd primes.") }
        return PrivateKeyMaterial(
            octets: octets.duplicate(), prepared: SecretBytes(count: 0) { _ in },
            publicOctets: KeyInfo.rsaPublicKey(modulus: modulus), agreementKey: nil)
    }
}

/// The constants of the NIST curves, from the library.
enum NISTCurve {
    /// The order of the group.
    static func order(_ algorithm: KeyAlgorithm) -> BigInteger {
        let order = BigInteger()
        requireLibrary(mesh_curve_order(algorithm.curveBits ?? 0, order.number) == 1, "a NIST curve")
        return order
    }

    /// The prime of the field.
    static func field(_ algorithm: KeyAlgorithm) -> BigInteger {
        let prime = BigInteger()
        requireLibrary(mesh_curve_field(algorithm.curveBits ?? 0, prime.number) == 1, "a NIST curve")
        return prime
    }
}
