import MeshCore

/// A keyed digest of typed content: who knows the key can check it, who does not learns nothing (`udf-13` §5.2).
public struct Authenticator: ~Copyable {
    package let pseudorandomKey: SecretBytes
    package let outputKey: SecretBytes
    /// The authentication value, 64 octets.
    public let value: [UInt8]

    /// The authenticator of content whose SHA-2-512 is `digest`.
    ///
    /// - Parameters:
    ///   - digest: SHA-2-512 of the content.
    ///   - contentType: the content's type.
    ///   - key: the key as text, such as a nonce UDF with its dashes.
    /// - Throws: nothing that the arguments can bring about.
    public init(digest: [UInt8], contentType: String, key: borrowing SecretBytes) throws(CryptographyError) {
        let master = SecretBytes(copying: Array("KeyedUDFMaster".utf8))
        pseudorandomKey = key.withUnsafeBytes { HMAC.authenticate($0, key: master) }
        outputKey = try HKDF.expand(pseudorandomKey, info: Array("KeyedUDFExpand".utf8), count: 64)
        let input = ContentDigest.typedInput(digest: digest, contentType: contentType)
        value = HMAC.authenticate(input, key: outputKey).withUnsafeBytes { Array($0) }
    }

    /// The authenticator of `data`.
    ///
    /// - Throws: nothing that the arguments can bring about.
    public init(of data: [UInt8], contentType: String, key: borrowing SecretBytes) throws(CryptographyError) {
        try self.init(digest: HashAlgorithm.sha512.digest(data), contentType: contentType, key: key)
    }

    /// The first 64 octets of type identifier and value: the authenticator at full precision.
    public var octets: [UInt8] { [UDFType.authenticatorSHA2.rawValue] + value.prefix(63) }

    /// The text (`A…`), cut to `bits`; at most the 64 octets of ``octets`` are shown.
    public func udf(bits: Int = UDF.defaultBits) -> UDF {
        UDF(type: .authenticatorSHA2, value: value.prefix(63), bits: bits)
    }
}

/// Nonces: random values that need not be secret (`udf-13` §4.1).
public enum NonceUDF {
    /// A new nonce of 16 octets, or as many as asked for.
    public static func make(octets: Int = 16, from random: any RandomSource) -> UDF {
        UDF(type: .nonce, value: random.bytes(octets))
    }
}
