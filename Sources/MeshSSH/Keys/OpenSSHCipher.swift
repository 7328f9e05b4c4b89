import Glibc
import MeshCore
import MeshCryptography
import MeshPlatforms

/// The ciphers that private keys in OpenSSH's form are encrypted with.
enum OpenSSHCipher: String {
    /// Not encrypted.
    case none
    /// AES-256 in counter mode: what OpenSSH writes since 7.6, and what is written here.
    case aes256CTR = "aes256-ctr"
    /// AES-256 in cipher block chaining: what OpenSSH wrote before.
    case aes256CBC = "aes256-cbc"
    /// AES-256 in Galois counter mode: what OpenSSH writes if asked.
    case aes256GCM = "aes256-gcm@openssh.com"

    /// The plaintext is padded to a multiple of this.
    var blockSize: Int { self == .none ? 8 : 16 }
    /// How many octets of the derived key are the initial counter, vector or nonce; they follow the 32 of the key.
    var vectorSize: Int {
        switch self {
        case .none: 0
        case .aes256CTR, .aes256CBC: 16
        case .aes256GCM: 12
        }
    }
    /// How many octets of a tag follow the ciphertext.
    var tagSize: Int { self == .aes256GCM ? AESGCM.tagSize : 0 }

    /// Decrypts `ciphertext`, whose length is a multiple of the block size and not zero, with the tag behind it.
    ///
    /// - Throws: `CryptographyError` `authenticationFailed` where there is a tag and it is wrong.
    func decrypt(
        _ ciphertext: UnsafeRawBufferPointer, tag: UnsafeRawBufferPointer, key derived: borrowing SecretBytes
    ) throws -> SecretBytes {
        guard self != .none else { return SecretBytes(copying: ciphertext) }
        let key = derived.duplicate(0..<32)
        let vector = derived.duplicate(32..<(32 + vectorSize))
        switch self {
        case .none, .aes256CTR:
            return try Self.countered(ciphertext, key: key, counter: vector)
        case .aes256CBC:
            // The library removes a padding that OpenSSH does not use: give it one, an encrypted block of padding alone.
            let last = SecretBytes(copying: ciphertext.suffix(16))
            let padding = try AESCBC.encrypt(UnsafeRawBufferPointer(start: nil, count: 0), key: key, iv: last)
            return try SecretBytes(copying: Array(ciphertext) + padding).withUnsafeBytes {
                try AESCBC.decryptSecret($0, key: key, iv: vector)
            }
        case .aes256GCM:
            let nonce = vector.withUnsafeBytes { Array($0) }
            return try AESGCM.open(Array(ciphertext) + Array(tag), key: key, nonce: nonce)
        }
    }

    /// Encrypts or decrypts in counter mode: adds the encrypted counter values to the octets.
    static func countered(
        _ octets: UnsafeRawBufferPointer, key: borrowing SecretBytes, counter: borrowing SecretBytes
    ) throws -> SecretBytes {
        var counter = counter.duplicate()
        let zeros = [UInt8](repeating: 0, count: 16)
        return try SecretBytes(count: octets.count) { (output) throws in
            for start in stride(from: 0, to: octets.count, by: 16) {
                // A block of zeros chained to the counter is the encrypted counter (a block of padding follows it).
                var stream = try zeros.withUnsafeBytes { try AESCBC.encrypt($0, key: key, iv: counter) }
                for index in start..<min(start + 16, octets.count) {
                    output[index] = octets[index] ^ stream[index - start]
                }
                // The array has no second owner, so that this wipes the octets themselves.
                stream.withUnsafeMutableBytes { if let base = $0.baseAddress { explicit_bzero(base, $0.count) } }
                counter.withUnsafeMutableBytes { counter in
                    var index = 15
                    while index >= 0 {
                        counter[index] &+= 1
                        if counter[index] != 0 { break }
                        index -= 1
                    }
                }
            }
        }
    }
}
