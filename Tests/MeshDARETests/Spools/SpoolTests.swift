import MeshCore
import MeshCryptography
import MeshEncoding
import MeshInMemory
import MeshPlatforms
import Testing

@testable import MeshDARE

@Suite("Spools")
struct SpoolTests {
    private let keys: TestKeys
    private let directory = InMemoryContainerDirectory()
    private let anyone = SpoolOptions(mayChangeStates: .anyone)

    init() throws { keys = try TestKeys() }

    private func id(_ number: UInt8) -> UDF { UDF(type: .nonce, value: [UInt8](repeating: number, count: 20)) }
    private func text(_ spool: Spool, _ message: SpoolMessage) throws -> JSONValue {
        try JSONValue(decoding: spool.content(of: message))
    }

    @Test(
        "Messages are found by both identifiers, the first frame's included, also after reopening",
        arguments: SpoolKind.allCases)
    func lookup(_ kind: SpoolKind) throws {
        let spool = try Spool.openOrCreate(kind, in: directory, options: anyone)
        for number in 1...5 {
            let message = try spool.append(["Subject": "s"], type: "MessageContact", id: id(UInt8(number)))
            #expect(message.frame == number && message.state == .initial && message.messageType == "MessageContact")
        }
        #expect(try directory.names() == ["MMM_\(kind.rawValue).dcat"])
        for spool in [spool, try #require(try Spool.open(kind, in: directory, .read, options: anyone))] {
            for number in 1...5 {
                let message = try #require(try spool.find(messageID: id(UInt8(number))))
                #expect(message.frame == number)
                #expect(message.envelopeID == MessageIdentifiers(of: id(UInt8(number))).envelope.text)
                #expect(try spool.find(envelopeID: message.envelopeID) == message)
                #expect(
                    try text(spool, message)["MessageContact"]?["MessageId"]?.string == id(UInt8(number)).text)
            }
            #expect(try spool.find(messageID: id(9)) == nil && spool.count == 5)
        }
    }

    @Test("An envelope that was received keeps its body and its signature; its trailer moves into the header")
    func received() throws {
        var sealer = EnvelopeSealer(signers: [keys.signer])
        sealer.recipients = [keys.alice.publicKey]
        sealer.envelopeID = MessageIdentifiers(of: id(1)).envelope.text
        let envelope = try sealer.seal(Array(#"{"MessageContact":{"MessageId":"x"}}"#.utf8))
        var options = SpoolOptions(mayChangeStates: .anyone)
        options.keys = SequenceKeys(DecryptionKeys([keys.alice]))
        options.clock = ManualClock()
        let spool = try Spool.openOrCreate(.inbound, in: directory, options: options)
        let message = try spool.append(DAREEnvelope(parsing: envelope.encoded))
        #expect(message.received == options.clock.now)
        let stored = try spool.envelope(of: message)
        #expect(stored.body == envelope.body)
        #expect(stored.header["signatures"] != nil && stored.trailer["signatures"] == nil)
        #expect(stored.header["SequenceInfo"]?["Index"] == 1)
        #expect(try stored.verify(by: [keys.signer.publicKey]).signers == [keys.signer.publicKey])
        #expect(try spool.content(of: message) == Array(#"{"MessageContact":{"MessageId":"x"}}"#.utf8))
        #expect(throws: DAREError.self) { try stored.verify(by: [TestKeys().bob.publicKey]) }
        // Once is enough.
        #expect(try spool.append(envelope) == message && spool.count == 1)
        // What claims to be a place in another sequence does not get into ours.
        var forged = try EnvelopeSealer().seal([1])
        forged.header["EnvelopeId"] = "MAAA"
        forged.header["SequenceInfo"] = ["Index": 7, "ContainerType": "List"]
        forged.header["Received"] = "1999-01-01T00:00:00Z"
        #expect(try spool.append(forged).frame == 2)
        #expect(try spool.append(forged).received == options.clock.now)
        #expect(throws: CatalogError(.invalidKey, "")) { try spool.append(EnvelopeSealer().seal([1])) }
    }

    @Test("States are changed by later messages, in legal states only")
    func states() throws {
        let spool = try Spool.openOrCreate(.outbound, in: directory, options: anyone)
        let other = try #require(try Spool.open(.outbound, in: directory, options: anyone))
        for number in 1...3 { try spool.append([:], type: "MessageContact", id: id(UInt8(number))) }
        try other.setState(.sent, of: [id(1), id(2)])
        try spool.setState(.refused, of: [id(2)])
        for spool in [spool, other, try #require(try Spool.open(.outbound, in: directory, .read, options: anyone))] {
            #expect(try (1...3).map { try spool.find(messageID: id(UInt8($0)))?.state } == [.sent, .refused, .initial])
            #expect(try spool.messages(state: .sent).map(\.frame) == [1])
        }
        #expect(throws: CatalogError(.invalidEntry, "")) { try spool.setState(.closed, of: [id(1)]) }
        #expect(throws: CatalogError(.notFound, "")) { try spool.setState(.sent, of: [id(8)]) }
        let local = try Spool.openOrCreate(.local, in: directory, options: anyone)
        try local.append([:], type: "MessagePin", id: id(1))
        try local.setState(.closed, of: [id(1)])
        #expect(try local.find(messageID: id(1))?.state == .closed)
    }

    @Test("A state may be known before its message; a stranger's word changes none if its signature is asked for")
    func statesOfOthers() throws {
        let other = try PrivateKey.generate(.ed25519, from: keys.random)
        let rule = SpoolStateRule.signed(by: [other.publicKey, keys.signer.publicKey])
        let options = SpoolOptions(mayChangeStates: rule)
        let spool = try Spool.openOrCreate(.inbound, in: directory, options: options)
        func complete(_ number: UInt8, _ sealer: EnvelopeSealer) throws {
            try spool.append(
                ["References": [["MessageId": .string(id(1).text), "Relationship": "Read"]]], type: "MessageComplete",
                id: id(number), sealer: sealer)
        }
        try complete(8, EnvelopeSealer())
        try spool.append([:], type: "MessageContact", id: id(1))
        #expect(try spool.find(messageID: id(1))?.state == .initial)
        try complete(9, EnvelopeSealer(signers: [keys.signer]))
        #expect(try spool.find(messageID: id(1))?.state == .read)
        // Who would change nothing is told so.
        try spool.append([:], type: "MessageContact", id: id(2))
        #expect(throws: CatalogError(.invalidEntry, "")) { try spool.setState(.read, of: [id(2)]) }
        #expect(try spool.find(messageID: id(2))?.state == .initial && spool.count == 4)
        try spool.setState(.read, of: [id(2)], sealer: EnvelopeSealer(signers: [keys.signer]))
        #expect(try spool.find(messageID: id(2))?.state == .read)
        // The message comes after what is said of it.
        let late = try Spool.openOrCreate(.archive, in: directory, options: anyone)
        try late.append(
            ["References": [["MessageId": .string(id(2).text), "Relationship": "Kept"]]], type: "MessageComplete",
            id: id(7))
        try late.append([:], type: "MessageContact", id: id(2))
        #expect(try late.find(messageID: id(2))?.state == SpoolState(rawValue: "Kept"))
    }

    @Test("Messages encrypted to others are listed, with what their headers say")
    func forOthers() throws {
        var sealer = EnvelopeSealer()
        sealer.recipients = [keys.bob.publicKey]
        var options = SpoolOptions(mayChangeStates: .anyone)
        options.keys = SequenceKeys(DecryptionKeys([keys.alice]))
        let spool = try Spool.openOrCreate(.inbound, in: directory, options: options)
        let message = try spool.append([:], type: "MessageContact", id: id(1), sealer: sealer)
        try spool.append(
            ["References": [["MessageId": .string(id(1).text), "Relationship": "Read"]]], type: "MessageComplete",
            id: id(2), sealer: sealer)
        #expect(throws: DAREError.self) { try spool.content(of: message) }
        #expect(try spool.find(messageID: id(1))?.state == .initial && spool.count == 2)
        let bob = try #require(
            try Spool.open(
                .inbound, in: directory, .read,
                options: {
                    var options = options; options.keys = SequenceKeys(DecryptionKeys([keys.bob])); return options
                }()))
        #expect(try bob.find(messageID: id(1))?.state == .read)
    }

    @Test("Pages are given from the newest on")
    func pages() throws {
        let spool = try Spool.openOrCreate(.inbound, in: directory, options: anyone)
        for number in 0..<25 {
            try spool.append([:], type: "MessageContact", id: id(UInt8(number)), durability: .atClose)
        }
        var frames: [Int] = []
        var page = try spool.messages(10)
        while let last = page.last {
            frames += page.map(\.frame)
            page = try spool.messages(10, before: last.frame)
        }
        #expect(frames == Array((1...25).reversed()))
        #expect(try spool.messages(0).isEmpty && spool.messages(-1).isEmpty && spool.messages(5, before: 0).isEmpty)
    }
}
