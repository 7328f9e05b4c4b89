import MeshCore
import MeshCryptography
import MeshDARE
import MeshEncoding
import MeshPlatformTesting
import Testing

/// An envelope with one thing wrong, for everything that can be wrong.
@Suite("Damaged envelopes")
struct EnvelopeDamageTests {
    private let keys = DecryptionKeys([EnvelopeSamples.x448])
    private let signers = [EnvelopeSamples.ed448.publicKey]

    private func sealed(_ encoding: EnvelopeEncoding) throws -> [UInt8] {
        var sealer = EnvelopeSamples.sealer()
        sealer.annotations = [Array("Subject: a plan".utf8)]
        sealer.contentMeta = ContentMeta(["cty": "text/plain"])
        return try sealer.seal(EnvelopeSamples.payload).encoded(encoding)
    }

    /// The header is not covered by signature or digest: what it says can change (annotations, ContentMetaData, unknown
    /// members, the names of keys); what the content is and who signed it cannot.
    @Test(
        "Every changed octet is an error, or changes neither content nor signers", arguments: EnvelopeEncoding.allCases)
    func flips(_ encoding: EnvelopeEncoding) throws {
        let whole = try sealed(encoding)
        let body = try DAREEnvelope(parsing: whole).body
        let header = JSONValue.object(try DAREEnvelope(parsing: whole).header).compact
        let bodyStart = header.count + 2
        let bodyCount = encoding == .json ? Base64URL.encode(body).utf8.count : body.count
        var accepted = 0
        for place in whole.indices {
            for mask: UInt8 in [1, 0x80] {
                var changed = whole
                changed[place] ^= mask
                do {
                    let opened = try DAREEnvelope(parsing: changed).verify(by: signers).open(with: keys)
                    #expect(opened.plaintext == EnvelopeSamples.payload, "octet \(place)")
                    #expect(opened.signers == signers, "octet \(place)")
                    #expect(opened.digest == .valid, "octet \(place)")
                    accepted += 1
                    // Inside the body only the bits that base64url does not use may change.
                    let isInBody = place > bodyStart && place < bodyStart + bodyCount - 1
                    #expect(!isInBody, "octet \(place) of the body")
                } catch {
                    #expect(!error.message.isEmpty)
                }
            }
        }
        #expect(accepted > 0 && accepted < whole.count / 2, "\(accepted) of \(whole.count * 2) were accepted")
    }

    @Test("Every truncation is an error", arguments: EnvelopeEncoding.allCases)
    func truncations(_ encoding: EnvelopeEncoding) throws {
        let whole = try sealed(encoding)
        for count in 0..<whole.count {
            let cut = Array(whole.prefix(count))
            #expect(throws: DAREError(.malformed, "")) { try DAREEnvelope(parsing: cut) }
            var sink = BufferSink()
            #expect(throws: DAREError(.malformed, "")) {
                try EnvelopeOpener(keys: keys).open(from: EnvelopeStreamTests.source(cut), into: &sink)
            }
            #expect(sink.commits == 0 && sink.discards == 1)
        }
    }

    @Test("Every damaged octet of a body has the same answer when there is no digest")
    func undigested() throws {
        var sealer = EnvelopeSealer(recipients: [EnvelopeSamples.x448.publicKey])
        sealer.random = EnvelopeSamples.random
        for algorithm in [EncryptionAlgorithm.a256CBC, .a256GCM] {
            sealer.encryption = algorithm
            let envelope = try sealer.seal(EnvelopeSamples.payload)
            var refused: Set<String> = []
            var accepted = 0
            for place in envelope.body.indices {
                var changed = envelope
                changed.body[place] ^= 0x40
                do {
                    #expect(try changed.open(with: keys).digest == .absent)
                    accepted += 1
                } catch {
                    refused.insert("\(error)")
                }
            }
            #expect(refused.count == 1)
            #expect(algorithm == .a256CBC || accepted == 0)
        }
    }

    @Test("Nothing secret is left in memory after sealing, opening and failing to open")
    func residue() throws {
        let needles = try useSecrets()
        #expect(needles.count == 6)
        for needle in needles {
            #expect(try ProcessMemory.lacks(needle), "\(needle.name) is still in memory")
        }
    }

    /// Seals and opens in every way, and gives what to look for afterwards.
    @inline(never)
    private func useSecrets() throws -> [ProcessMemory.Needle] {
        let random = SystemRandomSource()
        let recipient = try PrivateKey.generate(.x448, from: random)
        var sealer = EnvelopeSealer(recipients: [recipient.publicKey], signers: [EnvelopeSamples.ed448])
        sealer.annotations = [[1]]
        let keys = DecryptionKeys([recipient])
        let content = SecretBytes(random: 64, from: random)
        var needles: [ProcessMemory.Needle] = []
        func needle(_ name: String, _ secret: borrowing SecretBytes) {
            secret.withUnsafeBytes { needles.append(ProcessMemory.Needle(name, $0[...])) }
        }
        let envelope = try sealer.seal(content)
        needle("the content", content)
        let opened = try envelope.openSecret(with: keys)
        let isSame = opened.isEqual(to: content)
        #expect(isSame)
        _ = try envelope.verify(by: [EnvelopeSamples.ed448.publicKey])
        #expect(throws: DAREError.self) { _ = try envelope.openSecret(with: DecryptionKeys([EnvelopeSamples.x448])) }
        let key = try #require(try envelope.members.payloadKey(with: keys))
        key.seed.withOctets { needle("the base seed", $0) }
        let payloadKeys = try key.seed.payloadKeys(.aes256CBC, salt: key.salt)
        needle("the payload key", payloadKeys.key)
        let entry = try #require(envelope.members.recipients.first)
        let ephemeral = try #require(entry.members["epk"]?["PublicKeyECDH"]?["Public"]?.binary)
        let agreement = try recipient.agree(withOctets: ephemeral)
        needle("the agreement", agreement)
        needle("the wrapping key", try Recipient.wrapKey(agreement: agreement, info: []))
        var cut = envelope
        cut.body.removeLast()
        cut.trailer = JSONObject()
        #expect(throws: DAREError(.decryptionFailed, "")) { _ = try cut.openSecret(with: keys) }
        var stream: [UInt8] = []
        var rest = content.count
        try sealer.seal(
            from: { buffer in
                defer { rest = 0 }
                content.withUnsafeBytes { buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[..<rest])) }
                return rest
            }, to: { stream += $0 })
        var sink = ComparingSink(expected: SharedSecret(content.duplicate()))
        _ = try EnvelopeOpener(keys: keys).open(from: EnvelopeStreamTests.source(stream), into: &sink)
        #expect(sink.isSame)
        let streamed = try DAREEnvelope(parsing: stream)
        try #require(try streamed.members.payloadKey(with: keys)).seed.withOctets {
            needle("the stream's base seed", $0)
        }
        return needles
    }
}

/// Compares what is written, and keeps none of it.
private struct ComparingSink: PlaintextSink {
    let expected: SharedSecret
    var place = 0
    var isSame = true

    mutating func write(_ octets: UnsafeRawBufferPointer) {
        expected.bytes.withUnsafeBytes { expected in
            isSame =
                isSame && place + octets.count <= expected.count
                && octets.elementsEqual(expected[place..<place + octets.count])
        }
        place += octets.count
    }
    mutating func commit() { isSame = isSame && place == expected.bytes.count }
    mutating func discard() { isSame = false }
}
