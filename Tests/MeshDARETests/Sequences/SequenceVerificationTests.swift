import MeshCore
import MeshCryptography
import MeshDARE
import MeshEncoding
import MeshInMemory
import MeshPlatforms
import Synchronization
import Testing

extension SequenceFixture {
    func octets(_ name: String) throws -> [UInt8] {
        let file = try #require(try directory.openFile(name, .read))
        return try [UInt8](unsafeUninitializedCapacity: file.length()) { buffer, count in
            count = try file.read(at: 0, into: UnsafeMutableRawBufferPointer(buffer))
        }
    }

    /// The verification of those octets as a file.
    func verify(
        _ octets: [UInt8], _ options: SequenceVerificationOptions = SequenceVerificationOptions(workers: 1)
    ) throws -> SequenceVerification {
        let directory = InMemoryContainerDirectory()
        try directory.createFile("file", with: octets)
        return try #require(try SequenceVerifier.verify("file", in: directory, options))
    }

    /// The octets of each frame.
    func frames(_ name: String) throws -> [[UInt8]] {
        let sequence = try #require(try DARESequence.open(name, in: directory, .read))
        let octets = try octets(name)
        return try (0..<sequence.count).map {
            let frame = try sequence.frame(at: $0)
            return Array(octets[frame.position..<frame.end])
        }
    }
}

@Suite struct SequenceVerificationTests {
    static let variants: [(SequenceType, JSONEncoding, SequencePolicy.Encryption, SequencePolicy.Signature)] =
        SequenceType.allCases.flatMap { type in
            [JSONEncoding.json, .jsonB].flatMap { encoding in
                SequencePolicy.Encryption.allCases.flatMap { encryption in
                    SequencePolicy.Signature.allCases.map { (type, encoding, encryption, $0) }
                }
            }
        }

    @Test("What is written verifies, with all that can be said of it", arguments: variants)
    func intact(
        type: SequenceType, encoding: JSONEncoding, encryption: SequencePolicy.Encryption,
        signature: SequencePolicy.Signature
    ) throws {
        let fixture = try SequenceFixture()
        let policy = SequencePolicy(
            encryption: encryption, recipients: encryption == .none ? [] : [fixture.reader.publicKey],
            signature: signature, signers: [fixture.signer.publicKey])
        let sequence = try fixture.make("log", SequenceOptions(type, encoding: encoding, policy: policy), frames: 9)
        let report = try sequence.verify(SequenceVerificationOptions(signers: [fixture.signer.publicKey]))
        #expect(report.faults == [])
        #expect(report.isIntact && report.coversPayloads && report.coversHeaders && report.coversOrder)
        #expect(report.frames == 10)
        #expect(report.links == (type == .chain || type == .merkle ? [.linked: 9] : [:]))
        #expect(report.validSignatures == (signature == .isolated || signature == .last ? 10 : 0))
        #expect(report.signedThrough == (signature == .last && (type == .chain || type == .merkle) ? 9 : nil))
    }

    static let smallOnes: [(SequenceType, JSONEncoding)] =
        SequenceType.allCases.map { ($0, .json) } + [(.list, .jsonB), (.merkle, .jsonB)]

    private func makeSmall(_ type: SequenceType, _ encoding: JSONEncoding) throws -> (SequenceFixture, [[UInt8]]) {
        let fixture = try SequenceFixture()
        let sequence = try DARESequence.create("log", in: fixture.directory, SequenceOptions(type, encoding: encoding))
        try sequence.append(FrameContent([1, 2, 3], meta: ContentMeta(["UniqueId": "a"])))
        try sequence.append(FrameContent([UInt8](repeating: 9, count: 20)))
        return (fixture, try fixture.frames("log"))
    }

    @Test("Every flipped bit is named, with the frame it is in", arguments: smallOnes)
    func flippedBits(type: SequenceType, encoding: JSONEncoding) throws {
        let (fixture, frames) = try makeSmall(type, encoding)
        var octets = frames.flatMap { $0 }
        var position = 0
        for (index, frame) in frames.enumerated() {
            for place in position..<position + frame.count {
                for bit in 0..<8 {
                    octets[place] ^= 1 << bit
                    let report = try fixture.verify(octets)
                    #expect(
                        report.faults.contains { $0.index == index && $0.position == position },
                        "bit \(bit) of octet \(place - position) in frame \(index): \(report.faults)")
                    octets[place] ^= 1 << bit
                }
            }
            position += frame.count
        }
        #expect(try fixture.verify(octets).isIntact)
    }

    @Test("A file that is cut off anywhere but between two frames has a torn tail", arguments: smallOnes)
    func cutOff(type: SequenceType, encoding: JSONEncoding) throws {
        let (fixture, frames) = try makeSmall(type, encoding)
        let octets = frames.flatMap { $0 }
        var ends: [Int: Int] = [:]
        var end = 0
        for (index, frame) in frames.enumerated() {
            end += frame.count
            ends[end] = index
        }
        for count in 1..<octets.count {
            let report = try fixture.verify(Array(octets[..<count]))
            if ends[count] != nil {
                #expect(report.isIntact)
            } else {
                let complete = ends.keys.filter { $0 < count }.count
                #expect(report.faults.map(\.reason) == [.tornTail])
                #expect(report.faults.first?.index == complete)
            }
        }
    }

    @Test("Removed, doubled, exchanged and foreign frames are named", arguments: SequenceType.allCases)
    func reordered(type: SequenceType) throws {
        let fixture = try SequenceFixture()
        _ = try fixture.make("log", SequenceOptions(type), frames: 6)
        _ = try fixture.make("other", SequenceOptions(type, meta: ContentMeta(["cty": "x"])), frames: 6)
        let (frames, others) = (try fixture.frames("log"), try fixture.frames("other"))
        func check(_ changed: [[UInt8]], _ reason: SequenceFault.Reason, _ index: Int) throws {
            let report = try fixture.verify(changed.flatMap { $0 })
            #expect(report.faults.contains { $0.reason == reason && $0.index == index }, "\(report.faults)")
        }
        var removed = frames
        removed.remove(at: 3)
        try check(removed, .wrongIndex, 3)
        var doubled = frames
        doubled.insert(frames[3], at: 4)
        try check(doubled, .wrongIndex, 4)
        var exchanged = frames
        exchanged.swapAt(2, 5)
        try check(exchanged, .wrongIndex, 2)
        try check(exchanged, .wrongIndex, 5)
        var foreign = frames
        foreign[4] = others[4]
        try check(foreign, .frameCheck, 4)
        // Only what numbers and pointers do not show is left to the checks.
        let report = try fixture.verify(foreign.flatMap { $0 })
        #expect(!report.faults.contains { $0.reason == .wrongIndex })
    }

    @Test("A forged signature, one of another key, and a missing one are told apart")
    func signatures() throws {
        let fixture = try SequenceFixture()
        let policy = SequencePolicy(signature: .isolated)
        let sequence = try fixture.make("log", SequenceOptions(.chain, policy: policy), frames: 3)
        let stranger = try PrivateKey.generate(.ed25519, from: fixture.random)
        let report = try sequence.verify(SequenceVerificationOptions(signers: [stranger.publicKey]))
        #expect(report.isIntact && report.unknownSignatures == 4 && report.validSignatures == 0)
        // The stranger signs in the signer's name.
        var content = FrameContent([1])
        let digest = HashAlgorithm.sha512.digest([1])
        var forged = try EnvelopeSignature(SignedDigests(payload: digest, algorithm: .sha512), by: stranger).members
        forged["kid"] = .string(fixture.signer.publicKey.udf.text)
        content.trailer = ["signatures": [.object(forged)]]
        try sequence.append(content)
        let faults = try sequence.verify(SequenceVerificationOptions(signers: [fixture.signer.publicKey])).faults
        #expect(faults.map(\.reason) == [.badSignature] && faults.map(\.index) == [4])
        // Without the key it cannot be appended to at all.
        let unsigned = try #require(try DARESequence.open("log", in: fixture.directory))
        #expect(throws: DAREError(.policyViolation, "")) { try unsigned.append(FrameContent([2])) }
    }

    @Test(
        "Any number of threads comes to the same result, and a large frame is hashed in pieces", arguments: [1, 2, 5])
    func workers(count: Int) throws {
        let fixture = try SequenceFixture()
        let sequence = try DARESequence.create("log", in: fixture.directory, SequenceOptions(.merkle))
        for index in 1...40 {
            let payload = [UInt8](repeating: UInt8(index), count: index == 20 ? 3_000_000 : 100_000)
            try sequence.append(FrameContent(payload), durability: .atClose)
        }
        var octets = try fixture.octets("log")
        let intact = try fixture.verify(octets, SequenceVerificationOptions(workers: count))
        #expect(intact.faults == [] && intact.frames == 41 && intact.octets == octets.count)
        for index in [7, 20, 33] { octets[try sequence.frame(at: index).position + 50_000] ^= 1 }
        let done = Mutex<[Int]>([])
        let report = try fixture.verify(
            octets,
            SequenceVerificationOptions(workers: count, progress: { part, _ in done.withLock { $0.append(part) } }))
        #expect(report.faults.filter { $0.reason == .payloadDigest }.map(\.index) == [7, 20, 33])
        #expect(done.withLock { $0 == $0.sorted() && $0.last == octets.count })
        #expect(throws: CancellationError.self) {
            try fixture.verify(octets, SequenceVerificationOptions(workers: count, isCancelled: { true }))
        }
    }

    @Test(
        "Frames compared with what is written here, and frames that are read, are judged alike",
        arguments: SequenceType.allCases)
    func shortcut(type: SequenceType) throws {
        let fixture = try SequenceFixture()
        _ = try fixture.make("log", SequenceOptions(type), frames: 9)
        let octets = try fixture.octets("log")
        // Who looks for signatures has to read every trailer.
        let reading = SequenceVerificationOptions(signers: [fixture.signer.publicKey], workers: 1)
        func compare(_ octets: [UInt8], _ place: Int?) throws {
            let (short, long) = (try fixture.verify(octets), try fixture.verify(octets, reading))
            #expect(short.isIntact == (place == nil), "\(place ?? -1)")
            #expect(short.faults == long.faults, "\(place ?? -1)")
            #expect(short.frames == long.frames && short.octets == long.octets && short.links == long.links)
            #expect(short.coveredPayloads == long.coveredPayloads && short.checks == long.checks)
            #expect(short.apex == long.apex, "\(place ?? -1)")
        }
        try compare(octets, nil)
        for place in stride(from: 0, to: octets.count, by: 61) {
            var changed = octets
            changed[place] ^= 1 << (place % 8)
            try compare(changed, place)
        }
    }
}
