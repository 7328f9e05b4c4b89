import Foundation
import MeshCore
import MeshCryptography
import Testing

/// Every primitive against values that another program made (`generate_vectors.py`).
@Suite struct PrimitiveTests {
    typealias Entry = [String: String]

    static func entries(_ name: String) throws -> [Entry] {
        let url = try #require(
            Bundle.module.url(forResource: "primitives", withExtension: "json", subdirectory: "Vectors"))
        let root = try JSONSerialization.jsonObject(with: Data(contentsOf: url)) as? [String: [[String: Any]]]
        let list = try #require(root?[name])
        try #require(!list.isEmpty)
        return list.map { $0.mapValues { "\($0)" } }
    }

    @Test func digests() throws {
        for entry in try Self.entries("digest") {
            let data = octets(try #require(entry["data"]))
            for algorithm in HashAlgorithm.allCases {
                let expected = octets(try #require(entry[algorithm.rawValue]))
                #expect(algorithm.digest(data) == expected)
                #expect(reveal(algorithm.digest(SecretBytes(copying: data))) == expected)
                var whole = StreamingDigest(algorithm)
                for piece in stride(from: 0, to: data.count, by: 7) {
                    whole.update(Array(data[piece..<min(piece + 7, data.count)]))
                }
                var copy = whole.duplicate()
                #expect(whole.finalize() == expected)
                copy.update([0])
                #expect(copy.finalize() == algorithm.digest(data + [0]))
            }
            #expect(SHAKE256.output(of: data, count: 114) == octets(try #require(entry["SHAKE256"])))
            #expect(
                reveal(SHAKE256.output(of: SecretBytes(copying: data), count: 10))
                    == SHAKE256.output(of: data, count: 10))
        }
    }

    @Test func hmac() throws {
        for entry in try Self.entries("hmac") {
            let key = secret(hex: try #require(entry["key"]))
            let data = octets(try #require(entry["data"]))
            #expect(reveal(HMAC.authenticate(data, key: key)) == octets(try #require(entry["sha512"])))
            #expect(reveal(HMAC.authenticate(data, key: key, hash: .sha256)) == octets(try #require(entry["sha256"])))
        }
    }

    @Test func hkdf() throws {
        for entry in try Self.entries("hkdf") {
            let key = secret(hex: try #require(entry["ikm"]))
            for (hash, name) in [(MACHash.sha256, "sha256"), (.sha512, "sha512")] {
                let expected = octets(try #require(entry[name]))
                let derived = try HKDF.derive(
                    inputKey: key, salt: octets(try #require(entry["salt"])), info: octets(try #require(entry["info"])),
                    count: expected.count, hash: hash)
                #expect(reveal(derived) == expected)
            }
        }
        let key = SecretBytes(copying: [1])
        #expect(throws: CryptographyError(.invalidParameter, "")) { try HKDF.expand(key, info: [], count: 0).count }
        #expect(throws: CryptographyError(.invalidParameter, "")) {
            try HKDF.expand(key, info: [], count: 255 * 64 + 1).count
        }
        #expect(try HKDF.expand(key, info: [], count: 255 * 64).count == 255 * 64)
    }

    @Test func scrypt() throws {
        for entry in try Self.entries("scrypt") {
            let numbers = try ["n", "r", "p"].map { try #require(UInt64(entry[$0] ?? "")) }
            let parameters = try Scrypt(cost: numbers[0], blockSize: numbers[1], parallelization: numbers[2])
            let expected = octets(try #require(entry["key"]))
            let key = try parameters.deriveKey(
                passphrase: secret(hex: try #require(entry["passphrase"])), salt: octets(try #require(entry["salt"])),
                count: expected.count)
            #expect(reveal(key) == expected)
        }
        let standard = try Scrypt.interactive.deriveKey(passphrase: secret("pass"), salt: [1], count: 32)
        #expect(standard.count == 32)
        // What a hostile file could ask for.
        for (cost, blockSize, parallelization) in [
            (0, 8, 1), (1, 8, 1), (3, 8, 1), (1 << 24, 8, 1), (1 << 16, 0, 1), (1 << 16, 65, 1), (1 << 16, 8, 0),
            (1 << 63, 8, 1), (UInt64.max, .max, .max),
        ] as [(UInt64, UInt64, UInt64)] {
            #expect(throws: CryptographyError(.invalidParameter, "")) {
                try Scrypt(cost: cost, blockSize: blockSize, parallelization: parallelization)
            }
        }
    }

    @Test func gcm() throws {
        for entry in try Self.entries("gcm") {
            let key = secret(hex: try #require(entry["key"]))
            let nonce = octets(try #require(entry["nonce"]))
            let data = octets(try #require(entry["data"]))
            let associated = octets(try #require(entry["associated"]))
            let expected = octets(try #require(entry["sealed"]))
            let sealed = try AESGCM.seal(
                SecretBytes(copying: data), key: key, nonce: nonce, authenticating: associated)
            #expect(sealed == expected)
            #expect(try reveal(AESGCM.open(sealed, key: key, nonce: nonce, authenticating: associated)) == data)
            for index in stride(from: 0, to: sealed.count, by: max(1, sealed.count / 40)) {
                var damaged = sealed
                damaged[index] ^= 1
                #expect(throws: CryptographyError(.authenticationFailed, "")) {
                    try AESGCM.open(damaged, key: key, nonce: nonce, authenticating: associated).count
                }
            }
            #expect(throws: CryptographyError(.authenticationFailed, "")) {
                try AESGCM.open(sealed, key: key, nonce: nonce, authenticating: associated + [0]).count
            }
            #expect(throws: CryptographyError(.authenticationFailed, "")) {
                try AESGCM.open(Array(sealed.dropLast()), key: key, nonce: nonce, authenticating: associated).count
            }
        }
        let key = SecretBytes(copying: [UInt8](repeating: 0, count: 32))
        #expect(throws: CryptographyError(.authenticationFailed, "")) {
            try AESGCM.open([], key: key, nonce: Array(repeating: 0, count: 12)).count
        }
        #expect(throws: CryptographyError(.invalidParameter, "")) {
            try AESGCM.seal(SecretBytes(copying: [1]), key: key, nonce: [])
        }
        #expect(throws: CryptographyError(.invalidKey, "")) {
            try AESGCM.seal(
                SecretBytes(copying: [1]), key: SecretBytes(copying: [1]), nonce: Array(repeating: 0, count: 12))
        }
    }

    @Test func cbc() throws {
        for entry in try Self.entries("cbc") {
            let key = secret(hex: try #require(entry["key"]))
            let iv = secret(hex: try #require(entry["iv"]))
            let data = octets(try #require(entry["data"]))
            let expected = octets(try #require(entry["encrypted"]))
            #expect(try data.withUnsafeBytes { try AESCBC.encrypt($0, key: key, iv: iv) } == expected)
            #expect(try expected.withUnsafeBytes { try AESCBC.decrypt($0, key: key, iv: iv) } == data)
            #expect(try expected.withUnsafeBytes { try reveal(AESCBC.decryptSecret($0, key: key, iv: iv)) } == data)
            for wrong in [
                Array(expected.dropLast()), [], Array(expected.dropLast(16)) + Array(repeating: 7, count: 16),
            ] {
                #expect(throws: CryptographyError(.authenticationFailed, "")) {
                    try wrong.withUnsafeBytes { try AESCBC.decrypt($0, key: key, iv: iv) }
                }
            }
        }
    }

    @Test func keyWrap() throws {
        for entry in try Self.entries("wrap") {
            let key = secret(hex: try #require(entry["key"]))
            let data = octets(try #require(entry["data"]))
            let wrapped = try AESKeyWrap.wrap(SecretBytes(copying: data), with: key)
            #expect(wrapped == octets(try #require(entry["wrapped"])))
            #expect(try reveal(AESKeyWrap.unwrap(wrapped, with: key)) == data)
            for index in wrapped.indices {
                var damaged = wrapped
                damaged[index] ^= 0x10
                #expect(throws: CryptographyError(.authenticationFailed, "")) {
                    try AESKeyWrap.unwrap(damaged, with: key).count
                }
            }
        }
        let key = SecretBytes(copying: [UInt8](repeating: 3, count: 32))
        for count in [0, 8, 15, 20, 4104] {
            #expect(throws: CryptographyError.self) {
                try AESKeyWrap.wrap(SecretBytes(count: count) { _ in }, with: key)
            }
            #expect(throws: CryptographyError(.authenticationFailed, "")) {
                try AESKeyWrap.unwrap(Array(repeating: 0, count: count), with: key).count
            }
        }
    }

    @Test func signatures() throws {
        for entry in try Self.entries("sign") {
            let algorithm = try #require(KeyAlgorithm(name: entry["algorithm"] ?? ""))
            let key = try PrivateKey(algorithm: algorithm, octets: secret(hex: try #require(entry["private"])))
            let message = octets(try #require(entry["message"]))
            let signature = octets(try #require(entry["signature"]))
            let context = entry["context"].map { octets($0) }
            #expect(key.publicKey.octets == octets(try #require(entry["public"])))
            #expect(try key.sign(message, context: context) == signature)
            #expect(key.publicKey.isValidSignature(signature, for: message, context: context))
            #expect(!key.publicKey.isValidSignature(signature, for: message, context: (context ?? []) + [1]))
        }
    }

    @Test func agreements() throws {
        for entry in try Self.entries("agree") {
            let algorithm = try #require(KeyAlgorithm(name: entry["algorithm"] ?? ""))
            let key = try PrivateKey(algorithm: algorithm, octets: secret(hex: try #require(entry["private"])))
            let peer = octets(try #require(entry["peer"]))
            #expect(try reveal(key.agree(withOctets: peer)) == octets(try #require(entry["shared"])))
        }
    }
}
