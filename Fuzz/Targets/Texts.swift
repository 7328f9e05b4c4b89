import MeshCore
import MeshCryptography
import MeshEncoding

extension FuzzTarget {
    /// Texts that people type or paste.
    static let texts = [
        FuzzTarget("base32") { input in
            var octets = [UInt8](repeating: 0, count: input.count)
            let count = input.withUnsafeBytes { source in
                octets.withUnsafeMutableBytes { Base32.decode(source, into: $0) }
            }
            guard let count else { return }
            require(count <= input.count, "more octets came out than went in")
            // What was read is written again, and reads the same.
            let text = UDF.present(Array(octets[..<count]))
            var again = [UInt8](repeating: 0, count: text.utf8.count)
            let recount = Array(text.utf8).withUnsafeBytes { source in
                again.withUnsafeMutableBytes { Base32.decode(source, into: $0) }
            }
            require(recount == count && again[..<count] == octets[..<count], "Base32 reads as something else")
        },
        FuzzTarget("base64url") { input in
            let text = String(decoding: input, as: UTF8.self)
            guard let octets = Base64URL.decode(text) else { return }
            require(Base64URL.decode(Base64URL.encode(octets)) == octets, "base64url reads as something else")
            require(Base64URL.decode(text, isTolerant: true) == octets, "the tolerant reader reads something else")
        },
        FuzzTarget("udf") { input in
            guard let udf = UDF(String(decoding: input, as: UTF8.self)) else { return }
            require(UDF(udf.text) == udf, "a fingerprint reads as another")
            _ = udf.octets
            _ = udf.matches(udf)
        },
        FuzzTarget("secret-udf") { input in
            let text = SecretBytes(copying: input)
            if let canonical = try? SecretUDF.canonicalText(of: text) {
                require((try? SecretUDF.octets(of: canonical)) != nil, "the canonical text of a secret does not read")
            }
            _ = try? KeyShare(parsing: text)
            _ = try? UDFLocation(parsing: text)
        },
    ]
}
