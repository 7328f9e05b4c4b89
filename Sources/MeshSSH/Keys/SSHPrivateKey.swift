import MeshCore
import MeshCryptography
import MeshPlatforms

/// A private SSH key: public half, comment, and the private numbers in secret memory.
///
/// Whoever holds a value can rely on it: its numbers belong together.
public struct SSHPrivateKey: ~Copyable, Sendable {
    /// The public half, with the comment.
    public let publicKey: SSHPublicKey
    /// The numbers in the order and encoding of OpenSSH's private section, between the kind and the comment.
    let fields: SecretBytes

    /// An Ed25519 key from its seed of 32 octets (RFC 8032).
    ///
    /// - Throws: ``PlatformError`` `invalidArgument` for another length.
    public init(ed25519Seed seed: borrowing SecretBytes, comment: String = "") throws {
        guard seed.count == 32, let key = try? PrivateKey(algorithm: .ed25519, octets: seed) else {
            throw SSHError.argument("An Ed25519 key is made from 32 octets.")
        }
        publicKey = try SSHPublicKey(key.publicKey, comment: comment)
        let point = key.publicKey.octets
        var writer = SecretWriter(capacity: 256)
        writer.append(string: point)
        writer.append(number: 64)
        writer.append(seed)
        writer.append(point)
        fields = writer.finish()
    }

    /// An ECDSA key on `algorithm`'s curve from its scalar: 32, 48 or 66 octets, most significant first.
    ///
    /// - Throws: ``PlatformError`` `invalidArgument` for another kind of key, length or a scalar out of range.
    public init(_ algorithm: SSHAlgorithm, scalar: borrowing SecretBytes, comment: String = "") throws {
        guard let curve = algorithm.curveName, let keyAlgorithm = algorithm.keyAlgorithm,
            let key = try? PrivateKey(algorithm: keyAlgorithm, octets: scalar)
        else { throw SSHError.argument("The octets are no private key on a NIST curve.") }
        publicKey = try SSHPublicKey(key.publicKey, comment: comment)
        var writer = SecretWriter(capacity: 512)
        writer.append(string: curve)
        writer.append(string: key.publicKey.octets)
        scalar.withUnsafeBytes { writer.append(integer: $0) }
        fields = writer.finish()
    }

    /// An RSA key from its two primes: 128, 192 or 256 octets each, one after the other, most significant first. The public
    /// exponent is 65537.
    ///
    /// - Throws: ``PlatformError`` `invalidArgument` for another length, or octets that are no primes of such a key.
    public init(rsaPrimes primes: borrowing SecretBytes, comment: String = "") throws {
        let refusal = SSHError.argument("The octets are no pair of primes of an RSA key.")
        let half = primes.count / 2
        guard let algorithm = SSHAlgorithm.rsaAlgorithm(bits: primes.count * 8),
            let key = try? PrivateKey(algorithm: algorithm, octets: primes)
        else { throw refusal }
        let publicKey = try SSHPublicKey(key.publicKey, comment: comment)
        let first = primes.duplicate(0..<half)
        let second = primes.duplicate(half..<2 * half)
        guard let numbers = RSAPublicDER.read(key.publicKey.octets),
            let pair = RSAPrivateNumbers.derive(
                BigInteger(bigEndian: first), BigInteger(bigEndian: second),
                exponent: BigInteger(bigEndian: numbers.exponent)),
            let privateExponent = pair.privateExponent.octets(count: 2 * half),
            let coefficient = pair.coefficient.octets(count: half)
        else { throw refusal }
        var writer = SecretWriter(capacity: 4096)
        numbers.modulus.withUnsafeBytes { writer.append(integer: $0) }
        numbers.exponent.withUnsafeBytes { writer.append(integer: $0) }
        privateExponent.withUnsafeBytes { writer.append(integer: $0) }
        coefficient.withUnsafeBytes { writer.append(integer: $0) }
        first.withUnsafeBytes { writer.append(integer: $0) }
        second.withUnsafeBytes { writer.append(integer: $0) }
        self.init(publicKey: publicKey, fields: writer.finish())
    }

    /// The SSH form of a key that the Mesh has.
    ///
    /// - Throws: ``PlatformError`` `unsupported` for a kind of key that SSH does not have, or that its programs do not know.
    public init(_ key: PrivateKey, comment: String = "") throws {
        self = try key.withPrivateOctets { octets throws in
            switch key.algorithm {
            case .ed25519: try SSHPrivateKey(ed25519Seed: octets, comment: comment)
            case .p256: try SSHPrivateKey(.p256, scalar: octets, comment: comment)
            case .p384: try SSHPrivateKey(.p384, scalar: octets, comment: comment)
            case .p521: try SSHPrivateKey(.p521, scalar: octets, comment: comment)
            case .rsa2048, .rsa3072, .rsa4096: try SSHPrivateKey(rsaPrimes: octets, comment: comment)
            case .ed448, .x25519, .x448:
                throw SSHError.unsupported("SSH programs know no \(key.algorithm) keys.")
            }
        }
    }

    /// A new Ed25519 key.
    public static func generate(comment: String = "", random: any RandomSource) throws -> SSHPrivateKey {
        try SSHPrivateKey(ed25519Seed: SecretBytes(random: 32, from: random), comment: comment)
    }

    /// A second one of the same key. Named, because every copy is one more thing to wipe.
    public borrowing func duplicate() -> SSHPrivateKey {
        SSHPrivateKey(publicKey: publicKey, fields: fields.duplicate())
    }

    /// The same key with another comment.
    public consuming func commented(_ comment: String) -> SSHPrivateKey {
        SSHPrivateKey(publicKey: publicKey.commented(comment), fields: fields.duplicate())
    }

    /// A key of parts that are known to belong together.
    init(publicKey: SSHPublicKey, fields: consuming SecretBytes) {
        self.publicKey = publicKey
        self.fields = fields
    }

    /// Lends the octets the Mesh makes this key of (see `PrivateKey.init(algorithm:octets:)`): the seed of an Ed25519 key,
    /// the scalar of an ECDSA key, the two primes of an RSA key.
    public borrowing func withMeshOctets<R: ~Copyable>(_ body: (borrowing SecretBytes) throws -> R) throws -> R {
        let octets = try fields.withUnsafeBytes { fields in
            var reader = SSHReader(fields)
            return try Self.meshOctets(&reader, publicKey)
        }
        return try body(octets)
    }

    /// Reads the numbers of a key of which the public half is known, and checks that they belong to it.
    init(publicKey: SSHPublicKey, reading reader: inout SSHReader, from section: UnsafeRawBufferPointer) throws {
        let start = reader.position
        let octets = try Self.meshOctets(&reader, publicKey)
        let fields = UnsafeRawBufferPointer(rebasing: section[start..<reader.position])
        do {
            let key = try PrivateKey(algorithm: publicKey.meshKey.algorithm, octets: octets)
            guard Self.isPair(key.publicKey, publicKey.meshKey) else {
                throw SSHError.corrupt("The private half of the key does not belong to the public half.")
            }
            if publicKey.algorithm == .rsa { try Self.checkRSA(fields) }
        } catch let error as CryptographyError {
            throw SSHError.corrupt("The private half of the key is damaged.", cause: error)
        }
        self.publicKey = publicKey
        self.fields = SecretBytes(copying: fields)
    }

    /// - Throws: ``PlatformError`` `corrupt` if the numbers of an RSA key, whose primes are in order, do not go together.
    private static func checkRSA(_ fields: UnsafeRawBufferPointer) throws {
        var reader = SSHReader(fields)
        _ = try reader.positiveInteger()
        let exponent = BigInteger(bigEndian: try reader.positiveInteger())
        let privateExponent = BigInteger(bigEndian: try reader.positiveInteger())
        let coefficient = BigInteger(bigEndian: try reader.positiveInteger())
        let first = BigInteger(bigEndian: try reader.positiveInteger())
        let second = BigInteger(bigEndian: try reader.positiveInteger())
        let pair = RSAPrivateNumbers.Pair(privateExponent: privateExponent, coefficient: coefficient)
        guard RSAPrivateNumbers.isConsistent(pair, first, second, exponent: exponent) else {
            throw SSHError.corrupt("The private numbers of the key do not belong together.")
        }
    }

    /// Whether two public keys are one. Of RSA keys the moduli are compared: any exponent can belong to the primes.
    private static func isPair(_ derived: PublicKey, _ stated: PublicKey) -> Bool {
        if derived == stated { return true }
        guard let derived = RSAPublicDER.read(derived.octets), let stated = RSAPublicDER.read(stated.octets) else {
            return false
        }
        return derived.modulus == stated.modulus
    }

    private static func meshOctets(_ reader: inout SSHReader, _ publicKey: SSHPublicKey) throws -> SecretBytes {
        let mismatch = SSHError.corrupt("The key holds two different public halves.")
        switch publicKey.algorithm {
        case .ed25519:
            let point = try reader.string()
            let pair = try reader.string()
            guard pair.count == 64, point.elementsEqual(publicKey.meshKey.octets),
                pair[32...].elementsEqual(point)
            else { throw mismatch }
            return SecretBytes(copying: UnsafeRawBufferPointer(rebasing: pair[..<32]))
        case .p256, .p384, .p521:
            let size = (publicKey.meshKey.octets.count - 1) / 2
            guard try reader.name() == publicKey.algorithm.curveName,
                try reader.string().elementsEqual(publicKey.meshKey.octets)
            else { throw mismatch }
            return try padded([try reader.positiveInteger()], to: size)
        case .rsa:
            let modulus = try reader.positiveInteger()
            let exponent = try reader.positiveInteger()
            guard let stated = RSAPublicDER.read(publicKey.meshKey.octets), modulus.elementsEqual(stated.modulus),
                exponent.elementsEqual(stated.exponent)
            else { throw mismatch }
            let (privateExponent, coefficient) = (try reader.positiveInteger(), try reader.positiveInteger())
            guard exponent.count <= modulus.count, privateExponent.count <= modulus.count,
                coefficient.count <= modulus.count
            else { throw SSHError.corrupt("A private number of the key is too large.") }
            let first = try reader.positiveInteger()
            let second = try reader.positiveInteger()
            return try padded([first, second], to: modulus.count / 2)
        }
    }

    /// Numbers one after the other, each with zeros in front up to `size` octets.
    private static func padded(_ numbers: [UnsafeRawBufferPointer], to size: Int) throws -> SecretBytes {
        guard numbers.allSatisfy({ $0.count <= size }) else {
            throw SSHError.corrupt("A private number of the key is too large.")
        }
        return SecretBytes(count: size * numbers.count) { target in
            for (index, number) in numbers.enumerated() {
                let end = (index + 1) * size
                UnsafeMutableRawBufferPointer(rebasing: target[(end - number.count)..<end]).copyMemory(from: number)
            }
        }
    }
}
