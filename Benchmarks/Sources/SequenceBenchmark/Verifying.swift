import Foundation
import MeshCryptography
import MeshDARE
import MeshFiles

/// Verifying a whole file, against hashing the same records on as many threads: for each the digest of its payload, and the
/// digest that chains it to the record before. The check values of frames (SHA-256) are not in the baseline.
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
            if megabytes == 512 { try compare(name, "64K", place, records: megabytes * 16, of: 64 << 10) }
            _ = try place.directory.remove(name)
        }
        print("sequence-verify-memory-kib \(peaks[0] >> 10) of 64 MiB, \(peaks[1] >> 10) of 512 MiB")
    }

    static func compare(
        _ name: String, _ kind: String, _ place: SequenceBenchmark.Place, records count: Int, of size: Int
    ) throws {
        let workers = ProcessInfo.processInfo.activeProcessorCount
        let record = [UInt8](repeating: 0x62, count: size)
        try SequenceBenchmark.compare("sequence-verify-512MB-\(kind)", rounds: 5, per: 1) {
            guard try SequenceVerifier.verify(name, in: place.directory)?.isIntact == true else {
                throw SequenceBenchmark.Failure("not intact")
            }
        } _: {
            DispatchQueue.concurrentPerform(iterations: workers) { _ in hash(record, times: count / workers) }
        }
        // On a machine that others use too, the time that both spend computing says more.
        let ours = try processorTime { _ = try SequenceVerifier.verify(name, in: place.directory) }
        let hashing = processorTime { hash(record, times: count) }
        SequenceBenchmark.report("sequence-verify-512MB-\(kind)-processor", [ours], [hashing])
    }

    /// Microseconds of all threads.
    private static func processorTime(_ body: () throws -> Void) rethrows -> Double {
        func now() -> Double {
            var time = timespec()
            clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
            return Double(time.tv_sec) * 1e6 + Double(time.tv_nsec) / 1e3
        }
        let start = now()
        try body()
        return now() - start
    }

    private static func hash(_ record: [UInt8], times: Int) {
        var link = [UInt8](repeating: 0, count: 64)
        for _ in 0..<times { link = HashAlgorithm.sha512.digest(link, HashAlgorithm.sha512.digest(record)) }
        precondition(link.count == 64)
    }
}
