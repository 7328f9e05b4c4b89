import Foundation
import MeshCryptography
import MeshDARE

/// Appending without waiting for the disk, against what any chained log has to do: for each record the digest of its
/// payload, the digest that chains it to the record before, and one `write` of the payload.
///
/// One record a call is measured twice: each in the file at once, and through a buffer. Of batches, the baseline is measured
/// twice: with one `write` a record, and with one a batch.
enum Appending {
    static func measure(_ place: SequenceBenchmark.Place) throws {
        let count = 20_000
        let payload = SequenceBenchmark.payload
        let file = open("\(place.path)/raw", O_WRONLY | O_CREAT | O_APPEND, 0o600)
        guard file >= 0 else { throw SequenceBenchmark.Failure("no file") }
        defer { close(file) }
        func raw(_ octets: [UInt8]) throws {
            guard write(file, octets, octets.count) == octets.count else { throw SequenceBenchmark.Failure("write") }
        }
        for type in [SequenceType.list, .chain, .merkle] {
            let name = "append-\(type)"
            let sequence = try DARESequence.create(name, in: place.directory, SequenceOptions(type))
            var link = [UInt8](repeating: 0, count: 64)
            func hash() { link = HashAlgorithm.sha512.digest(link, HashAlgorithm.sha512.digest(payload)) }
            func writeEach() throws {
                for _ in 0..<count {
                    hash()
                    try raw(payload)
                }
            }
            try SequenceBenchmark.compare("sequence-append-\(type)-512", rounds: 7, per: count) {
                for _ in 0..<count { try sequence.append(FrameContent(payload), durability: .atClose) }
            } _: {
                try writeEach()
            }
            let buffered = sequence.buffered()
            try SequenceBenchmark.compare("sequence-append-\(type)-buffered-512", rounds: 7, per: count) {
                for _ in 0..<count { try buffered.append(FrameContent(payload)) }
                try buffered.flush()
            } _: {
                try writeEach()
            }
            let batch = [FrameContent](repeating: FrameContent(payload), count: 64)
            func appendBatches() throws {
                for _ in 0..<count / 64 { _ = try sequence.append(durability: .atClose) { try $0.append(batch) } }
            }
            try SequenceBenchmark.compare("sequence-append-\(type)-64x512", rounds: 7, per: count) {
                try appendBatches()
            } _: {
                try writeEach()
            }
            let together = [UInt8](repeating: 0x61, count: 64 * payload.count)
            try SequenceBenchmark.compare("sequence-append-\(type)-64x512-one-write", rounds: 7, per: count) {
                try appendBatches()
            } _: {
                for _ in 0..<count / 64 {
                    for _ in 0..<64 { hash() }
                    try raw(together)
                }
            }
            _ = try place.directory.remove(name)
        }
    }
}
