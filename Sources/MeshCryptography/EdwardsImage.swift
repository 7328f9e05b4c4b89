/// The points of curve448 on the Edwards curve that libdecaf calculates with (RFC 7748 §4.2, the map from (u, v) to (x, y)).
///
/// Works on public values only, with the library's big integers.
enum EdwardsImage {
    /// The image of a public X448 key, encoded as an Ed448 key; nil if it is no point of the curve, or of low order.
    static func octets(ofX448 key: PublicKey) -> [UInt8]? {
        image(u: Array(key.octets.prefix(56)), isOdd: key.octets.last == 0x80)
    }

    /// The image of one of the two points with that u coordinate; nil as above. A multiple of either has the same u.
    static func octets(ofX448 u: [UInt8]) -> [UInt8]? { image(u: u, isOdd: false) }

    private static func image(u octets: [UInt8], isOdd: Bool) -> [UInt8]? {
        // 2^448 − 2^224 − 1
        let p = BigInteger.powerOfTwo(448, plus: 0).subtracting(.powerOfTwo(224, plus: 1))
        let u = BigInteger(bigEndian: Array(octets.reversed())).modulo(p)
        let u2 = u.multiplied(by: u, modulo: p)
        let u3 = u2.multiplied(by: u, modulo: p)
        let u5 = u3.multiplied(by: u2, modulo: p)
        // v² = u³ + A·u² + u
        let v2 = u3.adding(u2.multiplied(by: BigInteger(156_326), modulo: p), modulo: p).adding(u, modulo: p)
        guard let root = v2.squareRoot(moduloPrime: p) else { return nil }
        let v = root.isOdd == isOdd ? root.modulo(p) : BigInteger(0).subtracting(root, modulo: p)

        // x = 4v(u² − 1) / (u⁴ − 2u² + 4v² + 1)
        let fourV2 = BigInteger(4).multiplied(by: v2, modulo: p)
        let u2Less1 = u2.subtracting(BigInteger(1), modulo: p)
        let xAbove = BigInteger(4).multiplied(by: v, modulo: p).multiplied(by: u2Less1, modulo: p)
        let xBelow = u2Less1.multiplied(by: u2Less1, modulo: p).adding(fourV2, modulo: p)
        // y = −(u⁵ − 2u³ − 4uv² + u) / (u⁵ − 2u²v² − 2u³ − 2v² + u)
        let shared = u5.subtracting(u3.adding(u3, modulo: p), modulo: p).adding(u, modulo: p)
        let yAbove = u.multiplied(by: fourV2, modulo: p).subtracting(shared, modulo: p)
        let twoV2 = v2.adding(v2, modulo: p)
        let yBelow = shared.subtracting(twoV2, modulo: p).subtracting(u2.multiplied(by: twoV2, modulo: p), modulo: p)
        // Points of low order have no image here.
        guard let xInverse = xBelow.inverse(modulo: p), let yInverse = yBelow.inverse(modulo: p),
            let encoded = yAbove.multiplied(by: yInverse, modulo: p).publicOctets(count: 56)
        else { return nil }
        let x = xAbove.multiplied(by: xInverse, modulo: p)
        return encoded.reversed() + [x.isOdd ? 0x80 : 0x00]
    }
}
