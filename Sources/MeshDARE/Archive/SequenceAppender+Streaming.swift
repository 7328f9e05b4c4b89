import MeshCore
import MeshCryptography
import MeshEncoding

extension SequenceAppender {
    /// Adds a frame whose payload comes in pieces, so that memory does not grow with it. It is signed as the last one.
    ///
    /// - Parameters:
    ///   - content: the frame; its payload is not looked at.
    ///   - count: how many octets the payload has, not encrypted yet.
    ///   - source: gives them.
    /// - Returns: the number of the frame.
    /// - Throws: ``ArchiveError`` `changed` if the source gives more or less; as ``append(_:)``; what `source` throws.
    mutating func append(_ content: FrameContent, count payloadCount: Int, from source: OctetSource) throws -> Int {
        let index = count
        // How an empty payload is encrypted is how this one is.
        let encryption = try sequence.store(content, index: index, session: &session, random: sequence.random)
            .encryption
        let algorithm = try sequence.digestAlgorithm(of: content)
        let builder = FrameBuilder(
            type: sequence.type, encoding: sequence.encoding, algorithm: algorithm,
            hasCheck: sequence.hasFrameChecks && tail.check != nil, signer: sequence.keys.signer)
        let scope = try sequence.signing(content, isLast: true)
        let frame = try builder.begin(content, encryption, scope, after: tail)
        let storedCount = encryption.map { $0.algorithm.bodySize(payloadCount) } ?? payloadCount
        let sizes = [frame.header.count, storedCount, frame.trailerSize]
        let position = batch.position
        try batch.beginFrame(contentSize: sizes.reduce(0) { $0 + JBCDFrame.recordSize($1) })
        try batch.addPiece(Self.recordHead(frame.header.count))
        try batch.addPiece(frame.header)
        try batch.addPiece(Self.recordHead(storedCount))
        let (digest, tag) = try store(payloadCount, encryption, algorithm, from: source)
        let end = try builder.end(content, encryption, tag: tag, scope, frame, payloadDigest: digest, after: tail)
        guard end.trailer.count == frame.trailerSize else {
            throw DAREError(.malformed, "A trailer has not the size that it must have.")
        }
        try batch.addPiece(Self.recordHead(end.trailer.count))
        try batch.addPiece(end.trailer)
        try batch.endFrame()
        places.append(position)
        tail.advance(
            to: SequenceTail.Node(index: index, position: position, digest: end.digests.tree), end: batch.position,
            isTree: sequence.type.hasTreePosition, chain: end.digests.chain, check: end.check)
        return index
    }

    private static func recordHead(_ count: Int) -> [UInt8] {
        var octets: [UInt8] = []
        JBCDFrame.appendRecordHead(count, to: &octets)
        return octets
    }

    /// Encrypts and stores the payload.
    ///
    /// - Returns: the digest of what is stored, and the tag, if the algorithm has one.
    private mutating func store(
        _ count: Int, _ encryption: PayloadEncryption?, _ algorithm: HashAlgorithm, from source: OctetSource
    ) throws -> (digest: [UInt8], tag: [UInt8]?) {
        let digest = RunningDigest(algorithm)
        var missing = count
        func changed() -> ArchiveError {
            ArchiveError(.changed, "A file changed while it was added.", remedy: "Add it again.")
        }
        // The content passes through memory that is wiped.
        var piece = SecretBytes(count: streamPieceSize) { _ in }
        /// How many octets the next piece has; 0 at the end.
        func next() throws -> Int {
            let count = try piece.withUnsafeMutableBytes { try source($0) }
            guard count <= missing, count > 0 || missing == 0 else { throw changed() }
            missing -= count
            return count
        }
        guard let encryption else {
            while case let count = try next(), count > 0 {
                try piece.withUnsafeBytes { octets in
                    let octets = UnsafeRawBufferPointer(rebasing: octets[..<count])
                    digest.update(octets)
                    try batch.addPiece(octets)
                }
            }
            return (digest.finalize(), nil)
        }
        var cipher = try encryption.seed.cipher(.encrypt, encryption.algorithm, salt: encryption.salt)
        let room = UnsafeMutableRawBufferPointer.allocate(
            byteCount: streamPieceSize + StreamingCipher.margin, alignment: 16)
        defer { room.deallocate() }
        func add(_ count: Int) throws {
            let octets = UnsafeRawBufferPointer(rebasing: room[..<count])
            digest.update(octets)
            try batch.addPiece(octets)
        }
        while case let count = try next(), count > 0 {
            let written = try piece.withUnsafeBytes {
                try cipher.takeIn(UnsafeRawBufferPointer(rebasing: $0[..<count]), room[...])
            }
            try add(written)
        }
        let last = cipher.finishEncrypting(into: room)
        try add(last.written)
        return (digest.finalize(), last.tag)
    }
}

extension EncryptionAlgorithm {
    /// How many octets the body has for a content of `count`.
    fileprivate func bodySize(_ count: Int) -> Int {
        switch self {
        case .none, .a256GCM, .a128GCM: count
        case .a256CBC, .a128CBC: count / 16 * 16 + 16
        }
    }
}

extension FrameBuilder {
    /// A frame whose payload is still to come.
    struct Begun {
        let header: [UInt8]
        let trailerSize: Int
    }

    /// The header of the frame after `tail`, and how large its trailer will be.
    func begin(
        _ content: FrameContent, _ encryption: PayloadEncryption?, _ scope: FrameSigner.Scope, after tail: SequenceTail
    ) throws(DAREError) -> Begun {
        let index = tail.last + 1
        var treePosition: Int?
        if type.hasTreePosition {
            guard let target = tail.target(of: index) else {
                throw DAREError(.malformed, "The frames that frame \(index) follows are not known.")
            }
            treePosition = target.position
        }
        let header = try writer.header(
            content, index: index, treePosition: treePosition, indexPosition: tail.indexPosition,
            encryption: encryption, isDigested: true)
        // Its parts have sizes that do not depend on the payload: that of any digest will do.
        let placeholder = SequenceTree.zeroBlock(algorithm)
        let tag = encryption?.algorithm.hasTag == true ? [UInt8](repeating: 0, count: 16) : nil
        let trailer = try self.trailer(content, encryption, tag, scope, digests(placeholder, after: tail))
        return Begun(header: header, trailerSize: trailer.count)
    }

    /// The trailer of the frame after `tail`, whose payload is stored.
    func end(
        _ content: FrameContent, _ encryption: PayloadEncryption?, tag: [UInt8]?, _ scope: FrameSigner.Scope,
        _ begun: Begun, payloadDigest: [UInt8], after tail: SequenceTail
    ) throws(DAREError) -> (trailer: [UInt8], digests: FrameWriter.Digests, check: [UInt8]?) {
        let digests = digests(payloadDigest, after: tail)
        var trailer = try self.trailer(content, encryption, tag, scope, digests)
        guard hasCheck else { return (trailer, digests, nil) }
        let check = writer.check(
            after: tail.check, header: begun.header, &trailer, payloadDigest: payloadDigest)
        return (trailer, digests, check)
    }

    private var writer: FrameWriter {
        FrameWriter(type: type, encoding: encoding, algorithm: algorithm, hasCheck: hasCheck, first: nil)
    }

    private func trailer(
        _ content: FrameContent, _ encryption: PayloadEncryption?, _ tag: [UInt8]?, _ scope: FrameSigner.Scope,
        _ digests: FrameWriter.Digests
    ) throws(DAREError) -> [UInt8] {
        let signatures = try FrameSigner.sign(scope, digests, algorithm, encryption, signer)
        return try writer.trailer(content, digests, tag: tag, signatures: signatures)
    }
}
