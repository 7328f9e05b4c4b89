import MeshDARE
import MeshFiles

/// Proofs from a Merkle sequence of a million frames.
enum Proving {
    static func measure(_ place: SequenceBenchmark.Place) throws {
        let last = 1_000_000
        let sequence = try DARESequence.create("proof", in: place.directory, SequenceOptions(.merkle))
        let batch = [FrameContent](repeating: FrameContent([1, 2, 3]), count: 1000)
        for _ in 0..<last / 1000 { _ = try sequence.append(durability: .atClose) { try $0.append(batch) } }
        try sequence.saveIndex()
        let apex = try sequence.checkpoint(at: last)
        var (making, verifying): ([Double], [Double]) = ([], [])
        var (text, binary): ([Int], [Int]) = ([], [])
        for step in 1...2_000 {
            let index = step * 7_919 * 61 % last + 1
            var proof: InclusionProof?
            making.append(try SequenceBenchmark.time { proof = try sequence.inclusionProof(of: index, under: last) })
            guard let proof, let digest = try sequence.frame(at: index).members.payloadDigest else { return }
            verifying.append(
                try SequenceBenchmark.time { try proof.verify(payloadDigest: digest, under: apex) })
            text.append(proof.encoded(.json).count)
            binary.append(proof.encoded(.jsonB).count)
        }
        print("sequence-proof-make - \(SequenceBenchmark.rounded(SequenceBenchmark.median(making))) -")
        print("sequence-proof-verify - \(SequenceBenchmark.rounded(SequenceBenchmark.median(verifying))) -")
        for (kind, sizes) in [("json", text.sorted()), ("jsonb", binary.sorted())] {
            print("sequence-proof-octets-\(kind) - \(sizes[sizes.count / 2]) largest \(sizes[sizes.count - 1])")
        }
        _ = try place.directory.remove("proof")
        _ = try place.directory.remove("proof.index")
    }
}
