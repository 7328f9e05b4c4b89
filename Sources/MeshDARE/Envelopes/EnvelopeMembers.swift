import MeshCore
import MeshCryptography
import MeshEncoding

/// What stands before and after the body of an envelope or of a frame (`dare-12` §5.2).
///
/// The members that have a meaning here are typed; all others are kept. Any trailer member may stand in the header
/// instead: the trailer is looked at first. Older spellings are read (`dare-06` to `-09`, files since 2017).
public struct EnvelopeMembers: Equatable, Sendable {
    /// What stands before the body.
    public var header: JSONObject
    /// What stands after the body.
    public var trailer: JSONObject

    /// These members.
    public init(header: JSONObject = JSONObject(), trailer: JSONObject = JSONObject()) {
        self.header = header
        self.trailer = trailer
    }

    /// A trailer member, or the header member of that name.
    package func member(_ name: String) -> JSONValue? { trailer[name] ?? header[name] }

    private func octets(_ names: String..., at place: (String) -> JSONValue?) throws(DAREError) -> [UInt8]? {
        for name in names {
            guard let value = place(name), value != .null else { continue }
            guard let octets = value.binary else { throw DAREError(.malformed, "The member \(name) is not binary.") }
            return octets
        }
        return nil
    }

    /// The identifier of the envelope; for messages derived from the message's.
    public var envelopeID: String? { (header["EnvelopeId"] ?? header["EnvelopeID"])?.string }
    /// When a service received it, as it says.
    public var received: Timestamp? { header["Received"]?.string.flatMap { Timestamp($0) } }

    /// How the body is encrypted.
    ///
    /// - Throws: ``DAREError`` `unsupportedAlgorithm`, or `malformed` for an envelope that names recipients and says that
    ///   it is not encrypted.
    public var encryption: EncryptionAlgorithm {
        get throws(DAREError) {
            let algorithm: EncryptionAlgorithm
            switch header["enc"] {
            case nil, .null: algorithm = .none
            case .string(let label): algorithm = try EncryptionAlgorithm(label: label)
            default: throw DAREError(.malformed, "The member enc is no text.")
            }
            if algorithm == .none, header["recipients"]?.array?.isEmpty == false {
                throw DAREError(.malformed, "Recipients are named, but no algorithm that the body is encrypted with.")
            }
            return algorithm
        }
    }

    /// The label of the digest, if one is stated.
    package var digestLabel: String? { member("dig")?.string }

    /// The hash function of all digests: SHA-2-512 unless another is stated.
    ///
    /// - Throws: ``DAREError`` `unsupportedAlgorithm`, `malformed`.
    public var digestAlgorithm: HashAlgorithm {
        get throws(DAREError) {
            switch member("dig") {
            case nil, .null: .dareStandard
            case .string(let label): try HashAlgorithm(dareLabel: label)
            default: throw DAREError(.malformed, "The member dig is no text.")
            }
        }
    }

    /// The salt of body and annotations.
    ///
    /// - Throws: ``DAREError`` `saltErased`, or `malformed` for a salt of a size that cannot be.
    public var salt: [UInt8]? {
        get throws(DAREError) {
            guard let salt = try octets("Salt", at: { header[$0] }) else {
                if header["Malt"] != nil {
                    throw DAREError(.saltErased, "The salt was erased, so that nobody can decrypt the body any more.")
                }
                return nil
            }
            guard BaseSeed.saltSizes.contains(salt.count) else {
                throw DAREError(.malformed, "A salt cannot have \(salt.count) octets.")
            }
            return salt
        }
    }

    /// To whom the base seed is sealed.
    ///
    /// - Throws: ``DAREError`` `malformed`.
    public var recipients: [Recipient] {
        get throws(DAREError) {
            try entries("recipients", of: header["recipients"]).map { Recipient($0) }
        }
    }

    /// The most entries of `signatures` that are read or written: verifying one costs up to two operations on a curve.
    public static let maximumSignatures = 256

    /// Who signed, as the envelope says.
    ///
    /// - Throws: ``DAREError`` `malformed`; `tooCostly` for more than ``maximumSignatures``.
    public var signatures: [EnvelopeSignature] {
        get throws(DAREError) {
            let entries = try entries("signatures", of: member("signatures"))
            guard entries.count <= EnvelopeMembers.maximumSignatures else { throw EnvelopeMembers.tooManySignatures }
            return entries.map { EnvelopeSignature($0) }
        }
    }

    static var tooManySignatures: DAREError {
        DAREError(
            .tooCostly, "The envelope has more than \(maximumSignatures) signatures.",
            remedy: "Ask for an envelope with those signatures alone that are needed.")
    }

    private func entries(_ name: String, of value: JSONValue?) throws(DAREError) -> [JSONObject] {
        guard let value, value != .null else { return [] }
        var objects: [JSONObject] = []
        for entry in value.array ?? [.null] {
            guard let object = entry.object else {
                throw DAREError(.malformed, "The member \(name) is no list of objects.")
            }
            objects.append(object)
        }
        return objects
    }

    /// The digest of the body, as the envelope states it.
    ///
    /// - Throws: ``DAREError`` `malformed`; the same holds for the other values.
    public var payloadDigest: [UInt8]? {
        get throws(DAREError) { try octets("PayloadDigest", at: member) }
    }
    /// The digest of this and all frames before, in sequences of type Chain.
    public var chainDigest: [UInt8]? {
        get throws(DAREError) { try octets("ChainDigest", at: member) }
    }
    /// The digest of the tree that ends in this frame, in sequences of type Tree and Merkle. Release 1.0.2 calls it
    /// ApexDigest.
    public var treeDigest: [UInt8]? {
        get throws(DAREError) { try octets("TreeDigest", "ApexDigest", at: member) }
    }
    /// The tag of the body, in GCM.
    public var payloadTag: [UInt8]? {
        get throws(DAREError) { try octets("PayloadTag", at: member) }
    }
    /// The witness value of signatures over a manifest.
    public var witnessValue: [UInt8]? {
        get throws(DAREError) { try octets("WitnessValue", at: member) }
    }

    /// What the envelope says about its content: the member ContentMetaData, and what files before 2020 have directly in
    /// the header instead.
    ///
    /// - Throws: ``DAREError`` `malformed`.
    public var contentMeta: ContentMeta {
        get throws(DAREError) {
            var meta = ContentMeta()
            if let octets = try octets("ContentMetaData", at: { header[$0] }) {
                do {
                    guard let object = try JSONValue(decoding: octets, options: .envelope).object else {
                        throw DAREError(.malformed, "The member ContentMetaData holds no object.")
                    }
                    meta = ContentMeta(object)
                } catch let error as DAREError {
                    throw error
                } catch {
                    throw DAREError(.malformed, "The member ContentMetaData holds no JSON.", cause: error)
                }
            } else if let object = header["ContentMeta"]?.object {
                meta = ContentMeta(object)
            }
            for name in ["UniqueId", "UniqueID", "Event", "First", "Previous", "cty", "Paths", "Filename", "FileEntry"]
            where meta.members[name] == nil {
                if let value = header[name] { meta.members[name] = value }
            }
            return meta
        }
    }
}
