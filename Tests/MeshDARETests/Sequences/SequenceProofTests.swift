import MeshCryptography
import MeshEncoding
import MeshInMemory
import Testing

@testable import MeshDARE

@Suite struct SequenceProofTests {
    static let last = 64

    private func makeSequence() throws -> (DARESequence, [SequenceCheckpoint], [[UInt8]]) {
        let sequence = try DARESequence.create(
            "log", in: InMemoryContainerDirectory(), SequenceOptions(.merkle, digest: .sha256))
        for index in 1...Self.last { try sequence.append(FrameContent([UInt8(index)]), durability: .atClose) }
        let checkpoints = try (0...Self.last).map { try sequence.checkpoint(at: $0) }
        let payloads = (0...Self.last).map { HashAlgorithm.sha256.digest($0 == 0 ? [] : [UInt8($0)]) }
        return (sequence, checkpoints, payloads)
    }

    /// Every value in a proof's text that can be another one, changed, one at a time; and lists with one digest more or less.
    private func forgeries(_ octets: [UInt8]) throws -> [[UInt8]] {
        let proof = try JSONValue(decoding: octets)
        let name = try #require(proof.object?.names.first)
        let members = try #require(proof[name]?.object)
        func with(_ member: String, _ value: JSONValue?) -> [UInt8] {
            var members = members
            members[member] = value
            return JSONValue.object([name: .object(members)]).compact
        }
        func flipped(_ digest: JSONValue) throws -> JSONValue {
            var octets = try #require(digest.binary)
            octets[octets.count / 2] ^= 4
            return .binary(octets)
        }
        var forged: [[UInt8]] = []
        for number in ["Index", "Apex"] {
            let value = try #require(members[number]?.integer)
            for other in [value - 1, value + 1, value * 2 + 1] where other >= 0 {
                forged.append(with(number, .integer(other)))
            }
        }
        for list in ["Path", "Left", "Chain"] {
            guard let octets = members[list]?.binary else { continue }
            let digests = stride(from: 0, to: octets.count, by: 32).map { Array(octets[$0..<$0 + 32]) }
            func add(_ digests: [[UInt8]]) { forged.append(with(list, .binary(Array(digests.joined())))) }
            for place in digests.indices {
                var changed = digests
                changed[place][16] ^= 4
                add(changed)
            }
            if let first = digests.first {
                add(digests.dropLast())
                add([Array(first.dropLast())] + digests.dropFirst())
                if digests.count > 1 { add(digests.dropFirst() + [first]) }
            }
            add(digests + [[UInt8](repeating: 0, count: 32)])
        }
        if let base = members["Base"] {
            forged.append(with("Base", try flipped(base)))
            forged.append(with("Base", nil))
        } else if name == "ConsistencyProof" {
            forged.append(with("Base", .binary([UInt8](repeating: 0, count: 32))))
        }
        return forged
    }

    @Test("Every frame can be proven under every later one, and no forgery holds")
    func inclusion() throws {
        let (sequence, checkpoints, payloads) = try makeSequence()
        for apex in 0...Self.last {
            for index in 0...apex {
                let proof = try sequence.inclusionProof(of: index, under: apex)
                try proof.verify(payloadDigest: payloads[index], under: checkpoints[apex])
                #expect(try InclusionProof(decoding: proof.encoded(.jsonB)) == proof)
                #expect(throws: DAREError(.badProof, "")) {
                    try proof.verify(payloadDigest: payloads[(index + 1) % 65], under: checkpoints[apex])
                }
                #expect(throws: DAREError(.badProof, "")) {
                    try proof.verify(
                        payloadDigest: payloads[index],
                        under: SequenceCheckpoint(index: apex, digest: checkpoints[(apex + 1) % 65].digest))
                }
                guard apex % 4 != 1 else { continue }
                for forged in try forgeries(proof.encoded()) {
                    // Some are refused as soon as they are read.
                    guard let forged = try? InclusionProof(decoding: forged) else { continue }
                    let holds = holds {
                        let apex = min(forged.apex, Self.last)
                        try forged.verify(payloadDigest: payloads[index], under: checkpoints[apex])
                    }
                    #expect(!holds, "frame \(index) under \(apex): \(forged)")
                }
            }
        }
    }

    @Test("A sequence can be proven to have grown from every earlier state, and no forgery holds")
    func consistency() throws {
        let (sequence, checkpoints, _) = try makeSequence()
        for apex in 0...Self.last {
            for index in 0...apex {
                let proof = try sequence.consistencyProof(from: index, to: apex)
                try proof.verify(from: checkpoints[index], to: checkpoints[apex])
                #expect(try ConsistencyProof(decoding: proof.encoded(.jsonB)) == proof)
                let wrong = SequenceCheckpoint(index: index, digest: checkpoints[(index + 1) % 65].digest)
                #expect(throws: DAREError(.badProof, "")) { try proof.verify(from: wrong, to: checkpoints[apex]) }
                guard apex % 4 != 1 else { continue }
                for forged in try forgeries(proof.encoded()) {
                    // Some are refused as soon as they are read.
                    guard let forged = try? ConsistencyProof(decoding: forged) else { continue }
                    let holds = holds {
                        let (old, new) = (min(forged.index, Self.last), min(forged.apex, Self.last))
                        try forged.verify(from: checkpoints[old], to: checkpoints[new])
                    }
                    #expect(!holds, "from \(index) to \(apex): \(forged)")
                }
            }
        }
    }

    @Test("The digests of a proof stand one after the other, and nothing else does")
    func encoding() throws {
        let (sequence, _, _) = try makeSequence()
        let proof = try sequence.inclusionProof(of: 21, under: 63)
        let members = try #require(try JSONValue(decoding: proof.encoded())["InclusionProof"]?.object)
        #expect(members["Path"]?.binary == Array(proof.rights.joined()))
        #expect(members["Left"]?.binary == Array(proof.lefts.joined()))
        // The digests, and little more.
        let digests = proof.rights.count + proof.lefts.count
        #expect(proof.encoded(.jsonB).count <= 32 * digests + 96)
        for (member, octets) in [("Path", 31), ("Left", 33), ("Path", 32 * 129)] {
            var changed = members
            changed[member] = .binary([UInt8](repeating: 1, count: octets))
            #expect(throws: DAREError(.malformed, "")) {
                try InclusionProof(decoding: JSONValue.object(["InclusionProof": .object(changed)]).compact)
            }
        }
    }

    @Test("Under a frame whose number is near a million a proof has no more digests than are hashed on the way")
    func sizes() {
        func count(_ index: Int, _ apex: Int) -> Int {
            let path = ProofPath(from: apex, to: index)
            return path.steps.count + InclusionProof.leftFrames(index, path).count
        }
        let seed = UInt64.random(in: 0...UInt64.max)
        var state = seed
        func most(_ apex: Int) -> Int {
            (0..<200).map { _ in
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                return count(Int(state >> 33) % (apex + 1), apex)
            }.max() ?? 0
        }
        #expect(most((1 << 20) - 1) <= 20, "seed \(seed)")
        #expect(most(1_000_000) <= 26, "seed \(seed)")
        // One tree over 2^19 frames, and seven smaller ones before the last frame.
        #expect(count(12_345, 1_000_000) == 19 + 7)
    }

    private func holds(_ body: () throws -> Void) -> Bool { (try? body()) != nil }

    /// A tree whose digests may be made up.
    private struct Tree {
        var payloads: [[UInt8]]
        var digests: [[UInt8]] = []

        init(_ payloads: [[UInt8]], pretending pretended: [Int: [UInt8]] = [:]) {
            self.payloads = payloads
            for index in payloads.indices {
                let known = digests
                digests.append(
                    pretended[index]
                        ?? SequenceTree.digest(of: index, payloadDigest: payloads[index], .sha256) { known[$0] })
            }
        }

        func part(_ index: Int, _ count: Int) -> [UInt8] {
            SequenceTree.leftOperands(of: index).prefix(count).reduce(payloads[index]) { digest, operand in
                HashAlgorithm.sha256.digest((operand.map { digests[$0] } ?? [UInt8](repeating: 0, count: 32)) + digest)
            }
        }

        func rights(_ path: ProofPath) -> [[UInt8]] { path.steps.reversed().map { part($0.from, $0.place) } }

        func inclusion(_ index: Int, _ apex: Int) -> InclusionProof {
            let path = ProofPath(from: apex, to: index)
            return InclusionProof(
                index: index, apex: apex, algorithm: .sha256, rights: rights(path),
                lefts: InclusionProof.leftFrames(index, path).map { digests[$0] })
        }
    }

    @Test("Who exchanges a frame and keeps the old tree digest in the tree cannot prove both")
    func splitView() throws {
        let payloads = (0...32).map { HashAlgorithm.sha256.digest([UInt8($0)]) }
        let honest = Tree(payloads)
        var attempts = 0
        for old in 1...31 {
            for exchanged in 0..<old {
                var others = payloads
                others[exchanged] = HashAlgorithm.sha256.digest([0xFF])
                // The forger's tree has the old digest where it is looked for, and another frame below.
                let forged = Tree(others, pretending: [old: honest.digests[old]])
                for apex in old + 1...32 {
                    let path = ProofPath(from: apex, to: old)
                    let frames = ConsistencyProof.chain(old, path)
                    let new = SequenceCheckpoint(index: apex, digest: forged.digests[apex])
                    let includes = holds {
                        try forged.inclusion(exchanged, apex).verify(payloadDigest: others[exchanged], under: new)
                    }
                    guard includes else { continue }
                    attempts += 1
                    for source in [honest, forged] {
                        let proof = ConsistencyProof(
                            index: old, apex: apex, algorithm: .sha256, rights: forged.rights(path),
                            chain: frames.dropLast().map {
                                source.part($0, SequenceTree.leftOperands(of: $0).count - 1)
                            },
                            base: frames.last.map { source.digests[$0] } ?? [])
                        #expect(
                            !holds {
                                try proof.verify(
                                    from: SequenceCheckpoint(index: old, digest: honest.digests[old]), to: new)
                            }, "frame \(exchanged) of \(old) under \(apex)")
                    }
                }
            }
        }
        // Else the test would show nothing.
        #expect(attempts > 1000)
    }
}
