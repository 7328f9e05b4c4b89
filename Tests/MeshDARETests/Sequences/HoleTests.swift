import MeshCore
import MeshCryptography
import MeshEncoding
import MeshInMemory
import MeshPlatforms
import Testing

@testable import MeshDARE

/// Frames of the right length that a power cut has left with empty sectors.
@Suite struct HoleTests {
    private func octets(_ directory: any ContainerDirectory) throws -> [UInt8] {
        let file = try #require(try directory.openFile("log", .read))
        return try [UInt8](unsafeUninitializedCapacity: file.length()) { buffer, count in
            count = try file.read(at: 0, into: UnsafeMutableRawBufferPointer(buffer))
        }
    }

    /// A disk with three durable frames and two that are not, and where all frames end.
    private func make(_ options: SequenceOptions) throws -> (SimulatedDisk, [UInt8], [Int]) {
        let disk = SimulatedDisk(seed: 1)
        let sequence = try DARESequence.create("log", in: disk.directory, options)
        for index in 1...4 {
            try sequence.append(
                FrameContent([UInt8](repeating: UInt8(index), count: 2500)), durability: index < 3 ? .record : .atClose)
        }
        return (disk, try octets(disk.directory), try (0..<5).map { try sequence.frame(at: $0).end })
    }

    /// Puts 512 empty octets on a sector's border inside the frame that ends at `end`.
    private func punch(_ directory: any ContainerDirectory, _ octets: [UInt8], before end: Int) throws -> [UInt8] {
        let place = (end - 1200) / 512 * 512
        var changed = octets
        changed.replaceSubrange(place..<place + 512, with: repeatElement(0, count: 512))
        let file = try #require(try directory.openFile("log", .append))
        try changed.withUnsafeBytes { try file.write($0, at: 0) }
        return changed
    }

    static let variants = SequenceType.allCases.flatMap { type in [JSONEncoding.json, .jsonB].map { (type, $0) } }

    @Test("A hole in the last frame drops it, and the frames before stay", arguments: variants)
    func lastFrame(type: SequenceType, encoding: JSONEncoding) throws {
        let (disk, whole, ends) = try make(SequenceOptions(type, encoding: encoding))
        let cut = disk.afterPowerCut(seed: 3)
        let changed = try punch(cut.directory, whole, before: ends[4])
        // It is the frame's own values that tell.
        let log = try #require(try FrameLog.open("log", in: cut.directory, .read))
        #expect(try FrameRecovery.isIntact(log, ends[3]..<ends[4]) == false)
        #expect(try FrameRecovery.isIntact(log, ends[2]..<ends[3]) == true)
        let report = try #require(try SequenceVerifier.verify("log", in: cut.directory))
        #expect(Set(report.faults.map(\.index)) == [4], "before it is repaired: \(report.faults)")
        let reader = try #require(try DARESequence.open("log", in: cut.directory, .read))
        #expect(reader.count == 4)
        let sequence = try #require(try DARESequence.open("log", in: cut.directory))
        #expect(sequence.count == 4)
        #expect(try octets(cut.directory) == Array(changed[..<ends[3]]))
        #expect(try sequence.append(FrameContent([1])) == 4)
        #expect(try sequence.verify().isIntact)
    }

    @Test("A hole in a frame that was durable is named, and cuts off nothing", arguments: variants)
    func earlierFrame(type: SequenceType, encoding: JSONEncoding) throws {
        let (disk, whole, ends) = try make(SequenceOptions(type, encoding: encoding))
        // The process goes on, and knows how far the file was durable.
        let changed = try punch(disk.directory, whole, before: ends[2])
        let sequence = try #require(try DARESequence.open("log", in: disk.directory))
        #expect(sequence.count == 5)
        #expect(try octets(disk.directory) == changed)
        let report = try sequence.verify()
        #expect(report.faults.contains { $0.index == 2 } && report.faults.allSatisfy { $0.index == 2 })
    }

    @Test(
        "Whichever sectors a power cut leaves out, whole frames remain, and all that were durable", arguments: variants)
    func anySectors(type: SequenceType, encoding: JSONEncoding) throws {
        let (disk, whole, ends) = try make(SequenceOptions(type, encoding: encoding))
        var holes = 0
        let seed = Torture.seed
        for draw in 0..<(Torture.isLong ? 5000 : 60) {
            let cut = disk.afterPowerCut(seed: (seed &+ 2 &* UInt64(draw)) | 1)
            let before = try octets(cut.directory)
            if !whole.starts(with: before) { holes += 1 }
            let sequence = try #require(try DARESequence.open("log", in: cut.directory))
            let after = try octets(cut.directory)
            let remains = whole.starts(with: after) && ends[2...].contains(after.count)
            #expect(remains && ends[sequence.count - 1] == after.count, "seed \(seed), draw \(draw)")
            #expect(try sequence.append(FrameContent([1])) == sequence.count - 1)
            #expect(try sequence.verify(SequenceVerificationOptions(workers: 1)).isIntact, "seed \(seed), draw \(draw)")
        }
        // Else it is not holes that are looked at.
        #expect(holes > 0)
    }
}
