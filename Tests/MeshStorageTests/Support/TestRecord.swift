import MeshCryptography
import MeshDARE
import MeshEncoding

/// What the storage tests append: it says who wrote it, which one of theirs it is, and whether it is intact. Its payload looks
/// like frames, and begins and ends with their parts.
public struct TestRecord: Hashable, Sendable {
    /// Who wrote it.
    public let writer: UInt32
    /// Which one it is of its writer's, from 0.
    public let number: UInt32
    /// Which one it is of its batch, and how many that has.
    public let place: UInt16, batch: UInt16

    public init(writer: UInt32, number: UInt32, place: UInt16 = 0, batch: UInt16 = 1) {
        self.writer = writer
        self.number = number
        self.place = place
        self.batch = batch
    }

    /// The record as the two records of a frame: this, and a payload of some `size` octets with a check value.
    public func encoded(size: Int) -> [[UInt8]] {
        var head: [UInt8] = []
        for value in [writer, number, UInt32(place) << 16 | UInt32(batch)] {
            withUnsafeBytes(of: value.bigEndian) { head.append(contentsOf: $0) }
        }
        var payload: [UInt8] = []
        payload.reserveCapacity(size + 64)
        // Where the file is torn, what remains may end with a whole frame: it must not be taken for one.
        let bait = JBCDFrame.encode([[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12], [13]])
        while payload.count < size { payload.append(contentsOf: bait) }
        // Zeros are what a disk gives for what it has lost; here they belong to the record.
        if number % 5 == 4 { payload.append(contentsOf: repeatElement(0, count: 1100)) }
        payload.append(contentsOf: HashAlgorithm.sha256.digest(head + payload).prefix(8))
        return [head, payload]
    }

    /// The record in the content of a frame; nil if it is not intact.
    public init?(content: [UInt8]) {
        let parts = content.withUnsafeBytes { content in
            (try? JBCDFrame.records(in: content))?.map { Array(content[$0]) }
        }
        guard let parts, parts.count == 2, parts[0].count == 12, parts[1].count >= 8 else { return nil }
        let digest = HashAlgorithm.sha256.digest(parts[0] + parts[1].dropLast(8))
        guard parts[1].suffix(8).elementsEqual(digest.prefix(8)) else { return nil }
        func value(_ start: Int) -> UInt32 { parts[0][start..<start + 4].reduce(0) { $0 << 8 | UInt32($1) } }
        self.init(
            writer: value(0), number: value(4), place: UInt16(value(8) >> 16),
            batch: UInt16(truncatingIfNeeded: value(8)))
    }

    /// For ``FrameLog``: whether a frame has the content it was written with, which parts of payloads have not.
    public static let isIntact: FrameLog.FrameCheckup = { log, frame, _ in
        TestRecord(content: try log.frame(at: frame.lowerBound).content) != nil
    }

    /// The first frame of every log of the tests.
    public static let first = JBCDFrame.encode(TestRecord(writer: 0, number: 0).encoded(size: 20))
}
