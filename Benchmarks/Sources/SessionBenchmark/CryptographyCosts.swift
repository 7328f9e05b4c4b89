import MeshCore
import MeshCryptography

/// What the cryptographic operations that synchronising cannot do without cost on this machine now, in microseconds.
struct CryptographyCosts {
    /// Keys for one payload of an entry (HKDF), and AES-256-GCM over it.
    let seal: Double
    /// SHA-512 over a payload, over a link of the chain, and over the header and trailer of a frame.
    let payloadDigest: Double
    let linkDigest: Double
    let headerDigest: Double
    /// SHA-512 of many octets, for each.
    let octet: Double
    /// Ed448.
    let sign: Double
    let verify: Double
    /// X448.
    let agree: Double

    /// How often something is done.
    struct Counts {
        /// Payloads that are sealed or opened.
        var payloads = 0
        /// Frames whose payload, link and check are computed, to make or to verify them.
        var frames = 0
        /// Frames that go into the digest of a run.
        var runFrames = 0
        var signatures = 0
        var verifications = 0
        var agreements = 0
        /// Octets of messages that are hashed.
        var octets = 0
    }

    /// How long `counts` operations take, in microseconds.
    func time(_ counts: Counts) -> Double {
        Double(counts.payloads) * seal + Double(counts.frames) * (payloadDigest + linkDigest + headerDigest)
            + Double(counts.runFrames) * headerDigest + Double(counts.signatures) * sign
            + Double(counts.verifications) * verify + Double(counts.agreements) * agree + Double(counts.octets) * octet
    }

    static func measured() throws -> CryptographyCosts {
        let random = SystemRandomSource()
        let payload = random.bytes(350)
        let header = random.bytes(600)
        let link = random.bytes(128)
        let long = random.bytes(1 << 20)
        let secret = SecretBytes(copying: random.bytes(32))
        let signer = try PrivateKey.generate(.ed448, from: random)
        let signature = try signer.sign(payload)
        let agreement = try PrivateKey.generate(.x448, from: random)
        let peer = try PrivateKey.generate(.x448, from: random).publicKey
        return CryptographyCosts(
            seal: try each(2_000) {
                let extracted = HKDF.extract(salt: link, inputKey: secret, hash: .sha256)
                let key = try HKDF.expand(extracted, info: Array("encrypt".utf8), count: 32, hash: .sha256)
                _ = try HKDF.expand(extracted, info: Array("iv".utf8), count: 12, hash: .sha256)
                _ = try AESGCM.seal(SecretBytes(copying: payload), key: key, nonce: [UInt8](repeating: 0, count: 12))
            },
            payloadDigest: try each(5_000) { _ = HashAlgorithm.sha512.digest(payload) },
            linkDigest: try each(5_000) { _ = HashAlgorithm.sha512.digest(link) },
            headerDigest: try each(5_000) { _ = HashAlgorithm.sha512.digest(header) },
            octet: try each(20) { _ = HashAlgorithm.sha512.digest(long) } / Double(long.count),
            sign: try each(200) { _ = try signer.sign(payload) },
            verify: try each(200) {
                guard signer.publicKey.isValidSignature(signature, for: payload) else {
                    throw SessionBenchmark.Failure()
                }
            },
            agree: try each(200) { _ = try agreement.agree(with: peer) })
    }

    private static func each(_ count: Int, _ body: () throws -> Void) rethrows -> Double {
        let start = ContinuousClock.now
        for _ in 0..<count { try body() }
        return SessionBenchmark.microseconds(since: start) / Double(count)
    }
}
