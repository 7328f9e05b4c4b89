import MeshCryptography
import MeshEncoding

/// Verifies frames that are exactly as they are written here: computes their digests, and compares the trailer that
/// follows from these with the one that is there, octet for octet, without reading it and without allocating anything.
///
/// It finds frames right or says nothing about them: what is wrong, ``FrameExaminer`` finds out.
final class FrameTemplate {
    private static let digest = HashAlgorithm.dareStandard
    private static let digestSize = digest.digestSize
    private static let digestCharacters = Base64URL.encodedCount(digestSize)
    private static let checkCharacters = Base64URL.encodedCount(FrameCheck.size)

    private let type: SequenceType
    /// The size of a trailer.
    private let size: Int
    /// Where in a trailer the values begin: of the payload digest, of the chain or tree digest, of the check.
    private var digestText = 0
    private var linkText = 0
    private var checkText = 0
    /// The chain digest of the frame before, and next to it the payload digest; the chain digest; the check of the frame
    /// before; the check; a trailer.
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
        // The trailer, with characters instead of the values.
        var text: [UInt8] = Array("{".utf8)
        func add(_ name: String, _ count: Int) -> Int {
            text += Array("\"\(name)\":\"".utf8)
            let place = text.count
            text += [UInt8](repeating: 0x41, count: count) + Array("\",".utf8)
            return place
        }
        if type.hasPayloadDigest { digestText = add("PayloadDigest", Self.digestCharacters) }
        if type == .chain { linkText = add("ChainDigest", Self.digestCharacters) }
        if type == .merkle { linkText = add("TreeDigest", Self.digestCharacters) }
        checkText = add("FrameCheck", Self.checkCharacters)
        text[text.count - 1] = 0x7D
        size = text.count
        room = .allocate(byteCount: Self.trailerPlace + size, alignment: 16)
        room.initializeMemory(as: UInt8.self, repeating: 0)
        part(Self.trailerPlace, size).copyBytes(from: text)
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

    /// What a frame says that was found right.
    struct Right {
        let index: Int
        let treePosition: Int?
        /// In Merkle sequences: the tree digest, which is not looked at yet, and the payload digest.
        let tree: (stated: [UInt8], payloadDigest: [UInt8])?
    }

    /// What the frame says, if it is as it is written here and right; it is the last one then.
    func right(
        header: UnsafeRawBufferPointer, payload: UnsafeRawBufferPointer, trailer: UnsafeRawBufferPointer
    ) -> Right? {
        guard trailer.count == size, hasCheck, type != .chain || hasChain,
            let written = WrittenHeader(header, type: type, Self.digest), written.index > 0
        else { return nil }
        let payloadDigest: UnsafeMutableRawBufferPointer
        var tree: [UInt8]?
        if type.hasPayloadDigest {
            payloadDigest = part(Self.digestSize, Self.digestSize)
            Self.digest.digest(payload, into: payloadDigest)
            write(UnsafeRawBufferPointer(payloadDigest), at: digestText)
        } else {
            payloadDigest = part(Self.digestSize, HashAlgorithm.sha256.digestSize)
            HashAlgorithm.sha256.digest(payload, into: payloadDigest)
        }
        if type == .chain {
            let chain = part(Self.linkPlace, Self.digestSize)
            Self.digest.digest(UnsafeRawBufferPointer(part(0, 2 * Self.digestSize)), into: chain)
            write(UnsafeRawBufferPointer(chain), at: linkText)
        }
        if type == .merkle {
            // It depends on frames far before: whether it is right is looked at later.
            var scan = TextScan(UnsafeRawBufferPointer(rebasing: trailer[linkText...]))
            guard let stated = scan.binary(Self.digestSize) else { return nil }
            tree = stated
            stated.withUnsafeBytes { write($0, at: linkText) }
        }
        guard matches(trailer, 0..<checkText) else { return nil }
        let check = part(Self.checkPlace, FrameCheck.size)
        FrameCheck.write(
            to: check, previous: UnsafeRawBufferPointer(part(Self.previousPlace, FrameCheck.size)), header: header,
            trailer: trailer, payloadDigest: UnsafeRawBufferPointer(payloadDigest), .json)
        write(UnsafeRawBufferPointer(check), at: checkText)
        guard matches(trailer, checkText..<size) else { return nil }
        if type == .chain {
            part(0, Self.digestSize).copyMemory(from: UnsafeRawBufferPointer(part(Self.linkPlace, Self.digestSize)))
        }
        part(Self.previousPlace, FrameCheck.size).copyMemory(from: UnsafeRawBufferPointer(check))
        hasAdvanced = true
        hasChain = type == .chain
        return Right(
            index: written.index, treePosition: written.treePosition, tree: tree.map { ($0, Array(payloadDigest)) })
    }

    /// What was looked at, of a frame that was found right.
    func examined(_ right: Right, _ range: Range<Int>) -> ExaminedPart {
        guard type.hasTreePosition else {
            return .run(
                ExaminedRun(first: right.index, range, hasPayloadDigest: type.hasPayloadDigest, isChain: type == .chain)
            )
        }
        var frame = ExaminedFrame(position: range.lowerBound, end: range.upperBound)
        frame.index = right.index
        frame.treePosition = right.treePosition
        frame.hasPayloadDigest = type.hasPayloadDigest
        frame.hasCheck = true
        frame.hasValidDigest = true
        frame.tree = right.tree?.stated
        frame.payloadDigest = right.tree?.payloadDigest
        return .frame(frame)
    }

    /// Writes a value to its place in the trailer.
    private func write(_ value: UnsafeRawBufferPointer, at place: Int) {
        Base64URL.encode(
            value, into: part(Self.trailerPlace + place, Base64URL.encodedCount(value.count)))
    }

    /// Whether the trailer has the same octets as `trailer`, which is as long, at these places.
    private func matches(_ trailer: UnsafeRawBufferPointer, _ places: Range<Int>) -> Bool {
        var place = places.lowerBound
        while places.upperBound - place >= 8 {
            guard
                trailer.loadUnaligned(fromByteOffset: place, as: UInt64.self)
                    == room.loadUnaligned(fromByteOffset: Self.trailerPlace + place, as: UInt64.self)
            else { return false }
            place += 8
        }
        while place < places.upperBound {
            guard trailer[place] == room[Self.trailerPlace + place] else { return false }
            place += 1
        }
        return true
    }
}
