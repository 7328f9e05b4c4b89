import MeshEncoding

/// Says what is wrong with a log, whatever has happened to it. It reads the octets itself, without the code under test.
///
/// (a) Every acknowledged record is there, intact, in its writer's order, once. (b) What was not acknowledged is there
/// whole or not at all: at most the batches that were begun. (c) There is nothing else in the file.
public struct StorageJudge: Sendable {
    /// How many of a writer's records were acknowledged, and how many were begun.
    public struct Claim: Hashable, Sendable {
        public var acknowledged: UInt32
        public var begun: UInt32
        public init(acknowledged: UInt32, begun: UInt32) {
            self.acknowledged = acknowledged
            self.begun = begun
        }
    }

    /// What each writer says.
    public var claims: [UInt32: Claim]
    /// Whether batches are all or nothing. A power cut may leave the first frames of the last one.
    public var areBatchesWhole = true

    public init(_ claims: [UInt32: Claim] = [:]) { self.claims = claims }

    /// What is wrong with the log that `octets` are; empty if nothing is.
    public func faults(of octets: [UInt8]) -> [String] {
        var faults: [String] = []
        var seen: [UInt32: UInt32] = [:]
        var missingOfBatch = 0
        for (position, content) in Self.frames(of: octets, faults: &faults).dropFirst() {
            guard let record = TestRecord(content: content) else {
                faults.append("the record at \(position) is not intact")
                continue
            }
            let expected = seen[record.writer] ?? 0
            if record.number != expected {
                faults.append(
                    "at \(position): record \(record.number) of writer \(record.writer) instead of \(expected)")
            }
            seen[record.writer] = max(expected, record.number + 1)
            if areBatchesWhole {
                if record.place == 0 ? missingOfBatch != 0 : missingOfBatch != record.batch - record.place {
                    faults.append("at \(position): a batch is not whole")
                }
                missingOfBatch = Int(record.batch - record.place) - 1
            }
        }
        if missingOfBatch != 0, areBatchesWhole { faults.append("the last batch is not whole") }
        for (writer, claim) in claims where seen[writer] ?? 0 < claim.acknowledged {
            faults.append(
                "of \(claim.acknowledged) acknowledged records of writer \(writer), \(seen[writer] ?? 0) are there")
        }
        for (writer, count) in seen where count > claims[writer]?.begun ?? 0 {
            faults.append("writer \(writer) has \(count) records there, and began \(claims[writer]?.begun ?? 0)")
        }
        return faults
    }

    /// The frames of a file from its first octet to its last.
    public static func frames(of octets: [UInt8], faults: inout [String]) -> [(position: Int, content: [UInt8])] {
        octets.withUnsafeBytes { octets in
            var frames: [(Int, [UInt8])] = []
            var position = 0
            while position < octets.count {
                guard let extent = try? JBCDFrame.frame(at: position, in: octets) else {
                    faults.append("there is no whole frame at \(position) of \(octets.count)")
                    break
                }
                let start = position + extent.headSize
                frames.append((position, Array(octets[start..<start + extent.contentSize])))
                position += extent.frameSize
            }
            if frames.first.map({ TestRecord(content: $0.1) != TestRecord(writer: 0, number: 0) }) ?? true {
                faults.append("the first frame is not there")
            }
            return frames
        }
    }
}
