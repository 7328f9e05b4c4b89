import MeshCore
import MeshCryptography

/// Content digests and authenticators.
enum DigestVectors {
    static func contentDigest(_ input: VectorInput) throws -> VectorMembers { try digest(input).members }

    static func compression(_ input: VectorInput) throws -> VectorMembers {
        let (members, zeros) = try digest(input)
        guard zeros >= 20 else { throw VectorProblem("the typed digest ends in \(zeros) zero bits, fewer than 20") }
        return members
    }

    private static func digest(_ input: VectorInput) throws -> (members: VectorMembers, zeros: Int) {
        let data = try input.data()
        let contentType = try input.text("content_type")
        let hash = try input.optional("algorithm", ContentDigest.Hash.self) ?? .sha2
        let bits = try input.optionalNumber("bits") ?? UDF.defaultBits
        let inner = hash.algorithm.digest(data)
        let digest = ContentDigest(of: data, contentType: contentType, hash: hash)
        let members: VectorMembers = [
            "content_digest_hex": { _ in .text(Hex.text(inner)) },
            "typed_input_hex": { _ in .text(Hex.text(Array(contentType.utf8) + [0x3A] + inner)) },
            "typed_digest_hex": { _ in .text(Hex.text(digest.value)) },
            "binary_hex": { _ in .text(Hex.text(digest.octets)) },
            "type_id": { _ in .number("\(digest.type.rawValue)") },
            "trailing_zero_bits": { _ in .number("\(digest.trailingZeroBits)") },
            "udf": { _ in .text(digest.udf(bits: bits).text) },
        ]
        return (members, digest.trailingZeroBits)
    }

    static func authenticator(_ input: VectorInput) throws -> VectorMembers {
        let key = try input.text("key")
        let data = try input.data()
        let contentType = try input.text("content_type")
        let bits = try input.optionalNumber("bits") ?? UDF.defaultBits
        let inner = HashAlgorithm.sha512.digest(data)
        let authenticator = try Authenticator(
            of: data, contentType: contentType, key: SecretBytes(published: key))
        let prk = authenticator.pseudorandomKey.published
        let okm = authenticator.outputKey.published
        let value = authenticator.value
        let octets = authenticator.octets
        let udf = authenticator.udf(bits: bits)
        return [
            "content_digest_hex": { _ in .text(Hex.text(inner)) },
            "typed_input_hex": { _ in .text(Hex.text(Array(contentType.utf8) + [0x3A] + inner)) },
            "prk_hex": { _ in .text(Hex.text(prk)) },
            "okm_hex": { _ in .text(Hex.text(okm)) },
            "mac_hex": { _ in .text(Hex.text(value)) },
            "binary_hex": { _ in .text(Hex.text(octets)) },
            "type_id": { _ in .number("\(udf.type.rawValue)") },
            "udf": { _ in .text(udf.text) },
        ]
    }
}
