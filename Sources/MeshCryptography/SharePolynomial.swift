import MeshCore

/// The polynomial that a secret is shared with (`udf-13` §4.5): the secret is its value at 0.
package struct SharePolynomial: ~Copyable {
    /// How many octets the secret has, from 1 to 64.
    package let octets: Int
    private let prime: BigInteger
    /// The coefficients, a0 (the secret) first, each `octets + 1` octets big endian.
    private let coefficients: SecretBytes
    private let quorum: Int

    /// A polynomial through `secret`, all other coefficients uniform below the prime.
    ///
    /// - Returns: nil for a secret that is too long, and when the source gives no number below the prime in 128 tries,
    ///   which no working source does.
    init?(secret: borrowing SecretBytes, quorum: Int, from random: any RandomSource) {
        guard let prime = SharePrime.prime(octets: secret.count), quorum >= 1 else { return nil }
        let octets = secret.count
        let size = octets + 1
        var isUniform = true
        let all = secret.withUnsafeBytes { secret in
            SecretBytes(count: size * quorum) { target in
                UnsafeMutableRawBufferPointer(rebasing: target[1..<size]).copyMemory(from: secret)
                for index in 1..<max(quorum, 1) {
                    let place = UnsafeMutableRawBufferPointer(rebasing: target[index * size..<(index + 1) * size])
                    // The prime has 8 · octets + 1 bits: about every second try is below it.
                    var tries = 0
                    var isBelow = false
                    while !isBelow, tries < 128 {
                        random.fill(place)
                        place[0] &= 1
                        isBelow = BigInteger(bigEndian: UnsafeRawBufferPointer(place)).isLess(than: prime)
                        tries += 1
                    }
                    isUniform = isUniform && isBelow
                }
            }
        }
        guard isUniform else { return nil }
        self.coefficients = all
        self.octets = octets
        self.prime = prime
        self.quorum = quorum
    }

    /// A polynomial with given coefficients a1, a2, …, as decimal digits; nil when one is not below the prime.
    package init?(secret: borrowing SecretBytes, coefficients: [String]) {
        guard let prime = SharePrime.prime(octets: secret.count) else { return nil }
        let size = secret.count + 1
        var all = secret.withUnsafeBytes { secret in
            SecretBytes(count: size * (coefficients.count + 1)) { target in
                UnsafeMutableRawBufferPointer(rebasing: target[1..<size]).copyMemory(from: secret)
            }
        }
        for (index, text) in coefficients.enumerated() {
            guard let number = BigInteger(decimal: text), number.isLess(than: prime),
                let octets = number.octets(count: size)
            else { return nil }
            all.withUnsafeMutableBytes { all in
                octets.withUnsafeBytes { octets in
                    UnsafeMutableRawBufferPointer(rebasing: all[(index + 1) * size..<(index + 2) * size])
                        .copyMemory(from: octets)
                }
            }
        }
        self.octets = secret.count
        self.prime = prime
        self.coefficients = all
        self.quorum = coefficients.count + 1
    }

    /// The value at `x`, by Horner's rule.
    package func value(at x: Int) -> BigInteger {
        let place = BigInteger(UInt64(x))
        let size = octets + 1
        var sum = BigInteger()
        for index in (0..<quorum).reversed() {
            let coefficient = BigInteger(bigEndian: coefficients.duplicate(index * size..<(index + 1) * size))
            sum = sum.multiplied(by: place, modulo: prime).adding(coefficient, modulo: prime)
        }
        return sum
    }

    /// The value at `x` of the polynomial of lowest degree through `shares`, which have different indices.
    ///
    /// - Returns: nil for a secret of impossible length or repeated indices.
    static func interpolate(_ shares: [KeyShare], at x: Int) -> BigInteger? {
        guard let first = shares.first, let prime = SharePrime.prime(octets: first.secretSize) else { return nil }
        var sum = BigInteger()
        for share in shares {
            var numerator = BigInteger(1)
            var denominator = BigInteger(1)
            for other in shares where other.index != share.index {
                numerator = numerator.multiplied(by: Self.difference(x, other.index, prime), modulo: prime)
                denominator = denominator.multiplied(
                    by: Self.difference(share.index, other.index, prime), modulo: prime)
            }
            guard let inverse = denominator.inverse(modulo: prime) else { return nil }
            let value = share.withValue { BigInteger(bigEndian: $0) }
            sum = sum.adding(
                value.multiplied(by: numerator, modulo: prime).multiplied(by: inverse, modulo: prime), modulo: prime)
        }
        return sum
    }

    /// left − right modulo the prime.
    private static func difference(_ left: Int, _ right: Int, _ prime: borrowing BigInteger) -> BigInteger {
        BigInteger(UInt64(left)).subtracting(BigInteger(UInt64(right)), modulo: prime)
    }
}
