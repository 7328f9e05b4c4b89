import MeshCore
import MeshCryptography
import MeshInMemory
import MeshPlatforms
import Testing

@testable import MeshDARE

/// An account with two devices, and what is needed to make frames of its stores.
struct ReplicaWorld {
    let random: SeededRandomSource
    let reader: PrivateKey
    let device: PrivateKey
    let other: PrivateKey
    let scope: RunScope

    init(seed: UInt64 = 7) throws {
        random = SeededRandomSource(seed: seed)
        reader = try PrivateKey.generate(.x448, from: random)
        device = try PrivateKey.generate(.ed448, from: random)
        other = try PrivateKey.generate(.ed448, from: random)
        scope = RunScope(account: device.publicKey.udf, store: "MMM_Credential")
    }

    var signer: RunSigner { RunSigner(scope, key: device) }
    var otherSigner: RunSigner { RunSigner(scope, key: other) }
    var keys: SequenceKeys { SequenceKeys(DecryptionKeys([reader])) }
    var options: SequenceOptions {
        SequenceOptions(
            .chain, policy: SequencePolicy(encryption: .once, algorithm: .a256GCM, recipients: [reader.publicKey]))
    }

    /// Events of a catalog.
    func contents(_ count: Int, from first: Int = 1, size: Int = 40) -> [FrameContent] {
        (0..<count).map { number in
            var meta = ContentMeta()
            meta.uniqueID = "key-\(first + number)"
            meta.event = .new
            return FrameContent([UInt8](repeating: UInt8(truncatingIfNeeded: number), count: size), meta: meta)
        }
    }

    /// The first frames of a new sequence.
    func start(_ count: Int, signed: Bool = true) throws -> PreparedFrames {
        try DARESequence.prepare(
            new: options, contents(count), signedBy: signed ? signer : nil, keys: keys, random: random)
    }
}
