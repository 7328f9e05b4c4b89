import MeshCore
import MeshCryptography
import MeshDARE
import MeshEncoding

/// Keys that everybody knows, so that inputs can be made that open and verify.
enum FuzzKeys {
    static let recipient = key(.x448)
    static let signer = key(.ed448)
    static let decryption = DecryptionKeys([recipient, key(.ed25519), key(.x25519)])
    static let payload: PayloadKey? = {
        let octets = SecretBytes(copying: [UInt8](repeating: 7, count: 32))
        return (try? BaseSeed(octets)).map {
            PayloadKey(seed: $0, algorithm: .standard, salt: [UInt8](repeating: 7, count: 16))
        }
    }()

    private static func key(_ algorithm: KeyAlgorithm) -> PrivateKey {
        guard let key = try? PrivateKey.generate(algorithm, from: SeededRandomSource(seed: UInt64(algorithm.rawValue)))
        else { fatalError("any randomness makes a key of these curves") }
        return key
    }

    /// Sealed with those keys: as JSON and as JSON-B, signed in both forms, with annotations and a cloaked header.
    static func sealedEnvelopes() throws -> [[UInt8]] {
        var inputs: [[UInt8]] = []
        for form in SignatureForm.allCases {
            var sealer = EnvelopeSealer(recipients: [recipient.publicKey], signers: [signer])
            sealer.random = SeededRandomSource(seed: 1)
            sealer.signatureForm = form
            sealer.annotations = [Array("Subject: test".utf8), Array("2026-01-01".utf8)]
            sealer.cloaked = ["cty": "text/plain"]
            let signed = try sealer.seal(Array("The content of an envelope.".utf8))
            sealer.signers = []
            let plain = try sealer.seal(Array("The content of an envelope.".utf8))
            inputs += EnvelopeEncoding.allCases.flatMap { [signed.encoded($0), plain.encoded($0)] }
        }
        return inputs
    }
}
