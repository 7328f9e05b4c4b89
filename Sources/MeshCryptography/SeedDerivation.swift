import MeshCore

/// The derivation of key material from a seed, step by step (`udf-13` §4.4).
public struct SeedDerivation: ~Copyable {
    /// How salt and info are chosen.
    public enum Method: String, CaseIterable, Sendable {
        /// Null salt; info is the seed's own specifier and the key's name. What all Mesh data since 2020 use.
        case standard = "info"
        /// The salt is the code of the target algorithm; info is the key's name. Examples of the UDF drafts.
        case salt = "salt"
        /// Null salt; info is the key's name alone.
        case bare = "bare"
        /// As standard, with the code of the target algorithm over the first two octets of the input. Release 1.0.2.
        case release = "release-1.0.2"
    }

    /// What NIST scalars are reduced by.
    package enum Modulus: String {
        case order
        case field
    }

    package let algorithm: KeyAlgorithm
    package let inputKey: SecretBytes
    package let pseudorandomKey: SecretBytes
    private let infoPrefix: [UInt8]

    /// Runs the first step.
    package init(
        _ seed: SecretSeed, algorithm: KeyAlgorithm? = nil, keyName: String = "", method: Method = .standard,
        specifier: KeySpecifier? = nil
    ) throws(CryptographyError) {
        guard let algorithm = algorithm ?? seed.specifier.algorithm else {
            throw CryptographyError(
                .invalidDerivation, "A seed for \(seed.specifier) does not say which algorithm its key has.")
        }
        let target = KeySpecifier(algorithm).octets
        var inputKey = seed.withBinary { $0.duplicate(1..<$0.count) }
        if method == .release {
            inputKey.withUnsafeMutableBytes { $0.copyBytes(from: target) }
        }
        self.algorithm = algorithm
        self.pseudorandomKey = HKDF.extract(salt: method == .salt ? target : [], inputKey: inputKey)
        self.inputKey = inputKey
        switch method {
        case .standard, .release: infoPrefix = (specifier ?? seed.specifier).octets + Array(keyName.utf8)
        case .salt, .bare: infoPrefix = Array(keyName.utf8)
        }
    }

    /// The output for `parameter` ("p", "q" for RSA, else empty), as long as the algorithm takes unless `count` is given.
    package func output(parameter: String = "", count: Int? = nil) throws(CryptographyError) -> SecretBytes {
        try HKDF.expand(
            pseudorandomKey, info: infoPrefix + Array(parameter.utf8), count: count ?? algorithm.derivedSize)
    }

    /// The scalar of a NIST key: (output mod (modulus − 1)) + 1.
    package func scalar(modulus: Modulus = .order) throws(CryptographyError) -> BigInteger {
        guard algorithm.curveBits != nil else {
            throw CryptographyError(.invalidDerivation, "\(algorithm) keys are not scalars of a NIST curve.")
        }
        let value = BigInteger(bigEndian: try output())
        let limit = modulus == .order ? NISTCurve.order(algorithm) : NISTCurve.field(algorithm)
        return value.modulo(limit.subtracting(BigInteger(1))).adding(BigInteger(1))
    }

    /// A prime of an RSA key: the smallest above the output for "p" or "q".
    package func prime(_ parameter: String, octets: Int? = nil) throws(CryptographyError) -> BigInteger {
        BigInteger(bigEndian: try output(parameter: parameter, count: octets)).nextPrime()
    }

    /// The key.
    package func makeKey() throws(CryptographyError) -> PrivateKey {
        let material: SecretBytes?
        switch algorithm {
        case .x25519, .x448, .ed25519, .ed448:
            material = try output()
        case .p256, .p384, .p521:
            material = try scalar().octets(count: (Int(algorithm.curveBits ?? 0) + 7) / 8)
        case .rsa2048, .rsa3072, .rsa4096:
            let size = algorithm.derivedSize
            guard let p = try prime("p").octets(count: size), let q = try prime("q").octets(count: size) else {
                throw CryptographyError(.invalidKey, "The seed's primes are too large for \(algorithm).")
            }
            material = p.withUnsafeBytes { p in
                q.withUnsafeBytes { q in
                    SecretBytes(count: 2 * size) { target in
                        target.copyMemory(from: p)
                        UnsafeMutableRawBufferPointer(rebasing: target[size...]).copyMemory(from: q)
                    }
                }
            }
        }
        guard let material else { throw CryptographyError(.invalidKey, "The seed makes no \(algorithm) key.") }
        return try PrivateKey(algorithm: algorithm, octets: material)
    }
}
