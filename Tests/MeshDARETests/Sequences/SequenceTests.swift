import MeshCore
import MeshCryptography
import MeshDARE
import MeshEncoding
import MeshInMemory
import MeshPlatforms
import Testing

/// Sequences of one test.
struct SequenceFixture {
    let directory = InMemoryContainerDirectory()
    let random = SeededRandomSource(seed: 7)
    let reader: PrivateKey
    let signer: PrivateKey

    init() throws {
        reader = try PrivateKey.generate(.x448, from: random)
        signer = try PrivateKey.generate(.ed448, from: random)
    }

    var keys: SequenceKeys { SequenceKeys(DecryptionKeys([reader]), signer: signer) }

    func payload(_ index: Int) -> [UInt8] { (0..<(index * 37 % 300)).map { UInt8(truncatingIfNeeded: $0 ^ index) } }

    func make(_ name: String, _ options: SequenceOptions, frames: Int = 20) throws -> DARESequence {
        let sequence = try DARESequence.create(name, in: directory, options, keys: keys, random: random)
        for index in 1...frames {
            var meta = ContentMeta()
            meta.uniqueID = "object \(index)"
            #expect(try sequence.append(FrameContent(payload(index), meta: meta), durability: .atClose) == index)
        }
        return sequence
    }
}

@Suite struct SequenceTests {
    static let variants: [(SequenceType, JSONEncoding, SequencePolicy.Encryption)] = SequenceType.allCases.flatMap {
        type in
        [JSONEncoding.json, .jsonB].flatMap { encoding in
            SequencePolicy.Encryption.allCases.map { (type, encoding, $0) }
        }
    }

    @Test("What was appended is read back, by any way of reading", arguments: variants)
    func roundTrip(type: SequenceType, encoding: JSONEncoding, encryption: SequencePolicy.Encryption) throws {
        let fixture = try SequenceFixture()
        let policy = SequencePolicy(
            encryption: encryption, recipients: encryption == .none ? [] : [fixture.reader.publicKey])
        _ = try fixture.make("log", SequenceOptions(type, encoding: encoding, policy: policy))
        // Another process goes on.
        let second = try #require(try DARESequence.open("log", in: fixture.directory, keys: fixture.keys))
        #expect(second.knownType == type)
        #expect(second.count == 21)
        for index in 21...40 { try second.append(FrameContent(fixture.payload(index)), durability: .atClose) }
        let sequence = try #require(try DARESequence.open("log", in: fixture.directory, .read, keys: fixture.keys))
        #expect(sequence.count == 41)
        for index in 1...40 {
            let frame = try sequence.frame(at: index)
            #expect(frame.index == index)
            #expect(try sequence.content(of: frame) == fixture.payload(index))
        }
        var frames = try sequence.frames(from: 3)
        for index in 3...40 { #expect(try frames.next()?.index == index) }
        #expect(try frames.next() == nil)
        var backward = sequence.framesBackward()
        for index in (0...40).reversed() { #expect(try backward.next()?.index == index) }
        #expect(try backward.next() == nil)
    }
}
