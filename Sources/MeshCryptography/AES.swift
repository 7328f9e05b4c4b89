import COpenSSL
import MeshCore

private func requireKey(_ key: borrowing SecretBytes) throws(CryptographyError) {
    guard key.count == 32 else {
        throw CryptographyError(.invalidKey, "An AES-256 key has 32 octets, not \(key.count).")
    }
}

/// AES-256 in Galois counter mode: secrecy and integrity in one.
public enum AESGCM {
    /// How many octets the tag adds.
    public static let tagSize = 16

    /// Encrypts and authenticates.
    ///
    /// - Parameters:
    ///   - plaintext: what to seal.
    ///   - key: 32 octets.
    ///   - nonce: 12 octets, never used twice with one key.
    ///   - associated: octets that are authenticated with it, and not encrypted.
    /// - Returns: the ciphertext, as long as the plaintext, followed by the tag of 16 octets.
    /// - Throws: ``CryptographyError`` `invalidKey`, `invalidParameter` (nonce, or more than 2^31 octets).
    public static func seal(
        _ plaintext: borrowing SecretBytes, key: borrowing SecretBytes, nonce: [UInt8],
        authenticating associated: [UInt8] = []
    ) throws(CryptographyError) -> [UInt8] {
        try requireKey(key)
        guard nonce.count == 12, plaintext.count <= Int(Int32.max), associated.count <= Int(Int32.max) else {
            throw CryptographyError(.invalidParameter, "AES-GCM takes a nonce of 12 octets and less than 2 GiB.")
        }
        let count = plaintext.count
        var sealed = [UInt8](repeating: 0, count: count + tagSize)
        let done = plaintext.withUnsafeBytes { plaintext in
            key.withUnsafeBytes { key in
                sealed.withUnsafeMutableBytes { sealed in
                    mesh_aes_gcm_seal(
                        key.octets, nonce, nonce.count, associated, associated.count, plaintext.baseAddress, count,
                        sealed.octets, sealed.octets.map { $0 + count })
                }
            }
        }
        requireLibrary(done == 1, "AES-GCM")
        return sealed
    }

    /// Opens what ``seal(_:key:nonce:authenticating:)`` made.
    ///
    /// - Throws: ``CryptographyError`` `authenticationFailed` when it was changed or the key, nonce or associated octets
    ///   are others; `invalidKey`, `invalidParameter`.
    public static func open(
        _ sealed: [UInt8], key: borrowing SecretBytes, nonce: [UInt8], authenticating associated: [UInt8] = []
    ) throws(CryptographyError) -> SecretBytes {
        try requireKey(key)
        guard nonce.count == 12, sealed.count <= Int(Int32.max), associated.count <= Int(Int32.max) else {
            throw CryptographyError(.invalidParameter, "AES-GCM takes a nonce of 12 octets and less than 2 GiB.")
        }
        let count = sealed.count - tagSize
        guard count >= 0 else {
            throw CryptographyError(.authenticationFailed, "Sealed data of \(sealed.count) octets is cut short.")
        }
        return try key.withUnsafeBytes { (key) throws(CryptographyError) in
            try SecretBytes(count: count) { (output) throws(CryptographyError) in
                let done = sealed.withUnsafeBytes { sealed in
                    mesh_aes_gcm_open(
                        key.octets, nonce, nonce.count, associated, associated.count, sealed.baseAddress, count,
                        sealed.octets.map { $0 + count }, output.octets)
                }
                guard done == 1 else {
                    throw CryptographyError(
                        .authenticationFailed, "The sealed data was changed, or was sealed under another key.")
                }
            }
        }
    }
}

/// AES-256 in cipher block chaining mode with PKCS#7 padding: secrecy without integrity.
public enum AESCBC {
    /// Encrypts; the result is 1 to 16 octets longer than `plaintext`.
    ///
    /// - Throws: ``CryptographyError`` `invalidKey` (not 32 octets), `invalidParameter` (an IV that is not 16 octets).
    public static func encrypt(
        _ plaintext: UnsafeRawBufferPointer, key: borrowing SecretBytes, iv: borrowing SecretBytes
    ) throws(CryptographyError) -> [UInt8] {
        try requireKey(key)
        try requireIV(iv)
        return key.withUnsafeBytes { key in
            iv.withUnsafeBytes { iv in
                [UInt8](unsafeUninitializedCapacity: plaintext.count + 16) { output, count in
                    let written = mesh_aes_cbc_encrypt(
                        octets(key), octets(iv), plaintext.baseAddress, plaintext.count, output.baseAddress)
                    requireLibrary(written >= 0, "AES-CBC")
                    count = Int(written)
                }
            }
        }
    }

    /// Decrypts to octets that are not secret.
    ///
    /// - Throws: ``CryptographyError`` `authenticationFailed` when the length or the padding is wrong; `invalidKey`,
    ///   `invalidParameter`. Right padding proves nothing: check a digest or a MAC before this.
    public static func decrypt(
        _ ciphertext: UnsafeRawBufferPointer, key: borrowing SecretBytes, iv: borrowing SecretBytes
    ) throws(CryptographyError) -> [UInt8] {
        try requireKey(key)
        try requireIV(iv)
        var written: Int64 = -1
        let plaintext = key.withUnsafeBytes { key in
            iv.withUnsafeBytes { iv in
                [UInt8](unsafeUninitializedCapacity: ciphertext.count + 16) { output, count in
                    written = mesh_aes_cbc_decrypt(
                        octets(key), octets(iv), ciphertext.baseAddress, ciphertext.count, output.baseAddress)
                    count = Int(max(written, 0))
                }
            }
        }
        guard written >= 0 else { throw wrong }
        return plaintext
    }

    /// Decrypts to a secret.
    ///
    /// - Throws: as ``decrypt(_:key:iv:)``.
    public static func decryptSecret(
        _ ciphertext: UnsafeRawBufferPointer, key: borrowing SecretBytes, iv: borrowing SecretBytes
    ) throws(CryptographyError) -> SecretBytes {
        try requireKey(key)
        try requireIV(iv)
        var written: Int64 = -1
        let padded = key.withUnsafeBytes { key in
            iv.withUnsafeBytes { iv in
                SecretBytes(count: ciphertext.count + 16) { output in
                    written = mesh_aes_cbc_decrypt(
                        octets(key), octets(iv), ciphertext.baseAddress, ciphertext.count, output.octets)
                }
            }
        }
        guard written >= 0 else { throw wrong }
        return padded.duplicate(0..<Int(written))
    }

    private static var wrong: CryptographyError {
        CryptographyError(.authenticationFailed, "The encrypted data was changed, or was encrypted under another key.")
    }

    private static func requireIV(_ iv: borrowing SecretBytes) throws(CryptographyError) {
        guard iv.count == 16 else {
            throw CryptographyError(.invalidParameter, "An initialization vector has 16 octets, not \(iv.count).")
        }
    }

    private static func octets(_ buffer: UnsafeRawBufferPointer) -> UnsafePointer<UInt8>? { buffer.octets }
}

/// AES-256 key wrap (RFC 3394): a key sealed under another, with a check value.
public enum AESKeyWrap {
    /// Wraps `secret`; the result is 8 octets longer.
    ///
    /// - Throws: ``CryptographyError`` `invalidKey` (not 32 octets), `invalidParameter` (a secret that is no multiple of 8
    ///   octets, or not 16 to 4096 of them).
    public static func wrap(
        _ secret: borrowing SecretBytes, with key: borrowing SecretBytes
    ) throws(CryptographyError) -> [UInt8] {
        try requireKey(key)
        let count = secret.count
        guard count % 8 == 0, (16...4096).contains(count) else {
            throw CryptographyError(.invalidParameter, "Key wrap takes 16 to 4096 octets in steps of 8, not \(count).")
        }
        return secret.withUnsafeBytes { secret in
            key.withUnsafeBytes { key in
                [UInt8](unsafeUninitializedCapacity: count + 8) { output, filled in
                    requireLibrary(
                        mesh_aes_wrap(key.octets, secret.baseAddress, count, output.baseAddress) == 1, "key wrap")
                    filled = count + 8
                }
            }
        }
    }

    /// Unwraps what ``wrap(_:with:)`` made.
    ///
    /// - Throws: ``CryptographyError`` `authenticationFailed` when the check value is wrong or the length cannot be;
    ///   `invalidKey`.
    public static func unwrap(
        _ wrapped: [UInt8], with key: borrowing SecretBytes
    ) throws(CryptographyError) -> SecretBytes {
        try requireKey(key)
        let count = wrapped.count
        guard count % 8 == 0, (24...4096).contains(count) else {
            throw CryptographyError(.authenticationFailed, "A wrapped key of \(count) octets cannot be.")
        }
        return try key.withUnsafeBytes { (key) throws(CryptographyError) in
            try SecretBytes(count: count - 8) { (output) throws(CryptographyError) in
                guard mesh_aes_unwrap(key.octets, wrapped, count, output.octets) == 1 else {
                    throw CryptographyError(
                        .authenticationFailed, "The wrapped key was changed, or was wrapped under another key.")
                }
            }
        }
    }
}
