import MeshCryptography
import MeshEncoding

/// Tells whether a frame is as it was written, for the log that looks what a power cut has left.
enum FrameRecovery {
    /// Nil if the frame has neither a digest nor a check.
    static func isIntact(_ log: FrameLog, _ range: Range<Int>) throws -> Bool? {
        let frame: StoredFrame
        let members: EnvelopeMembers
        do {
            frame = try StoredFrame(log, at: range.lowerBound, limit: range.upperBound)
            members = try frame.members
        } catch is DAREError {
            return false
        } catch is JBCDError {
            return false
        }
        var isTold = false
        if let algorithm = try? members.digestAlgorithm, let stated = try? members.payloadDigest {
            guard try frame.payloadDigest(log, algorithm) == stated else { return false }
            isTold = true
        }
        guard let (stated, encoding) = frame.trailer.withUnsafeBytes({ FrameCheck.stated(in: $0) }) else {
            return isTold ? true : nil
        }
        // The types with payload digests are those whose check takes that digest in; the type stands in frame 0.
        let first = SequenceTraits(log, end: range.upperBound)
        let algorithm = first.type?.hasPayloadDigest == true ? (try? members.digestAlgorithm) ?? .dareStandard : .sha256
        var previous: [UInt8]?
        if range.lowerBound > 0 {
            previous = try? StoredFrame(log, endingAt: range.lowerBound).trailer.withUnsafeBytes {
                FrameCheck.stated(in: $0)?.value
            }
        }
        let digest = try frame.payloadDigest(log, algorithm)
        return frame.header.withUnsafeBytes { header in
            frame.trailer.withUnsafeBytes { trailer in
                FrameCheck.value(
                    previous: previous, header: header, trailer: trailer, payloadDigest: digest, encoding)
            }
        } == stated
    }
}
