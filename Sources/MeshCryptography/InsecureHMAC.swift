import COpenSSL

/// Functions that are broken, or too weak, for anything but reading and writing the formats that prescribe them.
public enum Insecure {
    /// HMAC with SHA-1 (RFC 2104): how OpenSSH hides the host names of `known_hosts`.
    ///
    /// - Returns: 20 octets.
    public static func hmacSHA1(_ data: [UInt8], key: [UInt8]) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: 20) { output, count in
            count = 20
            requireLibrary(
                mesh_hmac_sha1(key, key.count, data, data.count, output.baseAddress) == 1, "HMAC with SHA-1")
        }
    }
}
