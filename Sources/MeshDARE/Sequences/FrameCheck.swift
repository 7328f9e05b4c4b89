import MeshCore
import MeshCryptography
import MeshEncoding

/// A check value over everything in a frame that the digests of DARE leave open: an extension of this package that other
/// readers ignore.
///
/// DARE's digests cover payloads: a changed header, or a frame removed from a List, passes unnoticed. The member
/// `FrameCheck` stands last in the trailer of each frame and is
///
///     SHA-256("mesh frame check 1" ‖ previous check ‖ header size (8 octets) ‖ header
///             ‖ trailer size (8 octets) ‖ trailer up to the value ‖ digest of the payload)
///
/// with the check of the frame before (32 octets of zero before frame 0), sizes big endian, and the digest by the
/// algorithm of the sequence where frames have a PayloadDigest, else by SHA-256. The header of frame 0 has the member
/// `FrameCheck` with the label `S256`, so that it shows if the values are taken away. All lengths have their shortest form.
/// Like the other digests it is no signature: who can write the file can make it anew.
enum FrameCheck {
    /// The octets of a check.
    static let size = 32
    /// The label in frame 0.
    static let label = "S256"
    private static let domain = Array("mesh frame check 1".utf8)

    /// How many octets of a trailer are from the start of the value on: the value as it is encoded, and what closes it.
    static func tailSize(_ encoding: JSONEncoding) -> Int {
        encoding == .json ? Base64.url.encodedCount(size) + 2 : size + 1
    }

    /// The check of a frame; what the value's own octets are does not matter.
    static func value(
        previous: [UInt8]?, header: UnsafeRawBufferPointer, trailer: UnsafeRawBufferPointer, payloadDigest: [UInt8],
        _ encoding: JSONEncoding
    ) -> [UInt8] {
        // Proof: a digest of `size` octets is written below, whatever it is of.
        [UInt8](unsafeUninitializedCapacity: size) { value, count in
            (previous ?? zeros).withUnsafeBytes { previous in
                payloadDigest.withUnsafeBytes { payloadDigest in
                    write(
                        to: UnsafeMutableRawBufferPointer(value), previous: previous, header: header, trailer: trailer,
                        payloadDigest: payloadDigest, encoding)
                }
            }
            count = size
        }
    }

    /// Writes the check of a frame to `value`, which has room for it and may be where `previous` is.
    static func write(
        to value: UnsafeMutableRawBufferPointer, previous: UnsafeRawBufferPointer, header: UnsafeRawBufferPointer,
        trailer: UnsafeRawBufferPointer, payloadDigest: UnsafeRawBufferPointer, _ encoding: JSONEncoding
    ) {
        let opening = UnsafeRawBufferPointer(rebasing: trailer.dropLast(tailSize(encoding)))
        let count = domain.count + previous.count + 16 + header.count + trailer.count + payloadDigest.count
        withUnsafeTemporaryAllocation(byteCount: count, alignment: 16) { input in
            var filled = domain.withUnsafeBytes { append($0, to: input, at: 0) }
            filled = append(previous, to: input, at: filled)
            filled = append(header.count, to: input, at: filled)
            filled = append(header, to: input, at: filled)
            filled = append(trailer.count, to: input, at: filled)
            filled = append(opening, to: input, at: filled)
            filled = append(payloadDigest, to: input, at: filled)
            HashAlgorithm.sha256.digest(UnsafeRawBufferPointer(rebasing: input[..<filled]), into: value)
        }
    }

    /// Puts `octets` at `place`.
    ///
    /// - Returns: where they end.
    private static func append(
        _ octets: UnsafeRawBufferPointer, to input: UnsafeMutableRawBufferPointer, at place: Int
    ) -> Int {
        UnsafeMutableRawBufferPointer(rebasing: input[place...]).copyMemory(from: octets)
        return place + octets.count
    }

    private static func append(_ count: Int, to input: UnsafeMutableRawBufferPointer, at place: Int) -> Int {
        withUnsafeBytes(of: UInt64(count).bigEndian) { append($0, to: input, at: place) }
    }

    /// What stands for the check before frame 0, and for one that is still to be computed.
    static let zeros = [UInt8](repeating: 0, count: size)

    /// Puts `value` where the trailer, written with ``zeros``, has its last member.
    static func write(_ value: [UInt8], into trailer: inout [UInt8], _ encoding: JSONEncoding) {
        let start = trailer.count - tailSize(encoding)
        trailer.withUnsafeMutableBytes { target in
            let place = UnsafeMutableRawBufferPointer(rebasing: target[start...])
            value.withUnsafeBytes { value in
                if encoding == .json { Base64URL.encode(value, into: place) } else { place.copyMemory(from: value) }
            }
        }
    }

    /// The check a trailer ends with; nil if it does not end with one, written in the one form there is.
    static func stated(in trailer: UnsafeRawBufferPointer) -> (value: [UInt8], encoding: JSONEncoding)? {
        for encoding in [JSONEncoding.json, .jsonB] {
            let mark = marks(encoding)
            let tail = tailSize(encoding)
            guard trailer.count >= mark.count + tail else { continue }
            let start = trailer.count - tail
            guard trailer[(start - mark.count)..<start].elementsEqual(mark) else { continue }
            let rest = trailer[start...]
            guard rest.last == 0x7D else { continue }
            if encoding == .jsonB { return (Array(rest.dropLast()), encoding) }
            guard rest[rest.endIndex - 2] == 0x22,
                let value = Base64.url.decode(String(decoding: rest.dropLast(2), as: UTF8.self))
            else { continue }
            return (value, encoding)
        }
        return nil
    }

    /// What stands before the value.
    private static func marks(_ encoding: JSONEncoding) -> [UInt8] { encoding == .json ? jsonMark : jsonBMark }
    private static let jsonMark = Array(#""FrameCheck":""#.utf8)
    private static let jsonBMark = [0xB4, 10] + Array("FrameCheck".utf8) + [0x88, UInt8(size)]
}
