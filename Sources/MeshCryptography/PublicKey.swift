import CDecaf
import COpenSSL
import MeshCore

/// A public key: its algorithm and its octets in the Mesh encoding.
///
/// | Algorithm | Octets |
/// |---|---|
/// | X25519 | 32: u, little endian |
/// | X448 | 57: u, little endian, then 80 when v is odd, else 00 |
/// | Ed25519, Ed448 | 32, 57: RFC 8032 |
/// | P-256, P-384, P-521 | 65, 97, 133: uncompressed point |
/// | RSA | PKCS#1 RSAPublicKey in DER |
public struct PublicKey: Hashable, Sendable {
    /// The algorithm.
    public let algorithm: KeyAlgorithm
    /// The Mesh encoding.
    public let octets: [UInt8]

    /// The content type under every published key fingerprint since 2020.
    public static let fingerprintContentType = "PKIXKey"

    /// A key from its Mesh encoding, as a peer sent it.
    ///
    /// - Throws: ``CryptographyError`` `invalidKey` when the octets cannot be a key of the algorithm. That an Ed25519 or
    ///   Ed448 point is on its curve is checked when the key is used: no signature is valid under one that is not.
    public init(algorithm: KeyAlgorithm, octets: [UInt8]) throws(CryptographyError) {
        let isValid =
            switch algorithm {
            case .x25519, .ed25519, .ed448: octets.count == algorithm.publicKeySize
            case .x448: octets.count == 57 && octets[56] & 0x7F == 0
            case .p256, .p384, .p521:
                mesh_curve_is_point(algorithm.curveBits ?? 0, octets, octets.count) == 1
            case .rsa2048, .rsa3072, .rsa4096:
                Self.isRSAPublicKey(octets)
            }
        guard isValid else {
            throw CryptographyError(.invalidKey, "\(octets.count) octets that are not a public \(algorithm) key.")
        }
        self.init(trusted: algorithm, octets)
    }

    init(trusted algorithm: KeyAlgorithm, _ octets: [UInt8]) {
        self.algorithm = algorithm
        self.octets = octets
    }

    /// A SEQUENCE of exactly two positive INTEGERs, lengths as short as they can be.
    private static func isRSAPublicKey(_ octets: [UInt8]) -> Bool {
        guard octets.count <= 2048, let sequence = DERElement(octets[...], tag: 0x30), sequence.rest.isEmpty,
            let modulus = DERElement(sequence.content, tag: 0x02),
            let exponent = DERElement(modulus.rest, tag: 0x02), exponent.rest.isEmpty
        else { return false }
        return [modulus.content, exponent.content].allSatisfy { integer in
            guard let first = integer.first else { return false }
            return first < 0x80 && (first != 0 || integer.dropFirst().first ?? 0 >= 0x80)
        }
    }

    /// The key's fingerprint as the Mesh uses it everywhere: 140 bits, current form.
    public var udf: UDF { fingerprint() }

    /// The content digest of the KeyInfo, of which fingerprints are made.
    public func contentDigest(
        form: KeyInfoForm = .draft, contentType: String = PublicKey.fingerprintContentType
    ) -> ContentDigest {
        ContentDigest(of: keyInfo(form: form), contentType: contentType)
    }

    /// The fingerprint in any form and precision (`udf-13` §5.3.1).
    public func fingerprint(
        form: KeyInfoForm = .draft, contentType: String = PublicKey.fingerprintContentType,
        bits: Int = UDF.defaultBits
    ) -> UDF {
        contentDigest(form: form, contentType: contentType).udf(bits: bits)
    }

    /// The fingerprint's 64 octets, type identifier first, as connection witnesses use them.
    public func fingerprintOctets(
        form: KeyInfoForm = .draft, contentType: String = PublicKey.fingerprintContentType
    ) -> [UInt8] {
        contentDigest(form: form, contentType: contentType).octets
    }

    /// Whether `fingerprint` is one of this key: in the current form or that of release 1.0.2, at 100 bits or more.
    public func matches(_ fingerprint: UDF) -> Bool {
        let precision = max(fingerprint.text.utf8.count * 5, UDF.defaultBits)
        return [KeyInfoForm.draft, .release].contains {
            self.fingerprint(form: $0, bits: precision).matches(fingerprint)
        }
    }

    /// The DER structure that the fingerprint is the digest of.
    public func keyInfo(form: KeyInfoForm = .draft) -> [UInt8] { KeyInfo.der(self, form: form) }

    /// The key as a UDF that holds the whole of it (type O, `udf-13` §4.2).
    public func oidUDF(form: KeyInfoForm = .draft) -> UDF { UDF(type: .oid, value: keyInfo(form: form)) }

    /// Whether `signature` is this key's signature of `message`.
    ///
    /// - Parameter context: nil for plain Ed25519 or Ed448. For Ed25519, any other value (the empty one too) is Ed25519ctx,
    ///   as signatures of envelopes use it; for Ed448 nil and empty are the same.
    /// - Returns: false for anything malformed as well: wrong lengths, points off the curve, scalars out of range, a
    ///   context of more than 255 octets, a key that cannot sign. Never throws.
    public func isValidSignature(
        _ signature: [UInt8], for message: UnsafeRawBufferPointer, context: [UInt8]? = nil
    ) -> Bool {
        guard signature.count == algorithm.signatureSize, let contextCount = UInt8(exactly: context?.count ?? 0)
        else { return false }
        switch algorithm {
        case .ed25519:
            return mesh_ed25519_verify(
                signature, octets, message.octets, message.count, context == nil ? 0 : 1, context ?? [], contextCount)
                == 1
        case .ed448:
            return mesh_ed448_verify(
                signature, octets, message.octets, message.count, context ?? [], contextCount) == 1
        default:
            return false
        }
    }

    /// Whether `signature` is this key's signature of `message`; as the other form of this function.
    public func isValidSignature(_ signature: [UInt8], for message: [UInt8], context: [UInt8]? = nil) -> Bool {
        message.withUnsafeBytes { isValidSignature(signature, for: $0, context: context) }
    }
}

/// One DER element at the start of some octets.
private struct DERElement {
    let content: ArraySlice<UInt8>
    let rest: ArraySlice<UInt8>

    init?(_ octets: ArraySlice<UInt8>, tag: UInt8) {
        guard octets.count >= 2, octets.first == tag else { return nil }
        var index = octets.startIndex + 1
        var count = Int(octets[index])
        index += 1
        if count >= 0x80 {
            let digits = count - 0x80
            guard (1...2).contains(digits), octets.endIndex - index >= digits else { return nil }
            count = octets[index..<index + digits].reduce(0) { $0 << 8 | Int($1) }
            guard count >= (digits == 1 ? 0x80 : 0x100) else { return nil }
            index += digits
        }
        guard octets.endIndex - index >= count else { return nil }
        content = octets[index..<index + count]
        rest = octets[(index + count)...]
    }
}
