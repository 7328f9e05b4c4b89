import MeshCore
import MeshCryptography
import MeshPlatforms

/// The public half of an SSH key, and its comment.
public struct SSHPublicKey: Hashable, Sendable {
    /// The longest comment that is kept, in octets of UTF-8.
    public static let maximumCommentOctets = 1024

    /// The kind of key.
    public let algorithm: SSHAlgorithm
    /// The key in SSH's wire encoding (RFC 4253 §6.6), as it is sent, digested and written in Base64.
    public let wire: [UInt8]
    /// Words about the key, such as its owner's address. One line: control characters become `?`.
    public let comment: String
    /// The key as the Mesh knows it.
    public let meshKey: PublicKey

    /// The Mesh fingerprint of the key, by which key stores know it.
    public var udf: UDF { meshKey.udf }

    /// The fingerprint that `ssh-keygen -l` prints: `SHA256:` and the digest in Base64 without padding.
    public var fingerprint: String {
        "SHA256:" + Base64(.standard, isPadded: false).encode(HashAlgorithm.sha256.digest(wire))
    }

    /// Reads a key in SSH's wire encoding.
    ///
    /// - Throws: ``PlatformError`` `unsupported` for a kind or size of key that is not known here, `corrupt` for anything
    ///   that is no key of its kind.
    public init(wire: [UInt8], comment: String = "") throws {
        (algorithm, meshKey) = try wire.withUnsafeBytes { try Self.parse($0) }
        self.wire = wire
        self.comment = Self.oneLine(comment)
    }

    /// The same key with another comment.
    public func commented(_ comment: String) -> SSHPublicKey {
        SSHPublicKey(algorithm: algorithm, wire: wire, comment: Self.oneLine(comment), meshKey: meshKey)
    }

    private init(algorithm: SSHAlgorithm, wire: [UInt8], comment: String, meshKey: PublicKey) {
        self.algorithm = algorithm
        self.wire = wire
        self.comment = comment
        self.meshKey = meshKey
    }

    /// The SSH form of a key that the Mesh has.
    ///
    /// - Throws: ``PlatformError`` `unsupported` for a kind of key that SSH does not have, or that its programs do not know
    ///   (Ed448: RFC 8709 defines it, OpenSSH does not read it).
    public init(_ key: PublicKey, comment: String = "") throws {
        let wire: [UInt8]
        switch key.algorithm {
        case .ed25519:
            wire = SSHWire.octets {
                $0.append(string: SSHAlgorithm.ed25519.rawValue)
                $0.append(string: key.octets)
            }
        case .p256, .p384, .p521:
            let algorithm = SSHAlgorithm.allCases.first { $0.keyAlgorithm == key.algorithm } ?? .p256
            wire = SSHWire.octets {
                $0.append(string: algorithm.rawValue)
                $0.append(string: algorithm.curveName ?? "")
                $0.append(string: key.octets)
            }
        case .rsa2048, .rsa3072, .rsa4096:
            guard let numbers = RSAPublicDER.read(key.octets) else {
                throw SSHError.corrupt("The RSA key is not written as PKCS#1 says.")
            }
            wire = SSHWire.octets { writer in
                writer.append(string: SSHAlgorithm.rsa.rawValue)
                numbers.exponent.withUnsafeBytes { writer.append(integer: $0) }
                numbers.modulus.withUnsafeBytes { writer.append(integer: $0) }
            }
        case .ed448, .x25519, .x448:
            throw SSHError.unsupported("SSH programs know no \(key.algorithm) keys.")
        }
        try self.init(wire: wire, comment: comment)
    }

    private static func parse(_ wire: UnsafeRawBufferPointer) throws -> (SSHAlgorithm, PublicKey) {
        var reader = SSHReader(wire)
        let name = try reader.name()
        guard let algorithm = SSHAlgorithm(rawValue: name) else {
            throw SSHError.unsupported("SSH keys of the kind \(name.prefix(64)) are not known here.")
        }
        let key: PublicKey
        do {
            switch algorithm {
            case .ed25519:
                key = try PublicKey(algorithm: .ed25519, octets: Array(reader.string()))
            case .p256, .p384, .p521:
                guard try reader.name() == algorithm.curveName, let keyAlgorithm = algorithm.keyAlgorithm else {
                    throw SSHError.corrupt("The key names two different curves.")
                }
                key = try PublicKey(algorithm: keyAlgorithm, octets: Array(reader.string()))
            case .rsa:
                let exponent = try Array(reader.positiveInteger())
                let modulus = try Array(reader.positiveInteger())
                let bits = modulus.count * 8 - (modulus.first?.leadingZeroBitCount ?? 0)
                guard let keyAlgorithm = SSHAlgorithm.rsaAlgorithm(bits: bits) else {
                    throw SSHError.unsupported("RSA keys of \(bits) bits are not known here: 2048, 3072 and 4096 are.")
                }
                guard let last = exponent.last, last & 1 == 1, exponent != [1], (modulus.last ?? 0) & 1 == 1 else {
                    throw SSHError.corrupt("The numbers are no RSA key.")
                }
                key = try PublicKey(
                    algorithm: keyAlgorithm, octets: RSAPublicDER.write(modulus: modulus, exponent: exponent))
            }
        } catch let error as CryptographyError {
            throw SSHError.corrupt("The octets are no \(name) key.", cause: error)
        }
        try reader.requireEnd()
        return (algorithm, key)
    }

    /// `comment` on one line, control characters replaced, not longer than allowed: what is put into a list of keys must
    /// not become a second line of the list.
    static func oneLine(_ comment: String) -> String {
        var result = ""
        var count = 0
        for scalar in comment.unicodeScalars {
            let isControl = scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value)
            let replacement: Unicode.Scalar =
                isControl || scalar.value == 0x2028 || scalar.value == 0x2029 ? "?" : scalar
            count += UTF8.width(replacement)
            guard count <= maximumCommentOctets else { break }
            result.unicodeScalars.append(replacement)
        }
        return result
    }
}

/// The two numbers of a public RSA key in DER (PKCS#1 RSAPublicKey), as the Mesh has them.
enum RSAPublicDER {
    /// Writes two positive numbers, most significant octet first, without zeros in front.
    static func write(modulus: [UInt8], exponent: [UInt8]) -> [UInt8] {
        element(0x30, integer(modulus) + integer(exponent))
    }

    /// Reads what ``write(modulus:exponent:)`` writes; nil for anything else.
    static func read(_ octets: [UInt8]) -> (modulus: [UInt8], exponent: [UInt8])? {
        guard let sequence = content(octets[...], 0x30), sequence.rest.isEmpty,
            let modulus = content(sequence.content, 0x02), let exponent = content(modulus.rest, 0x02),
            exponent.rest.isEmpty
        else { return nil }
        let numbers = [modulus, exponent].map { Array($0.content.drop { $0 == 0 }) }
        guard write(modulus: numbers[0], exponent: numbers[1]) == octets else { return nil }
        return (numbers[0], numbers[1])
    }

    private static func integer(_ octets: [UInt8]) -> [UInt8] {
        element(0x02, (octets.first ?? 0x80) >= 0x80 ? [0] + octets : octets)
    }

    private static func element(_ tag: UInt8, _ content: [UInt8]) -> [UInt8] {
        let count = content.count
        let length: [UInt8] =
            count < 0x80
            ? [UInt8(count)]
            : count < 0x100 ? [0x81, UInt8(count)] : [0x82, UInt8(count >> 8 & 0xFF), UInt8(count & 0xFF)]
        return [tag] + length + content
    }

    private static func content(
        _ octets: ArraySlice<UInt8>, _ tag: UInt8
    ) -> (content: ArraySlice<UInt8>, rest: ArraySlice<UInt8>)? {
        var rest = octets
        guard rest.popFirst() == tag, let first = rest.popFirst() else { return nil }
        var count = Int(first)
        if first >= 0x80 {
            let digits = Int(first) - 0x80
            guard (1...2).contains(digits), rest.count >= digits else { return nil }
            count = rest.prefix(digits).reduce(0) { $0 << 8 | Int($1) }
            rest = rest.dropFirst(digits)
        }
        guard rest.count >= count else { return nil }
        return (rest.prefix(count), rest.dropFirst(count))
    }
}
