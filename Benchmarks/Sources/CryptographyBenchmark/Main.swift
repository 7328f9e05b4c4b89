// Ours against the bare calls of the libraries, in one run, in turns. Each line: name, ratio (above 1: ours is faster),
// ours, baseline; medians, in microseconds.
import CCryptographyBaseline
import MeshCore
import MeshCryptography

struct Failure: Error {}

func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }

func microseconds(_ count: Int, _ body: () throws -> Void) rethrows -> Double {
    let clock = ContinuousClock()
    let start = clock.now
    for _ in 0..<count { try body() }
    let time = start.duration(to: clock.now)
    return (Double(time.components.seconds) * 1e6 + Double(time.components.attoseconds) / 1e12) / Double(count)
}

func compare(_ name: String, count: Int = 100, ours: () throws -> Void, baseline: () throws -> Void) rethrows {
    var times: (ours: [Double], baseline: [Double]) = ([], [])
    _ = try (microseconds(count, ours), microseconds(count, baseline))
    for round in 0..<25 {
        // Who goes first changes each time.
        if round % 2 == 0 {
            times.ours.append(try microseconds(count, ours))
            times.baseline.append(try microseconds(count, baseline))
        } else {
            times.baseline.append(try microseconds(count, baseline))
            times.ours.append(try microseconds(count, ours))
        }
    }
    let (own, base) = (median(times.ours), median(times.baseline))
    func rounded(_ value: Double) -> Double { (value * 100).rounded() / 100 }
    print("\(name) \(rounded(base / own)) \(rounded(own)) \(rounded(base))")
}

@main enum Benchmark {
    static func main() throws {
        let seed = SeededRandomSource(seed: 1).bytes(57)
        baseline_prepare(seed)
        let message = SeededRandomSource(seed: 2).bytes(64)
        func key(_ algorithm: KeyAlgorithm, _ size: Int) throws -> PrivateKey {
            try PrivateKey(algorithm: algorithm, octets: SecretBytes(copying: seed.prefix(size)))
        }
        func check(_ succeeded: Bool) throws { if !succeeded { throw Failure() } }

        let ed448 = try key(.ed448, 57)
        let mesh = try key(.ed448, 56)
        let ed25519 = try key(.ed25519, 32)
        var signature = [UInt8](repeating: 0, count: 114)
        try compare("ed448-sign/libdecaf", ours: { _ = try ed448.sign(message) }) {
            decaf_baseline_ed448_sign(message, 64, &signature)
        }
        try compare("ed448-mesh-sign/libdecaf", ours: { _ = try mesh.sign(message) }) {
            decaf_baseline_ed448_sign(message, 64, &signature)
        }
        try compare("ed448-sign/openssl", ours: { _ = try ed448.sign(message) }) {
            openssl_baseline_ed448_sign(message, 64, &signature)
        }
        let valid = try ed448.sign(message)
        try compare("ed448-verify/libdecaf", ours: { try check(ed448.publicKey.isValidSignature(valid, for: message)) })
        {
            try check(decaf_baseline_ed448_verify(message, 64, valid) == 1)
        }
        try compare("ed448-verify/openssl", ours: { try check(ed448.publicKey.isValidSignature(valid, for: message)) })
        {
            try check(openssl_baseline_ed448_verify(message, 64, valid) == 1)
        }
        try compare("ed25519-sign/libdecaf", ours: { _ = try ed25519.sign(message) }) {
            decaf_baseline_ed25519_sign(message, 64, &signature)
        }
        try compare("ed25519-sign/openssl", ours: { _ = try ed25519.sign(message) }) {
            openssl_baseline_ed25519_sign(message, 64, &signature)
        }
        let short = try ed25519.sign(message)
        try compare(
            "ed25519-verify/libdecaf", ours: { try check(ed25519.publicKey.isValidSignature(short, for: message)) }
        ) {
            try check(decaf_baseline_ed25519_verify(message, 64, short) == 1)
        }
        try compare(
            "ed25519-verify/openssl", ours: { try check(ed25519.publicKey.isValidSignature(short, for: message)) }
        ) {
            try check(openssl_baseline_ed25519_verify(message, 64, short) == 1)
        }

        let random = SeededRandomSource(seed: 3)
        let x25519 = try key(.x25519, 32)
        let peer25519 = try PrivateKey.generate(.x25519, from: random).publicKey
        var shared = [UInt8](repeating: 0, count: 56)
        try compare("x25519-agree/openssl", ours: { try check(x25519.agree(with: peer25519).count == 32) }) {
            try check(openssl_baseline_x25519(peer25519.octets, &shared) == 1)
        }
        let x448 = try key(.x448, 56)
        let peer448 = try PrivateKey.generate(.x448, from: random).publicKey
        try compare("x448-agree/libdecaf", ours: { try check(x448.agree(with: peer448).count == 56) }) {
            try check(decaf_baseline_x448(peer448.octets, &shared) == 1)
        }
        try compare("x448-agree/openssl", ours: { try check(x448.agree(with: peer448).count == 56) }) {
            try check(openssl_baseline_x448(peer448.octets, &shared) == 1)
        }

        var digest = [UInt8](repeating: 0, count: 64)
        for size in [64, 4096, 65_536, 1 << 20] {
            let data = random.bytes(size)
            // The fingerprint is two digests by definition, the second over some eighty octets.
            let typed = [UInt8](repeating: 0, count: 83)
            try compare(
                "content-digest-\(size)/two-sha512", count: max(10, 2_000_000 / (size + 500)),
                ours: { try check(!ContentDigest(of: data, contentType: "application/mesh").udf().text.isEmpty) }
            ) {
                openssl_baseline_sha512(data, size, &digest)
                openssl_baseline_sha512(typed, 83, &digest)
            }
            try compare(
                "content-digest-\(size)/one-sha512", count: max(10, 2_000_000 / (size + 500)),
                ours: { try check(!ContentDigest(of: data, contentType: "application/mesh").udf().text.isEmpty) }
            ) { openssl_baseline_sha512(data, size, &digest) }
        }
    }
}
