import MeshCore
import MeshCryptography

/// The secret of one key exchange: everything that is encrypted under the exchange gets its keys from the base seed and
/// a salt (`dare-12` §3.4). It has no description, no coding and no equality.
public struct BaseSeed: Sendable {
    /// How many octets new seeds have.
    public static let size = 32
    /// The salts that are read. New ones have 16 octets.
    static let saltSizes = 16...1024

    let secret: SharedSecret

    /// A new seed.
    public init(random: any RandomSource) {
        secret = SharedSecret(SecretBytes(random: BaseSeed.size, from: random))
    }

    /// The seed of these octets.
    ///
    /// - Throws: ``DAREError`` `malformed` for fewer than 16 octets or more than 64.
    public init(_ octets: consuming SecretBytes) throws(DAREError) {
        guard (16...64).contains(octets.count) else {
            throw DAREError(.malformed, "A base seed cannot have \(octets.count) octets.")
        }
        secret = SharedSecret(octets)
    }

    /// Lends the octets. They must not be kept.
    public func withOctets<R: ~Copyable, E: Error>(_ body: (borrowing SecretBytes) throws(E) -> R) throws(E) -> R {
        try body(secret.bytes)
    }

    /// The name of the seed, as the header member `kid` states it. Other writers state the name of another seed there, so
    /// that nothing may be chosen or checked by it.
    public var identifier: UDF { EncryptionKeyUDF.identifier(of: secret.bytes) }

    /// A new salt.
    public static func makeSalt(random: any RandomSource) -> [UInt8] { random.bytes(16) }

    /// What proves that who made it knew the seed: HKDF-SHA-256 of seed and salt (`dare-12` §3.5).
    ///
    /// - Parameter info: the octets of the signature, or of the manifest that was signed.
    public func witness(salt: [UInt8], info: [UInt8]) throws(DAREError) -> [UInt8] {
        let extracted = HKDF.extract(salt: salt, inputKey: secret.bytes, hash: .sha256)
        return try BaseSeed.expand(extracted, info: info, count: 32).withUnsafeBytes { Array($0) }
    }

    /// The key and the initialization vector that `algorithm` uses with `salt`: 16 octets of a nonce for GCM become 12.
    ///
    /// `salt` is the envelope's salt for the body, and the item's prefix followed by it for an annotation.
    package func payloadKeys(
        _ cipher: CipherAlgorithm, salt: [UInt8]
    ) throws(DAREError) -> PayloadKeys {
        let extracted = HKDF.extract(salt: salt, inputKey: secret.bytes, hash: .sha256)
        return PayloadKeys(
            key: try BaseSeed.expand(extracted, info: Array("encrypt".utf8), count: cipher.keySize),
            iv: try BaseSeed.expand(extracted, info: Array("iv".utf8), count: cipher.ivSize))
    }

    private static func expand(
        _ extracted: borrowing SecretBytes, info: [UInt8], count: Int
    ) throws(DAREError) -> SecretBytes {
        do {
            return try HKDF.expand(extracted, info: info, count: count, hash: .sha256)
        } catch {
            throw DAREError(
                .malformed, "A value of \(info.count) octets is too long to derive a key for.", cause: error)
        }
    }
}

/// The key and the initialization vector of one body or annotation.
package struct PayloadKeys: ~Copyable {
    package let key: SecretBytes
    package let iv: SecretBytes
}
