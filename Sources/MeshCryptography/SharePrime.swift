/// The primes that secrets are shared modulo (`udf-13` §11): the smallest above 2^(8n), for secrets of n octets.
public enum SharePrime {
    /// How much the prime for 1 to 64 octets is above 2^(8n).
    private static let offsets: [UInt64] = [
        1, 1, 43, 15, 15, 21, 81, 13, 15, 13, 7, 61, 111, 25, 451, 51,
        85, 175, 253, 7, 87, 427, 27, 133, 235, 375, 423, 735, 357, 115, 81, 297,
        175, 57, 45, 127, 61, 37, 91, 27, 15, 241, 231, 55, 105, 127, 115, 231,
        207, 181, 37, 235, 163, 1093, 187, 211, 21, 841, 445, 165, 777, 583, 133, 75,
    ]

    /// The longest secret that can be shared, in octets.
    public static let maximumOctets = 64

    /// What is added to 2^(8 · octets); nil outside 1 to 64 octets.
    public static func offset(octets: Int) -> UInt64? {
        (1...maximumOctets).contains(octets) ? offsets[octets - 1] : nil
    }

    /// The prime; nil outside 1 to 64 octets.
    package static func prime(octets: Int) -> BigInteger? {
        guard let offset = offset(octets: octets) else { return nil }
        return .powerOfTwo(8 * octets, plus: offset)
    }
}
