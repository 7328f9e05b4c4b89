import MeshCryptography
import MeshEncoding

/// Makes the records of a frame: everything but its place in the file.
struct FrameBuilder {
    let type: SequenceType
    let encoding: JSONEncoding
    let algorithm: HashAlgorithm
    let hasCheck: Bool
    let signer: PrivateKey?
    /// For frame 0.
    var first: (policy: JSONObject, dataEncoding: JSONEncoding)?

    /// A frame to be added.
    struct Built {
        let records: [[UInt8]]
        let chain: [UInt8]?
        let tree: [UInt8]?
        let check: [UInt8]?
    }

    /// The digests that the frame after `tail` states for a payload of that digest.
    func digests(_ payload: [UInt8], after tail: SequenceTail) -> FrameWriter.Digests {
        var digests = FrameWriter.Digests(payload: payload)
        if type == .chain {
            digests.chain = SequenceTree.chainDigest(after: tail.chain, payloadDigest: payload, algorithm)
        }
        if type == .merkle {
            digests.tree = SequenceTree.digest(of: tail.last + 1, payloadDigest: payload, algorithm) { earlier in
                // A frame of another writer may lack its digest: it counts as none.
                tail.treeDigest(of: earlier) ?? SequenceTree.zeroBlock(algorithm)
            }
        }
        return digests
    }

    /// The frame after `tail`.
    func build(
        _ content: FrameContent, _ stored: StoredPayload, _ scope: FrameSigner.Scope, after tail: SequenceTail
    ) throws(DAREError) -> Built {
        let index = tail.last + 1
        var treePosition: Int?
        if type.hasTreePosition, index > 0 {
            guard let target = tail.target(of: index) else {
                throw DAREError(.malformed, "The frames that frame \(index) follows are not known.")
            }
            treePosition = target.position
        }
        var digests = FrameWriter.Digests()
        if type.hasPayloadDigest || scope != .none {
            digests = self.digests(algorithm.digest(stored.octets), after: tail)
        }
        let writer = FrameWriter(
            type: type, encoding: encoding, algorithm: algorithm, hasCheck: hasCheck, first: first)
        let signatures = try FrameSigner.sign(scope, digests, algorithm, stored.encryption, signer)
        let header = try writer.header(
            content, index: index, treePosition: treePosition, indexPosition: tail.indexPosition,
            encryption: stored.encryption,
            isDigested: digests.payload != nil)
        var trailer = try writer.trailer(content, digests, tag: stored.encryption?.tag, signatures: signatures)
        var check: [UInt8]?
        if hasCheck {
            let payload = type.hasPayloadDigest ? digests.payload : nil
            check = writer.check(
                after: tail.check, header: header, &trailer,
                payloadDigest: payload ?? HashAlgorithm.sha256.digest(stored.octets))
        }
        return Built(
            records: trailer.isEmpty && index > 0 ? [header, stored.octets] : [header, stored.octets, trailer],
            chain: digests.chain, tree: digests.tree, check: check)
    }
}
