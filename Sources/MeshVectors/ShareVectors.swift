import MeshCore
import MeshCryptography

/// Secret sharing.
enum ShareVectors {
    static func split(_ input: VectorInput) throws -> VectorMembers {
        let secret = try input.octets("secret_hex")
        let quorum = try input.number("threshold")
        let count = try input.number("shares")
        let coefficients = try input.texts("coefficients")
        guard (1...15).contains(quorum), (quorum...16).contains(count), coefficients.count == quorum - 1 else {
            throw VectorProblem("threshold \(quorum), \(count) shares, \(coefficients.count) coefficients cannot be")
        }
        guard let polynomial = SharePolynomial(secret: SecretBytes(copying: secret), coefficients: coefficients) else {
            throw VectorProblem("a coefficient is not below the prime, or the secret is too long")
        }
        var values: [VectorValue] = []
        var shares: [[UInt8]?] = []
        for index in 1...count {
            let value = polynomial.value(at: index)
            values.append(.text(value.decimal))
            shares.append(value.publicOctets(count: secret.count).map { [UInt8(16 * quorum + index - 1)] + $0 })
        }
        let (allValues, allShares) = (values, shares)
        func fitting() throws -> [[UInt8]] {
            try allShares.map { share in
                guard let share else { throw VectorProblem("a value of the polynomial does not fit the share") }
                return share
            }
        }
        return [
            "a0": { _ in .text(BigInteger(bigEndian: secret).decimal) },
            "values": { _ in .array(allValues) },
            "shares_hex": { _ in .array(try fitting().map { .text(Hex.text($0)) }) },
            "udfs": { _ in .array(try fitting().map { .text(UDF(type: .share, value: $0).text) }) },
            "untyped_udf": { _ in .text(UDF.present(secret)) },
        ]
    }

    static func recover(_ input: VectorInput) throws -> VectorMembers {
        let texts = try input.texts("shares").map { SharedSecret(SecretBytes(published: $0)) }
        let shares = try SecretSharing.parse(texts)
        let secret = try SecretSharing.recover(shares).published
        return [
            "secret_hex": { _ in .text(Hex.text(secret)) },
            "threshold": { _ in .number("\(shares.first?.quorum ?? 0)") },
            "untyped_udf": { _ in .text(UDF.present(secret)) },
            "key_udf": { _ in .text(EncryptionKeyUDF.text(of: SecretBytes(copying: secret)).publishedText) },
            "seed_udf": { _ in .text(try SecretSeed(binary: SecretBytes(copying: secret)).text().publishedText) },
        ]
    }

    static func prime(_ input: VectorInput) throws -> VectorMembers {
        let octets = try input.number("octets")
        guard let offset = SharePrime.offset(octets: octets), SharePrime.prime(octets: octets) != nil else {
            throw VectorProblem("there is no prime for \(octets) octets")
        }
        return [
            "offset": { _ in .number("\(offset)") },
            "prime": { _ in .text(SharePrime.prime(octets: octets)?.decimal ?? "") },
        ]
    }
}
