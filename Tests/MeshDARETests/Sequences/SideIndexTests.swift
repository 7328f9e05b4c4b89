import MeshCore
import MeshDARE
import MeshEncoding
import MeshInMemory
import MeshPlatforms
import Testing

@Suite struct SideIndexTests {
    static let last = 120

    private func make(_ type: SequenceType) throws -> (SequenceFixture, [UInt8]) {
        let fixture = try SequenceFixture()
        let sequence = try fixture.make("log", SequenceOptions(type), frames: Self.last)
        try sequence.saveIndex()
        return (fixture, try fixture.octets("log.index"))
    }

    /// Reads every frame, in an order that jumps, through a sequence that finds `index` beside it.
    private func readAll(_ fixture: SequenceFixture, index: [UInt8]?) throws {
        _ = try fixture.directory.remove("log.index")
        if let index { try fixture.directory.createFile("log.index", with: index) }
        let sequence = try #require(try DARESequence.open("log", in: fixture.directory))
        for step in 0...Self.last {
            let wanted = step * 47 % (Self.last + 1)
            #expect(try sequence.frame(at: wanted).index == wanted)
            if wanted > 0 { #expect(try sequence.content(of: sequence.frame(at: wanted)) == fixture.payload(wanted)) }
        }
    }

    @Test("Frames are found whatever the index says", arguments: SequenceType.allCases)
    func damaged(type: SequenceType) throws {
        let (fixture, index) = try make(type)
        #expect(index.count == 40 + 8 * (Self.last + 1))
        try readAll(fixture, index: index)
        try readAll(fixture, index: nil)
        // The index was made again, and is the same.
        #expect(try fixture.octets("log.index") == index)
        for count in [0, 7, 39, 40, 45, 48, 400, index.count - 1] {
            try readAll(fixture, index: Array(index[..<count]))
        }
        let random = SeededRandomSource(seed: 5)
        for _ in 0..<40 {
            var damaged = index
            let place = Int(random.bytes(1)[0]) * index.count / 256
            damaged[place] ^= 1 << (random.bytes(1)[0] & 7)
            try readAll(fixture, index: damaged)
        }
        // Places that exist, but are others.
        var exchanged = index
        exchanged.replaceSubrange(40 + 80..<40 + 88, with: index[(40 + 88)..<(40 + 96)])
        try readAll(fixture, index: exchanged)
        try readAll(fixture, index: [UInt8](repeating: 0xFF, count: index.count))
    }

    @Test("An index of another sequence, and one that is behind, do no harm")
    func stale() throws {
        let (fixture, index) = try make(.chain)
        let (other, _) = try make(.list)
        try readAll(other, index: index)
        let sequence = try #require(try DARESequence.open("log", in: fixture.directory))
        #expect(try sequence.frame(at: 5).index == 5)
        for number in 1...5 {
            #expect(try sequence.append(FrameContent([UInt8(number)])) == Self.last + number)
            #expect(try sequence.frame(at: Self.last + number).payload == [UInt8(number)])
        }
        let late = try #require(try DARESequence.open("log", in: fixture.directory, .read))
        #expect(try late.frame(at: Self.last + 3).payload == [3])
        #expect(throws: DAREError(.noSuchFrame, "")) { try late.frame(at: Self.last + 6) }
        #expect(throws: DAREError(.noSuchFrame, "")) { try late.frame(at: -1) }
    }
}
