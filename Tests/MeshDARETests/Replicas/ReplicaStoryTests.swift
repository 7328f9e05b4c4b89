import MeshCore
import MeshCryptography
import MeshInMemory
import MeshPlatforms
import Testing

@testable import MeshDARE

/// Copies through random runs and power cuts.
@Suite("Copies through random stories")
struct ReplicaStoryTests {
    @Test("Random runs: copies that took them in other pieces are equal, and a changed octet is refused")
    func random() throws {
        let seed = UInt64.random(in: 1...UInt64(UInt32.max))
        print("runs, seed \(seed)")
        var random = SplitMix(seed)
        let world = try ReplicaWorld(seed: random.next())
        let (here, there) = (InMemoryContainerDirectory(), InMemoryContainerDirectory())
        var ends: [Int] = []
        let first = try world.start(Int(random.next() % 4))
        let copy = try DARESequence.create("s", in: here, verbatim: first.frames, keys: world.keys)
        ends.append(copy.count)
        for _ in 0..<25 {
            let contents = world.contents(1 + Int(random.next() % 7), size: Int(random.next() % 700))
            let signer = random.next() % 2 == 0 ? world.signer : world.otherSigner
            let next = try copy.prepare(contents, signedBy: signer)
            ends.append(try copy.append(verbatim: next.frames, expecting: next.first, durability: .atClose).count)
        }
        let known = { (claim: RunClaim) in
            [world.device, world.other].map(\.publicKey).first { $0.udf.text == claim.signer }
        }
        // The other one gets them in pages that end anywhere, verifies them, and takes what is covered.
        var other: DARESequence?
        var verifier = RunVerifier(world.scope)
        var waiting: [[UInt8]] = []
        var found: [Int] = []
        while verifier.covered.count < copy.count {
            let page = try copy.frameOctets(
                from: verifier.covered.count + waiting.count, limit: 1 + Int(random.next() % 9))
            for frame in page {
                waiting.append(frame)
                guard let run = try verifier.take(frame, signer: known) else { continue }
                found.append(run.range.upperBound + 1)
                if let other {
                    try other.append(verbatim: waiting, expecting: run.range.lowerBound, durability: .atClose)
                } else {
                    other = try DARESequence.create("s", in: there, verbatim: waiting)
                }
                waiting = []
            }
        }
        #expect(found == ends && waiting.isEmpty)
        let octets = try here.octets("s")
        #expect(try there.octets("s") == octets)
        #expect(try copy.verify().isIntact)
        let frames = try copy.frameOctets(from: 0)
        for _ in 0..<100 {
            let number = Int(random.next() % UInt64(frames.count))
            let start = ends.last { $0 <= number } ?? 0
            let end = ends.first { $0 > number } ?? frames.count
            var changed = Array(frames[start..<end])
            changed[number - start][Int(random.next() % UInt64(changed[number - start].count))] ^=
                1 << UInt8(random.next() % 8)
            var verifier = RunVerifier(world.scope, from: try copy.runState(at: start))
            #expect(throws: ReplicaError.self, "frame \(number), seed \(seed)") {
                for frame in changed { _ = try verifier.take(frame, signer: known) }
            }
            #expect(verifier.covered.count == start)
        }
    }

    @Test("Stopped at any call, frames are there all or none, in every state that was drawn")
    func powerCuts() throws {
        let seed = UInt64.random(in: 1...UInt64(UInt32.max))
        print("power cuts of copies, seed \(seed)")
        var random = SplitMix(seed)
        let world = try ReplicaWorld(seed: random.next())
        let first = try world.start(3)
        let model = try DARESequence.create(
            "s", in: InMemoryContainerDirectory(), verbatim: first.frames, keys: world.keys)
        var batches = [first.frames]
        for size in [1, 40, 5, 2000] {
            let next = try model.prepare(world.contents(4, size: size), signedBy: world.signer)
            try model.append(verbatim: next.frames, expecting: next.first)
            batches.append(next.frames)
        }
        let frames = Array(batches.joined())
        let whole = Array(frames.joined())
        var stopped = 0
        var call = 1
        while stopped == call - 1 {
            let disk = SimulatedDisk(seed: random.next() | 1)
            disk.stop(atCall: call)
            var acknowledged = 0
            do {
                var copy: DARESequence?
                for (number, frames) in batches.enumerated() {
                    if let copy {
                        let durability: FrameLog.Durability = number % 2 == 0 ? .record : .grouped
                        try copy.append(verbatim: frames, expecting: copy.count, durability: durability)
                    } else {
                        copy = try DARESequence.create("s", in: disk.directory, verbatim: frames)
                    }
                    acknowledged = number + 1
                }
            } catch is SimulatedDisk.Stopped {
                stopped += 1
            }
            for draw in 0..<6 {
                let after = draw == 0 ? disk.afterKill() : disk.afterPowerCut(seed: random.next() | 1)
                let found = try DARESequence.open("s", in: after.directory)
                let count = found?.count ?? 0
                let ends = [acknowledged, acknowledged + 1].map { batches.prefix($0).reduce(0) { $0 + $1.count } }
                guard let found else {
                    #expect(acknowledged == 0, "call \(call), draw \(draw), seed \(seed)")
                    continue
                }
                #expect(try found.frameOctets(from: 0) == Array(frames.prefix(count)))
                // A power cut may leave the first frames of a batch: no run covers them.
                let covered = try found.verifyRuns(world.scope) { _ in world.device.publicKey }.covered.count
                #expect(ends.contains(covered), "call \(call), draw \(draw), seed \(seed)")
                if draw == 0 { #expect(count == covered, "call \(call), seed \(seed)") }
                try found.append(verbatim: Array(frames[count...]), expecting: count)
                #expect(try after.directory.octets("s") == whole)
            }
            call += 1
        }
        #expect(stopped > 20)
    }
}
