import MeshCore
import MeshCryptography
import MeshDARE
import MeshEncoding
import MeshInMemory
import Testing

@Suite struct SequenceSharingTests {
    @Test("Two who append by turns continue each other's digests and pointers", arguments: SequenceType.allCases)
    func byTurns(type: SequenceType) throws {
        let fixture = try SequenceFixture()
        let policy = SequencePolicy(encryption: .session, recipients: [fixture.reader.publicKey])
        let first = try fixture.make("log", SequenceOptions(type, policy: policy), frames: 3)
        let second = try #require(try DARESequence.open("log", in: fixture.directory, keys: fixture.keys))
        for index in 4...60 {
            // Now one, now the other, sometimes the same one twice.
            let writer = index % 5 < 2 ? first : second
            #expect(try writer.append(FrameContent([UInt8(index)]), durability: .atClose) == index)
        }
        let report = try first.verify()
        #expect(report.faults == [] && report.frames == 61 && report.coversOrder)
        #expect(report.links == (type == .chain || type == .merkle ? [.linked: 60] : [:]))
        #expect(try first.refresh() == 61)
        for index in 4...60 { #expect(try first.content(of: first.frame(at: index)) == [UInt8(index)]) }
    }

    @Test("What a closure that throws has added is not there")
    func nothingOrAll() throws {
        struct Stop: Error {}
        let fixture = try SequenceFixture()
        let sequence = try fixture.make("log", SequenceOptions(.merkle), frames: 5)
        let before = try fixture.octets("log")
        #expect(throws: Stop.self) {
            try sequence.append { appender in
                try appender.append(FrameContent([1]))
                #expect(appender.count == 7)
                throw Stop()
            }
        }
        #expect(try fixture.octets("log") == before && sequence.count == 6)
        #expect(try sequence.append { try $0.append([FrameContent([1]), FrameContent([2])]) } == 6..<8)
        #expect(try sequence.verify().isIntact)
    }
}
