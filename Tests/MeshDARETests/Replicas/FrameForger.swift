import MeshCore
import MeshCryptography
import MeshEncoding

@testable import MeshDARE

/// Somebody who keeps a file, knows the format, and has no key: changes frames and makes every digest and check anew.
enum FrameForger {
    /// The records of a frame.
    struct Records: Equatable {
        var header: String
        var payload: [UInt8]
        var trailer: String

        init(_ frame: [UInt8]) throws {
            let read = try SequenceFrame(octets: frame, at: 0)
            header = String(decoding: read.headerOctets, as: UTF8.self)
            payload = Array(read.payload)
            trailer = String(decoding: read.trailerOctets, as: UTF8.self)
        }
    }

    /// The frames after `state` with those records, all digests and checks right.
    static func frames(_ records: [Records], after state: FrameRunState) -> [[UInt8]] {
        var chain = state.tail.chain
        var check = state.tail.check
        return records.map { record in
            let payloadDigest = HashAlgorithm.sha512.digest(record.payload)
            let linked = SequenceTree.chainDigest(after: chain, payloadDigest: payloadDigest, .sha512)
            var text = record.trailer
            text = replace("PayloadDigest", by: payloadDigest, in: text)
            text = replace("ChainDigest", by: linked, in: text)
            var trailer = Array(text.utf8)
            let header = Array(record.header.utf8)
            let value = header.withUnsafeBytes { header in
                trailer.withUnsafeBytes { trailer in
                    FrameCheck.value(
                        previous: check, header: header, trailer: trailer, payloadDigest: payloadDigest, .json)
                }
            }
            FrameCheck.write(value, into: &trailer, .json)
            (chain, check) = (linked, value)
            return JBCDFrame.encode([header, record.payload, trailer])
        }
    }

    private static func replace(_ name: String, by value: [UInt8], in text: String) -> String {
        guard let start = text.firstRange(of: "\"\(name)\":\"")?.upperBound,
            let end = text[start...].firstIndex(of: "\"")
        else { return text }
        return text.replacingCharacters(start..<end, by: Base64.url.encode(value))
    }
}

extension String {
    fileprivate func replacingCharacters(_ range: Range<String.Index>, by text: String) -> String {
        String(self[..<range.lowerBound]) + text + String(self[range.upperBound...])
    }

    fileprivate func firstRange(of text: String) -> Range<String.Index>? {
        var start = startIndex
        while start < endIndex {
            if self[start...].hasPrefix(text) { return start..<index(start, offsetBy: text.count) }
            start = index(after: start)
        }
        return nil
    }
}
