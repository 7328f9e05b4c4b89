import MeshCore
import MeshCryptography
import MeshDARE
import MeshEncoding
import Testing

/// What an envelope that was damaged, forged or made by a fault gets: an error that says so.
@Suite("Bad envelopes")
struct BadEnvelopeTests {
    private let keys = DecryptionKeys([EnvelopeSamples.x448])
    private let signer = EnvelopeSamples.ed448.publicKey

    private func refuses(_ code: DAREError.Code, _ body: () throws -> Void) {
        #expect(throws: DAREError(code, ""), performing: body)
    }

    @Test("Wrong keys, stripped and forged signatures, swapped bodies")
    func tampering() throws {
        let sealed = try EnvelopeSamples.sealer().seal(EnvelopeSamples.payload)
        let other = try EnvelopeSamples.sealer().seal(Array("another".utf8))
        refuses(.wrongRecipient) { _ = try sealed.open(with: DecryptionKeys([EnvelopeSamples.otherX448])) }
        refuses(.wrongRecipient) { _ = try sealed.open() }
        refuses(.notSigned) { _ = try sealed.verify(by: [EnvelopeSamples.otherEd448.publicKey]) }
        refuses(.notSigned) { _ = try sealed.verify(by: []) }
        refuses(.notSigned) { _ = try sealed.verify(by: [signer, EnvelopeSamples.otherEd448.publicKey]) }
        var stripped = sealed
        stripped.trailer["signatures"] = nil
        refuses(.notSigned) { _ = try stripped.verify(by: [signer]) }
        var swapped = sealed
        swapped.body = other.body
        refuses(.digestMismatch) { _ = try swapped.verify(by: [signer]) }
        refuses(.digestMismatch) { _ = try swapped.open(with: keys) }
        swapped.trailer["PayloadDigest"] = other.trailer["PayloadDigest"]
        refuses(.badSignature) { _ = try swapped.verify(by: [signer]) }
        swapped.trailer["PayloadDigest"] = nil
        refuses(.malformed) { _ = try swapped.verify(by: [signer]) }
        var forged = sealed
        let signature = try EnvelopeSignature(
            SignedDigests(payload: sealed.computedDigest(), algorithm: .sha512), by: EnvelopeSamples.otherEd448)
        var entry = signature.members
        entry["kid"] = .string(signer.udf.text)
        forged.trailer["signatures"] = [.object(entry)]
        refuses(.badSignature) { _ = try forged.verify(by: [signer]) }
        // Both entries name the signer: one that verifies does not excuse one that does not.
        forged.trailer["signatures"] = .array([.object(entry)] + (sealed.trailer["signatures"]?.array ?? []))
        refuses(.badSignature) { _ = try forged.verify(by: [signer]) }
    }

    @Test("A signature whose entry names its key in an unknown way counts; one of another key does not")
    func unknownNames() throws {
        var sealed = try EnvelopeSealer(signers: [EnvelopeSamples.ed448]).seal([1, 2, 3])
        var entry = try #require(sealed.trailer["signatures"]?.array?.first?.object)
        for name in [nil, "MB5S-R4AJ-3FBT-7NHO-T26Z-2E6Y-WFH4", "Alice"] as [String?] {
            entry["kid"] = name.map { .string($0) }
            sealed.trailer["signatures"] = [.object(entry)]
            #expect(try sealed.verify(by: [signer]).signers == [signer])
            refuses(.notSigned) { _ = try sealed.verify(by: [EnvelopeSamples.otherEd448.publicKey]) }
        }
    }

    @Test("A body that somebody else encrypted can be signed, but not witnessed")
    func witness() throws {
        for form in SignatureForm.allCases {
            var sealer = EnvelopeSamples.sealer()
            sealer.signatureForm = form
            let sealed = try sealer.seal(EnvelopeSamples.payload)
            var stolen = sealed
            let foreign = (seed: BaseSeed(random: EnvelopeSamples.random), salt: [UInt8](repeating: 0, count: 16))
            let digests = SignedDigests(payload: try sealed.computedDigest(), algorithm: .sha512)
            let own = try EnvelopeSignature(digests, by: EnvelopeSamples.otherEd448, form: form, witness: foreign)
            stolen.trailer["signatures"] = [.object(own.members)]
            stolen.trailer["WitnessValue"] = form == .manifest ? .binary([UInt8](repeating: 1, count: 32)) : nil
            let verified = try stolen.verify(by: [EnvelopeSamples.otherEd448.publicKey])
            refuses(.badWitness) { _ = try verified.open(with: keys) }
            let bare = try EnvelopeSignature(digests, by: EnvelopeSamples.otherEd448, form: form)
            stolen.trailer["signatures"] = [.object(bare.members)]
            stolen.trailer["WitnessValue"] = nil
            let opened = try stolen.verify(by: [EnvelopeSamples.otherEd448.publicKey]).open(with: keys)
            #expect(opened.signers.count == 1 && opened.witnessed.isEmpty)
        }
    }

    @Test("Algorithms that are not known, and labels that are not true")
    func algorithms() throws {
        let sealed = try EnvelopeSamples.sealer().seal(EnvelopeSamples.payload)
        func with(_ name: String, _ value: JSONValue?) -> DAREEnvelope {
            var envelope = sealed
            envelope.header[name] = value
            return envelope
        }
        refuses(.unsupportedAlgorithm) { _ = try with("enc", "A256CBC-HS512").open(with: keys) }
        refuses(.unsupportedAlgorithm) { _ = try with("enc", "XYZ").open(with: keys) }
        refuses(.unsupportedAlgorithm) { _ = try with("dig", "MD5").open(with: keys) }
        refuses(.digestMismatch) { _ = try with("dig", "S256").verify(by: [signer]) }
        var lighter = with("dig", "S256")
        lighter.trailer["PayloadDigest"] = .binary(HashAlgorithm.sha256.digest(sealed.body))
        refuses(.unsupportedAlgorithm) { _ = try lighter.verify(by: [signer]) }
        refuses(.malformed) { _ = try with("enc", nil).open(with: keys) }
        refuses(.malformed) { _ = try with("enc", "none").open(with: keys) }
        refuses(.malformed) { _ = try with("enc", 1).open(with: keys) }
        refuses(.malformed) { _ = try with("Salt", "AA").open(with: keys) }
        refuses(.malformed) { _ = try with("Salt", nil).open(with: keys) }
        refuses(.noRecipients) { _ = try with("recipients", nil).open(with: keys) }
        refuses(.malformed) { _ = try with("recipients", [1]).open(with: keys) }
        var erased = with("Salt", nil)
        erased.header["Malt"] = "AAAA"
        refuses(.saltErased) { _ = try erased.open(with: keys) }
        // The original's fault: a label of GCM over plain CBC, without a tag.
        refuses(.decryptionFailed) { _ = try with("enc", "A256GCM").open(with: keys) }
        var tagged = with("enc", "A256GCM")
        tagged.trailer["PayloadTag"] = .binary([UInt8](repeating: 0, count: 16))
        refuses(.decryptionFailed) { _ = try tagged.open(with: keys) }
        refuses(.unsupportedAlgorithm) { try sealed.verifySignature(by: signer) }
        var entry = try #require(sealed.trailer["signatures"]?.array?.first?.object)
        entry["alg"] = "RS512"
        var unknown = sealed
        unknown.trailer["signatures"] = [.object(entry)]
        refuses(.unsupportedAlgorithm) { _ = try unknown.verify(by: [signer]) }
    }

    @Test("Keys that cannot do it are refused before anything is sealed")
    func sealing() throws {
        refuses(.wrongKey) { _ = try EnvelopeSealer(signers: [EnvelopeSamples.x448]).seal([]) }
        var sealer = EnvelopeSamples.sealer()
        sealer.encryption = .none
        refuses(.unsupportedAlgorithm) { _ = try sealer.seal([]) }
        let nowhere = try PublicKey(algorithm: .x448, octets: [UInt8](repeating: 0, count: 57))
        refuses(.wrongKey) { _ = try EnvelopeSealer(recipients: [nowhere]).seal([]) }
    }

    @Test(
        "What is no envelope is malformed",
        arguments: [
            "", "{", "[]", "{}", "[1]", "[{},1]", "[{},\"*\"]", "[{},\"\",1]", "[{},\"\",{},{}]", "null",
            #"{"DareEnvelope":{}}"#, "[{}", "[{\"a\":1,\"a\":2}]",
        ])
    func malformed(_ text: String) {
        refuses(.malformed) { _ = try DAREEnvelope(parsing: Array(text.utf8)) }
    }

    @Test("Annotations that are none")
    func badAnnotations() throws {
        for text in ["AA", "iAEA", "iAEAiAEAiAEAiAEA", "gAFB", ""] {
            var envelope = try EnvelopeSealer().seal([])
            envelope.header["annotations"] = [.string(text)]
            refuses(.malformed) { _ = try envelope.open() }
        }
    }
}
