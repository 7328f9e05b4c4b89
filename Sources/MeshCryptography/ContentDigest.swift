import COpenSSL
import MeshCore

/// The digest of typed content that a fingerprint shows (`udf-13` §5.1): H(content type ":" H(data)).
public struct ContentDigest: Hashable, Sendable {
    /// The two hash functions a fingerprint can be made with.
    public enum Hash: String, Sendable {
        /// SHA-2-512: fingerprints that start with M.
        case sha2 = "SHA_2_512"
        /// SHA-3-512: fingerprints that start with K.
        case sha3 = "SHA_3_512"

        /// The hash function.
        public var algorithm: HashAlgorithm { self == .sha2 ? .sha512 : .sha3_512 }
        var udfType: UDFType { self == .sha2 ? .digestSHA2 : .digestSHA3 }
    }

    /// The hash function, used in both steps.
    public let hash: Hash
    /// The 64 octets of H(content type ":" H(data)).
    public let value: [UInt8]

    /// The digest of `data` as content of type `contentType` (an IANA media type, or one of the Mesh's own words).
    public init(of data: UnsafeRawBufferPointer, contentType: String, hash: Hash = .sha2) {
        var contentType = contentType
        let value = contentType.withUTF8 { contentType in
            [UInt8](unsafeUninitializedCapacity: 64) { output, count in
                requireLibrary(
                    mesh_hash_typed(
                        hash.algorithm.library, contentType.baseAddress, contentType.count, data.baseAddress,
                        data.count, output.baseAddress) == 1, "a hash")
                count = 64
            }
        }
        self.init(value: value, hash: hash)
    }

    /// The digest of `data` as content of type `contentType`.
    public init(of data: [UInt8], contentType: String, hash: Hash = .sha2) {
        self = data.withUnsafeBytes { ContentDigest(of: $0, contentType: contentType, hash: hash) }
    }

    /// The same for data whose digest is known already, as after ``StreamingDigest``.
    public init(digest: [UInt8], contentType: String, hash: Hash = .sha2) {
        self.init(value: hash.algorithm.digest(Self.typedInput(digest: digest, contentType: contentType)), hash: hash)
    }

    package init(value: [UInt8], hash: Hash) {
        self.value = value
        self.hash = hash
    }

    static func typedInput(digest: [UInt8], contentType: String) -> [UInt8] {
        Array(contentType.utf8) + [0x3A] + digest
    }

    /// How many zero bits the value ends with, counted over all its octets.
    public var trailingZeroBits: Int { Self.trailingZeroBits(value) }

    private static func trailingZeroBits(_ value: [UInt8]) -> Int {
        var zeros = 0
        for octet in value.reversed() {
            if octet != 0 { return zeros + octet.trailingZeroBitCount }
            zeros += 8
        }
        return zeros
    }

    /// The compression level that goes with a number of trailing zero bits: 0 below 20, then one for each ten, at most 4.
    public static func level(trailingZeroBits: Int) -> Int { min(max(trailingZeroBits / 10 - 1, 0), 4) }

    /// The type identifier, compression level included.
    public var type: UDFType { hash.udfType.compressed(level: Self.level(trailingZeroBits: trailingZeroBits)) }

    /// The first 64 octets of type identifier and value: the fingerprint at full precision.
    public var octets: [UInt8] { [type.rawValue] + value.prefix(63) }

    /// The fingerprint, cut to `bits` (the type identifier counted): the first ceil(bits / 5) characters.
    ///
    /// At most the 64 octets of ``octets`` are shown.
    public func udf(bits: Int = UDF.defaultBits) -> UDF { UDF(type: type, value: value.prefix(63), bits: bits) }
}
