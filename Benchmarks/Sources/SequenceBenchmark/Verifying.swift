import Foundation
import MeshCryptography
import MeshDARE
import MeshFiles

/// Verifying a whole file, against hashing as much on as many threads.
enum Verifying {
    static func measure(_ place: SequenceBenchmark.Place) throws {
        let payload = [UInt8](repeating: 0x62, count: 64 << 10)
        var peaks: [Int] = []
        for megabytes in [64, 512] {
            let name = "verify-\(megabytes)"
            let sequence = try DARESequence.create(name, in: place.directory)
            for _ in 0..<megabytes * 16 { try sequence.append(FrameContent(payload), durability: .atClose) }
            try SequenceBenchmark.resetPeak()
            let before = try SequenceBenchmark.peakMemory()
            guard try sequence.verify().isIntact else { throw SequenceBenchmark.Failure("not intact") }
            peaks.append(try SequenceBenchmark.peakMemory() - before)
            if megabytes == 512 { try compare(name, "64K", place, octets: megabytes << 20) }
            _ = try place.directory.remove(name)
        }
        print("sequence-verify-memory-kib \(peaks[0] >> 10) of 64 MiB, \(peaks[1] >> 10) of 512 MiB")
    }

    static func compare(
        _ name: String, _ kind: String, _ place: SequenceBenchmark.Place, octets count: Int
    ) throws {
        let workers = ProcessInfo.processInfo.activeProcessorCount
        let block = [UInt8](repeating: 0x62, count: 1 << 20)
        try SequenceBenchmark.compare("sequence-verify-512MB-\(kind)", rounds: 3, per: 1) {
            guard try SequenceVerifier.verify(name, in: place.directory)?.isIntact == true else {
                throw SequenceBenchmark.Failure("not intact")
            }
        } _: {
            DispatchQueue.concurrentPerform(iterations: workers) { _ in hash(block, times: (count >> 20) / workers) }
        }
    }

    private static func hash(_ block: [UInt8], times: Int) {
        var digest = StreamingDigest(.sha512)
        for _ in 0..<times { digest.update(block) }
        let octets = digest.finalize()
        precondition(octets.count == 64)
    }
}
