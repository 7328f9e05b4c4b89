import MeshCore

/// What the code of a square says that services show to be scanned: `otpauth://totp/Example:alice?secret=…&issuer=Example`.
public struct OneTimeURI: Sendable {
    /// What codes are made of.
    public let secret: OneTimeSecret
    /// Whose codes these are, as the service calls itself.
    public let issuer: String?
    /// The name of the person there.
    public let account: String?

    /// The longest text that is read.
    private static let longest = 8192

    /// Reads a URI. Members that are not known are passed over.
    ///
    /// - Throws: ``CryptographyError`` `invalidParameter`, `unsupportedAlgorithm`, `invalidKey`. Nothing of the URI is in the error.
    public init(parsing text: borrowing SecretBytes) throws(CryptographyError) {
        guard text.count <= Self.longest else { throw Self.malformed("it is too long") }
        let prefix = Array("otpauth://".utf8)
        let (label, members) = try text.withUnsafeBytes { (octets) throws(CryptographyError) -> (String, Members) in
            let octets = SecretUDF.trimmed(octets)
            guard octets.count > prefix.count, Self.hasPrefix(octets, prefix) else {
                throw Self.malformed("it does not begin with otpauth://")
            }
            let rest = UnsafeRawBufferPointer(rebasing: octets[prefix.count...])
            let mark = rest.firstIndex(of: UInt8(ascii: "?")) ?? rest.endIndex
            let path = rest[..<mark]
            guard let slash = path.firstIndex(of: UInt8(ascii: "/")) else { throw Self.malformed("it has no label") }
            switch String(decoding: path[..<slash], as: UTF8.self).lowercased() {
            case "totp": break
            case "hotp":
                throw CryptographyError(
                    .unsupportedAlgorithm, "Codes that count (hotp) are not supported.",
                    remedy: "Ask the service for codes that hold for some seconds.")
            default: throw Self.malformed("its kind is not totp")
            }
            let query = mark < rest.endIndex ? rest[(mark + 1)...] : rest[rest.endIndex...]
            return (
                try Self.text(UnsafeRawBufferPointer(rebasing: path[(slash + 1)...])),
                try Self.members(UnsafeRawBufferPointer(rebasing: query))
            )
        }
        guard let key = members.secret else { throw Self.malformed("it has no secret") }
        func number(_ name: String, _ standard: Int) throws(CryptographyError) -> Int {
            guard let text = members.others[name] else { return standard }
            guard let value = Int(text) else { throw Self.malformed("its \(name) is no number") }
            return value
        }
        var algorithm = OneTimeSecret.Algorithm.sha1
        if let name = members.others["algorithm"] {
            guard let named = OneTimeSecret.Algorithm(reading: name) else {
                throw CryptographyError(
                    .unsupportedAlgorithm, "The hash function that the URI names is not one of SHA1, SHA256 and SHA512."
                )
            }
            algorithm = named
        }
        secret = try OneTimeSecret(
            base32: key.bytes, algorithm: algorithm, digits: try number("digits", 6), period: try number("period", 30))
        let parts = label.split(separator: ":", maxSplits: 1)
        let name = (parts.last ?? "").drop { $0 == " " }
        account = name.isEmpty ? nil : String(name)
        issuer =
            members.others["issuer"].flatMap { $0.isEmpty ? nil : $0 } ?? (parts.count > 1 ? String(parts[0]) : nil)
    }

    private static func hasPrefix(_ octets: UnsafeRawBufferPointer, _ prefix: [UInt8]) -> Bool {
        zip(octets, prefix).allSatisfy { octet, expected in
            octet == expected || ((0x41...0x5A).contains(octet) && octet | 0x20 == expected)
        }
    }

    /// The members of the query; the secret apart, in memory that is wiped.
    private struct Members {
        var secret: SharedSecret?
        var others: [String: String] = [:]
    }

    private static func members(_ query: UnsafeRawBufferPointer) throws(CryptographyError) -> Members {
        var members = Members()
        for part in query.split(separator: UInt8(ascii: "&")) {
            let equals = part.firstIndex(of: UInt8(ascii: "=")) ?? part.endIndex
            let name = String(decoding: part[..<equals], as: UTF8.self).lowercased()
            let value = UnsafeRawBufferPointer(
                rebasing: equals < part.endIndex ? part[(equals + 1)...] : part[equals...])
            if name == "secret" {
                guard members.secret == nil else { throw malformed("it has two secrets") }
                members.secret = SharedSecret(try unescaped(value))
            } else if members.others.updateValue(try text(value), forKey: name) != nil {
                throw malformed("it has the member '\(name.prefix(16))' twice")
            }
        }
        return members
    }

    private static func text(_ octets: UnsafeRawBufferPointer) throws(CryptographyError) -> String {
        let text = try unescaped(octets).withUnsafeBytes { String(validating: $0, as: UTF8.self) }
        guard let text else { throw malformed("it is not UTF-8") }
        return text
    }

    private static func unescaped(_ octets: UnsafeRawBufferPointer) throws(CryptographyError) -> SecretBytes {
        var count = 0
        let all = try SecretBytes(count: octets.count) { (target) throws(CryptographyError) in
            var place = 0
            while place < octets.count {
                var octet = octets[place]
                place += 1
                if octet == UInt8(ascii: "%") {
                    guard place + 1 < octets.count, let high = hex(octets[place]), let low = hex(octets[place + 1])
                    else {
                        throw malformed("a % in it is not followed by two hexadecimal digits")
                    }
                    octet = high << 4 | low
                    place += 2
                }
                target[count] = octet
                count += 1
            }
        }
        return all.duplicate(0..<count)
    }

    private static func hex(_ octet: UInt8) -> UInt8? {
        switch octet {
        case 0x30...0x39: octet - 0x30
        case 0x41...0x46: octet - 0x37
        case 0x61...0x66: octet - 0x57
        default: nil
        }
    }

    private static func malformed(_ why: String) -> CryptographyError {
        CryptographyError(
            .invalidParameter, "This is no URI of one-time codes: \(why).",
            remedy: "Copy it again from where the service shows it (otpauth://totp/…).")
    }
}
