import MeshCore
import MeshCryptography
import MeshEncoding

// What the members say about encryption.
extension EnvelopeMembers {
    /// What body and annotations are encrypted under; nil if they are plain.
    ///
    /// - Parameters:
    ///   - keys: the private keys to open an entry of `recipients` with.
    ///   - seed: the seed of an exchange that stands somewhere else, as in an earlier frame of a sequence; the entries
    ///     are not looked at then.
    /// - Throws: ``DAREError`` as ``DecryptionKeys/openSeed(_:)``; `saltErased`, `unsupportedAlgorithm`, `malformed`.
    public func payloadKey(with keys: DecryptionKeys, seed: BaseSeed? = nil) throws(DAREError) -> PayloadKey? {
        let algorithm = try encryption
        guard algorithm != .none else { return nil }
        guard let salt = try salt else { throw DAREError(.malformed, "The envelope is encrypted, and has no salt.") }
        if let seed { return PayloadKey(seed: seed, algorithm: algorithm, salt: salt) }
        return PayloadKey(seed: try keys.openSeed(recipients).seed, algorithm: algorithm, salt: salt)
    }

    /// The tag that a body of this algorithm must have; nil for an algorithm without tags.
    ///
    /// - Throws: ``DAREError`` `decryptionFailed` if it is missing.
    func requiredTag(_ algorithm: EncryptionAlgorithm) throws(DAREError) -> [UInt8]? {
        guard algorithm.hasTag else { return nil }
        guard let tag = try payloadTag else {
            throw DAREError(
                .decryptionFailed, "The body is labelled \(algorithm.label), and has no tag.",
                remedy: "Some writers put that label on another encryption: have it sealed again as A256CBC.")
        }
        return tag
    }

    /// Decrypts the annotations, in their order.
    ///
    /// - Throws: ``DAREError`` `malformed`, `decryptionFailed`.
    public func annotations(under key: PayloadKey?) throws(DAREError) -> [[UInt8]] {
        guard let value = header["annotations"] ?? header["Annotations"], value != .null else { return [] }
        guard let segments = value.array else { throw DAREError(.malformed, "The member annotations is no list.") }
        var annotations: [[UInt8]] = []
        for segment in segments {
            guard let octets = segment.binary else { throw DAREError(.malformed, "An annotation is not binary.") }
            annotations.append(try EncryptedDataSegment(parsing: octets).open(under: key))
        }
        return annotations
    }

    /// The header with its cloaked members in place of the plain ones of their names.
    ///
    /// - Throws: ``DAREError`` `malformed`, `decryptionFailed`.
    public func uncloakedHeader(under key: PayloadKey?) throws(DAREError) -> JSONObject {
        guard let value = header["cloaked"], value != .null else { return header }
        guard let octets = value.binary else { throw DAREError(.malformed, "The member cloaked is not binary.") }
        let content = try EncryptedDataSegment(parsing: octets).open(under: key)
        let members: JSONObject?
        do {
            members = try JSONValue(decoding: content, options: .envelope).object
        } catch {
            throw DAREError(.malformed, "The cloaked part of the header is no JSON.", cause: error)
        }
        guard let members else { throw DAREError(.malformed, "The cloaked part of the header is no object.") }
        var header = header
        header["cloaked"] = nil
        for (name, value) in members.members { header[name] = value }
        return header
    }
}
