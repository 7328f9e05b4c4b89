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

    /// What is known of a frame besides its records.
    struct Built {
        /// Whether it has a third record.
        let hasTrailer: Bool
        let chain: [UInt8]?
        let tree: [UInt8]?
        let check: [UInt8]?
    }

    /// Where headers and trailers are written before they are added: used again and again.
    struct Room {
        var header: MemberWriter
        var trailer: MemberWriter

        init(_ encoding: JSONEncoding) {
            header = MemberWriter(encoding)
            trailer = MemberWriter(encoding)
        }
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

    /// Makes the frame after `tail`: its header and trailer are in `room` then.
    ///
    /// - Parameter payloadDigest: that of what is stored; nil if it is to be computed.
    func build(
        _ content: FrameContent, _ stored: StoredPayload, payloadDigest: [UInt8]? = nil, _ scope: FrameSigner.Scope,
        after tail: SequenceTail, _ room: inout Room
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
            digests = self.digests(payloadDigest ?? algorithm.digest(stored.octets), after: tail)
        }
        let writer = FrameWriter(
            type: type, encoding: encoding, algorithm: algorithm, hasCheck: hasCheck, first: first)
        let signatures = try FrameSigner.sign(scope, digests, algorithm, stored.encryption, signer)
        try writer.header(
            content, index: index, treePosition: treePosition, indexPosition: tail.indexPosition,
            encryption: stored.encryption, isDigested: digests.payload != nil, to: &room.header)
        try writer.trailer(
            content, digests, tag: stored.encryption?.tag, signatures: signatures, to: &room.trailer)
        var check: [UInt8]?
        if hasCheck {
            let payload = type.hasPayloadDigest ? digests.payload : nil
            let header = room.header.octets
            check = room.trailer.withOctets { trailer in
                writer.check(
                    after: tail.check, header: header, &trailer,
                    payloadDigest: payload ?? HashAlgorithm.sha256.digest(stored.octets))
            }
        }
        return Built(
            hasTrailer: !room.trailer.octets.isEmpty || index == 0, chain: digests.chain, tree: digests.tree,
            check: check)
    }
}
