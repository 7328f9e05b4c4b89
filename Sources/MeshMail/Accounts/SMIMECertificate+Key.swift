import MeshCore
import MeshCryptography

extension SMIMECertificate {
    /// The fingerprint of the public key, which other certificates for it have too.
    var keyUDF: UDF { ContentDigest(of: keyOctets, contentType: "PKIXKey").udf() }
}
