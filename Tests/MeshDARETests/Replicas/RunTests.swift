import MeshCore
import MeshCryptography
import MeshEncoding
import MeshInMemory
import MeshPlatforms
import Testing

@testable import MeshDARE

/// Runs of frames: what was signed is taken, and nothing else is.
@Suite("Runs")
struct RunTests {
    private let world: ReplicaWorld
    /// Frame 0 with three events, signed as one run, and one more run of three events.
    private let first: PreparedFrames
    private let second: PreparedFrames

    init() throws {
        world = try ReplicaWorld()
        first = try world.start(3)
        let copy = try DARESequence.create(
            "s", in: InMemoryContainerDirectory(), verbatim: first.frames, keys: world.keys, random: world.random)
        second = try copy.prepare(world.contents(3, from: 20), signedBy: world.signer)
    }

    private func known(_ claim: RunClaim) -> PublicKey? {
        [world.device, world.other].map(\.publicKey).first { $0.udf.text == claim.signer }
    }

    /// The runs in `frames`, and what was not covered.
    private func runs(
        _ frames: [[UInt8]], from state: FrameRunState = .empty, scope: RunScope? = nil
    ) throws -> (runs: [VerifiedRun], uncovered: Range<Int>) {
        var verifier = RunVerifier(scope ?? world.scope, from: state)
        let runs = try frames.compactMap { try verifier.take($0, signer: known) }
        return (runs, verifier.uncovered)
    }

    /// The error with which `frames` are refused.
    private func refusal(
        _ frames: [[UInt8]], from state: FrameRunState = .empty, scope: RunScope? = nil,
        _ location: SourceLocation = #_sourceLocation
    ) -> ReplicaError? {
        #expect(throws: ReplicaError.self, sourceLocation: location) { try runs(frames, from: state, scope: scope) }
    }

    @Test("Runs come with their frames, signers and events; frames behind them are not covered")
    func runs() throws {
        let directory = InMemoryContainerDirectory()
        let copy = try DARESequence.create(
            "s", in: directory, verbatim: first.frames, keys: world.keys, random: world.random)
        try copy.append(verbatim: second.frames, expecting: 4)
        try copy.append(
            verbatim: copy.prepare(world.contents(1, from: 30), signedBy: world.otherSigner).frames, expecting: 7)
        try copy.append(verbatim: copy.prepare(world.contents(2)).frames, expecting: 8)
        var found: [VerifiedRun] = []
        let verifier = try copy.verifyRuns(world.scope, signer: known) { found.append($0) }
        #expect(found.map(\.range) == [0...3, 4...6, 7...7])
        #expect(found.map(\.signer) == [world.device, world.device, world.other].map(\.publicKey))
        #expect(found[0].frames.map(\.key) == [nil, "key-1", "key-2", "key-3"])
        #expect(found[1].frames.map(\.event) == [.new, .new, .new])
        #expect(verifier.covered.count == 8 && verifier.uncovered == 8..<10)
        #expect(found[1].after.digest == second.after.digest)
        // Going on from where an earlier look has ended.
        var later: [ClosedRange<Int>] = []
        let again = try copy.verifyRuns(world.scope, from: copy.runState(at: 7), signer: known) {
            later.append($0.range)
        }
        #expect(later == [7...7] && again.uncovered == 8..<10)
    }

    @Test("Frame 0 is a run by itself, where there is no entry yet")
    func empty() throws {
        let start = try world.start(0)
        let (runs, uncovered) = try runs(start.frames)
        #expect(runs.map(\.range) == [0...0] && uncovered.isEmpty)
    }

    @Test("Every bit of the frames of a run that is flipped is refused")
    func flips() throws {
        for (number, frame) in second.frames.enumerated() {
            for place in frame.indices {
                var frames = second.frames
                frames[number][place] ^= 1 << UInt8(place % 8)
                let error = refusal(frames, from: first.after)
                #expect(error?.frame == 4 + number, "octet \(place) of frame \(4 + number)")
            }
        }
    }

    @Test("Every octet of the frames of a first run that is flipped is refused")
    func firstFlips() throws {
        for (number, frame) in first.frames.enumerated() {
            for place in frame.indices {
                var frames = first.frames
                frames[number][place] ^= 0x20
                // A frame 0 that promises less than it has shows only in the frames after it.
                let error = refusal(frames)
                #expect((error?.frame ?? -1) >= number, "octet \(place) of frame \(number)")
            }
        }
    }

    @Test("Every prefix of a run is refused, or not covered")
    func prefixes() throws {
        for count in 0..<3 {
            let (runs, uncovered) = try runs(Array(second.frames[..<count]), from: first.after)
            #expect(runs.isEmpty && uncovered == 4..<4 + count)
        }
        let last = second.frames[2]
        for count in 0..<last.count {
            let frames = second.frames[..<2] + [Array(last[..<count])]
            #expect(refusal(Array(frames), from: first.after)?.frame == 6)
        }
    }

    @Test("Exchanged, doubled and left out frames are refused")
    func order() throws {
        let frames = second.frames
        for wrong in [
            [frames[1], frames[0], frames[2]], [frames[0], frames[0], frames[1]], [frames[0], frames[2]],
            [frames[1], frames[2]], [frames[2]],
        ] {
            #expect(refusal(wrong, from: first.after)?.code == .invalidFrame)
        }
    }

    @Test("Frames changed by who can make digests and checks anew are not what was signed")
    func forged() throws {
        let records = try second.frames.map { try FrameForger.Records($0) }
        #expect(FrameForger.frames(records, after: first.after) == second.frames)
        var forgeries: [[FrameForger.Records]] = []
        for number in 0..<3 {
            var forged = records
            let key = try #require(
                Base64.url.decode(forged[number].header.betweenQuotes(after: "ContentMetaData")))
            var text = String(decoding: key, as: UTF8.self)
            #expect(text.contains("key-2"))
            text = text.replacing("key-2", by: "key-7")
            forged[number].header = forged[number].header.replacing(
                Base64.url.encode(key), by: Base64.url.encode(Array(text.utf8)))
            forgeries.append(forged)
            forged = records
            forged[number].header = forged[number].header.replacing(
                Base64.url.encode(key),
                by: Base64.url.encode(
                    Array(String(decoding: key, as: UTF8.self).replacing("\"New\"", by: "\"Delete\"").utf8)))
            #expect(forged != records)
            forgeries.append(forged)
            forged = records
            forged[number].payload[0] ^= 1
            forgeries.append(forged)
            forged = records
            forged[number].trailer = forged[number].trailer.replacing("\"PayloadTag\":\"", by: "\"PayloadTag\":\"A")
            forgeries.append(forged)
            forged = records
            forged[number].header = forged[number].header.replacing("\"dig\":\"S512\"", by: "\"dig\": \"S512\"")
            forgeries.append(forged)
        }
        var exchanged = records
        (exchanged[0].payload, exchanged[1].payload) = (records[1].payload, records[0].payload)
        forgeries.append(exchanged)
        forgeries.append(Array(records[1...]))
        for (number, forgery) in forgeries.enumerated() {
            let frames = FrameForger.frames(forgery, after: first.after)
            let error = refusal(frames, from: first.after)
            #expect(error?.code == (number == forgeries.count - 1 ? .invalidFrame : .badRunSignature), "\(number)")
        }
        // Nor is a run taken apart, or put at another place.
        var shorter = [records[0], records[2]]
        shorter[1].header = shorter[1].header.replacing("\"Index\":6", by: "\"Index\":5")
        #expect(refusal(FrameForger.frames(shorter, after: first.after), from: first.after)?.code == .badRunSignature)
        let moved = records.map { record in
            var record = record
            for index in 4...6 {
                record.header = record.header.replacing("\"Index\":\(index),", by: "\"Index\":\(index + 3)!,")
            }
            record.header = record.header.replacing("!", by: "")
            return record
        }
        let again = FrameForger.frames(moved, after: second.after)
        #expect(refusal(second.frames + again, from: first.after)?.frame == 9)
    }

    @Test("A run of another account, store or device is refused")
    func scope() throws {
        let frames = first.frames + second.frames
        let account = RunScope(account: world.other.publicKey.udf, store: world.scope.store)
        let store = RunScope(account: world.scope.account, store: "MMM_Contact")
        #expect(refusal(frames, scope: account) == ReplicaError(.badRunSignature, frame: 3, ""))
        #expect(refusal(frames, scope: store) == ReplicaError(.badRunSignature, frame: 3, ""))
        var verifier = RunVerifier(world.scope)
        for frame in first.frames.dropLast() { _ = try verifier.take(frame) { _ in nil } }
        let unknown = #expect(throws: ReplicaError.self) {
            try verifier.take(first.frames[3]) { claim in
                #expect(claim.range == 0...3 && claim.signer == world.device.publicKey.udf.text)
                #expect(claim.frames.map(\.key) == [nil, "key-1", "key-2", "key-3"])
                return nil
            }
        }
        #expect(unknown?.code == .unknownSigner && verifier.uncovered == 0..<3)
        let forged = #expect(throws: ReplicaError.self) {
            try verifier.take(first.frames[3]) { _ in world.other.publicKey }
        }
        #expect(forged?.code == .badRunSignature)
        // What was refused was not taken: it may be offered again.
        #expect(try verifier.take(first.frames[3], signer: known)?.range == 0...3)
    }

    @Test(
        "Two deletions signed for the same place cannot be exchanged under what came after, although no payload differs"
    )
    func sameDigests() throws {
        func deletion(_ key: String) throws -> [FrameContent] {
            var meta = ContentMeta()
            meta.uniqueID = key
            meta.event = .delete
            var content = FrameContent([], meta: meta)
            content.isStoredAsIs = true
            return [content]
        }
        let copy = try DARESequence.create(
            "s", in: InMemoryContainerDirectory(), verbatim: first.frames, keys: world.keys, random: world.random)
        let one = try copy.prepare(deletion("key-1"), signedBy: world.signer)
        let other = try copy.prepare(deletion("key-2"), signedBy: world.signer)
        #expect(one.after.digest == other.after.digest && one.after.check != other.after.check)
        try copy.append(verbatim: one.frames, expecting: 4)
        let next = try copy.prepare(world.contents(1), signedBy: world.signer)
        #expect(try runs(one.frames + next.frames, from: first.after).runs.count == 2)
        #expect(refusal(other.frames + next.frames, from: first.after)?.code == .invalidFrame)
        let forged = FrameForger.frames(try next.frames.map { try FrameForger.Records($0) }, after: other.after)
        #expect(refusal(other.frames + forged, from: first.after)?.code == .badRunSignature)
        #expect(try copy.compare(HistoryPoint(other.after)) == .forked)
    }

    @Test("Sequences that have no checks, digests or JSON headers have no run signatures")
    func unsupported() throws {
        let contents = world.contents(2)
        for options in [
            SequenceOptions(.list), SequenceOptions(.merkle), SequenceOptions(.chain, encoding: .jsonB),
            SequenceOptions(.chain, digest: .sha256), SequenceOptions(.chain, hasFrameChecks: false),
        ] {
            let error = #expect(throws: ReplicaError.self) {
                try DARESequence.prepare(new: options, contents, signedBy: world.signer)
            }
            #expect(error?.code == .unsupported)
        }
        let plain = try DARESequence.prepare(new: SequenceOptions(.chain, hasFrameChecks: false), contents)
        #expect(refusal(plain.frames)?.code == .unsupported)
    }
}

extension String {
    fileprivate func replacing(_ text: String, by other: String) -> String {
        var result = ""
        var rest = self[...]
        while !rest.isEmpty {
            if rest.hasPrefix(text) {
                result += other
                rest = rest.dropFirst(text.count)
            } else {
                result.append(rest.removeFirst())
            }
        }
        return result
    }

    /// The text of the member called `name`.
    fileprivate func betweenQuotes(after name: String) -> String {
        var rest = self[...]
        while !rest.isEmpty, !rest.hasPrefix("\"\(name)\":\"") { rest = rest.dropFirst() }
        rest = rest.dropFirst(name.count + 4)
        return String(rest.prefix { $0 != "\"" })
    }
}
