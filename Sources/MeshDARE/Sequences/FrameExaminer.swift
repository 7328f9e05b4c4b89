import MeshCryptography
import MeshEncoding

/// What looking at one frame by itself has found.
struct ExaminedFrame {
    let position: Int
    /// Where the next one begins.
    let end: Int
    /// The number in the header, if it can be read.
    var index: Int?
    var treePosition: Int?
    var algorithm = HashAlgorithm.dareStandard
    /// The digest of the payload, where tree digests need it.
    var payloadDigest: [UInt8]?
    var hasPayloadDigest = false
    var hasCheck = false
    var hasValidDigest = false
    /// The chain digest; of a frame that ``FrameTemplate`` has found right, it is there only if the next one was not found right so, or is in another block.
    var chain: [UInt8]?
    var hasChain = false
    var chainMode: LinkMode?
    var tree: [UInt8]?
    var validSignatures = 0
    var unknownSignatures = 0
    var isSignedThrough = false
    var faults: [SequenceFault] = []

    init(position: Int, end: Int) {
        self.position = position
        self.end = end
    }

    mutating func add(_ reason: SequenceFault.Reason, _ detail: String, _ cause: (any Error)? = nil) {
        faults.append(SequenceFault(reason, position: position, detail, cause: cause))
    }
}

/// What frame 0 says that the others are looked at by. Taken from a frame 0 that may be damaged: wrong only together with
/// a fault in frame 0.
struct SequenceTraits: Sendable {
    var type: SequenceType?
    var label: String?
    var digest = HashAlgorithm.dareStandard
    var hasChecks = false
    var isSigned = false
    /// Frames after frame 0 do not say their numbers: files of 2017 and 2018.
    var isUnnumbered = false

    init(_ log: FrameLog, end: Int) {
        guard let stored = try? StoredFrame(log, at: 0, limit: end) else {
            self.init(header: [], trailer: [])
            return
        }
        self.init(header: stored.header[...], trailer: stored.trailer[...])
        if let header = try? FrameHeader.parse(stored.header[...], "header"), header["ContainerType"] != nil,
            let second = try? StoredFrame(log, at: stored.end, limit: end)
        {
            isUnnumbered = !second.isNumbered
        }
    }

    /// What a frame 0 of these records says.
    init(header octets: ArraySlice<UInt8>, trailer: ArraySlice<UInt8>) {
        hasChecks = trailer.withUnsafeBytes { FrameCheck.stated(in: $0) } != nil
        guard let header = try? FrameHeader.parse(octets, "header") else { return }
        let members = EnvelopeMembers(header: header)
        label = SequenceInfo(header: header).type
        type = label.flatMap { SequenceType(label: $0) }
        digest = (try? members.digestAlgorithm) ?? .dareStandard
        if header["FrameCheck"]?.string == FrameCheck.label { hasChecks = true }
        isSigned = header["policy"]?["Signature"]?.string == SequencePolicy.Signature.isolated.rawValue
    }
}

/// Looks at frames by themselves: everything that needs no other frame than the one before.
struct FrameExaminer: Sendable {
    /// Where frames are that are too large for a block; nil if all are given.
    let log: FrameLog?
    let traits: SequenceTraits
    let signers: [PublicKey]

    /// Looks at the frames of a block.
    func examine(_ block: FrameBlock, isCancelled: () -> Bool) throws -> [ExaminedFrame] {
        var examined: [ExaminedFrame] = []
        if let damage = block.damage {
            var frame = ExaminedFrame(position: block.start, end: damage.end)
            frame.faults = [damage.fault]
            return [frame]
        }
        var link = block.predecessor
        if let position = block.large, let log {
            let stored = try StoredFrame(log, at: position, limit: block.end)
            examined.append(
                try examine(position..<stored.end, stored.header, stored.trailer, isShortest: stored.isShortest, &link)
                {
                    try stored.payloadDigest(log, $0, isCancelled: isCancelled)
                })
            return examined
        }
        examined.reserveCapacity(block.frames.count)
        let template = signers.isEmpty ? FrameTemplate(traits, after: link) : nil
        try block.octets.withUnsafeBytes { octets in
            for (place, extent) in block.frames {
                let first = place + extent.headSize
                let position = block.start + place
                let frame = try examine(
                    position..<position + extent.frameSize,
                    UnsafeRawBufferPointer(rebasing: octets[first..<first + extent.contentSize]),
                    extent, template, &link
                ) { complete(&examined, $0) }
                examined.append(frame)
            }
        }
        if let link = template?.link { complete(&examined, link) }
        return examined
    }

    /// Gives the last frame that the template has found right its chain digest.
    private func complete(_ examined: inout [ExaminedFrame], _ link: LinkState) {
        if let last = examined.indices.last { examined[last].chain = link.chain }
    }

    private func examine(
        _ range: Range<Int>, _ content: UnsafeRawBufferPointer, _ extent: JBCDFrame.Extent,
        _ template: FrameTemplate?, _ link: inout LinkState, leavingTemplate: (LinkState) -> Void
    ) throws -> ExaminedFrame {
        let records: FrameRecords
        do throws(DAREError) {
            records = try FrameRecords(content)
        } catch {
            var frame = ExaminedFrame(position: range.lowerBound, end: range.upperBound)
            frame.add(.notAFrame, "its content does not consist of records.", error)
            link = LinkState(isUnknown: true)
            if let before = template?.link { leavingTemplate(before) }
            template?.follow(link)
            return frame
        }
        let isShortest =
            records.shortestSize == content.count
            && JBCDFrame.Extent(contentSize: content.count).headSize == extent.headSize
        let digest = { (algorithm: HashAlgorithm) in
            algorithm.digest(UnsafeRawBufferPointer(rebasing: content[records.payload]))
        }
        let header = UnsafeRawBufferPointer(rebasing: content[records.header])
        let trailer = UnsafeRawBufferPointer(rebasing: content[records.trailer])
        if let template {
            let payload = UnsafeRawBufferPointer(rebasing: content[records.payload])
            if isShortest, let frame = template.frame(range, header: header, payload: payload, trailer: trailer) {
                return frame
            }
            if let before = template.link {
                link = before
                leavingTemplate(before)
            }
        }
        let frame = try examine(range, Array(header), Array(trailer), isShortest: isShortest, &link, digest)
        template?.follow(link)
        return frame
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
