import MeshCore
import MeshCryptography
import MeshDARE
import MeshEncoding
import MeshInMemory
import MeshPlatforms
import Testing

/// Files as other programs write them.
@Suite struct ForeignSequenceTests {
    /// Base64url broken as the reference implementation breaks it.
    private static func broken(_ octets: [UInt8]) -> String {
        let text = Array(Base64URL.encode(octets))
        return stride(from: 0, to: text.count, by: 40).map { String(text[$0..<min($0 + 40, text.count)]) }
            .joined(separator: "\n  ")
    }

    private static func text(_ octets: [UInt8]) -> JSONValue { .string(broken(octets)) }

    /// How the headers of a generation look.
    enum Generation: CaseIterable {
        case flat, containerInfo, current

        func header(_ info: JSONObject, _ more: JSONObject = [:]) -> JSONObject {
            var header = more
            switch self {
            case .flat: for (name, value) in info.members { header[name] = value }
            case .containerInfo: header["ContainerInfo"] = .object(info)
            case .current: header["SequenceInfo"] = .object(info)
            }
            return header
        }
    }

    /// How digests over several frames are computed, by the number of the frame.
    typealias Mode = (Int) -> LinkMode?

    private static let payloads: [[UInt8]] = [[]] + (1...9).map { [UInt8](repeating: UInt8($0), count: 30 * $0) }

    /// A file of ten frames without checks.
    private func file(_ type: SequenceType, _ generation: Generation, treeName: String = "TreeDigest", _ mode: Mode)
        -> [UInt8]
    {
        var octets: [UInt8] = []
        var positions: [Int] = []
        let zeros = [UInt8](repeating: 0, count: 64)
        var chain: [UInt8]?
        var tree: [[UInt8]] = []
        for (index, payload) in Self.payloads.enumerated() {
            var info: JSONObject = ["Index": .integer(index)]
            if index == 0 {
                info["ContainerType"] = .string(type.rawValue)
                info["DataEncoding"] = "JSON"
            } else if type.hasTreePosition, let previous = SequenceTree.previous(of: index) {
                info["TreePosition"] = .integer(positions[previous])
            }
            let meta: JSONObject = ["UniqueID": .string("object \(index)"), "Event": "New"]
            let header = generation.header(
                info, generation == .flat ? meta : ["ContentMetaData": Self.text(JSONValue.object(meta).compact)])
            let digest = HashAlgorithm.sha512.digest(payload)
            var trailer: JSONObject = [:]
            if type.hasPayloadDigest { trailer["PayloadDigest"] = Self.text(digest) }
            if type == .chain, let mode = mode(index) {
                chain = SequenceTree.chainDigest(
                    after: mode == .linked ? chain : nil, payloadDigest: digest, .sha512)
                trailer["ChainDigest"] = Self.text(chain ?? [])
            }
            if type == .merkle, let mode = mode(index) {
                let known = tree
                tree.append(
                    SequenceTree.digest(
                        of: mode == .unlinkedAhead ? index + 1 : index, payloadDigest: digest, .sha512
                    ) { mode == .linked ? known[$0] : zeros })
                trailer[treeName] = Self.text(tree[index])
            }
            positions.append(octets.count)
            octets += JBCDFrame.encode([
                JSONValue.object(header).referenceText, payload,
                trailer.isEmpty ? [] : JSONValue.object(trailer).referenceText,
            ])
        }
        return octets
    }

    private func open(_ octets: [UInt8], keys: SequenceKeys = .none) throws -> DARESequence {
        let directory = InMemoryContainerDirectory()
        try directory.createFile("file", with: octets)
        return try #require(try DARESequence.open("file", in: directory, keys: keys))
    }

    @Test(
        "All generations of headers are read, verified and added to", arguments: Generation.allCases,
        SequenceType.allCases)
    func generations(generation: Generation, type: SequenceType) throws {
        let sequence = try open(file(type, generation) { _ in .linked })
        #expect(sequence.knownType == type && !sequence.hasFrameChecks)
        for (index, payload) in Self.payloads.enumerated() {
            let frame = try sequence.frame(at: index)
            #expect(try sequence.content(of: frame) == payload)
            #expect(try frame.members.contentMeta.uniqueID == "object \(index)")
            #expect(try frame.members.contentMeta.event == .new)
        }
        let before = try sequence.verify()
        #expect(before.faults == [])
        #expect(before.coversHeaders == false && before.coversPayloads == type.hasPayloadDigest)
        #expect(before.coversOrder == (type == .chain || type == .merkle))
        for index in 10...20 { #expect(try sequence.append(FrameContent([UInt8(index)])) == index) }
        let after = try sequence.verify()
        #expect(after.faults == [] && after.frames == 21)
        #expect(try sequence.frame(at: 14).payload == [14])
    }

    @Test("Digests that are not linked are told from those that are")
    func modes() throws {
        // Every year of the reference implementation writes others.
        let unlinked = try open(file(.chain, .current) { _ in .unlinked }).verify()
        #expect(unlinked.isIntact && unlinked.links == [.unlinked: 9] && !unlinked.coversOrder)
        let first = try open(file(.chain, .containerInfo) { $0 == 0 ? .linked : nil }).verify()
        #expect(first.isIntact && first.links == [:] && first.coversPayloads)
        let ahead = try open(file(.merkle, .current) { _ in .unlinkedAhead }).verify()
        #expect(ahead.isIntact && ahead.links == [.unlinkedAhead: 9] && !ahead.coversOrder)
        let mixed = try open(file(.merkle, .current, treeName: "ApexDigest") { $0 == 0 ? .unlinkedAhead : .unlinked })
        #expect(try mixed.verify().links == [.unlinked: 9])
        #expect(throws: DAREError(.noSuchFrame, "")) { try mixed.inclusionProof(of: 3, under: 10) }
        let linked = try open(file(.merkle, .current) { _ in .linked })
        #expect(try linked.verify().links == [.linked: 9])
        try linked.inclusionProof(of: 3, under: 8).verify(
            payloadDigest: HashAlgorithm.sha512.digest(Self.payloads[3]), under: linked.checkpoint(at: 8))
    }

    @Test("What digests cover is covered in files of others, too", arguments: [SequenceType.chain, .merkle])
    func damage(type: SequenceType) throws {
        let fixture = try SequenceFixture()
        let octets = file(type, .current) { _ in .linked }
        let sequence = try open(octets)
        for index in 1...9 {
            let frame = try sequence.frame(at: index)
            var damaged = octets
            let payload = octets[frame.position..<frame.end].firstRange(of: Self.payloads[index])
            damaged[try #require(payload).lowerBound] ^= 1
            let faults = try fixture.verify(damaged).faults
            #expect(faults.allSatisfy { $0.index == index })
            #expect(faults.contains { $0.reason == .payloadDigest })
        }
    }

    @Test("Headers in JSON-B are read, however names are tagged", arguments: [JSONWritingOptions.NameTag.text, .name])
    func jsonB(nameTag: JSONWritingOptions.NameTag) throws {
        let options = JSONWritingOptions(.jsonB, nameTag: nameTag)
        var octets = JBCDFrame.encode([
            Array(#"{"SequenceInfo":{"DataEncoding":"JSON-B","ContainerType":"List","Index":0}}"#.utf8), [], [],
        ])
        for index in 1...5 {
            let header = try JSONValue.object(["SequenceInfo": ["Index": .integer(index)]]).encoded(options)
            octets += JBCDFrame.encode([header, [UInt8(index)]])
        }
        let sequence = try open(octets)
        #expect(sequence.encoding == .jsonB && sequence.count == 6)
        for index in 1...5 { #expect(try sequence.frame(at: index).payload == [UInt8(index)]) }
        #expect(try sequence.append(FrameContent([6])) == 6)
        #expect(try sequence.verify().isIntact)
    }

    @Test("A sequence of a type that is not known is read, and never written")
    func unknownType() throws {
        let octets = JBCDFrame.encode([
            Array(#"{"SequenceInfo":{"ContainerType":"Braid","Index":0}}"#.utf8), [], [],
        ])
        let sequence = try open(octets)
        #expect(sequence.knownType == nil && sequence.count == 1)
        #expect(try sequence.frame(at: 0).payload == [])
        #expect(throws: DAREError(.unknownSequenceType, "")) { try sequence.append(FrameContent([1])) }
        #expect(try sequence.verify().faults.map(\.reason) == [.unsupported])
    }

    @Test("Lengths that cannot be are refused before anything is reserved")
    func claimedLengths() throws {
        let fixture = try SequenceFixture()
        let first = JBCDFrame.encode([
            Array(#"{"SequenceInfo":{"ContainerType":"List","Index":0}}"#.utf8), [], [],
        ])
        for length: [UInt8] in [
            [0xF7, 0x80, 0, 0, 0, 0, 0, 0, 0], [0xF7, 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF],
            [0xF7, 0, 0, 0x40, 0, 0, 0, 0, 0], [0xF6, 0xFF, 0xFF, 0xFF, 0xFF],
        ] {
            let directory = InMemoryContainerDirectory()
            try directory.createFile("file", with: length)
            #expect(throws: (any Error).self) { try DARESequence.open("file", in: directory) }
            for octets in [
                first + length, length + first, first + length.reversed(), first + length + length.reversed(),
            ] {
                #expect(try !fixture.verify(octets).isIntact)
            }
            // A record that claims as much, in a frame that is whole.
            var record = length
            record[0] -= 4
            var frame: [UInt8] = []
            JBCDFrame.appendFrameHead(record.count, to: &frame)
            frame += record
            JBCDFrame.appendFrameTail(record.count, to: &frame)
            #expect(try fixture.verify(first + frame).faults.map(\.reason) == [.notAFrame])
        }
    }

    @Test("The exchange may be named by number or by place, and must stand before")
    func exchangePositions() throws {
        let fixture = try SequenceFixture()
        let seed = BaseSeed(random: fixture.random)
        let recipient = try Recipient(wrapping: seed, for: fixture.reader.publicKey, random: fixture.random)
        func frame(_ index: Int, exchange: Int?, _ more: JSONObject = [:]) throws -> [UInt8] {
            let salt = BaseSeed.makeSalt(random: fixture.random)
            var info: JSONObject = ["Index": .integer(index)]
            if index == 0 { info["ContainerType"] = "List" }
            if let exchange { info["ExchangePosition"] = .integer(exchange) }
            var header: JSONObject = ["SequenceInfo": .object(info), "enc": "A256CBC", "Salt": .binary(salt)]
            for (name, value) in more.members { header[name] = value }
            let body = try [UInt8(index)].withUnsafeBytes { try seed.encrypt($0, salt: salt).body }
            return JBCDFrame.encode([JSONValue.object(header).compact, body])
        }
        let first = JBCDFrame.encode([
            Array(#"{"SequenceInfo":{"ContainerType":"List","Index":0}}"#.utf8), [], [],
        ])
        let exchange: JSONObject = ["recipients": [.object(recipient.members)]]
        var octets = try first + frame(1, exchange: nil, exchange)
        octets += try frame(2, exchange: 1) + frame(3, exchange: first.count)
        let sequence = try open(octets, keys: fixture.keys)
        for index in 1...3 { #expect(try sequence.content(of: sequence.frame(at: index)) == [UInt8(index)]) }
        // Neither: frame 0 has it.
        let inFirst = try open(frame(0, exchange: nil, exchange) + frame(1, exchange: nil), keys: fixture.keys)
        #expect(try inFirst.content(of: inFirst.frame(at: 1)) == [1])
        // A later one is no exchange.
        let later = try open(octets + frame(4, exchange: 1 << 20), keys: fixture.keys)
        #expect(throws: DAREError(.malformed, "")) { try later.content(of: later.frame(at: 4)) }
        #expect(try later.verify().faults.map(\.reason) == [.wrongExchange])
        // Others cannot read it.
        let stranger = try PrivateKey.generate(.x448, from: fixture.random)
        let closed = try open(octets, keys: SequenceKeys(DecryptionKeys([stranger])))
        #expect(throws: DAREError(.wrongRecipient, "")) { try closed.content(of: closed.frame(at: 2)) }
    }

    @Test("An index frame helps to find frames, and a wrong one does no harm")
    func indexFrames() throws {
        let fixture = try SequenceFixture()
        let sequence = try fixture.make("log", SequenceOptions(.chain), frames: 100)
        #expect(try sequence.append { try $0.appendIndex() } == 101)
        try sequence.append(FrameContent([102]))
        try sequence.append(FrameContent([103]))
        #expect(try sequence.verify().isIntact)
        let again = try #require(try DARESequence.open("log", in: fixture.directory))
        for index in [3, 99, 100, 101, 102, 103, 0] { #expect(try again.frame(at: index).index == index) }
        #expect(try again.append(FrameContent([104])) == 104)
        #expect(try again.frame(at: 104).info.indexPosition == again.frame(at: 101).position)
        // Every place in it is another one.
        let header = try again.frame(at: 101).headerOctets
        var octets = try fixture.octets("log")
        let start = try #require(octets.firstRange(of: header)).lowerBound
        for place in start..<start + header.count where octets[place] == 0x37 { octets[place] = 0x38 }
        let directory = InMemoryContainerDirectory()
        try directory.createFile("log", with: octets)
        let misled = try #require(try DARESequence.open("log", in: directory))
        for index in 0...100 { #expect(try misled.frame(at: index).index == index) }
    }

    @Test("Frames of 2018 have no numbers: they are numbered by their places")
    func unnumbered() throws {
        func frame(_ header: String, _ payload: String) -> [UInt8] {
            JBCDFrame.encode([Array(header.utf8)] + (payload.isEmpty ? [] : [Array(payload.utf8)]))
        }
        let first =
            #"{"Index": 0, "ContainerType": "Chain", "ContentMeta": {"ContentType": "a"}, "DataEncoding": "JSON"}"#
        let rest = (1...3).map { frame(#"{"UniqueID": "object \#($0)", "Event": "New"}"#, "payload \($0)") }
        let directory = InMemoryContainerDirectory()
        try directory.createFile("log", with: ([frame(first, "")] + rest).flatMap(\.self))
        let sequence = try #require(try DARESequence.open("log", in: directory))
        #expect(try sequence.count == 4 && sequence.refresh() == 4)
        for index in 1...3 {
            let frame = try sequence.frame(at: index)
            #expect(try frame.index == index && frame.members.contentMeta.uniqueID == "object \(index)")
            #expect(try sequence.content(of: frame) == Array("payload \(index)".utf8))
        }
        var frames = try sequence.frames(from: 2)
        #expect(try frames.next()?.index == 2 && frames.next()?.index == 3 && frames.next() == nil)
        var backward = sequence.framesBackward()
        #expect(try backward.next()?.index == 3 && backward.next()?.index == 2)
        let report = try sequence.verify()
        #expect(report.isIntact && report.frames == 4 && !report.coversPayloads && !report.coversOrder)
        #expect(throws: DAREError(.unknownSequenceType, "")) { try sequence.append(FrameContent([1])) }
        let catalog = try #require(try Catalog.open("log", in: directory, .read))
        let entry = try #require(try catalog.find("object 2"))
        #expect(try catalog.content(of: entry) == Array("payload 2".utf8))
        // Where others have numbers, one without is damaged.
        let numbered = frame(#"{"Index": 1, "UniqueID": "a"}"#, "x")
        try directory.createFile("mixed", with: frame(first, "") + numbered + rest[1] + frame(#"{"Index": 3}"#, "y"))
        let mixed = try #require(try SequenceVerifier.verify("mixed", in: directory))
        #expect(mixed.faults.map(\.reason) == [.badHeader])
    }

    @Test("A log of 2017 is read")
    func oldLog() throws {
        let text = """
            {"Header": {"Created": "2017-01-12T15:05:15Z"}}
            {"DataItem": {"TransactionID": 1, "PrimaryKey": "a", "Action": "New", "Added": "2017-01-12T15:05:16Z", "Text": "x"}}
            {"DataItem": {"TransactionID": 2, "PrimaryKey": "a", "Action": "Update", "Text": "y"}}
            """
        let log = try OldLog(parsing: Array(text.utf8))
        #expect(log.items.map(\.text) == ["x", "y"] && log.items.map(\.event) == [.new, .update])
        #expect(log.items[0].added == Timestamp("2017-01-12T15:05:16Z") && log.items[1].transactionID == "2")
        for wrong in ["", "{}", "[]", #"{"Header":{}} {"DataItem":{"PrimaryKey":"a","Action":"Lose"}}"#] {
            #expect(throws: DAREError(.malformed, "")) { try OldLog(parsing: Array(wrong.utf8)) }
        }
    }
}
