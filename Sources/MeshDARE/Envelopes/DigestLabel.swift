import MeshCryptography
import MeshEncoding

/// The labels of the member `dig` (`dare-12` §2).
extension HashAlgorithm {
    /// What is written, and what is meant where a digest stands without a label: SHA-2-512.
    public static let dareStandard = HashAlgorithm.sha512

    /// The hash function of a label; `SHA2` is how `dare-07` and `-08` write `S512`.
    ///
    /// - Throws: ``DAREError`` `unsupportedAlgorithm` for any other label.
    public init(dareLabel label: String) throws(DAREError) {
        switch label.asLabel {
        case "S512", "SHA2": self = .sha512
        case "S256": self = .sha256
        case "S3512": self = .sha3_512
        case "S3256": self = .sha3_256
        default:
            throw DAREError(
                .unsupportedAlgorithm, "The envelope is digested with an algorithm that is not known here.")
        }
    }

    /// The label.
    public var dareLabel: String {
        switch self {
        case .sha512: "S512"
        case .sha256: "S256"
        case .sha3_512: "S3512"
        case .sha3_256: "S3256"
        }
    }
}
