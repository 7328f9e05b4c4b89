import MeshCore
import MeshCryptography
import MeshDARE
import MeshEncoding
import Testing

/// Everything that is sealed is read back, in all combinations.
@Suite("Envelopes of every kind")
struct EnvelopeMatrixTests {
    @Test("Algorithms × recipients' curves × signature forms × encodings", arguments: EncryptionAlgorithm.allCases)
    func matrix(_ encryption: EncryptionAlgorithm) throws {
        for recipient in encryption == .none ? [nil] : EnvelopeSamples.agreement.map({ $0 }) + [nil] {
            for signers in [[], [EnvelopeSamples.ed448], [EnvelopeSamples.ed25519, EnvelopeSamples.ed448]] {
                for form in SignatureForm.allCases {
                    var sealer = EnvelopeSealer(
                        recipients: recipient.map { [$0.publicKey] } ?? [], signers: signers)
                    sealer.encryption = encryption
                    sealer.signatureForm = form
                    sealer.annotations = [Array("Subject: Grüße".utf8), [], [0xFF]]
                    sealer.random = EnvelopeSamples.random
                    try check(sealer, recipient: recipient, signers: signers)
                }
            }
        }
    }

    private func check(_ sealer: EnvelopeSealer, recipient: PrivateKey?, signers: [PrivateKey]) throws {
        for payload in [[], EnvelopeSamples.payload] {
            let sealed = try sealer.seal(payload)
            for encoding in EnvelopeEncoding.allCases {
                let read = try DAREEnvelope(parsing: sealed.encoded(encoding))
                let keys = DecryptionKeys(recipient.map { [$0] } ?? [])
                let opened = try read.open(with: keys)
                #expect(opened.plaintext == payload)
                #expect(opened.annotationTexts == ["Subject: Grüße", "", nil])
                #expect(opened.digest == (signers.isEmpty ? .absent : .valid))
                #expect(opened.signers.isEmpty)
                if recipient != nil {
                    #expect(payload.isEmpty || read.body != payload)
                    #expect(try read.openSecret(with: keys).withUnsafeBytes { Array($0) } == payload)
                }
                guard !signers.isEmpty else { continue }
                let verified = try read.verify(by: signers.map(\.publicKey)).open(with: keys)
                #expect(verified.plaintext == payload)
                #expect(verified.signers == signers.map(\.publicKey))
                let isProven = recipient != nil && sealer.signatureForm == .digest
                #expect(verified.witnessed == (isProven ? signers.map(\.publicKey) : []))
                let any = try read.verify(by: [EnvelopeSamples.otherEd448.publicKey, signers[0].publicKey], rule: .any)
                #expect(any.signers == [signers[0].publicKey])
            }
        }
    }

    @Test("Several recipients, each alone", arguments: EnvelopeEncoding.allCases)
    func recipients(_ encoding: EnvelopeEncoding) throws {
        var sealer = EnvelopeSealer(recipients: EnvelopeSamples.agreement.map(\.publicKey))
        sealer.random = EnvelopeSamples.random
        let envelope = try DAREEnvelope(parsing: sealer.seal(EnvelopeSamples.payload).encoded(encoding))
        for key in EnvelopeSamples.agreement {
            #expect(try envelope.open(with: DecryptionKeys([key])).plaintext == EnvelopeSamples.payload)
        }
        #expect(throws: DAREError(.wrongRecipient, "")) {
            try envelope.open(with: DecryptionKeys([EnvelopeSamples.otherX448]))
        }
    }

    @Test("Digest algorithms and the old label", arguments: HashAlgorithm.allCases)
    func digests(_ algorithm: HashAlgorithm) throws {
        for form in SignatureForm.allCases {
            var sealer = EnvelopeSamples.sealer()
            sealer.digest = algorithm
            sealer.signatureForm = form
            let envelope = try DAREEnvelope(parsing: sealer.seal(EnvelopeSamples.payload).encoded)
            #expect(try envelope.members.payloadDigest?.count == algorithm.digestSize)
            _ = try envelope.verify(by: [EnvelopeSamples.ed448.publicKey])
        }
        var old = try EnvelopeSealer(signers: [EnvelopeSamples.ed25519]).seal([1])
        old.header["dig"] = "SHA2"
        guard var entry = old.trailer["signatures"]?.array?.first?.object else { return }
        entry["alg"] = "SHA2"
        old.trailer["signatures"] = [.object(entry)]
        _ = try old.verify(by: [EnvelopeSamples.ed25519.publicKey])
        old.header["dig"] = nil
        _ = try old.verify(by: [EnvelopeSamples.ed25519.publicKey])
    }

    @Test("Digest only; trailer members in the header")
    func digestOnly() throws {
        var sealer = EnvelopeSealer()
        sealer.statesDigest = true
        var envelope = try sealer.seal(EnvelopeSamples.payload)
        #expect(try envelope.open().digest == .valid)
        var signed = try EnvelopeSamples.sealer().seal(EnvelopeSamples.payload)
        for (name, value) in signed.trailer.members { signed.header[name] = value }
        signed.trailer = JSONObject()
        let read = try DAREEnvelope(parsing: signed.encoded)
        #expect(
            try read.verify(by: [EnvelopeSamples.ed448.publicKey])
                .open(with: DecryptionKeys([EnvelopeSamples.x448])).plaintext == EnvelopeSamples.payload)
        envelope.body[0] ^= 1
        #expect(throws: DAREError(.digestMismatch, "")) { try envelope.open() }
        #expect(try envelope.open(reportsInvalidDigest: true).digest == .invalid)
    }

    @Test("Cloaked members replace the plain ones for those who can open the envelope")
    func cloaked() throws {
        var sealer = EnvelopeSamples.sealer()
        sealer.contentMeta = ContentMeta(["cty": "application/octet-stream"])
        let real = JSONValue.object(["cty": "text/plain", "Filename": "plan.txt"]).compact
        sealer.cloaked = ["ContentMetaData": .binary(real)]
        sealer.annotations = [Array("one".utf8)]
        let envelope = try DAREEnvelope(parsing: sealer.seal(EnvelopeSamples.payload).encoded)
        #expect(try envelope.members.contentMeta.contentType == "application/octet-stream")
        let opened = try envelope.open(with: DecryptionKeys([EnvelopeSamples.x448]))
        #expect(opened.contentMeta.contentType == "text/plain" && opened.contentMeta.filename == "plan.txt")
        #expect(opened.annotationTexts == ["one"] && opened.header["cloaked"] == nil)
        let segment = try EncryptedDataSegment(parsing: #require(envelope.header["annotations"]?.array?[0].binary))
        #expect(segment.saltPrefix == [1])
    }

    @Test("More annotations than an octet counts")
    func manyAnnotations() throws {
        var sealer = EnvelopeSamples.sealer()
        sealer.annotations = (0..<300).map { Array("annotation \($0)".utf8) }
        let envelope = try DAREEnvelope(parsing: sealer.seal([]).encoded)
        let opened = try envelope.open(with: DecryptionKeys([EnvelopeSamples.x448]))
        #expect(opened.annotations == sealer.annotations)
        let segment = try EncryptedDataSegment(parsing: #require(envelope.header["annotations"]?.array?[256].binary))
        #expect(segment.saltPrefix == [0, 1])
    }

    @Test("Old spellings and layouts of headers are read")
    func oldSpellings() throws {
        let header = EnvelopeMembers(header: [
            "EnvelopeID": "MDGC", "UniqueID": "a", "Event": "Add", "ContentMeta": ["cty": "x/y", "First": 3],
        ])
        #expect(header.envelopeID == "MDGC")
        let meta = try header.contentMeta
        #expect(meta.uniqueID == "a" && meta.event == .new && meta.contentType == "x/y" && meta.first == 3)
        #expect(try EnvelopeMembers(trailer: ["ApexDigest": "AQI"]).treeDigest == [1, 2])
    }

    @Test("Content metadata keep what they do not know")
    func contentMeta() throws {
        var meta = ContentMeta(["UniqueID": "old", "Strange": [1, 2], "First": -1, "Created": "yesterday"])
        #expect(meta.first == nil && meta.created == nil && meta.uniqueID == "old")
        meta.uniqueID = "new"
        meta.labels = ["a", "b"]
        meta.keyValues = [ContentMeta.KeyValue(key: "k", value: "v")]
        meta.created = Timestamp("2022-05-03T16:47:09Z")
        meta.previous = 7
        var file = FileEntry()
        file.path = "a/b"
        file.attributes = 32
        file.written = meta.created
        meta.fileEntry = file
        var sealer = EnvelopeSealer()
        sealer.contentMeta = meta
        sealer.envelopeID = "MDGC"
        let read = try DAREEnvelope(parsing: sealer.seal([]).encoded(.jsonB))
        #expect(try read.members.contentMeta == meta)
        #expect(read.members.envelopeID == "MDGC")
        #expect(meta.members["UniqueID"] == nil && meta.members["Strange"] == [1, 2])
    }
}
