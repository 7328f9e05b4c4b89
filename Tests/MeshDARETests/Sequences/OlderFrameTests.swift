import MeshCore
import MeshCryptography
import MeshEncoding
import MeshInMemory
import MeshPlatforms
import Testing

@testable import MeshDARE

/// Frames that are not the last and have lost a sector, in a file that is opened after a restart: with its lock file, which
/// says up to where it was durable, and without.
@Suite struct OlderFrameTests {
    /// What is zero.
    enum Hole: CaseIterable, Sendable {
        /// A sector inside the frame.
        case middle
        /// The beginning of the frame, up to the end of its sector.
        case head
        /// The sector that the frame begins in, which also has the end of the one before.
        case border
    }

    static let variants = TornTailTests.variants

    /// A sequence of six frames of some sectors each.
    private struct Whole {
        let octets: [UInt8]
        let ends: [Int]
        let keys: SequenceKeys
        var starts: [Int] { [0] + ends.dropLast() }

        init(_ type: SequenceType, _ encoding: JSONEncoding, _ encryption: SequencePolicy.Encryption) throws {
            let fixture = try SequenceFixture()
            keys = fixture.keys
            let policy = SequencePolicy(
                encryption: encryption, recipients: encryption == .none ? [] : [fixture.reader.publicKey])
            let options = SequenceOptions(type, encoding: encoding, policy: policy)
            let sequence = try DARESequence.create(
                "log", in: fixture.directory, options, keys: fixture.keys, random: fixture.random)
            for index in 1...5 {
                // Zeros of its own, which are no hole.
                let payload = [UInt8](repeating: UInt8(index), count: 900) + [UInt8](repeating: 0, count: 1500)
                try sequence.append(FrameContent(payload + [UInt8](repeating: 7, count: 900 + index)))
            }
            octets = try fixture.directory.octets("log")
            ends = try (0..<sequence.count).map { try sequence.frame(at: $0).end }
        }

        /// The file with a hole in frame `index`, and the first frame that is not what it was.
        func with(_ hole: Hole, in index: Int) -> (octets: [UInt8], first: Int) {
            let start = starts[index]
            let sector = start / 512 * 512
            let range =
                switch hole {
                case .middle: (start + 600) / 512 * 512..<(start + 600) / 512 * 512 + 512
                case .head: start..<sector + 512
                case .border: sector..<sector + 512
                }
            var changed = octets
            changed.replaceSubrange(range, with: repeatElement(0, count: range.count))
            return (changed, starts.indices.first { !changed[..<ends[$0]].elementsEqual(octets[..<ends[$0]]) } ?? index)
        }
    }

    /// The file in a directory, after a restart: without lock file, or with one that says where it was durable.
    private func place(_ octets: [UInt8], durable: Int?) throws -> InMemoryContainerDirectory {
        let directory = InMemoryContainerDirectory()
        try directory.createFile("log", with: octets)
        guard let durable else { return directory }
        let sidecar = try #require(try directory.openSidecar("log", .append))
        try sidecar.store(try #require(try directory.openFile("log", .read)).identity, in: .file)
        try sidecar.store(UInt64(durable), in: .durableEnd)
        return directory
    }

    /// That it is refused with the place and what to do, and nothing is changed.
    private func expectRefused(
        _ directory: InMemoryContainerDirectory, _ octets: [UInt8], at position: Int, _ when: String,
        _ code: DAREError.Code = .malformed
    ) throws {
        do {
            let sequence = try #require(try DARESequence.open("log", in: directory))
            Issue.record("\(when): opened, with \(sequence.count) frames")
        } catch let error as DAREError {
            let isTold =
                error.code == code && error.remedy != nil
                && (code == .recordsLost || error.message.contains(" \(position):"))
            #expect(isTold, "\(when): \(error)")
        }
        #expect(try directory.octets("log") == octets, "\(when)")
        #expect(try directory.names() == ["log"], "\(when)")
        let report = try #require(try SequenceVerifier.verify("log", in: directory))
        #expect(report.faults.contains { $0.position == position }, "\(when): \(report.faults)")
    }

    /// That it was cut off there, what was cut off is kept or not, and it goes on.
    private func expectCut(
        _ directory: InMemoryContainerDirectory, _ octets: [UInt8], at position: Int, keeps: Bool, _ when: String,
        keys: SequenceKeys = .none
    ) throws {
        let sequence = try #require(try DARESequence.open("log", in: directory, keys: keys))
        #expect(try directory.octets("log") == Array(octets[..<position]), "\(when)")
        #expect(try directory.names() == (keeps ? ["log", "log.torn-1"] : ["log"]), "\(when)")
        if keeps { #expect(try directory.octets("log.torn-1") == Array(octets[position...]), "\(when)") }
        let count = sequence.count
        #expect(try sequence.append(FrameContent([1])) == count, "\(when)")
        #expect(try sequence.verify(SequenceVerificationOptions(workers: 1)).isIntact, "\(when)")
    }

    /// That nothing was cut off, the damage is named, and what does not need it goes on.
    private func expectLeft(
        _ directory: InMemoryContainerDirectory, _ octets: [UInt8], _ whole: Whole, damaged: ClosedRange<Int>,
        _ type: SequenceType, _ when: String
    ) throws {
        let positions = damaged.map { whole.starts[$0] }
        func expectNamed(_ error: DAREError) throws {
            let isNamed = error.code == .malformed && positions.contains { error.message.contains(" \($0) of") }
            #expect(isNamed, "\(when): \(error)")
            #expect(try directory.octets("log") == octets && directory.names() == ["log"], "\(when)")
        }
        let report = try #require(try SequenceVerifier.verify("log", in: directory))
        let isTold = report.faults.contains { $0.position == positions[0] }
        #expect(isTold && report.faults.allSatisfy { $0.position <= whole.starts[damaged.upperBound] }, "\(when)")
        do {
            let sequence = try #require(try DARESequence.open("log", in: directory, keys: whole.keys))
            #expect(sequence.count == 6, "\(when)")
            #expect(try directory.octets("log") == octets && directory.names() == ["log"], "\(when)")
            if damaged.upperBound < 5 { #expect(try sequence.frame(at: 5).end == whole.ends[5], "\(when)") }
            #expect(try sequence.append(FrameContent([1])) == 6, "\(when)")
            #expect(try directory.octets("log").starts(with: octets), "\(when)")
        } catch let error as DAREError where damaged.upperBound == 5 || type.hasTreePosition {
            // The last frame is always read, and of a tree some earlier ones before one is appended.
            try expectNamed(error)
        }
    }

    @Test("Nothing is cut off a file without lock file if whole frames follow", arguments: variants)
    func unknown(type: SequenceType, encoding: JSONEncoding, encryption: SequencePolicy.Encryption) throws {
        let whole = try Whole(type, encoding, encryption)
        var (refused, repaired) = (0, 0)
        for hole in Hole.allCases {
            for index in 1...5 {
                let (octets, first) = whole.with(hole, in: index)
                let directory = try place(octets, durable: nil)
                let when = "\(hole) of \(index)"
                if index < 5 {
                    try expectRefused(directory, octets, at: whole.starts[first], when)
                    // Who only reads is told, too: there is more than can be seen.
                    #expect(throws: DAREError(.malformed, "")) { try DARESequence.open("log", in: directory, .read) }
                    refused += 1
                } else {
                    try expectCut(
                        directory, octets, at: whole.starts[first], keeps: true, when, keys: whole.keys)
                    repaired += 1
                }
            }
        }
        // Frame 0 is never cut off.
        for length in [200, whole.ends[0]] {
            let octets = [UInt8](repeating: 0, count: length) + whole.octets[length...]
            let directory = try place(octets, durable: nil)
            #expect(throws: DAREError(.malformed, "")) { try DARESequence.open("log", in: directory) }
            #expect(try directory.octets("log") == octets)
        }
        #expect(refused == 12 && repaired == 3)
    }

    @Test("Of a file that was durable up to a place, nothing before that is cut off", arguments: variants)
    func known(type: SequenceType, encoding: JSONEncoding, encryption: SequencePolicy.Encryption) throws {
        let whole = try Whole(type, encoding, encryption)
        var (left, cut, refused) = (0, 0, 0)
        for hole in Hole.allCases {
            for index in 1...5 {
                let (octets, first) = whole.with(hole, in: index)
                for last in 0...5 {
                    let directory = try place(octets, durable: whole.ends[last])
                    let when = "\(hole) of \(index), durable with \(last)"
                    if first > last {
                        try expectCut(
                            directory, octets, at: whole.starts[first], keeps: index < 5, when, keys: whole.keys)
                        cut += 1
                    } else if first == 0 || hole != .middle && (first == last || index == last) {
                        // Frame 0 says what the file is. And of the last one that was durable an end is lost: that the words
                        // are about this file is not proven any more.
                        try expectRefused(directory, octets, at: whole.starts[first], when)
                        refused += 1
                    } else {
                        try expectLeft(directory, octets, whole, damaged: first...index, type, when)
                        left += 1
                    }
                }
            }
        }
        #expect(left > 20 && cut > 20 && refused > 0, "\(left) left, \(cut) cut, \(refused) refused")
    }

    @Test("A file that became shorter than it was durable is not cut off any further", arguments: SequenceType.allCases)
    func shortened(type: SequenceType) throws {
        let whole = try Whole(type, .json, .none)
        for last in 1...5 {
            let octets = Array(whole.octets[..<(whole.ends[last] - 700)])
            try expectRefused(
                place(octets, durable: whole.ends[last]), octets, at: whole.starts[last], "without the end of \(last)",
                .recordsLost)
            // Without the lock file it is a torn tail.
            try expectCut(place(octets, durable: nil), octets, at: whole.starts[last], keeps: true, "torn \(last)")
        }
    }

    @Test("A tail of zeros is cut off, known or not, and not kept", arguments: SequenceType.allCases)
    func zeros(type: SequenceType) throws {
        let whole = try Whole(type, .jsonB, .none)
        for last in [2, 5] {
            for count in [1, 511, 5000] {
                let octets = whole.octets[..<whole.ends[last]] + [UInt8](repeating: 0, count: count)
                for durable in [nil, whole.ends[1], whole.ends[last]] {
                    let when = "\(count) zeros behind \(last), durable up to \(durable ?? 0)"
                    try expectCut(
                        place(Array(octets), durable: durable), Array(octets), at: whole.ends[last], keeps: false, when)
                }
            }
            // A part of a frame, and zeros instead of the rest.
            guard last < 5 else { continue }
            for part in [1, 3, 600, 3000] {
                let octets =
                    whole.octets[..<(whole.ends[last] + part)]
                    + [UInt8](repeating: 0, count: whole.ends[last + 1] - whole.ends[last] - part)
                try expectCut(
                    place(Array(octets), durable: nil), Array(octets), at: whole.ends[last], keeps: true, "\(part)")
                try expectCut(
                    place(Array(octets), durable: whole.ends[1]), Array(octets), at: whole.ends[last], keeps: false,
                    "\(part), known")
            }
        }
    }

    @Test("A torn frame whose payload is a whole sequence is cut off; a frame with a wrong length is not")
    func frames() throws {
        let inner = try Whole(.chain, .json, .none)
        let directory = InMemoryContainerDirectory()
        let sequence = try DARESequence.create("log", in: directory, SequenceOptions(.merkle))
        for index in 1...7 { try sequence.append(FrameContent([UInt8(index)])) }
        let start = try sequence.frame(at: 7).end
        try sequence.append(FrameContent(inner.octets))
        let octets = try directory.octets("log")
        for place in stride(from: start + 1, to: octets.count, by: 1013) {
            let torn = Array(octets[..<place])
            try expectCut(self.place(torn, durable: nil), torn, at: start, keeps: true, "torn at \(place)")
        }
        // Frames follow one whose length is greater than the file, and the last of them is torn.
        let third = try sequence.frame(at: 3).position
        var changed = Array(octets.dropLast(5))
        try #require(changed[third] == 0xF5)
        changed[third + 1] |= 0x80
        try expectRefused(place(changed, durable: nil), changed, at: third, "wrong length")
    }

    @Test(
        "What power cuts leave without lock file is repaired or refused, and nothing durable is lost",
        arguments: variants)
    func powerCuts(type: SequenceType, encoding: JSONEncoding, encryption: SequencePolicy.Encryption) throws {
        let seed = Torture.seed
        let fixture = try SequenceFixture()
        let policy = SequencePolicy(
            encryption: encryption, recipients: encryption == .none ? [] : [fixture.reader.publicKey])
        let disk = SimulatedDisk(seed: 1)
        let sequence = try DARESequence.create(
            "log", in: disk.directory, SequenceOptions(type, encoding: encoding, policy: policy), keys: fixture.keys,
            random: fixture.random)
        for index in 1...5 {
            let content = FrameContent([UInt8](repeating: UInt8(index), count: 1500))
            try sequence.append(content, durability: index < 3 ? .record : .atClose)
        }
        let durable = try sequence.frame(at: 2).end
        let whole = try disk.directory.octets("log")
        for draw in 0..<(Torture.isLong ? 2000 : 20) {
            let cut = disk.afterPowerCut(seed: (seed &+ 2 &* UInt64(draw)) | 1)
            let octets = try cut.directory.octets("log")
            let directory = try place(octets, durable: nil)
            let when = "seed \(seed), draw \(draw)"
            do {
                let opened = try #require(try DARESequence.open("log", in: directory))
                let after = try directory.octets("log")
                #expect(after.count >= durable && whole.starts(with: after), "\(when)")
                let rest = octets[after.count...]
                let kept = try directory.names().contains("log.torn-1") ? directory.octets("log.torn-1") : []
                #expect(kept.elementsEqual(rest) || kept.isEmpty && rest.allSatisfy { $0 == 0 }, "\(when)")
                #expect(try opened.verify(SequenceVerificationOptions(workers: 1)).isIntact, "\(when)")
            } catch let error as DAREError where error.code == .malformed {
                #expect(try directory.octets("log") == octets && directory.names() == ["log"], "\(when)")
                // Only where there is a whole frame behind the damage; without a digest of the payload, and the frame before,
                // nothing tells a frame's own zeros from a hole.
                let first = zip(octets, whole).enumerated().first { $1.0 != $1.1 }?.offset ?? octets.count
                let remains = try (0..<sequence.count).contains {
                    let frame = try sequence.frame(at: $0)
                    guard frame.position > first, frame.end <= octets.count else { return false }
                    let ranges =
                        type.hasPayloadDigest
                        ? [frame.position..<frame.end]
                        : [frame.position..<frame.position + 9, frame.end - 9..<frame.end]
                    return ranges.allSatisfy { octets[$0] == whole[$0] }
                }
                #expect(remains, "\(when): \(error)")
            }
        }
    }
}
