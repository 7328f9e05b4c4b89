import MeshCore
import MeshCryptography
import MeshDARE
import MeshEncoding
import MeshInMemory
import MeshPlatforms
import Testing

/// The last two frames of a sequence, torn at every octet: cut off there, or with other octets from there on.
@Suite struct TornTailTests {
    /// What stands where the octets of a frame did not arrive.
    enum Fill: CaseIterable, Sendable { case nothing, zeros, garbage }

    static let variants: [(SequenceType, JSONEncoding, SequencePolicy.Encryption)] = SequenceType.allCases.flatMap {
        type in
        [JSONEncoding.json, .jsonB].flatMap { encoding in
            [SequencePolicy.Encryption.none, .isolated, .once].map { (type, encoding, $0) }
        }
    }

    /// A sequence that is torn again and again, and what it was.
    struct TornLog {
        let fixture: SequenceFixture
        let whole: [UInt8]
        /// Where each frame ends.
        let ends: [Int]
        private let file: any ContainerFile
        private let sidecar: any ContainerSidecar
        /// The words when all but the last two frames were durable.
        private let words: ContainerWords

        /// Where the last two frames begin.
        var start: Int { ends[ends.count - 3] }

        init(_ type: SequenceType, _ encoding: JSONEncoding, _ encryption: SequencePolicy.Encryption) throws {
            fixture = try SequenceFixture()
            let policy = SequencePolicy(
                encryption: encryption, recipients: encryption == .none ? [] : [fixture.reader.publicKey])
            let options = SequenceOptions(type, encoding: encoding, policy: policy)
            let sequence = try DARESequence.create(
                "log", in: fixture.directory, options, keys: fixture.keys, random: fixture.random)
            for index in 1...4 { try sequence.append(FrameContent([UInt8](repeating: UInt8(index), count: 9 * index))) }
            whole = try fixture.octets("log")
            ends = try (0..<sequence.count).map { try sequence.frame(at: $0).end }
            // As it was when two frames less were durable: opening it notes the place.
            file = try #require(try fixture.directory.openFile("log", .append))
            sidecar = try #require(try fixture.directory.openSidecar("log", .append))
            try file.truncate(to: ends[ends.count - 3])
            for word in ContainerWord.allCases { try sidecar.store(0, in: word) }
            _ = try DARESequence.open("log", in: fixture.directory)
            words = try sidecar.words()
            try #require(words[.verifiedEnd] == UInt64(ends[ends.count - 3]))
        }

        /// What the file is when it is torn at `place`.
        func torn(at place: Int, _ fill: Fill, _ random: inout SplitMix) -> [UInt8] {
            switch fill {
            case .nothing: Array(whole[..<place])
            case .zeros: whole[..<place] + [UInt8](repeating: 0, count: whole.count - place)
            // Each octet is another one than it was.
            case .garbage: whole[..<place] + whole[place...].map { $0 ^ UInt8.random(in: 1...255, using: &random) }
            }
        }

        /// Puts the file there, and starts the machine anew.
        func restart(with octets: [UInt8]) throws {
            try file.truncate(to: 0)
            try octets.withUnsafeBytes { try file.write($0, at: 0) }
            for word in ContainerWord.allCases { try sidecar.store(word.survivesRestart ? words[word] : 0, in: word) }
        }
    }

    /// Opened for appending, the sequence has all earlier frames and nothing else; it verifies, and goes on.
    private func goesOn(_ log: TornLog, _ type: SequenceType) throws -> Bool {
        let fixture = log.fixture
        let sequence = try #require(
            try DARESequence.open("log", in: fixture.directory, keys: fixture.keys, random: fixture.random))
        let count = sequence.count
        guard try sequence.verify(SequenceVerificationOptions(workers: 1)).isIntact,
            try sequence.append(FrameContent([7, 7])) == count,
            try sequence.content(of: sequence.frame(at: count)) == [7, 7]
        else { return false }
        let report = try sequence.verify(SequenceVerificationOptions(workers: 1))
        let links: [LinkMode: Int] = type == .chain || type == .merkle ? [.linked: count] : [:]
        return report.isIntact && report.frames == count + 1 && report.coversOrder && report.links == links
    }

    @Test(
        "After a power cut at any octet, what was there before is there, and the sequence goes on", arguments: variants)
    func torn(type: SequenceType, encoding: JSONEncoding, encryption: SequencePolicy.Encryption) throws {
        let seed = Torture.seed
        var random = SplitMix(seed)
        let log = try TornLog(type, encoding, encryption)
        var continued: Set<Int> = []
        for place in log.start..<log.whole.count {
            let kept = log.ends.last { $0 <= place } ?? 0
            // Of the others each octet has one, in the next run perhaps another.
            let isAll = Torture.isLong || encoding == .json && encryption == .none
            for (number, fill) in Fill.allCases.enumerated() where isAll || (place + Int(seed % 3)) % 3 == number {
                try log.restart(with: log.torn(at: place, fill, &random))
                // A reader comes first: it has no lock, repairs nothing, and sees whole frames only.
                let reader = try #require(try DARESequence.open("log", in: log.fixture.directory, .read))
                let seen = try reader.frame(at: reader.count - 1).end
                let sequence = try #require(try DARESequence.open("log", in: log.fixture.directory))
                let octets = try log.fixture.octets("log")
                let isRight = seen == kept && octets.elementsEqual(log.whole[..<kept]) && sequence.count == reader.count
                guard isRight else {
                    Issue.record("torn at \(place), \(fill), seed \(seed): \(octets.count) instead of \(kept) octets")
                    return
                }
                // What is in the file now is one of three; the rest follows from it, and is looked at now and then.
                guard continued.insert(kept).inserted || place % (Torture.isLong ? 1 : 97) == 0 else { continue }
                #expect(try goesOn(log, type), "torn at \(place), \(fill), seed \(seed)")
            }
        }
        #expect(continued.count == 2)
    }

    @Test("A torn file of which nothing is known is repaired or refused as it is", arguments: SequenceType.allCases)
    func unknown(type: SequenceType) throws {
        let seed = Torture.seed
        var random = SplitMix(seed)
        let log = try TornLog(type, .json, .none)
        var refused = 0
        for place in log.start..<log.whole.count {
            let kept = log.ends.last { $0 <= place } ?? 0
            for fill in Fill.allCases {
                let torn = log.torn(at: place, fill, &random)
                let directory = InMemoryContainerDirectory()
                try directory.createFile("log", with: torn)
                do {
                    let sequence = try #require(try DARESequence.open("log", in: directory))
                    let end = try sequence.frame(at: sequence.count - 1).end
                    #expect(end == kept, "torn at \(place), \(fill), seed \(seed)")
                    #expect(try sequence.append(FrameContent([7])) == sequence.count - 1)
                } catch let error as DAREError where error.code == .malformed && fill != .nothing {
                    // It may be damage to what was durable: nothing is changed, and verifying says where.
                    refused += 1
                    let file = try #require(try directory.openFile("log", .read))
                    #expect(try file.length() == torn.count && directory.names() == ["log"])
                    let faults = try log.fixture.verify(torn).faults
                    #expect(faults.contains { $0.position == kept }, "torn at \(place), \(fill), seed \(seed)")
                }
            }
        }
        print("\(type): \(refused) of \(3 * (log.whole.count - log.start)) torn files refused, seed \(seed)")
    }
}
