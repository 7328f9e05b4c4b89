import MeshCore
import MeshCryptography
import MeshEncoding

/// Makes frame 0.
enum FirstFrame {
    static func encode(
        _ options: SequenceOptions, keys: SequenceKeys, random: any RandomSource
    ) throws -> (octets: [UInt8], seed: BaseSeed?) {
        var content = FrameContent()
        content.meta = options.meta
        var stored = StoredPayload(octets: [], encryption: nil)
        if options.policy.encryption != .none {
            stored = try PayloadSealer.seal(
                [], options.policy, seed: BaseSeed(random: random), exchange: nil, random: random)
        }
        let writer = FrameWriter(
            type: options.type, encoding: .json, algorithm: options.digest, hasCheck: options.hasFrameChecks,
            first: (options.policy.members, options.encoding))
        var digests = FrameWriter.Digests()
        if options.type.hasPayloadDigest {
            let payload = options.digest.digest(stored.octets)
            digests.payload = payload
            let linked = SequenceTree.chainDigest(after: nil, payloadDigest: payload, options.digest)
            // Both begin with a block of zeros.
            if options.type == .chain { digests.chain = linked }
            if options.type == .merkle { digests.tree = linked }
        }
        let signing = options.policy.signature == .isolated || options.policy.signature == .last
        let signatures =
            signing
            ? try FrameSigner.sign(
                options.policy.signature == .last ? .sequence : .frame, options.type, digests, options.digest, stored,
                keys.signer)
            : JSONObject()
        let header = try writer.header(
            content, index: 0, treePosition: nil, indexPosition: nil, encryption: stored.encryption,
            isDigested: digests.payload != nil)
        var trailer = try writer.trailer(content, digests, tag: stored.encryption?.tag, signatures: signatures)
        if options.hasFrameChecks {
            writer.check(
                after: nil, header: header, &trailer,
                payloadDigest: digests.payload ?? HashAlgorithm.sha256.digest(stored.octets))
        }
        return (JBCDFrame.encode([header, stored.octets, trailer]), stored.encryption?.seed)
    }
}
