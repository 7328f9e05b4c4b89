import MeshCore
import MeshCryptography
import MeshDARE
import MeshEncoding
import MeshInMemory
import Testing

@Suite struct BufferedAppenderTests {
    static let variants: [(SequenceType, JSONEncoding, SequencePolicy.Encryption)] = SequenceType.allCases.flatMap {
        type in
        [JSONEncoding.json, .jsonB].flatMap { encoding in
            SequencePolicy.Encryption.allCases.map { (type, encoding, $0) }
        }
    }

    @Test("What comes through a buffer, between others, is as what was appended by itself", arguments: variants)
    func mixed(type: SequenceType, encoding: JSONEncoding, encryption: SequencePolicy.Encryption) throws {
        let fixture = try SequenceFixture()
        let policy = SequencePolicy(
            encryption: encryption, recipients: encryption == .none ? [] : [fixture.reader.publicKey])
        let options = SequenceOptions(type, encoding: encoding, policy: policy)
        let first = try DARESequence.create(
            "log", in: fixture.directory, options, keys: fixture.keys, random: fixture.random)
        let second = try #require(
            try DARESequence.open("log", in: fixture.directory, keys: fixture.keys, random: fixture.random))
        let buffers = [first.buffered(capacity: 3000), second.buffered(capacity: 6000)]
        var written: [[UInt8]] = []
        for number in UInt8(0)..<60 {
            try buffers[Int(number) % 2].append(FrameContent([number, 1]))
            written.append([number, 1])
            if number % 7 == 0 {
                try second.append(FrameContent([number, 2]), durability: .atClose)
                written.append([number, 2])
            }
        }
        for buffer in buffers { try buffer.close() }
        let report = try first.verify()
        #expect(report.faults == [] && report.frames == 1 + written.count)
        #expect(report.links == (type == .chain || type == .merkle ? [.linked: written.count] : [:]))
        #expect(try first.refresh() == 1 + written.count)
        let read = try (1...written.count).map { try first.content(of: first.frame(at: $0)) }
        #expect(Set(read) == Set(written) && read.count == written.count)
        // Each writer's are in its order.
        for rest in 0..<2 {
            let own = read.filter { $0[1] == 1 && Int($0[0]) % 2 == rest }
            #expect(own == own.sorted { $0[0] < $1[0] })
        }
    }

    @Test("The last frame of each flush is signed for all before it")
    func signed() throws {
        let fixture = try SequenceFixture()
        let signer = fixture.signer
        let options = SequenceOptions(.chain, policy: SequencePolicy(signature: .last, signers: [signer.publicKey]))
        let sequence = try DARESequence.create(
            "log", in: fixture.directory, options, keys: SequenceKeys(signer: signer))
        let buffer = sequence.buffered()
        for number in UInt8(0)..<10 {
            try buffer.append(FrameContent([number]))
            if number == 5 { try buffer.flush() }
        }
        try buffer.flush()
        let signed = try (1...10).filter { try sequence.frame(at: $0).members.trailer["signatures"] != nil }
        #expect(signed == [6, 10])
    }

    @Test("What is wrong with a frame is told when it is added, and the others are written")
    func wrong() throws {
        let fixture = try SequenceFixture()
        let policy = SequencePolicy(recipients: [fixture.reader.publicKey], isSealed: true)
        let sequence = try DARESequence.create("log", in: fixture.directory, SequenceOptions(policy: policy))
        let buffer = sequence.buffered()
        try buffer.append(FrameContent([1]))
        var open = FrameContent([2])
        open.isStoredAsIs = true
        #expect(throws: DAREError(.policyViolation, "")) { try buffer.append(open) }
        var unknown = FrameContent([3])
        unknown.header = ["dig": "XYZ"]
        #expect(throws: DAREError.self) { try buffer.append(unknown) }
        try buffer.append(FrameContent([4]))
        #expect(buffer.unwrittenCount == 2)
        try buffer.close()
        #expect(sequence.count == 3)
        // A key that is not there.
        let signing = SequenceOptions(policy: SequencePolicy(signature: .last))
        let keyless = try fixture.keyless(signing)
        #expect(throws: DAREError(.policyViolation, "")) { try keyless.buffered().append(FrameContent([1])) }
    }
}

extension SequenceFixture {
    /// A sequence that is to be signed, opened without a key.
    fileprivate func keyless(_ options: SequenceOptions) throws -> DARESequence {
        _ = try DARESequence.create("signed", in: directory, options, keys: SequenceKeys(signer: signer))
        return try #require(try DARESequence.open("signed", in: directory))
    }
}
