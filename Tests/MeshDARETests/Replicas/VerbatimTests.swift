import MeshCore
import MeshCryptography
import MeshInMemory
import MeshPlatforms
import Testing

@testable import MeshDARE

/// Frames that are made without being written, and taken over octet by octet.
@Suite("Verbatim frames")
struct VerbatimTests {
    @Test("Two copies that took the same frames are equal octet by octet, and verify")
    func copies() throws {
        let world = try ReplicaWorld()
        let (here, there) = (InMemoryContainerDirectory(), InMemoryContainerDirectory())
        let first = try world.start(3)
        #expect(first.first == 0 && first.frames.count == 4 && first.before.digest.isEmpty)
        let a = try DARESequence.create("s", in: here, verbatim: first.frames, keys: world.keys, random: world.random)
        let b = try DARESequence.create("s", in: there, verbatim: first.frames)
        for number in 0..<5 {
            let next = try a.prepare(world.contents(number + 1, from: 10 * number), signedBy: world.signer)
            #expect(next.first == a.count)
            let after = try a.append(verbatim: next.frames, expecting: next.first)
            #expect(after.count == next.after.count && after.digest == next.after.digest)
            #expect(after.check == next.after.check && after.octets == next.after.octets)
            try b.append(verbatim: next.frames, expecting: next.first, durability: .record)
        }
        #expect(try here.octets("s") == there.octets("s"))
        #expect(try a.frameOctets(from: 0).flatMap { $0 } == here.octets("s"))
        let report = try a.verify()
        #expect(report.isIntact && report.coversHeaders && report.frames == 19)
        #expect(try a.content(of: a.frame(at: 2)) == world.contents(3)[1].payload)
    }

    @Test("What a sequence writes itself is what it prepares", arguments: SequenceType.allCases)
    func sameAsWritten(_ type: SequenceType) throws {
        let world = try ReplicaWorld()
        let directory = InMemoryContainerDirectory()
        let contents = world.contents(9)
        let prepared = try DARESequence.prepare(new: SequenceOptions(type), contents)
        let written = try DARESequence.create("w", in: directory, SequenceOptions(type))
        let next = try written.prepare(contents)
        #expect(next.frames == Array(prepared.frames.dropFirst()))
        try written.append { _ = try $0.append(contents) }
        #expect(try written.frameOctets(from: 0) == prepared.frames)
        let copy = try DARESequence.create("c", in: directory, verbatim: Array(prepared.frames[..<4]))
        try copy.append(verbatim: Array(prepared.frames[4...]), expecting: 4)
        #expect(try directory.octets("c") == directory.octets("w"))
        #expect(try copy.verify().isIntact)
        // Positions of trees are known in the copy, too.
        let more = world.contents(20)
        try copy.append { _ = try $0.append(more) }
        #expect(try copy.verify().isIntact)
    }

    @Test("Frames that are not the next ones are a conflict, and nothing is written")
    func conflict() throws {
        let world = try ReplicaWorld()
        let directory = InMemoryContainerDirectory()
        let first = try world.start(3)
        let copy = try DARESequence.create("s", in: directory, verbatim: first.frames, keys: world.keys)
        let (one, two) = (try copy.prepare(world.contents(2)), try copy.prepare(world.contents(1)))
        try copy.append(verbatim: one.frames, expecting: 4)
        let octets = try directory.octets("s")
        let error = #expect(throws: ReplicaError.self) { try copy.append(verbatim: two.frames, expecting: 4) }
        #expect(error?.code == .conflict && error?.found?.count == 6 && error?.found?.digest == one.after.digest)
        let wrong = #expect(throws: ReplicaError.self) { try copy.append(verbatim: two.frames, expecting: 6) }
        #expect(wrong?.code == .invalidFrame && wrong?.frame == 6)
        #expect(try directory.octets("s") == octets && copy.runState().count == 6)
    }

    @Test("Frames come back in pages of any size")
    func pages() throws {
        let world = try ReplicaWorld()
        let directory = InMemoryContainerDirectory()
        var contents = world.contents(50)
        contents[20].payload = [UInt8](repeating: 7, count: 600_000)
        let made = try DARESequence.prepare(new: world.options, contents, keys: world.keys)
        let copy = try DARESequence.create("s", in: directory, verbatim: made.frames)
        for (limit, octets) in [(1, Int.max), (7, Int.max), (.max, 1), (.max, 3000), (.max, 700_000)] {
            var frames: [[UInt8]] = []
            while true {
                let page = try copy.frameOctets(from: frames.count, limit: limit, octets: octets)
                if page.isEmpty { break }
                #expect(page.count <= limit && (page.count == 1 || page.reduce(0) { $0 + $1.count } <= octets))
                frames += page
            }
            #expect(frames == made.frames)
        }
        #expect(try copy.frameOctets(from: 51) == [] && copy.frameOctets(from: -1) == [])
    }
}
