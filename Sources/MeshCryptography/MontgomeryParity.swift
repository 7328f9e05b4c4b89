/// The parity of the v coordinate of a public X448 or X25519 key, which those functions do not return.
///
/// Works on public values only, with the library's big integers.
enum MontgomeryParity {
    /// Whether v of k·B is odd, from the u coordinates of k·B and (k + 1)·B, both little endian.
    ///
    /// With base point (x, y), x1 = u(k·B) and x2 = u((k+1)·B), the y coordinate of k·B is
    /// ((x1·x + 1)(x1 + x + 2A) − 2A − (x1 − x)²·x2) / 2y (Okeya and Sakurai, on v² = u³ + A·u² + u).
    static func isOdd(_ algorithm: KeyAlgorithm, u: [UInt8], nextU: [UInt8]) -> Bool {
        let is448 = algorithm == .x448
        let prime: BigInteger
        if is448 {
            // 2^448 − 2^224 − 1
            prime = BigInteger.powerOfTwo(448, plus: 0).subtracting(.powerOfTwo(224, plus: 1))
        } else {
            prime = BigInteger.powerOfTwo(255, plus: 0).subtracting(BigInteger(19))
        }
        let a = BigInteger(is448 ? 156_326 : 486_662)
        let x = BigInteger(is448 ? 5 : 9)
        let y = BigInteger(bigEndian: is448 ? Self.baseV448 : Self.baseV25519)
        let x1 = BigInteger(bigEndian: Array(u.reversed()))
        let x2 = BigInteger(bigEndian: Array(nextU.reversed()))

        let twoA = a.adding(a)
        let left = x1.multiplied(by: x, modulo: prime).adding(BigInteger(1), modulo: prime)
        let right = x1.adding(x, modulo: prime).adding(twoA, modulo: prime)
        let difference = x1.subtracting(x, modulo: prime)
        let square = difference.multiplied(by: difference, modulo: prime)
        let numerator = left.multiplied(by: right, modulo: prime).subtracting(twoA, modulo: prime)
            .subtracting(square.multiplied(by: x2, modulo: prime), modulo: prime)
        // 2y is not zero modulo the prime, so that the inverse exists.
        guard let inverse = y.adding(y, modulo: prime).inverse(modulo: prime) else { return false }
        return numerator.multiplied(by: inverse, modulo: prime).isOdd
    }

    // The v coordinates of the base points (RFC 7748 §4.1 and §4.2), big endian.
    private static let baseV25519: [UInt8] = [
        0x20, 0xAE, 0x19, 0xA1, 0xB8, 0xA0, 0x86, 0xB4, 0xE0, 0x1E, 0xDD, 0x2C, 0x77, 0x48, 0xD1, 0x4C,
        0x92, 0x3D, 0x4D, 0x7E, 0x6D, 0x7C, 0x61, 0xB2, 0x29, 0xE9, 0xC5, 0xA2, 0x7E, 0xCE, 0xD3, 0xD9,
    ]
    private static let baseV448: [UInt8] = [
        0x7D, 0x23, 0x5D, 0x12, 0x95, 0xF5, 0xB1, 0xF6, 0x6C, 0x98, 0xAB, 0x6E, 0x58, 0x32, 0x6F, 0xCE,
        0xCB, 0xAE, 0x5D, 0x34, 0xF5, 0x55, 0x45, 0xD0, 0x60, 0xF7, 0x5D, 0xC2, 0x8D, 0xF3, 0xF6, 0xED,
        0xB8, 0x02, 0x7E, 0x23, 0x46, 0x43, 0x0D, 0x21, 0x13, 0x12, 0xC4, 0xB1, 0x50, 0x67, 0x7A, 0xF7,
        0x6F, 0xD7, 0x22, 0x3D, 0x45, 0x7B, 0x5B, 0x1A,
    ]
}
