import CDecaf
import COpenSSL
import MeshCore

/// A private key, ready to sign or to agree.
///
/// What signing needs is worked out once, when the key is made, and kept in locked memory: a signature then costs what
/// the library's own takes. The key has no description, no coding and no equality; its octets are lent in a closure.
/// Any number of threads may use one key at the same time: nothing in it changes.
public final class PrivateKey: Sendable {
    /// The algorithm.
    public let algorithm: KeyAlgorithm
    /// The public half.
    public let publicKey: PublicKey
    /// The private octets: see ``init(algorithm:octets:)``.
    private let octets: SecretBytes
    /// Ed25519, Ed448: scalar, nonce prefix and public key, as the library wants them. Empty for the others.
    private let prepared: SecretBytes
    private let agreementKey: X25519Key?

    /// A key from its private octets.
    ///
    /// | Algorithm | Octets |
    /// |---|---|
    /// | X25519, X448 | 32, 56; clamped here (RFC 7748) |
    /// | Ed25519 | 32 (RFC 8032) |
    /// | Ed448 | **56**: the Mesh's own form; or 57 (RFC 8032). The two are different keys. |
    /// | sum of X448 keys | 57: the scalar, which is not clamped, then 01 |
    /// | sum of Ed448 keys | 113: the scalar (56), then the nonce prefix (57) |
    /// | P-256, P-384, P-521 | 32, 48, 66: the scalar, big endian, from 1 to the order less 1 |
    /// | RSA | the two primes, big endian, each half as long as the modulus |
    ///
    /// - Throws: ``CryptographyError`` `invalidKey` for a wrong length or value.
    public init(algorithm: KeyAlgorithm, octets: borrowing SecretBytes) throws(CryptographyError) {
        let material = try PrivateKeyMaterial.make(algorithm, octets)
        self.algorithm = algorithm
        self.publicKey = PublicKey(trusted: algorithm, material.publicOctets)
        self.agreementKey = material.agreementKey
        self.octets = material.octets
        self.prepared = material.prepared
    }

    /// A new key from `random`; for Ed448 in the Mesh's own form of 56 octets.
    ///
    /// - Throws: ``CryptographyError`` `unsupportedAlgorithm` for NIST curves and RSA: derive those from a seed.
    public static func generate(
        _ algorithm: KeyAlgorithm, from random: any RandomSource
    ) throws(CryptographyError) -> PrivateKey {
        guard algorithm.canAgree else {
            throw CryptographyError(.unsupportedAlgorithm, "\(algorithm) keys are made from a seed only.")
        }
        return try PrivateKey(
            algorithm: algorithm, octets: SecretBytes(random: algorithm.derivedSize, from: random))
    }

    /// Whether the key is a sum of two keys, ``sum(_:_:)``.
    public var isSum: Bool {
        switch algorithm {
        case .x448: octets.count == PrivateKeyMaterial.x448SumSize
        case .ed448: octets.count == PrivateKeyMaterial.ed448SumSize
        default: false
        }
    }

    private func agreeUnclamped(_ peer: [UInt8], _ shared: UnsafeMutableRawBufferPointer) -> Bool {
        guard let image = EdwardsImage.octets(ofX448: Array(peer.prefix(56))) else { return false }
        return octets.withUnsafeBytes { mesh_x448_unclamped(shared.octets, $0.octets, image) == 1 }
    }

    /// Lends the private octets (clamped for X25519 and X448, except for sums). They must not be kept.
    public func withPrivateOctets<R: ~Copyable, E: Error>(
        _ body: (borrowing SecretBytes) throws(E) -> R
    ) throws(E) -> R {
        try body(octets)
    }

    /// Lends the clamped scalar of a key of Curve25519 or Curve448, little endian.
    package func withScalar<R: ~Copyable>(_ body: (borrowing SecretBytes) -> R) -> R {
        switch algorithm {
        case .ed25519: body(prepared.duplicate(0..<32))
        case .ed448: body(prepared.duplicate(0..<56))
        case .x448: body(octets.duplicate(0..<56))
        default: body(octets)
        }
    }

    /// Lends scalar, nonce prefix and public key of an Ed25519 or Ed448 key.
    func withPrepared<R>(_ body: (UnsafeRawBufferPointer) -> R) -> R { prepared.withUnsafeBytes(body) }

    /// Signs `message`: plain Ed25519 or Ed448, or with a context.
    ///
    /// - Parameter context: nil for the plain algorithm. For Ed25519, any other value (the empty one too) is Ed25519ctx,
    ///   which is how envelopes are signed (form A); for Ed448 nil and empty are the same.
    /// - Returns: 64 (Ed25519) or 114 (Ed448) octets; always the same for the same message.
    /// - Throws: ``CryptographyError`` `unsupportedAlgorithm`, or `invalidParameter` for a context above 255 octets.
    public func sign(
        _ message: UnsafeRawBufferPointer, context: [UInt8]? = nil
    ) throws(CryptographyError) -> [UInt8] {
        guard let size = algorithm.signatureSize else {
            throw CryptographyError(.unsupportedAlgorithm, "\(algorithm) keys do not sign.")
        }
        guard let contextCount = UInt8(exactly: context?.count ?? 0) else {
            throw CryptographyError(.invalidParameter, "A signature context has at most 255 octets.")
        }
        return prepared.withUnsafeBytes { prepared in
            [UInt8](unsafeUninitializedCapacity: size) { signature, count in
                if algorithm == .ed25519 {
                    mesh_ed25519_sign(
                        signature.baseAddress, prepared.octets, message.octets, message.count, context == nil ? 0 : 1,
                        context ?? [], contextCount)
                } else {
                    mesh_ed448_sign(
                        signature.baseAddress, prepared.octets, message.octets, message.count, context ?? [],
                        contextCount)
                }
                count = size
            }
        }
    }

    /// Signs `message`; as the other form of this function.
    public func sign(_ message: [UInt8], context: [UInt8]? = nil) throws(CryptographyError) -> [UInt8] {
        try message.withUnsafeBufferPointer { (message) throws(CryptographyError) in
            try sign(UnsafeRawBufferPointer(message), context: context)
        }
    }

    /// The secret shared with the holder of `peer`'s private half.
    ///
    /// - Returns: X25519, X448: the u coordinate, 32 or 56 octets (RFC 7748). Ed25519, Ed448: the point on the Edwards
    ///   curve, 32 or 57 octets. Not to be used as a key as it is: derive one with ``HKDF``.
    /// - Throws: ``CryptographyError`` `unsupportedAlgorithm`; `invalidKey` when the other key is of another algorithm or
    ///   off the curve; `agreementFailed` for a point of low order.
    public func agree(with peer: PublicKey) throws(CryptographyError) -> SecretBytes {
        guard peer.algorithm == algorithm else {
            throw CryptographyError(.invalidKey, "A \(algorithm) key cannot agree with a \(peer.algorithm) key.")
        }
        return try agree(withOctets: peer.octets)
    }

    /// As ``agree(with:)``, with a peer's octets: for X25519 and X448 with or without the parity octet at the end.
    public func agree(withOctets peer: [UInt8]) throws(CryptographyError) -> SecretBytes {
        let size: Int
        switch algorithm {
        case .x25519, .ed25519: size = 32
        case .x448: size = 56
        case .ed448: size = 57
        default: throw CryptographyError(.unsupportedAlgorithm, "\(algorithm) keys do not agree on secrets here.")
        }
        let hasParity = (algorithm == .x25519 || algorithm == .x448) && peer.count == size + 1
        guard peer.count == size || (hasParity && peer[size] & 0x7F == 0) else {
            throw CryptographyError(.invalidKey, "\(peer.count) octets that are not a public \(algorithm) key.")
        }
        return try SecretBytes(count: size) { (shared) throws(CryptographyError) in
            let succeeded =
                switch algorithm {
                case .x25519: agreementKey?.agree(peer, shared) ?? false
                case .x448 where isSum: agreeUnclamped(peer, shared)
                case .x448: octets.withUnsafeBytes { mesh_x448(shared.octets, $0.octets, peer) == 1 }
                case .ed25519: prepared.withUnsafeBytes { mesh_ed25519_agree(shared.octets, $0.octets, peer) == 1 }
                default: prepared.withUnsafeBytes { mesh_ed448_agree(shared.octets, $0.octets, peer) == 1 }
                }
            guard succeeded else {
                throw CryptographyError(
                    .agreementFailed, "The other side's \(algorithm) key is no point that a secret can be made with.")
            }
        }
    }

    /// The public u coordinate of an X25519 or X448 key, followed by the parity octet; other keys: as they are.
    package var publicOctetsWithParity: [UInt8] {
        guard algorithm == .x25519 else { return publicKey.octets }
        return octets.withUnsafeBytes { PrivateKeyMaterial.montgomeryPublic(.x25519, $0) }
    }
}

/// An X25519 private key inside OpenSSL, which is the faster library for this one function. (OpenSSL wipes it at the end.)
final class X25519Key: @unchecked Sendable {
    // Sendable proof: the C key is never changed after it was made. Each agreement makes a context of its own, and the
    // library counts references to a key atomically.
    private let key: OpaquePointer

    init?(_ octets: UnsafeRawBufferPointer) {
        guard octets.count == 32, let key = mesh_x25519_open(octets.octets) else { return nil }
        self.key = key
    }

    deinit { mesh_x25519_free(key) }

    func agree(_ peer: [UInt8], _ shared: UnsafeMutableRawBufferPointer) -> Bool {
        mesh_x25519_agree(key, peer, shared.octets) == 1
    }
}
