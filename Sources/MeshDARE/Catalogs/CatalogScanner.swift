import MeshCore
import MeshCryptography
import MeshEncoding

/// Walks over the headers of a catalog's frames, in large reads.
struct CatalogScanner {
    private let sequence: DARESequence
    /// Where the next frame begins.
    private(set) var position: Int
    /// The number of the next frame.
    private(set) var next: Int
    /// The check value of the frame before; nil if there is none.
    private var check: [UInt8]?

    /// A scanner at the start of the file, before frame 0.
    init(_ sequence: DARESequence) {
        self.sequence = sequence
        position = 0
        next = 0
    }

    /// Gives the header, and where the frame is, of each frame that lies before `end`.
    ///
    /// Check values are verified on the way, by the digest of the payload that the frame states; the payload itself is
    /// looked at when it is read.
    ///
    /// - Throws: ``DAREError`` `malformed`, `digestMismatch`; what `body` throws.
    mutating func scan(
        to end: Int, _ body: (_ header: JSONObject, _ frame: Int, _ position: Int) throws -> Void
    ) throws {
        guard position < end else { return }
        var frames = SequenceFrames(
            log: sequence.log, position: position, end: end, next: next, isNumbered: sequence.unnumbered == nil)
        while let frame = try frames.next() {
            let header = try frame.header
            try verify(frame.headerOctets, header, frame.trailerOctets) {
                frame.payload.withUnsafeBytes { HashAlgorithm.sha256.digest($0) }
            }
            try body(header, frame.index, frame.position)
            position = frame.end
            next += 1
        }
    }

    /// As ``scan(to:_:)``, without reading payloads, however large they are: for archives.
    mutating func scanLarge(
        to end: Int, _ body: (_ header: JSONObject, _ frame: Int, _ stored: StoredFrame) throws -> Void
    ) throws {
        let log = sequence.log
        while position < end {
            let stored = try StoredFrame(log, at: position, limit: end)
            let header = try FrameHeader.parse(stored.header[...], "header")
            guard sequence.unnumbered != nil || SequenceInfo(header: header).index == next else {
                throw DAREError(.malformed, "In \(sequence.path), the frame at \(position) is not frame \(next).")
            }
            try verify(stored.header[...], header, stored.trailer[...]) {
                try stored.payloadDigest(log, .sha256)
            }
            try body(header, next, stored)
            position = stored.end
            next += 1
        }
    }

    private mutating func verify(
        _ headerOctets: ArraySlice<UInt8>, _ header: JSONObject, _ trailerOctets: ArraySlice<UInt8>,
        payloadDigest: () throws -> [UInt8]
    ) throws {
        // Once another writer has added a frame, which has no check, there are none any more.
        guard let stated = trailerOctets.withUnsafeBytes({ FrameCheck.stated(in: $0) }) else {
            check = nil
            return
        }
        let digest: [UInt8]
        if sequence.type.hasPayloadDigest, let written = writtenDigest(trailerOctets) {
            digest = written
        } else if sequence.type.hasPayloadDigest {
            let trailer = try FrameHeader.parse(trailerOctets, "trailer")
            digest = try EnvelopeMembers(header: header, trailer: trailer).payloadDigest ?? []
        } else {
            digest = try payloadDigest()
        }
        let previous = check
        let value = headerOctets.withUnsafeBytes { header in
            trailerOctets.withUnsafeBytes { trailer in
                FrameCheck.value(
                    previous: previous, header: header, trailer: trailer, payloadDigest: digest, stated.encoding)
            }
        }
        guard value == stated.value else {
            throw DAREError(
                .digestMismatch, "In \(sequence.path), frame \(next) was changed, or one before it taken away.",
                remedy: "Verify the file, and restore it from a copy.")
        }
        check = value
    }
}

/// The digest that a trailer begins with, if it is one that was written here: read without a tree.
private func writtenDigest(_ trailer: ArraySlice<UInt8>) -> [UInt8]? {
    let opening = writtenOpening
    let size = 86
    guard trailer.count > opening.count + size, trailer.starts(with: opening),
        trailer[trailer.startIndex + opening.count + size] == 0x22
    else { return nil }
    let text = trailer.dropFirst(opening.count).prefix(size)
    return Base64.url.decode(String(decoding: text, as: UTF8.self))
}

private let writtenOpening = Array(#"{"PayloadDigest":""#.utf8)

extension CatalogIndex.Change {
    /// What the header of a frame says; nil if it says nothing of an entry. What is wrong with it is noted in `index`.
    init?(header: JSONObject, frame: Int, position: Int, noting index: inout CatalogIndex) throws {
        guard !SequenceInfo(header: header).isMeta else { return nil }
        let meta = try EnvelopeMembers(header: header).contentMeta
        guard let name = meta.event?.rawValue else { return nil }
        guard let event = CatalogEvent(reading: name) else {
            index.note(.unknownEvent, frame: frame)
            return nil
        }
        guard let key = meta.uniqueID else {
            index.note(.noKey, frame: frame)
            return nil
        }
        let hasKeys = meta.members["KeyValues"] != nil
        self.init(
            frame: frame, position: position, event: event, key: key,
            secondaryKeys: hasKeys ? meta.keyValues.map { SecondaryKey(name: $0.key, value: $0.value) } : nil,
            first: meta.first, previous: meta.previous, transaction: CatalogTransactionMark(meta),
            rewrites: meta.members[CatalogTransaction.rewrites]?.integer.flatMap { Int(exactly: $0) })
    }
}

extension CatalogTransactionMark {
    static let name = "Transaction"

    init?(_ meta: ContentMeta) {
        guard let numbers = meta.members[Self.name]?.array, numbers.count == 2,
            let first = numbers[0].integer.flatMap({ Int(exactly: $0) }),
            let count = numbers[1].integer.flatMap({ Int(exactly: $0) })
        else { return nil }
        self.init(first: first, count: count)
    }

    var value: JSONValue { [.integer(first), .integer(count)] }
}
