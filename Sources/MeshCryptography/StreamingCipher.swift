import COpenSSL
import MeshCore

/// AES in the modes that data in pieces is encrypted with.
public enum CipherAlgorithm: CaseIterable, Sendable {
    /// AES-128 in cipher block chaining mode, PKCS#7 padding.
    case aes128CBC
    /// AES-256 in cipher block chaining mode, PKCS#7 padding.
    case aes256CBC
    /// AES-128 in Galois counter mode.
    case aes128GCM
    /// AES-256 in Galois counter mode.
    case aes256GCM

    /// How many octets a key has.
    public var keySize: Int { self == .aes128CBC || self == .aes128GCM ? 16 : 32 }
    /// Whether the mode makes a tag of 16 octets that shows any change.
    public var hasTag: Bool { self == .aes128GCM || self == .aes256GCM }
    /// How many octets the initialization vector (CBC) or the nonce (GCM) has.
    public var ivSize: Int { hasTag ? 12 : 16 }
    /// The most octets that one key and nonce may encrypt (NIST SP 800-38D); no limit is met in CBC.
    var maximumPlaintext: Int { hasTag ? 1 << 36 - 32 : .max }
    /// How many octets the encryption of `count` octets has, the tag not counted.
    public func encryptedCount(_ count: Int) -> Int { hasTag ? count : count / 16 * 16 + 16 }

    var library: mesh_cipher {
        switch self {
        case .aes128CBC: MESH_AES128_CBC
        case .aes256CBC: MESH_AES256_CBC
        case .aes128GCM: MESH_AES128_GCM
        case .aes256GCM: MESH_AES256_GCM
        }
    }
}

/// AES over data that arrives in pieces. The key is wiped when the value ends.
///
/// Plaintext that ``update(_:into:)`` gives while decrypting is not checked yet: in GCM it means nothing before
/// ``finishDecrypting(into:tag:)`` has returned, and in CBC nothing before a digest or a MAC was checked.
public struct StreamingCipher: ~Copyable {
    /// Which way.
    public enum Direction: Sendable {
        case encrypt
        case decrypt
    }

    /// How much more room than its input an output needs.
    public static let margin = 16

    /// The algorithm.
    public let algorithm: CipherAlgorithm
    /// Which way.
    public let direction: Direction
    private let context: OpaquePointer
    private var processed = 0

    /// Starts encrypting or decrypting.
    ///
    /// - Throws: ``CryptographyError`` `invalidKey`, or `invalidParameter` for an initialization vector of another size
    ///   than ``CipherAlgorithm/ivSize``.
    public init(
        _ algorithm: CipherAlgorithm, _ direction: Direction, key: borrowing SecretBytes, iv: borrowing SecretBytes
    ) throws(CryptographyError) {
        guard key.count == algorithm.keySize else {
            throw CryptographyError(.invalidKey, "The key has \(key.count) octets, not \(algorithm.keySize).")
        }
        guard iv.count == algorithm.ivSize else {
            throw CryptographyError(
                .invalidParameter, "The initialization vector has \(iv.count) octets, not \(algorithm.ivSize).")
        }
        let context = key.withUnsafeBytes { key in
            iv.withUnsafeBytes { iv in
                mesh_cipher_start(algorithm.library, direction == .encrypt ? 1 : 0, key.octets, iv.octets)
            }
        }
        guard let context else {
            preconditionFailure("the system's cryptographic library has no memory for, or lacks, AES")
        }
        self.algorithm = algorithm
        self.direction = direction
        self.context = context
    }

    deinit { mesh_cipher_free(context) }

    /// Takes in `input`, and writes what is ready into `output`, which has room for ``margin`` more octets than `input`
    /// (a programmer's mistake otherwise).
    ///
    /// - Returns: how many octets were written.
    /// - Throws: ``CryptographyError`` `invalidParameter` for more data than the mode may take in.
    public mutating func update(
        _ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer
    ) throws(CryptographyError) -> Int {
        precondition(output.count - StreamingCipher.margin >= input.count, "no room for the cipher's output")
        guard input.count <= algorithm.maximumPlaintext - processed else {
            throw CryptographyError(.invalidParameter, "AES-GCM takes less than 64 GiB under one key.")
        }
        if !input.isEmpty { processed += input.count }
        let written = mesh_cipher_update(context, input.baseAddress, input.count, output.octets)
        requireLibrary(written >= 0, "AES")
        return Int(written)
    }

    /// Ends an encryption: writes the last octets, at most ``margin``, into `output`.
    ///
    /// - Returns: how many were written, and the tag in GCM.
    public consuming func finishEncrypting(
        into output: UnsafeMutableRawBufferPointer
    ) -> (written: Int, tag: [UInt8]?) {
        precondition(direction == .encrypt && output.count >= StreamingCipher.margin, "no room for the last block")
        let written = mesh_cipher_finish(context, output.octets)
        requireLibrary(written >= 0, "AES")
        guard algorithm.hasTag else { return (Int(written), nil) }
        var tag = [UInt8](repeating: 0, count: 16)
        requireLibrary(mesh_cipher_get_tag(context, &tag) == 1, "AES-GCM")
        return (Int(written), tag)
    }

    /// Ends a decryption: writes the last octets, at most ``margin``, into `output`.
    ///
    /// - Parameter tag: the tag, in GCM.
    /// - Returns: how many were written.
    /// - Throws: ``CryptographyError`` `authenticationFailed`, the same for a wrong length, a wrong padding and a wrong or
    ///   missing tag.
    public consuming func finishDecrypting(
        into output: UnsafeMutableRawBufferPointer, tag: [UInt8]? = nil
    ) throws(CryptographyError) -> Int {
        precondition(direction == .decrypt && output.count >= StreamingCipher.margin, "no room for the last block")
        try expect(tag)
        let written = mesh_cipher_finish(context, output.octets)
        guard written >= 0 else { throw Self.wrong }
        return Int(written)
    }

    /// Ends a decryption; as ``finishDecrypting(into:tag:)``, but the last octets are returned.
    ///
    /// - Throws: ``CryptographyError`` `authenticationFailed`.
    public consuming func finishDecrypting(tag: [UInt8]? = nil) throws(CryptographyError) -> SecretBytes {
        precondition(direction == .decrypt, "an encryption is ended in another way")
        try expect(tag)
        let context = context
        var written: Int64 = -1
        let room = SecretBytes(count: StreamingCipher.margin) { written = mesh_cipher_finish(context, $0.octets) }
        guard written >= 0 else { throw Self.wrong }
        return room.duplicate(0..<Int(written))
    }

    private borrowing func expect(_ tag: [UInt8]?) throws(CryptographyError) {
        guard algorithm.hasTag else { return }
        guard let tag, tag.count == 16, mesh_cipher_set_tag(context, tag) == 1 else { throw Self.wrong }
    }

    private static var wrong: CryptographyError {
        CryptographyError(.authenticationFailed, "The encrypted data was changed, or was encrypted under another key.")
    }
}
