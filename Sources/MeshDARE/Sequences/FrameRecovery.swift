import MeshCryptography
import MeshEncoding

/// Tells whether a frame is as it was written, for the log that looks what a power cut has left.
enum FrameRecovery {
    /// For ``FrameLog``.
    static let checkup: FrameLog.FrameCheckup = { log, range, place in
        if let place { return try isLater(log, range, than: place) }
        return try isIntact(log, range)
    }

    /// Whether the frame has a number that one can have which was written after the frame that ends at `place`; nil if that frame
    /// says none.
    static func isLater(_ log: FrameLog, _ range: Range<Int>, than place: Int) throws -> Bool? {
        let info: SequenceInfo
        do {
            info = try StoredFrame(log, at: range.lowerBound, limit: range.upperBound).info
        } catch is DAREError {
            return false
        }
        guard place > 0, let last = try? StoredFrame(log, endingAt: place).index else { return nil }
        guard let index = info.index, index > last else { return false }
        // Between them there must have been room for the others.
        return index - last - 1 <= (range.lowerBound - place) / smallestFrame
    }

    /// No frame with a header is smaller, in octets.
    private static let smallestFrame = 8

    /// Nil if the frame has neither a digest nor a check.
    static func isIntact(_ log: FrameLog, _ range: Range<Int>) throws -> Bool? {
        let frame: StoredFrame
        let members: EnvelopeMembers
        do {
            frame = try StoredFrame(log, at: range.lowerBound, limit: range.upperBound)
            members = try frame.members
        } catch is DAREError {
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
        let isRight =
            frame.header.withUnsafeBytes { header in
                frame.trailer.withUnsafeBytes { trailer in
                    FrameCheck.value(
                        previous: previous, header: header, trailer: trailer, payloadDigest: digest, encoding)
                }
            } == stated
        // The check takes in that of the frame before, which may be what was lost.
        if !isRight, previous == nil, range.lowerBound > 0 { return isTold ? true : nil }
        return isRight
    }
}
