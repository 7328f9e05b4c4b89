import Foundation
import MeshCore
import Testing

@testable import MeshCryptography

/// Sums of keys against values that another program made in plain integers (`generate_vectors.py`), which OpenSSL confirmed: it
/// verifies the signatures, and agrees on the secrets.
@Suite struct KeySumVectorTests {
    struct Vectors: Decodable {
        let ed448: [Entry]
        let x448: [Entry]

        enum CodingKeys: String, CodingKey {
            case ed448 = "Ed448"
            case x448 = "X448"
        }
    }

    struct Entry: Decodable {
        let privates: [String]
        let publics: [String]
        let scalar: String
        let `public`: String
        let message: String?
        let signature: String?
        let peer: String?
        let shared: String?
    }

    private static func vectors() throws -> Vectors {
        let url = try #require(
            Bundle.module.url(forResource: "key-sums", withExtension: "json", subdirectory: "Vectors"))
        return try JSONDecoder().decode(Vectors.self, from: Data(contentsOf: url))
    }

    /// The sum, after all that both kinds of vectors say of it was checked.
    private func sum(_ algorithm: KeyAlgorithm, _ entry: Entry) throws -> PrivateKey {
        try #require(entry.privates.count == 2 && entry.publics.count == 2)
        let keys = try entry.privates.map { try PrivateKey(algorithm: algorithm, octets: secret(hex: $0)) }
        #expect(keys.map(\.publicKey.octets) == entry.publics.map { octets($0) })
        let sum = try PrivateKey.sum(keys[0], keys[1])
        #expect(sum.withScalar { reveal($0) } == octets(entry.scalar))
        #expect(sum.publicKey.octets == octets(entry.public))
        // Who has the public keys alone gets the same one.
        let publics = try entry.publics.map { try PublicKey(algorithm: algorithm, octets: octets($0)) }
        #expect(try PublicKey.sum(publics[0], publics[1]) == sum.publicKey)
        #expect(try PublicKey.sum(publics[1], publics[0]) == sum.publicKey)
        return sum
    }

    @Test func ed448() throws {
        let entries = try Self.vectors().ed448
        #expect(entries.count >= 20)
        for entry in entries {
            let sum = try sum(.ed448, entry)
            let message = octets(try #require(entry.message))
            let signature = octets(try #require(entry.signature))
            #expect(try sum.sign(message) == signature)
            #expect(sum.publicKey.isValidSignature(signature, for: message))
        }
    }

    @Test func x448() throws {
        let entries = try Self.vectors().x448
        #expect(entries.count >= 20)
        for entry in entries {
            let sum = try sum(.x448, entry)
            let peer = try PublicKey(algorithm: .x448, octets: octets(try #require(entry.peer)))
            #expect(try reveal(sum.agree(with: peer)) == octets(try #require(entry.shared)))
        }
        // Both parities occur, so that the octet is seen to be worked out.
        #expect(Set(entries.map { $0.public.suffix(2) }) == ["00", "80"])
    }
}
