import MeshCryptography
import MeshEncoding

/// Looks at frames by themselves: everything that needs no other frame than the one before.
struct FrameExaminer: Sendable {
    /// Where frames are that are too large for a block; nil if all are given.
    let log: FrameLog?
    let traits: SequenceTraits
    let signers: [PublicKey]

    /// Looks at the frames of a block.
    func examine(_ block: FrameBlock, isCancelled: () -> Bool) throws -> [ExaminedPart] {
        if let damage = block.damage {
            var frame = ExaminedFrame(position: block.start, end: damage.end)
            frame.faults = [damage.fault]
            return [.frame(frame)]
        }
        var link = block.predecessor
        if let position = block.large, let log {
            let stored = try StoredFrame(log, at: position, limit: block.end)
            let frame = try examine(
                position..<stored.end, stored.header, stored.trailer, isShortest: stored.isShortest, &link
            ) {
                try stored.payloadDigest(log, $0, isCancelled: isCancelled)
            }
            return [.frame(frame)]
        }
        var examined: [ExaminedPart] = []
        let template = signers.isEmpty ? FrameTemplate(traits, after: link) : nil
        // The frames that were found right since the last that is in `examined`.
        var run: ExaminedRun?
        func endRun() {
            guard var ended = run else { return }
            run = nil
            ended.chain = template?.link?.chain
            examined.append(.run(ended))
        }
        try block.octets.withUnsafeBytes { octets in
            for (place, extent) in block.frames {
                let first = place + extent.headSize
                let range = block.start + place..<block.start + place + extent.frameSize
                let content = UnsafeRawBufferPointer(rebasing: octets[first..<first + extent.contentSize])
                let records: FrameRecords
                do throws(DAREError) {
                    records = try FrameRecords(content)
                } catch {
                    endRun()
                    var frame = ExaminedFrame(position: range.lowerBound, end: range.upperBound)
                    frame.add(.notAFrame, "its content does not consist of records.", error)
                    examined.append(.frame(frame))
                    link = LinkState(isUnknown: true)
                    template?.follow(link)
                    continue
                }
                let isShortest =
                    records.shortestSize == content.count
                    && JBCDFrame.Extent(contentSize: content.count).headSize == extent.headSize
                let header = UnsafeRawBufferPointer(rebasing: content[records.header])
                let payload = UnsafeRawBufferPointer(rebasing: content[records.payload])
                let trailer = UnsafeRawBufferPointer(rebasing: content[records.trailer])
                if isShortest, let right = template?.right(header: header, payload: payload, trailer: trailer) {
                    if run?.extend(right.index, end: range.upperBound) == true { continue }
                    // Another number than the next: the chain digest of the run before is one that is asked for no more.
                    if let ended = run { examined.append(.run(ended)) }
                    run = nil
                    switch template?.examined(right, range) {
                    case .run(let begun): run = begun
                    case .frame(let frame): examined.append(.frame(frame))
                    case nil: break
                    }
                    continue
                }
                endRun()
                if let before = template?.link { link = before }
                let frame = try examine(range, Array(header), Array(trailer), isShortest: isShortest, &link) {
                    $0.digest(payload)
                }
                examined.append(.frame(frame))
                template?.follow(link)
            }
        }
        endRun()
        return examined
    }

    /// What a frame states about itself.
    private struct Stated {
        var payload: [UInt8]?
        var chain: [UInt8]?
        var tree: [UInt8]?
        var check: (value: [UInt8], encoding: JSONEncoding)?
    }

    func examine(
        _ range: Range<Int>, _ header: [UInt8], _ trailer: [UInt8], isShortest: Bool, _ link: inout LinkState,
        _ digest: (HashAlgorithm) throws -> [UInt8]
    ) throws -> ExaminedFrame {
        var frame = ExaminedFrame(position: range.lowerBound, end: range.upperBound)
        let before = link
        link = LinkState(isUnknown: true)
        let members: EnvelopeMembers
        do throws(DAREError) {
            members = EnvelopeMembers(
                header: try FrameHeader.parse(header[...], "header"),
                trailer: try FrameHeader.parse(trailer[...], "trailer"))
        } catch {
            frame.add(.badHeader, error.message, error)
            return frame
        }
        let info = SequenceInfo(header: members.header)
        frame.index = info.index
        frame.treePosition = info.treePosition
        if info.index == nil, !traits.isUnnumbered || frame.position == 0 {
            frame.add(.badHeader, "the header has no number.")
        }
        if info.index == 0 {
            if traits.label == nil { frame.add(.badHeader, "the header does not say what type the sequence is.") }
            if traits.label != nil, traits.type == nil {
                frame.add(.unsupported, "the sequence is of a type that is not known here.")
            }
        }
        var stated = Stated(check: trailer.withUnsafeBytes { FrameCheck.stated(in: $0) })
        do throws(DAREError) {
            frame.algorithm = try members.digestAlgorithm
            stated.payload = try members.payloadDigest
            stated.chain = try members.chainDigest
            stated.tree = try members.treeDigest
        } catch {
            frame.add(error.code == .unsupportedAlgorithm ? .unsupported : .badHeader, error.message, error)
            return frame
        }
        try digests(&frame, stated, before, digest)
        if let payload = frame.payloadDigest { signatures(&frame, members, payload) }
        if traits.isSigned, members.member("signatures") == nil {
            frame.add(.notSigned, "the policy says that every frame is signed, and it is not.")
        }
        exchange(&frame, info, members)
        try header.withUnsafeBytes { header in
            try trailer.withUnsafeBytes { trailer in
                try check(&frame, before, stated, header, trailer, isShortest: isShortest, digest)
            }
        }
        link = LinkState(chain: stated.chain, check: stated.check?.value)
        return frame
    }

    private func digests(
        _ frame: inout ExaminedFrame, _ stated: Stated, _ before: LinkState,
        _ digest: (HashAlgorithm) throws -> [UInt8]
    ) throws {
        frame.hasPayloadDigest = stated.payload != nil
        frame.chain = stated.chain
        frame.hasChain = stated.chain != nil
        frame.tree = stated.tree
        guard
            stated.payload != nil || stated.chain != nil || stated.tree != nil || traits.type?.hasPayloadDigest == true
        else { return }
        let payload = try digest(frame.algorithm)
        frame.payloadDigest = payload
        if let stated = stated.payload {
            frame.hasValidDigest = stated == payload
            if stated != payload { frame.add(.payloadDigest, "the payload does not have the digest that is stated.") }
        }
        if let chain = stated.chain {
            let linked = SequenceTree.chainDigest(after: before.chain, payloadDigest: payload, frame.algorithm)
            if before.chain != nil || frame.index == 0, chain == linked {
                frame.chainMode = .linked
            } else if chain == SequenceTree.chainDigest(after: nil, payloadDigest: payload, frame.algorithm) {
                frame.chainMode = .unlinked
            } else if !before.isUnknown {
                frame.add(.chainDigest, "the chain digest is not that of the frames before and the payload.")
            }
        }
    }

    /// A payload that is encrypted under an exchange of another frame has it before.
    private func exchange(_ frame: inout ExaminedFrame, _ info: SequenceInfo, _ members: EnvelopeMembers) {
        guard let exchange = info.exchangePosition, let index = info.index else { return }
        if exchange >= index, exchange >= frame.position {
            frame.add(.wrongExchange, "its key exchange is said to be at \(exchange), which is not before it.")
        }
    }

    private func check(
        _ frame: inout ExaminedFrame, _ before: LinkState, _ stated: Stated, _ header: UnsafeRawBufferPointer,
        _ trailer: UnsafeRawBufferPointer, isShortest: Bool, _ digest: (HashAlgorithm) throws -> [UInt8]
    ) throws {
        guard traits.hasChecks else { return }
        guard let (stated, encoding) = stated.check else {
            frame.add(.missingCheck, "it has no check: it was changed, or added by another program.")
            return
        }
        frame.hasCheck = true
        if !isShortest { frame.add(.notAFrame, "its lengths are not written as they were.") }
        // Without the frame before there is nothing to compute the check from.
        if before.isUnknown { return }
        let payloadDigest =
            traits.type?.hasPayloadDigest == true ? frame.payloadDigest ?? [] : try digest(.sha256)
        let computed = FrameCheck.value(
            previous: before.check, header: header, trailer: trailer, payloadDigest: payloadDigest, encoding)
        if computed == stated {
            frame.hasValidDigest = true
        } else {
            frame.add(.frameCheck, "its header, payload or trailer was changed, or the frame before is another one.")
        }
    }

    private func signatures(_ frame: inout ExaminedFrame, _ members: EnvelopeMembers, _ payload: [UInt8]) {
        guard !signers.isEmpty else { return }
        for name in ["signatures", "seqsignatures"] {
            guard let entries = members.member(name)?.array else { continue }
            for entry in entries {
                guard let object = entry.object else {
                    frame.add(.badSignature, "an entry of \(name) is no signature.")
                    continue
                }
                verify(EnvelopeSignature(object), ofSequence: name == "seqsignatures", &frame, members, payload)
            }
        }
    }

    private func verify(
        _ signature: EnvelopeSignature, ofSequence: Bool, _ frame: inout ExaminedFrame, _ members: EnvelopeMembers,
        _ payload: [UInt8]
    ) {
        let link = ofSequence ? frame.tree : frame.chain
        let digests = SignedDigests(
            payload: payload, algorithm: frame.algorithm, label: members.digestLabel, chain: link)
        let named = signers.filter { signature.names($0) }
        guard !named.isEmpty else {
            frame.unknownSignatures += 1
            return
        }
        for key in named {
            do throws(DAREError) {
                let form = try signature.verify(digests, by: key)
                frame.validSignatures += 1
                if form == .manifest, link != nil { frame.isSignedThrough = true }
            } catch {
                frame.add(.badSignature, error.message, error)
            }
        }
    }
}
