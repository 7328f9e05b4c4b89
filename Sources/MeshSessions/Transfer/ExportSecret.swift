import MeshCore
import MeshCryptography

/// The secret of an exported profile (`Z…`): the keys that it is sealed to and signed with are derived from it, so that who has
/// it can open the export, and nobody else can have made it.
public struct ExportSecret: Sendable {
    private let seed: SecretSeed
    /// What the export is sealed to. Any reader of DARE archives opens it with this key.
    public let decryption: PrivateKey
    /// What the manifest is signed with.
    let signature: PrivateKey

    /// A new secret.
    ///
    /// - Throws: ``CryptographyError``.
    init(from random: any RandomSource) throws { try self.init(SecretSeed(.any, from: random)) }

    /// Reads the text of a secret.
    ///
    /// - Throws: ``SessionError`` `wrongSecret` for a text that is none. Nothing of the text is in the error.
    public init(parsing text: borrowing SecretBytes) throws {
        let refusal = SessionError(
            .wrongSecret, "This is not the secret of an exported profile.",
            remedy: "Give the line that starts with Z, as it was given out when the profile was exported.")
        let seed: SecretSeed
        do { seed = try SecretSeed(parsing: text) } catch { throw refusal }
        // The seed of a profile opens no export: whoever gives it here has mixed up two papers.
        guard seed.specifier == .any, seed.withBinary({ $0.count }) == 3 + SecretSeed.defaultSize else { throw refusal }
        try self.init(seed)
    }

    private init(_ seed: SecretSeed) throws {
        self.seed = seed
        decryption = try seed.deriveKey(.x448, keyName: "mesh-platform/profile-export/encrypt")
        signature = try seed.deriveKey(.ed448, keyName: "mesh-platform/profile-export/sign")
    }

    /// The text of the secret (`Z…`): to be kept, and shown to nobody.
    public func text() -> SharedSecret { SharedSecret(seed.text()) }
}
