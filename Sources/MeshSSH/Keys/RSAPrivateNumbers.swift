import MeshCore
import MeshCryptography

/// The private numbers of an RSA key that SSH writes besides the primes.
enum RSAPrivateNumbers {
    /// The private exponent and the inverse of the second prime modulo the first, for odd primes as `PrivateKey` checked
    /// them; nil if the public exponent does not go with them.
    static func derive(
        _ first: borrowing BigInteger, _ second: borrowing BigInteger, exponent: borrowing BigInteger
    ) -> Pair? {
        let one = BigInteger(1)
        let order = first.subtracting(one).multiplied(by: second.subtracting(one))
        guard let privateExponent = exponent.inverse(modulo: order), let coefficient = second.inverse(modulo: first)
        else { return nil }
        return Pair(privateExponent: privateExponent, coefficient: coefficient)
    }

    /// The two numbers.
    struct Pair: ~Copyable {
        let privateExponent: BigInteger
        let coefficient: BigInteger
    }

    /// Whether the numbers of a key that was read belong to its primes: a wrong one gives the primes away with the first
    /// signature.
    static func isConsistent(
        _ pair: borrowing Pair, _ first: borrowing BigInteger, _ second: borrowing BigInteger,
        exponent: borrowing BigInteger
    ) -> Bool {
        let one = BigInteger(1)
        let product = exponent.multiplied(by: pair.privateExponent)
        return pair.coefficient.isLess(than: first)
            && second.multiplied(by: pair.coefficient).modulo(first).isEqual(to: one)
            && product.modulo(first.subtracting(one)).isEqual(to: one)
            && product.modulo(second.subtracting(one)).isEqual(to: one)
    }
}
