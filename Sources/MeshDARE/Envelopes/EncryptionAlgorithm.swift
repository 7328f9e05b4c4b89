import MeshCryptography
import MeshEncoding

/// How bodies and annotations are encrypted: the labels of the member `enc` (`dare-12` §2).
public enum EncryptionAlgorithm: String, CaseIterable, Sendable {
    /// Not at all.
    case none = "none"
    /// AES-256 in CBC mode: the default, and the only one that other implementations read.
    case a256CBC = "A256CBC"
    /// AES-128 in CBC mode. Never published: for own use only.
    case a128CBC = "A128CBC"
    /// AES-256 in GCM, the tag in the trailer member `PayloadTag`. Never published: for own use only.
    case a256GCM = "A256GCM"
    /// AES-128 in GCM, the tag in the trailer member `PayloadTag`. Never published: for own use only.
    case a128GCM = "A128GCM"

    /// What is written unless something else is asked for.
    public static let standard = EncryptionAlgorithm.a256CBC

    /// The algorithm of a label.
    ///
    /// - Throws: ``DAREError`` `unsupportedAlgorithm` for a label that is not known, or whose meaning was never published
    ///   (`A256CBC-HS512`).
    public init(label: String) throws(DAREError) {
        let label = label.asLabel
        guard let known = EncryptionAlgorithm(rawValue: label) else {
            throw DAREError(
                .unsupportedAlgorithm,
                label == "A256CBC-HS512"
                    ? "The body is labelled A256CBC-HS512, which no specification says how to compute."
                    : "The body is encrypted with an algorithm that is not known here.")
        }
        self = known
    }

    /// The label.
    public var label: String { rawValue }
    /// Whether the body has a tag that shows any change.
    public var hasTag: Bool { cipher?.hasTag ?? false }

    /// The cipher; nil for ``none``.
    public var cipher: CipherAlgorithm? {
        switch self {
        case .none: nil
        case .a256CBC: .aes256CBC
        case .a128CBC: .aes128CBC
        case .a256GCM: .aes256GCM
        case .a128GCM: .aes128GCM
        }
    }
}
