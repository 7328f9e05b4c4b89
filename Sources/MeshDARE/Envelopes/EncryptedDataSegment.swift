import MeshCore
import MeshCryptography
import MeshEncoding

/// One item of an envelope beside its body: an annotation, or the cloaked members of the header (`dare-12` §3.3).
///
/// It is encrypted under the envelope's base seed with a salt of its own. Neither the payload digest nor a signature
/// covers it, and only a tag shows that it was changed: what is in it is a hint, as all metadata are.
public struct EncryptedDataSegment: Equatable, Sendable {
    /// What stands before the envelope's salt.
    public var saltPrefix: [UInt8]
    /// The content: encrypted if the envelope is.
    public var body: [UInt8]
    /// The tag, with algorithms that have one.
    public var tag: [UInt8]?

    /// A segment of those parts.
    public init(saltPrefix: [UInt8], body: [UInt8], tag: [UInt8]? = nil) {
        self.saltPrefix = saltPrefix
        self.body = body
        self.tag = tag
    }

    /// Reads a segment: two or three binary items of JSON-B.
    ///
    /// - Throws: ``DAREError`` `malformed`.
    public init(parsing octets: [UInt8]) throws(DAREError) {
        var parts: [[UInt8]] = []
        do {
            for item in try JSONValue.values(decoding: octets, options: .envelope) {
                guard case .binary(let part) = item else {
                    throw DAREError(.malformed, "An annotation holds something that is not binary.")
                }
                parts.append(part)
            }
        } catch let error as DAREError {
            throw error
        } catch {
            throw DAREError(.malformed, "An annotation is not made of binary items.", cause: error)
        }
        guard (2...3).contains(parts.count) else {
            throw DAREError(
                .malformed, "An annotation has a salt, a content and perhaps a tag, not \(parts.count) parts.")
        }
        self.init(saltPrefix: parts[0], body: parts[1], tag: parts.count > 2 ? parts[2] : nil)
    }

    /// The octets of the segment: two items, or three if there is a tag.
    public var encoded: [UInt8] {
        var octets: [UInt8] = []
        for part in [saltPrefix, body] + (tag.map { [$0] } ?? []) {
            BinaryItem.append(part, to: &octets)
        }
        return octets
    }

    /// Encrypts the content that is the `number`th of its envelope, the cloaked members counted first.
    ///
    /// - Parameter key: what to encrypt under; nil writes the content as it is.
    public init(
        sealing content: [UInt8], number: Int, under key: PayloadKey?
    ) throws(DAREError) {
        let prefix = EncryptedDataSegment.saltPrefix(number)
        guard let key else {
            self.init(saltPrefix: prefix, body: content)
            return
        }
        let sealed = try content.withUnsafeBufferPointer { (content) throws(DAREError) in
            try key.seed.encrypt(UnsafeRawBufferPointer(content), with: key.algorithm, salt: key.salt, prefix: prefix)
        }
        self.init(saltPrefix: prefix, body: sealed.body, tag: sealed.tag)
    }

    /// The content.
    ///
    /// - Throws: ``DAREError`` `decryptionFailed`.
    public func open(under key: PayloadKey?) throws(DAREError) -> [UInt8] {
        guard let key else { return body }
        return try body.withUnsafeBufferPointer { (body) throws(DAREError) in
            try key.seed.decrypt(
                UnsafeRawBufferPointer(body), tag: tag, with: key.algorithm, salt: key.salt, prefix: saltPrefix)
        }
    }

    /// The number in one octet, and above 255 in as many as it takes, the lowest first.
    static func saltPrefix(_ number: Int) -> [UInt8] {
        var prefix = [UInt8(truncatingIfNeeded: number)]
        var rest = number >> 8
        while rest > 0 {
            prefix.append(UInt8(truncatingIfNeeded: rest))
            rest >>= 8
        }
        return prefix
    }
}

/// What the body and the annotations of one envelope are encrypted under.
public struct PayloadKey: Sendable {
    /// The seed of the key exchange.
    public let seed: BaseSeed
    /// The algorithm; never ``EncryptionAlgorithm/none``.
    public let algorithm: EncryptionAlgorithm
    /// The salt of the envelope.
    public let salt: [UInt8]

    /// A key of those parts.
    public init(seed: BaseSeed, algorithm: EncryptionAlgorithm, salt: [UInt8]) {
        self.seed = seed
        self.algorithm = algorithm
        self.salt = salt
    }
}

/// Binary items and texts of JSON-B, one after another.
enum BinaryItem {
    /// The tag and the length that stand before `count` octets, in the shortest form.
    ///
    /// - Parameter isLast: false if more octets of the same item follow as another chunk.
    static func head(_ count: Int, isText: Bool = false, isLast: Bool = true) -> [UInt8] {
        let (size, width): (UInt8, Int) =
            switch count {
            case ...0xFF: (0, 1)
            case ...0xFFFF: (1, 2)
            case ...0xFFFF_FFFF: (2, 4)
            default: (3, 8)
            }
        return [(isText ? 0x80 : 0x88) | (isLast ? 0 : 4) | size]
            + (0..<width).reversed().map { UInt8(truncatingIfNeeded: count >> (8 * $0)) }
    }

    static func append(_ octets: [UInt8], isText: Bool = false, to target: inout [UInt8]) {
        target += head(octets.count, isText: isText)
        target += octets
    }
}
