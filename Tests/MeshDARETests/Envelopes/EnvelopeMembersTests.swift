import MeshCore
import MeshCryptography
import MeshDARE
import MeshEncoding
import Testing

@Suite("What stands before and after a body")
struct EnvelopeMembersTests {
    @Test("Every member of content metadata is read as it was set")
    func contentMeta() throws {
        let time = try #require(Timestamp("2022-05-03T16:47:09Z"))
        var meta = ContentMeta()
        meta.uniqueID = "id"
        meta.labels = ["a", "b"]
        meta.keyValues = [ContentMeta.KeyValue(key: "k", value: "v")]
        meta.messageType = "MessageContact"
        meta.contentType = "text/plain"
        meta.paths = ["a/b"]
        meta.filename = "b"
        meta.event = .update
        (meta.created, meta.modified, meta.expire) = (time, time, time)
        (meta.first, meta.previous) = (1, 2)
        var file = FileEntry()
        file.path = "a/b"
        (file.created, file.accessed, file.written) = (time, time, time)
        file.attributes = 32
        meta.fileEntry = file
        let text = JSONValue.object(meta.members).compact
        #expect(
            String(decoding: text, as: UTF8.self) == """
                {"UniqueId":"id","Labels":["a","b"],"KeyValues":[{"Key":"k","Value":"v"}],"MessageType":"MessageContact",\
                "cty":"text/plain","Paths":["a/b"],"Filename":"b","Event":"Update","Created":"2022-05-03T16:47:09Z",\
                "Modified":"2022-05-03T16:47:09Z","Expire":"2022-05-03T16:47:09Z","First":1,"Previous":2,\
                "FileEntry":{"Path":"a/b","CreationTime":"2022-05-03T16:47:09Z","LastAccessTime":"2022-05-03T16:47:09Z",\
                "LastWriteTime":"2022-05-03T16:47:09Z","Attributes":32}}
                """)
        let read = ContentMeta(try #require(JSONValue(parsing: text).object))
        #expect(read.uniqueID == "id" && read.labels == ["a", "b"] && read.keyValues == meta.keyValues)
        #expect(read.messageType == "MessageContact" && read.contentType == "text/plain" && read.paths == ["a/b"])
        #expect(read.filename == "b" && read.event == .update && read.first == 1 && read.previous == 2)
        #expect(read.created == time && read.modified == time && read.expire == time)
        let entry = try #require(read.fileEntry)
        #expect(entry.path == "a/b" && entry.attributes == 32)
        #expect(entry.created == time && entry.accessed == time && entry.written == time)
        meta.labels = []
        meta.keyValues = []
        meta.paths = []
        meta.event = nil
        meta.fileEntry = nil
        for name in ["Labels", "KeyValues", "Paths", "Event", "FileEntry"] { #expect(meta.members[name] == nil) }
    }

    @Test("Members of a wrong kind are malformed, not absent")
    func wrongKinds() throws {
        func refuses(_ header: JSONObject, _ body: (EnvelopeMembers) throws -> Void) {
            #expect(throws: DAREError(.malformed, "")) { try body(EnvelopeMembers(header: header)) }
        }
        refuses(["Salt": 1]) { _ = try $0.salt }
        refuses(["dig": 1]) { _ = try $0.digestAlgorithm }
        refuses(["PayloadDigest": 1]) { _ = try $0.payloadDigest }
        refuses(["ChainDigest": []]) { _ = try $0.chainDigest }
        refuses(["TreeDigest": true]) { _ = try $0.treeDigest }
        refuses(["PayloadTag": 1]) { _ = try $0.payloadTag }
        refuses(["WitnessValue": 1]) { _ = try $0.witnessValue }
        refuses(["signatures": 1]) { _ = try $0.signatures }
        refuses(["recipients": [[]]]) { _ = try $0.recipients }
        refuses(["ContentMetaData": 1]) { _ = try $0.contentMeta }
        refuses(["ContentMetaData": "AA"]) { _ = try $0.contentMeta }
        refuses(["ContentMetaData": .binary(Array("[]".utf8))]) { _ = try $0.contentMeta }
        refuses(["annotations": 1]) { _ = try $0.annotations(under: nil) }
        refuses(["annotations": [1]]) { _ = try $0.annotations(under: nil) }
        refuses(["cloaked": 1]) { _ = try $0.uncloakedHeader(under: nil) }
        for content in ["x", "[]"] {
            let segment = EncryptedDataSegment(saltPrefix: [0], body: Array(content.utf8))
            refuses(["cloaked": .binary(segment.encoded)]) { _ = try $0.uncloakedHeader(under: nil) }
        }
        // Null is absent.
        let empty = EnvelopeMembers(header: ["Salt": .null, "dig": .null, "signatures": .null, "annotations": .null])
        #expect(try empty.salt == nil && empty.digestAlgorithm == .sha512)
        #expect(try empty.signatures.isEmpty && empty.annotations(under: nil).isEmpty)
        #expect(EnvelopeMembers(header: ["Received": "2022-05-03T16:47:09Z"]).received != nil)
    }

    @Test("The trailer is looked at before the header")
    func precedence() throws {
        let both = EnvelopeMembers(header: ["PayloadDigest": "AQ"], trailer: ["PayloadDigest": "Ag"])
        #expect(try both.payloadDigest == [2])
    }

    @Test("Every signature is reported, whatever is wrong with it")
    func reports() throws {
        var sealed = try EnvelopeSamples.sealer().seal(EnvelopeSamples.payload)
        let keys = [EnvelopeSamples.ed448.publicKey, EnvelopeSamples.otherEd448.publicKey]
        let payloadKey = try sealed.members.payloadKey(with: DecryptionKeys([EnvelopeSamples.x448]))
        let valid = try #require(sealed.trailer["signatures"]?.array?.first?.object)
        func changed(_ name: String, _ value: JSONValue?) -> JSONValue {
            var entry = valid
            entry[name] = value
            return .object(entry)
        }
        sealed.trailer["signatures"] = [
            .object(valid), changed("kid", nil), changed("signature", "AA"), changed("alg", "RS512"),
            changed("witness", "AA"), changed("kid", .string(EnvelopeSamples.otherEd448.publicKey.udf.text)),
        ]
        let reports = try sealed.signatureReports(keys: keys, payloadKey: payloadKey)
        #expect(
            reports.map(\.result) == [
                .valid(.digest), .valid(.digest), .invalid, .unsupported, .valid(.digest), .invalid,
            ])
        #expect(reports.map(\.witness) == [.valid, .valid, .invalid, .valid, .invalid, .valid])
        #expect(reports[1].keyIdentifier == nil && reports[1].signer == keys[0])
        let unknown = try sealed.signatureReports(keys: [])
        #expect(unknown.allSatisfy { $0.result == .unknownKey && $0.signer == nil && $0.witness == .unchecked })
        sealed.trailer["signatures"] = [changed("signature", 1)]
        #expect(throws: DAREError(.malformed, "")) { try sealed.signatureReports(keys: keys) }
        sealed.trailer = JSONObject()
        #expect(try sealed.signatureReports(keys: keys).isEmpty)
    }

    @Test("Seeds, plain secrets and late labels that cannot be")
    func refusals() throws {
        #expect(throws: DAREError(.malformed, "")) { _ = try BaseSeed(SecretBytes(copying: [1, 2, 3])) }
        let plain = try EnvelopeSealer().seal([1])
        #expect(throws: DAREError(.unsupportedAlgorithm, "")) { _ = try plain.openSecret(with: .none) }
        let seed = BaseSeed(random: EnvelopeSamples.random)
        #expect(throws: DAREError(.unsupportedAlgorithm, "")) {
            _ = try seed.cipher(.encrypt, .none, salt: [UInt8](repeating: 0, count: 16))
        }
        #expect(throws: DAREError(.wrongKey, "")) {
            _ = try EnvelopeSignature(SignedDigests(payload: [], algorithm: .sha512), by: EnvelopeSamples.x448)
        }
        var sink = BufferSink()
        let late = Array(#"[{},"AQID",{"dig":"S256"}]"#.utf8)
        #expect(throws: DAREError(.unsupportedAlgorithm, "")) {
            try EnvelopeOpener().open(from: EnvelopeStreamTests.source(late), into: &sink)
        }
        let other = Recipient(["kid": "x", "epk": ["PublicKeyRSA": [:]], "wmk": "AA"])
        #expect(throws: DAREError(.unsupportedAlgorithm, "")) {
            try DecryptionKeys([EnvelopeSamples.x448]).openSeed([other])
        }
    }
}
