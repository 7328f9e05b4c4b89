import MeshCore
import MeshCryptography
import Testing

/// AES in pieces, against the published examples: NIST SP 800-38A F.2.1 and F.2.5, and cases 3 and 15 of the GCM paper.
@Suite struct StreamingCipherTests {
    static let cases: [(CipherAlgorithm, key: String, iv: String, plaintext: String, output: String)] = [
        (
            .aes128CBC, "2b7e151628aed2a6abf7158809cf4f3c", "000102030405060708090a0b0c0d0e0f", blocks,
            "7649abac8119b246cee98e9b12e9197d5086cb9b507219ee95db113a917678b2"
                + "73bed6b8e3c1743b7116e69e222295163ff1caa1681fac09120eca307586e1a7"
        ),
        (
            .aes256CBC, "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4",
            "000102030405060708090a0b0c0d0e0f", blocks,
            "f58c4c04d6e5f1ba779eabfb5f7bfbd69cfc4e967edb808d679f777bc6702c7d"
                + "39f23369a9d9bacfa530e26304231461b2eb05e2c39be9fcda6c19078c6a9d1b"
        ),
        (
            .aes128GCM, "feffe9928665731c6d6a8f9467308308", "cafebabefacedbaddecaf888", text,
            "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e21d514b25466931c7d8f6a5aac84aa05"
                + "1ba30b396a0aac973d58e091473f5985" + "4d5c2af327cd64a62cf35abd2ba6fab4"
        ),
        (
            .aes256GCM, "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308",
            "cafebabefacedbaddecaf888", text,
            "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838"
                + "c5f61e6393ba7a0abcc9f662898015ad" + "b094dac5d93471bdec1a502270e3cc6c"
        ),
    ]
    static let blocks =
        "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51"
        + "30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710"
    static let text =
        "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
        + "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b391aafd255"

    /// Encrypts or decrypts in pieces of `size`; the tag follows what is encrypted.
    static func run(
        _ algorithm: CipherAlgorithm, _ direction: StreamingCipher.Direction, key: [UInt8], iv: [UInt8],
        _ input: [UInt8], size: Int
    ) throws -> [UInt8] {
        var cipher = try StreamingCipher(
            algorithm, direction, key: SecretBytes(copying: key), iv: SecretBytes(copying: iv))
        let isTagged = algorithm.hasTag && direction == .decrypt
        let (body, tag) = isTagged ? (Array(input.dropLast(16)), Array(input.suffix(16))) : (input, nil)
        let room = UnsafeMutableRawBufferPointer.allocate(byteCount: size + StreamingCipher.margin, alignment: 16)
        defer { room.deallocate() }
        var output: [UInt8] = []
        for place in stride(from: 0, to: body.count, by: size) {
            let piece = Array(body[place..<min(place + size, body.count)])
            let count = try piece.withUnsafeBytes { try cipher.update($0, into: room) }
            output += room[..<count]
        }
        if direction == .encrypt {
            let last = cipher.finishEncrypting(into: room)
            return output + room[..<last.written] + (last.tag ?? [])
        }
        if size % 2 == 0 {
            let last = try cipher.finishDecrypting(tag: tag)
            return output + last.withUnsafeBytes { Array($0) }
        }
        let count = try cipher.finishDecrypting(into: room, tag: tag)
        return output + room[..<count]
    }

    @Test func publishedExamplesInPiecesOfEverySize() throws {
        for (algorithm, key, iv, plaintext, expected) in Self.cases {
            let (key, iv, plaintext, expected) = (octets(key), octets(iv), octets(plaintext), octets(expected))
            for size in 1...plaintext.count + 1 {
                let sealed = try Self.run(algorithm, .encrypt, key: key, iv: iv, plaintext, size: size)
                // In CBC a whole block of padding follows what the examples have.
                #expect(Array(sealed.prefix(expected.count)) == expected)
                #expect(sealed.count == algorithm.encryptedCount(plaintext.count) + (algorithm.hasTag ? 16 : 0))
                #expect(try Self.run(algorithm, .decrypt, key: key, iv: iv, sealed, size: size) == plaintext)
                if algorithm == .aes256CBC {
                    let whole = try plaintext.withUnsafeBytes {
                        try AESCBC.encrypt($0, key: SecretBytes(copying: key), iv: SecretBytes(copying: iv))
                    }
                    #expect(sealed == whole)
                }
            }
        }
    }

    @Test func whatIsWrongHasOneAnswer() throws {
        let failure = CryptographyError(.authenticationFailed, "")
        for (algorithm, key, iv, plaintext, _) in Self.cases {
            let (key, iv) = (octets(key), octets(iv))
            let sealed = try Self.run(algorithm, .encrypt, key: key, iv: iv, octets(plaintext), size: 64)
            for size in [15, 16] {
                #expect(throws: failure) {
                    try Self.run(algorithm, .decrypt, key: key, iv: iv, Array(sealed.dropLast()), size: size)
                }
                #expect(throws: failure) { try Self.run(algorithm, .decrypt, key: key, iv: iv, [], size: size) }
                guard algorithm.hasTag else { continue }
                for place in sealed.indices {
                    var changed = sealed
                    changed[place] ^= 1
                    #expect(throws: failure) {
                        try Self.run(algorithm, .decrypt, key: key, iv: iv, changed, size: size)
                    }
                }
            }
            #expect(throws: CryptographyError(.invalidKey, "")) {
                try Self.run(algorithm, .encrypt, key: key + [0], iv: iv, [], size: 1)
            }
            #expect(throws: CryptographyError(.invalidParameter, "")) {
                try Self.run(algorithm, .encrypt, key: key, iv: iv + [0], [], size: 1)
            }
        }
    }
}
