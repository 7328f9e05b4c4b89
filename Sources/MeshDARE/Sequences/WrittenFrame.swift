import MeshCore
import MeshCryptography
import MeshEncoding

/// The digests in a trailer of a Merkle sequence that is exactly as it is written here, read without a tree.
struct WrittenDigests {
    let payload: [UInt8]
    let tree: [UInt8]

    init?(_ trailer: UnsafeRawBufferPointer, _ digest: HashAlgorithm) {
        var scan = TextScan(trailer)
        guard scan.take(#"{"PayloadDigest":""#), let payload = scan.binary(digest.digestSize),
            scan.take(#"","TreeDigest":""#), let tree = scan.binary(digest.digestSize), scan.take(#"""#)
        else { return nil }
        if scan.take(#","FrameCheck":""#) {
            guard scan.binary(FrameCheck.size) != nil, scan.take(#"""#) else { return nil }
        }
        guard scan.take("}"), scan.isAtEnd else { return nil }
        (self.payload, self.tree) = (payload, tree)
    }
}

/// A header that is exactly as it is written here, read without a tree.
///
/// Only forms in which nothing else can be meant are taken: anything else is for the parser.
struct WrittenHeader {
    let index: Int
    let treePosition: Int?

    init?(_ header: UnsafeRawBufferPointer, type: SequenceType, _ digest: HashAlgorithm) {
        var scan = TextScan(header)
        guard scan.take(#"{"SequenceInfo":{"Index":"#), let index = scan.number() else { return nil }
        self.index = index
        if type.hasTreePosition, index > 0 {
            guard scan.take(#","TreePosition":"#), let position = scan.number() else { return nil }
            treePosition = position
        } else {
            treePosition = nil
        }
        guard scan.take("}") else { return nil }
        if type.hasPayloadDigest {
            guard digest == .dareStandard, scan.take(#","dig":"S512""#) else { return nil }
        }
        if scan.take(#","ContentMetaData":""#) {
            guard scan.skipBase64(), scan.take(#"""#) else { return nil }
        }
        guard scan.take("}"), scan.isAtEnd else { return nil }
    }
}

/// Goes through a text that is expected to be of one form.
struct TextScan {
    private let octets: UnsafeRawBufferPointer
    private var place = 0

    init(_ octets: UnsafeRawBufferPointer) { self.octets = octets }

    var isAtEnd: Bool { place == octets.count }

    /// Goes past `text`, if it comes next.
    mutating func take(_ text: StaticString) -> Bool {
        let text = text.octets
        guard octets.count - place >= text.count else { return false }
        for index in 0..<text.count where octets[place + index] != text[index] { return false }
        place += text.count
        return true
    }

    /// A whole number in its shortest form.
    mutating func number() -> Int? {
        let start = place
        var value = 0
        while place < octets.count, place < start + 16, case let digit = octets[place] &- 0x30, digit < 10 {
            value = value * 10 + Int(digit)
            place += 1
        }
        guard place > start, octets[start] != 0x30 || place == start + 1 else { return nil }
        return value
    }

    /// `count` octets in base64url.
    mutating func binary(_ count: Int) -> [UInt8]? {
        let size = Base64.url.encodedCount(count)
        guard octets.count - place >= size else { return nil }
        let text = UnsafeRawBufferPointer(rebasing: octets[place..<place + size])
        var isRead = false
        let value = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            let target = UnsafeMutableRawBufferPointer(UnsafeMutableBufferPointer(rebasing: buffer[..<count]))
            isRead = Base64.url.decode(text, into: target) == count
            filled = isRead ? count : 0
        }
        guard isRead else { return nil }
        place += size
        return value
    }

    /// Goes past the characters of base64url.
    mutating func skipBase64() -> Bool {
        let start = place
        while place < octets.count {
            switch octets[place] {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x5F: place += 1
            default: return (place - start) % 4 != 1
            }
        }
        return false
    }
}
