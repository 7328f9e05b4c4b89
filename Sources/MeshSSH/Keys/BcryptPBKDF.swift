import MeshCore
import MeshCryptography

/// `bcrypt_pbkdf`, the function by which OpenSSH turns a passphrase into the key of a private key file.
///
/// No library of the system exports it. It is bcrypt with SHA-512 of passphrase and salt, iterated as PBKDF2 is, with the octets of
/// the result dealt out in turn. Blowfish looks its tables up by secret values, as it must: it is here to read
/// and write OpenSSH's files, and for nothing else.
enum BcryptPBKDF {
    /// The most rounds that are run: a minute and a half. OpenSSH's own default is 16 (24 since OpenSSH 9.4).
    static let maximumRounds: UInt32 = 10_000
    private static let magic: [UInt8] = Array("OxychromaticBlowfishSwatDynamite".utf8)
    private static let blockCount = 32

    /// Derives `count` octets (1...1024). Blocks, for about 8 ms a round of 48 octets.
    ///
    /// - Throws: ``PlatformError`` `invalidArgument` for an empty passphrase or salt or a number out of range.
    static func derive(
        _ passphrase: borrowing SecretBytes, salt: [UInt8], rounds: UInt32, count: Int
    ) throws -> SecretBytes {
        guard passphrase.count > 0, !salt.isEmpty, (1...maximumRounds).contains(rounds), (1...1024).contains(count)
        else { throw SSHError.argument("The passphrase function cannot be run with these parameters.") }
        let hashedPassphrase = HashAlgorithm.sha512.digest(passphrase)
        let stride = (count + blockCount - 1) / blockCount
        let share = (count + stride - 1) / stride
        let state = BlowfishState()
        return SecretBytes(count: count) { output in
            for block in 0..<stride {
                var salted = salt
                salted.append(contentsOf: (0..<4).map { UInt8(truncatingIfNeeded: (block + 1) >> (24 - 8 * $0)) })
                let firstSalt = SecretBytes(copying: HashAlgorithm.sha512.digest(salted))
                var last = hash(state, hashedPassphrase, firstSalt)
                var sum = last.duplicate()
                for _ in 1..<max(rounds, 1) {
                    let nextSalt = HashAlgorithm.sha512.digest(last)
                    last = hash(state, hashedPassphrase, nextSalt)
                    sum.withUnsafeMutableBytes { sum in
                        last.withUnsafeBytes { last in for index in 0..<blockCount { sum[index] ^= last[index] } }
                    }
                }
                sum.withUnsafeBytes { sum in
                    for index in 0..<share {
                        let place = index * stride + block
                        if place < count { output[place] = sum[index] }
                    }
                }
            }
        }
    }

    /// One bcrypt of 64 rounds over a constant text, of which all 32 octets are kept.
    private static func hash(
        _ state: borrowing BlowfishState, _ passphrase: borrowing SecretBytes, _ salt: borrowing SecretBytes
    ) -> SecretBytes {
        let key = words(passphrase)
        let saltWords = words(salt)
        state.reset()
        state.expand(key: key, salt: saltWords)
        for _ in 0..<64 {
            state.expand(key: saltWords)
            state.expand(key: key)
        }
        return SecretBytes(count: blockCount) { output in
            for block in 0..<(blockCount / 8) {
                var left = word(magic, at: block * 8)
                var right = word(magic, at: block * 8 + 4)
                for _ in 0..<64 { state.encipher(&left, &right) }
                for index in 0..<4 {
                    // Each word is written with its least octet first, unlike the way it was read.
                    output[block * 8 + index] = UInt8(truncatingIfNeeded: left >> UInt32(8 * index))
                    output[block * 8 + 4 + index] = UInt8(truncatingIfNeeded: right >> UInt32(8 * index))
                }
            }
        }
    }

    private static func word(_ octets: [UInt8], at offset: Int) -> UInt32 {
        (0..<4).reduce(0) { ($0 << 8) | UInt32(octets[offset + $1]) }
    }

    /// The 64 octets of a hash as sixteen words in the machine's order.
    private static func words(_ hash: borrowing SecretBytes) -> SecretBytes {
        hash.withUnsafeBytes { source in
            SecretBytes(count: 64) { target in
                for index in 0..<16 {
                    let value = UInt32(bigEndian: source.loadUnaligned(fromByteOffset: index * 4, as: UInt32.self))
                    target.storeBytes(of: value, toByteOffset: index * 4, as: UInt32.self)
                }
            }
        }
    }
}
