import MeshCryptography
import MeshEncoding

/// Verifies frames that are exactly as they are written here: computes their digests, and compares the trailer that
/// follows from these with the one that is there, octet for octet, without reading it and without allocating anything.
///
/// It finds frames right or says nothing about them: what is wrong, ``FrameExaminer`` finds out.
final class FrameTemplate {
    private static let digest = HashAlgorithm.dareStandard
    private static let digestSize = digest.digestSize
    private static let digestText = Base64URL.encodedCount(digestSize)
    private static let checkText = Base64URL.encodedCount(FrameCheck.size)

    private let type: SequenceType
    /// The size of a trailer.
    private let size: Int
    /// The chain digest of the frame before, and next to it the payload digest; the chain digest; the check of the frame
    /// before; the check; the trailer.
    private let room: UnsafeMutableRawBufferPointer
    private var hasChain = false
    private var hasCheck = false
    private var hasAdvanced = false

    /// - Returns: nil where frames have other trailers, or would have to be read for more than their digests.
    init?(_ traits: SequenceTraits, after link: LinkState) {
        guard let type = traits.type, traits.hasChecks, !traits.isSigned, !traits.isUnnumbered,
            traits.digest == Self.digest
        else { return nil }
        self.type = type
        var size = 1 + #""FrameCheck":""}"#.utf8.count + Self.checkText
        if type.hasPayloadDigest { size += #""PayloadDigest":"","#.utf8.count + Self.digestText }
        if type == .chain { size += #""ChainDigest":"","#.utf8.count + Self.digestText }
        if type == .merkle { size += #""TreeDigest":"","#.utf8.count + Self.digestText }
        self.size = size
        room = .allocate(byteCount: Self.trailerPlace + size, alignment: 16)
        room.initializeMemory(as: UInt8.self, repeating: 0)
        follow(link)
    }

    deinit { room.deallocate() }

    private static var linkPlace: Int { 2 * digestSize }
    private static var previousPlace: Int { 3 * digestSize }
    private static var checkPlace: Int { previousPlace + FrameCheck.size }
    private static var trailerPlace: Int { checkPlace + FrameCheck.size }

    private func part(_ place: Int, _ count: Int) -> UnsafeMutableRawBufferPointer {
        UnsafeMutableRawBufferPointer(rebasing: room[place..<place + count])
    }

    /// What the last frame says that the next one is computed from; nil if that is what ``follow(_:)`` was told last.
    var link: LinkState? {
        guard hasAdvanced else { return nil }
        return LinkState(
            chain: hasChain ? Array(part(0, Self.digestSize)) : nil,
            check: Array(part(Self.previousPlace, FrameCheck.size)))
    }

    /// Goes on after a frame that says `link`.
    func follow(_ link: LinkState) {
        hasAdvanced = false
        let (chain, check) = (link.chain ?? [], link.check ?? [])
        hasChain = chain.count == Self.digestSize
        hasCheck = check.count == FrameCheck.size && !link.isUnknown
        if hasChain { part(0, Self.digestSize).copyBytes(from: chain) }
        if hasCheck { part(Self.previousPlace, FrameCheck.size).copyBytes(from: check) }
    }

    /// The frame, if it is as it is written here and right; it is the last one then.
    func frame(
        _ range: Range<Int>, header: UnsafeRawBufferPointer, payload: UnsafeRawBufferPointer,
        trailer: UnsafeRawBufferPointer
    ) -> ExaminedFrame? {
        guard trailer.count == size, hasCheck, type != .chain || hasChain,
            let written = WrittenHeader(header, type: type, Self.digest), written.index > 0
        else { return nil }
        var text = TrailerText(part(Self.trailerPlace, size))
        text.add("{")
        let payloadDigest: UnsafeMutableRawBufferPointer
        var tree: [UInt8]?
        if type.hasPayloadDigest {
            payloadDigest = part(Self.digestSize, Self.digestSize)
            Self.digest.digest(payload, into: payloadDigest)
            text.add(#""PayloadDigest":""#, UnsafeRawBufferPointer(payloadDigest), #"","#)
        } else {
            payloadDigest = part(Self.digestSize, HashAlgorithm.sha256.digestSize)
            HashAlgorithm.sha256.digest(payload, into: payloadDigest)
        }
        if type == .chain {
            let chain = part(Self.linkPlace, Self.digestSize)
            Self.digest.digest(UnsafeRawBufferPointer(part(0, 2 * Self.digestSize)), into: chain)
            text.add(#""ChainDigest":""#, UnsafeRawBufferPointer(chain), #"","#)
        }
        if type == .merkle {
            // It depends on frames far before: whether it is right is looked at later.
            var scan = TextScan(UnsafeRawBufferPointer(rebasing: trailer[text.count...]))
            guard scan.take(#""TreeDigest":""#), let stated = scan.binary(Self.digestSize) else { return nil }
            tree = stated
            stated.withUnsafeBytes { text.add(#""TreeDigest":""#, $0, #"","#) }
        }
        text.add(#""FrameCheck":""#)
        guard text.matches(trailer) else { return nil }
        let checkText = text.count
        let check = part(Self.checkPlace, FrameCheck.size)
        FrameCheck.write(
            to: check, previous: UnsafeRawBufferPointer(part(Self.previousPlace, FrameCheck.size)), header: header,
            trailer: trailer, payloadDigest: UnsafeRawBufferPointer(payloadDigest), .json)
        text.add("", UnsafeRawBufferPointer(check), #""}"#)
        guard text.count == size, text.matches(trailer, from: checkText) else { return nil }
        if type == .chain {
            part(0, Self.digestSize).copyMemory(from: UnsafeRawBufferPointer(part(Self.linkPlace, Self.digestSize)))
        }
        part(Self.previousPlace, FrameCheck.size).copyMemory(from: UnsafeRawBufferPointer(check))
        hasAdvanced = true
        hasChain = type == .chain
        var frame = ExaminedFrame(position: range.lowerBound, end: range.upperBound)
        frame.index = written.index
        frame.treePosition = written.treePosition
        frame.hasPayloadDigest = type.hasPayloadDigest
        frame.hasChain = type == .chain
        frame.chainMode = type == .chain ? .linked : nil
        frame.hasCheck = true
        frame.hasValidDigest = true
        if let tree {
            frame.tree = tree
            frame.payloadDigest = Array(payloadDigest)
        }
        return frame
    }
}

/// A trailer as it is being written.
private struct TrailerText {
    private let room: UnsafeMutableRawBufferPointer
    private(set) var count = 0

    init(_ room: UnsafeMutableRawBufferPointer) { self.room = room }

    mutating func add(_ text: StaticString) {
        let octets = text.octets
        UnsafeMutableRawBufferPointer(rebasing: room[count...]).copyMemory(from: UnsafeRawBufferPointer(octets))
        count += octets.count
    }

    mutating func add(_ name: StaticString, _ value: UnsafeRawBufferPointer, _ end: StaticString) {
        add(name)
        Base64URL.encode(value, into: UnsafeMutableRawBufferPointer(rebasing: room[count...]))
        count += Base64URL.encodedCount(value.count)
        add(end)
    }

    /// Whether what was written from `start` on stands at the same place of `octets`.
    func matches(_ octets: UnsafeRawBufferPointer, from start: Int = 0) -> Bool {
        guard octets.count >= count else { return false }
        var place = start
        while count - place >= 8 {
            guard
                octets.loadUnaligned(fromByteOffset: place, as: UInt64.self)
                    == room.loadUnaligned(fromByteOffset: place, as: UInt64.self)
            else { return false }
            place += 8
        }
        while place < count {
            guard octets[place] == room[place] else { return false }
            place += 1
        }
        return true
    }
}
