import MeshCore
import MeshCryptography

/// Derivation of keys from a seed.
enum DerivationVectors {
    static func derive(_ input: VectorInput) throws -> VectorMembers {
        let seed = try SecretSeed(parsing: SecretBytes(published: input.text("udf")))
        let target = try input.optionalText("algorithm").map(KeyVectors.algorithm)
        let keyName = try input.optionalText("key_name") ?? ""
        let method = try input.optional("method", SeedDerivation.Method.self) ?? .standard
        let specifier = try specifier(input)
        let modulus = try input.optional("modulus", SeedDerivation.Modulus.self) ?? .order
        let octets = try input.optionalNumber("octets")
        let form = try input.optional("form", KeyInfoForm.self) ?? .draft
        guard let algorithm = target ?? seed.specifier.algorithm else {
            throw VectorProblem("neither the case nor its seed names an algorithm")
        }
        func derivation() throws -> SeedDerivation {
            try SeedDerivation(seed, algorithm: algorithm, keyName: keyName, method: method, specifier: specifier)
        }
        func key() throws -> PrivateKey {
            if algorithm.isNIST, modulus == .field {
                guard let octets = try derivation().scalar(modulus: .field).octets(count: algorithm.scalarSize) else {
                    throw VectorProblem("the scalar is too large")
                }
                return try PrivateKey(algorithm: algorithm, octets: octets)
            }
            guard octets == nil || octets == algorithm.primeSize else {
                throw VectorProblem("\(octets ?? 0) octets a prime make no \(algorithm) key")
            }
            return try derivation().makeKey()
        }
        var members: VectorMembers = [
            "algorithm": { expected in
                KeyAlgorithm(name: expected.description) == algorithm ? expected : .text(algorithm.description)
            },
            "ikm_hex": { _ in .text(Hex.text(try derivation().inputKey.published)) },
            "prk_hex": { _ in .text(Hex.text(try derivation().pseudorandomKey.published)) },
            "private_hex": { _ in .text(Hex.text(try key().withPrivateOctets { $0.published })) },
            "public_hex": { expected in
                let key = try key()
                // X25519 is published with the parity octet of v (33 octets) and without (32).
                let withParity = algorithm == .x25519 && expected.description.utf8.count != 64
                return .text(Hex.text(withParity ? key.publicOctetsWithParity : key.publicKey.octets))
            },
            "fingerprint": { _ in .text(try key().publicKey.fingerprint(form: form).text) },
        ]
        if algorithm.primeSize != nil {
            for (name, parameter) in [("p", "p"), ("q", "q")] {
                members["okm_\(name)_hex"] = { _ in
                    .text(Hex.text(try derivation().output(parameter: parameter, count: octets).published))
                }
                members["prime_\(name)"] = { _ in .text(try derivation().prime(parameter, octets: octets).decimal) }
            }
        } else {
            guard octets == nil else { throw VectorProblem("octets are for RSA only") }
            members["okm_hex"] = { _ in .text(Hex.text(try derivation().output().published)) }
            members["scalar"] = { _ in
                if algorithm.isNIST { return .text(try derivation().scalar(modulus: modulus).decimal) }
                return .text(try key().withScalar { BigInteger(littleEndian: $0).decimal })
            }
        }
        if algorithm == .x25519 || algorithm == .x448 {
            members["u_hex"] = { _ in
                .text(Hex.text(try key().publicKey.octets.prefix(algorithm == .x448 ? 56 : 32)))
            }
        }
        return members
    }

    /// `specifier`: a name such as MeshProfileDevice, or a number.
    private static func specifier(_ input: VectorInput) throws -> KeySpecifier? {
        guard input.has("specifier") else { return nil }
        if let number = try? input.optionalNumber("specifier"), let value = UInt16(exactly: number) {
            return KeySpecifier(rawValue: value)
        }
        let name = try input.text("specifier")
        guard let specifier = KeySpecifier(name: name) else { throw VectorProblem("specifier \(name) is not known") }
        return specifier
    }
}

extension KeyAlgorithm {
    fileprivate var isNIST: Bool { [.p256, .p384, .p521].contains(self) }

    fileprivate var scalarSize: Int {
        switch self {
        case .p256: 32
        case .p384: 48
        default: 66
        }
    }

    /// The octets of derived material for a prime; nil when the algorithm is not RSA.
    fileprivate var primeSize: Int? {
        switch self {
        case .rsa2048: 128
        case .rsa3072: 192
        case .rsa4096: 256
        default: nil
        }
    }
}
