import MeshCore
import MeshCryptography
import MeshDARE
import MeshEncoding
import Testing

@Suite("Envelopes that are made to cost much, or to say more than they prove")
struct HostileEnvelopeTests {
    private let keys = DecryptionKeys([EnvelopeSamples.x448])
    private let signer = EnvelopeSamples.ed448.publicKey

    private func refuses(_ code: DAREError.Code, _ body: () throws -> Void) {
        #expect(throws: DAREError(code, "")) { try body() }
    }

    @Test("A chain digest of a size that no digest has is refused", arguments: [1, 63, 65, 255, 256, 70_000])
    func chainDigest(count: Int) throws {
        for form in SignatureForm.allCases {
            var sealer = EnvelopeSamples.sealer()
            sealer.signatureForm = form
            var sealed = try sealer.seal([1])
            sealed.trailer["ChainDigest"] = .binary([UInt8](repeating: 0, count: count))
            refuses(.malformed) { _ = try sealed.verify(by: [signer]) }
            refuses(.malformed) { _ = try sealed.signatureReports(keys: [signer]) }
        }
    }

    @Test("A witness value under a manifest does not say who made it")
    func foreignWitness() throws {
        var sealer = EnvelopeSamples.sealer()
        sealer.signatureForm = .manifest
        var stolen = try sealer.seal(EnvelopeSamples.payload)
        // Whoever can read nothing signs what another made, and leaves its witness value there.
        let thief = EnvelopeSamples.otherEd448
        let digests = SignedDigests(payload: try stolen.computedDigest(), algorithm: .sha512)
        stolen.trailer["signatures"] = [.object(try EnvelopeSignature(digests, by: thief, form: .manifest).members)]
        let opened = try stolen.verify(by: [thief.publicKey]).open(with: keys)
        #expect(opened.signers == [thief.publicKey] && opened.witnessed.isEmpty)
    }

    @Test("Signatures beyond a limit are refused before any is verified")
    func manySignatures() throws {
        var sealed = try EnvelopeSamples.sealer().seal([1])
        let entry = try #require(sealed.trailer["signatures"]?.array?.first)
        sealed.trailer["signatures"] = .array(Array(repeating: entry, count: EnvelopeMembers.maximumSignatures))
        #expect(try sealed.verify(by: [signer]).signatures.count == EnvelopeMembers.maximumSignatures)
        sealed.trailer["signatures"] = .array(Array(repeating: entry, count: EnvelopeMembers.maximumSignatures + 1))
        refuses(.tooCostly) { _ = try sealed.verify(by: [signer]) }
        refuses(.tooCostly) { _ = try sealed.signatureReports(keys: [signer]) }
        var sealer = EnvelopeSamples.sealer()
        sealer.signers = Array(repeating: EnvelopeSamples.ed448, count: EnvelopeMembers.maximumSignatures + 1)
        refuses(.tooCostly) { _ = try sealer.seal([1]) }
    }

    @Test("Of any number of recipients the one that is named is found; few others are tried")
    func manyRecipients() throws {
        var sealed = try EnvelopeSamples.sealer().seal(EnvelopeSamples.payload)
        let own = try #require(sealed.header["recipients"]?.array?.first)
        var entry = try #require(own.object)
        let other = EnvelopeSamples.otherX448
        for name in [other.publicKey.udf.text, EnvelopeSamples.x448.publicKey.udf.text] {
            // Sealed to another key, and called by its name or by ours.
            entry = try Recipient(
                wrapping: BaseSeed(random: EnvelopeSamples.random), for: other.publicKey,
                random: EnvelopeSamples.random
            ).members
            entry["kid"] = .string(name)
            sealed.header["recipients"] = .array(Array(repeating: .object(entry), count: 20_000))
            refuses(.tooCostly) { _ = try sealed.open(with: keys) }
        }
        entry["kid"] = .string(other.publicKey.udf.text)
        sealed.header["recipients"] = .array(Array(repeating: .object(entry), count: 5_000) + [own])
        #expect(try sealed.open(with: keys).plaintext == EnvelopeSamples.payload)
    }

    @Test("Codes of JSON-C do not make one large item many", arguments: [false, true])
    func codes(isStreamed: Bool) throws {
        // An annotation of 1,000 octets, used twice.
        let segment = EncryptedDataSegment(saltPrefix: [0], body: [UInt8](repeating: 7, count: 1000)).encoded
        var octets = Array(#"[{"annotations":["#.utf8) + [0xC8, 0, 0x89, UInt8(segment.count >> 8)]
        octets += [UInt8(segment.count & 255)] + segment + [0xC0, 0] + Array("]},\"\"]".utf8)
        refuses(.malformed) {
            if isStreamed {
                var sink = BufferSink()
                _ = try EnvelopeOpener().open(from: EnvelopeStreamTests.source(octets), into: &sink)
            } else {
                _ = try DAREEnvelope(parsing: octets)
            }
        }
    }

    @Test("A name of a key of any length is compared, and is none")
    func longNames() throws {
        for name in [String(repeating: "MAAA-", count: 20_000) + "MAAA", String(repeating: "M", count: 100_000)] {
            var sealed = try EnvelopeSamples.sealer().seal(EnvelopeSamples.payload)
            var entry = try #require(sealed.trailer["signatures"]?.array?.first?.object)
            entry["kid"] = .string(name)
            sealed.trailer["signatures"] = [.object(entry)]
            #expect(try sealed.verify(by: [signer]).signers == [signer])
        }
    }

    @Test("Nobody to have signed, and nobody asked to, are not the same")
    func nobody() throws {
        let sealed = try EnvelopeSamples.sealer().seal([1]).encoded
        for signers in [nil, []] as [[PublicKey]?] {
            let opener = EnvelopeOpener(keys: keys, signers: signers)
            var sink = BufferSink()
            if signers == nil {
                #expect(try opener.open(from: EnvelopeStreamTests.source(sealed), into: &sink).signers == [])
                #expect(try opener.verify(from: EnvelopeStreamTests.source(sealed)).signers == [])
            } else {
                refuses(.notSigned) { _ = try opener.open(from: EnvelopeStreamTests.source(sealed), into: &sink) }
                refuses(.notSigned) { _ = try opener.verify(from: EnvelopeStreamTests.source(sealed)) }
                #expect(sink.commits == 0 && sink.discards == 1)
            }
        }
    }
}
