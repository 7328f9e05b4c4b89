import MeshCore
import MeshCryptography
import MeshDARE
import MeshEncoding

/// Keys that tests of envelopes share; making them takes a while.
enum EnvelopeSamples {
    static let random = SeededRandomSource(seed: 1303)

    static func key(_ algorithm: KeyAlgorithm) -> PrivateKey {
        guard let key = try? PrivateKey.generate(algorithm, from: random) else {
            preconditionFailure("all four curves can be generated")
        }
        return key
    }

    static let x448 = key(.x448)
    static let ed448 = key(.ed448)
    static let x25519 = key(.x25519)
    static let ed25519 = key(.ed25519)
    static let otherX448 = key(.x448)
    static let otherEd448 = key(.ed448)
    static let agreement = [x448, ed448, x25519, ed25519]

    static let payload = Array("This is a test long enough to require multiple blocks".utf8)

    /// Encrypted to ``x448`` and signed by ``ed448``.
    static func sealer() -> EnvelopeSealer {
        var sealer = EnvelopeSealer(recipients: [x448.publicKey], signers: [ed448])
        sealer.random = random
        return sealer
    }
}
