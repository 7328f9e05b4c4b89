import MeshCore
import MeshCryptography

extension SMIMECertificate {
    /// The fingerprint of the public key, which other certificates for it have too; nil if it cannot be found in the certificate.
    var keyUDF: UDF? { publicKeyInfo.map { ContentDigest(of: Array($0), contentType: "PKIXKey").udf() } }

    /// SubjectPublicKeyInfo in DER (RFC 5280 §4.1): after version, serial number, algorithm, issuer, validity and subject.
    private var publicKeyInfo: ArraySlice<UInt8>? {
        guard let outer = Self.element(octets[...]), let inner = Self.element(outer.content) else { return nil }
        var rest = inner.content
        if rest.first == 0xA0, let version = Self.element(rest) { rest = version.rest }
        for _ in 0..<5 {
            guard let element = Self.element(rest) else { return nil }
            rest = element.rest
        }
        return Self.element(rest)?.whole
    }

    /// The element of DER at the beginning, with a length of at most four octets.
    private static func element(
        _ octets: ArraySlice<UInt8>
    ) -> (whole: ArraySlice<UInt8>, content: ArraySlice<UInt8>, rest: ArraySlice<UInt8>)? {
        guard octets.count >= 2 else { return nil }
        var rest = octets.dropFirst()
        guard let first = rest.popFirst() else { return nil }
        var length = Int(first)
        if first >= 0x80 {
            let count = Int(first & 0x7F)
            guard (1...4).contains(count), rest.count >= count else { return nil }
            length = rest.prefix(count).reduce(0) { $0 << 8 | Int($1) }
            rest = rest.dropFirst(count)
        }
        guard length <= rest.count else { return nil }
        let content = rest.prefix(length)
        return (octets[octets.startIndex..<content.endIndex], content, rest.dropFirst(length))
    }
}
