import MeshCore
import MeshCryptography
import MeshEncoding

/// A payload as it is stored, and what the header says about its encryption.
struct StoredPayload {
    var octets: [UInt8]
    var encryption: PayloadEncryption?
}

/// How a payload was encrypted.
struct PayloadEncryption {
    let seed: BaseSeed
    let algorithm: EncryptionAlgorithm
    let salt: [UInt8]
    let tag: [UInt8]?
    /// For a frame with an exchange of its own.
    let recipients: [Recipient]
    /// For one that uses the exchange of an earlier frame.
    let exchange: Int?
}

/// Writes the header and trailer of a frame (`dare-12` names, compact).
struct FrameWriter {
    let type: SequenceType
    let encoding: JSONEncoding
    let algorithm: HashAlgorithm
    let hasCheck: Bool
    /// Frame 0's header has these, too.
    var first: (policy: JSONObject, dataEncoding: JSONEncoding)?

    /// The header. Members that the content brings along stand instead of those written here.
    func header(
        _ content: FrameContent, index: Int, treePosition: Int?, indexPosition: Int?, encryption: PayloadEncryption?,
        isDigested: Bool
    ) throws(DAREError) -> [UInt8] {
        var writer = MemberWriter(encoding)
        try header(
            content, index: index, treePosition: treePosition, indexPosition: indexPosition, encryption: encryption,
            isDigested: isDigested, to: &writer)
        return writer.octets
    }

    /// Writes the header to `writer`, which is of the frame's encoding.
    func header(
        _ content: FrameContent, index: Int, treePosition: Int?, indexPosition: Int?, encryption: PayloadEncryption?,
        isDigested: Bool, to writer: inout MemberWriter
    ) throws(DAREError) {
        writer.restart()
        // First of all: a reader finds the number without parsing, see FrameHeader.
        try writer.object("SequenceInfo") { (writer) throws(DAREError) in
            writer.number("Index", index)
            if let treePosition { writer.number("TreePosition", treePosition) }
            if let exchange = encryption?.exchange { writer.number("ExchangePosition", exchange) }
            if let indexPosition { writer.number("IndexPosition", indexPosition) }
            if content.isMeta { writer.yes("IsMeta") }
            if let key = content.defaultKey { try writer.members(["Default": .string(key)]) }
            if let first {
                writer.label("DataEncoding", DataEncoding.label(of: first.dataEncoding))
                writer.label("ContainerType", type.rawValue)
            }
        }
        if first != nil, hasCheck { writer.label("FrameCheck", FrameCheck.label) }
        let extra = content.header
        if isDigested, extra["dig"] == nil { writer.label("dig", algorithm.dareLabel) }
        if let encryption {
            writer.label("enc", encryption.algorithm.label)
            writer.label("kid", encryption.seed.identifier.text)
            writer.binary("Salt", encryption.salt)
            if !encryption.recipients.isEmpty {
                try writer.members(["recipients": .array(encryption.recipients.map { .object($0.members) })])
            }
        }
        if let first { try writer.members(["policy": .object(first.policy)]) }
        if let envelopeID = content.envelopeID { try writer.members(["EnvelopeId": .string(envelopeID)]) }
        if extra["ContentMetaData"] == nil {
            if let meta = content.meta {
                writer.binary("ContentMetaData", JSONValue.object(meta.members).compact)
            } else if first != nil {
                writer.binary("ContentMetaData", [0x7B, 0x7D])
            }
        }
        if let received = content.received { writer.label("Received", received.description) }
        try writer.members(extra)
        writer.close()
    }

    /// The trailer's digests.
    struct Digests {
        var payload: [UInt8]?
        var chain: [UInt8]?
        var tree: [UInt8]?
    }

    /// The trailer, its check still to be filled in; empty if it has no member.
    func trailer(
        _ content: FrameContent, _ digests: Digests, tag: [UInt8]?, signatures: JSONObject
    ) throws(DAREError) -> [UInt8] {
        var writer = MemberWriter(encoding)
        try trailer(content, digests, tag: tag, signatures: signatures, to: &writer)
        return writer.octets
    }

    /// Writes the trailer to `writer`, which is of the frame's encoding.
    func trailer(
        _ content: FrameContent, _ digests: Digests, tag: [UInt8]?, signatures: JSONObject,
        to writer: inout MemberWriter
    ) throws(DAREError) {
        writer.restart()
        if let payload = digests.payload { writer.binary("PayloadDigest", payload) }
        if let chain = digests.chain { writer.binary("ChainDigest", chain) }
        if let tree = digests.tree { writer.binary("TreeDigest", tree) }
        if let tag { writer.binary("PayloadTag", tag) }
        try writer.members(signatures)
        try writer.members(content.trailer)
        if hasCheck { writer.binary("FrameCheck", FrameCheck.zeros) }
        if writer.isEmpty { return writer.removeAll() }
        writer.close()
    }

    /// Fills in the check of the trailer.
    ///
    /// - Returns: the check.
    @discardableResult
    func check(
        after previous: [UInt8]?, header: [UInt8], _ trailer: inout [UInt8], payloadDigest: [UInt8]
    ) -> [UInt8] {
        let value = header.withUnsafeBytes { header in
            trailer.withUnsafeBytes { trailer in
                FrameCheck.value(
                    previous: previous, header: header, trailer: trailer, payloadDigest: payloadDigest, encoding)
            }
        }
        FrameCheck.write(value, into: &trailer, encoding)
        return value
    }
}
